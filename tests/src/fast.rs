//! Runs batches through core's fast passes at any width.
//!
//! Behind a trait object, so that the kernels of every width are compiled into this library once
//! and not into each test program again.

use kiln_core::{BufferError, GroupMemory, LaneWidth, Lanes, Network, Outcome, Plan, Sgd, Trainer};

/// A network being trained at one width, with its buffers.
pub trait Fast {
    /// The width.
    fn width(&self) -> LaneWidth;

    /// One step of gradient descent; allocates nothing.
    fn step(&mut self, images: &[f32], labels: &[u16], sgd: &Sgd) -> Result<Outcome, BufferError>;

    /// Computes the gradient of a batch, and no more; allocates nothing.
    fn differentiate(&mut self, images: &[f32], labels: &[u16]) -> Result<Outcome, BufferError>;

    /// Writes the logits of every sample, samples x classes; allocates nothing.
    fn infer(&mut self, images: &[f32], logits: &mut [f32]) -> Result<(), BufferError>;

    /// The parameters.
    fn parameters(&self) -> &[f32];

    /// Gradient of the last batch.
    fn gradient(&self) -> &[f32];

    /// The logits of every sample, samples x classes.
    fn logits(&mut self, images: &[f32]) -> Vec<f32>;
}

/// The network at every width this processor has; says which ones it lacks.
pub fn at_every_width(network: &Network, parameters: &[f32], mut work: impl FnMut(&mut dyn Fast)) {
    for width in LaneWidth::ALL {
        match at(width, network, parameters) {
            Some(mut fast) => work(&mut *fast),
            None => eprintln!("skipped {width:?}: this processor lacks it"),
        }
    }
}

/// The network at one width; `None` where this processor lacks it.
pub fn at(width: LaneWidth, network: &Network, parameters: &[f32]) -> Option<Box<dyn Fast>> {
    match width {
        LaneWidth::X1 => boxed::<f32>(network, parameters),
        #[cfg(target_arch = "x86_64")]
        LaneWidth::X4 => boxed::<kiln_core::F32x4>(network, parameters),
        #[cfg(target_arch = "x86_64")]
        LaneWidth::X8 => boxed::<kiln_core::F32x8>(network, parameters),
        #[cfg(target_arch = "x86_64")]
        LaneWidth::X16 => boxed::<kiln_core::F32x16>(network, parameters),
        #[cfg(not(target_arch = "x86_64"))]
        _ => None,
    }
}

fn boxed<L: Lanes>(network: &Network, parameters: &[f32]) -> Option<Box<dyn Fast>> {
    let plan = Plan::of(network);
    let zero = L::zero()?;
    Some(Box::new(Typed {
        parameters: parameters.to_vec(),
        gradient: vec![0.0; parameters.len()],
        velocity: vec![0.0; parameters.len()],
        packets: vec![zero; plan.training_packets()],
        winners: vec![0; plan.winner_bytes() * L::LANES],
        values: vec![0.0; plan.group_values()],
        input: vec![zero; plan.input_shape().elements()],
        memory: vec![zero; plan.inference_packets()],
        plan,
    }))
}

struct Typed<L> {
    plan: Plan,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    packets: Vec<L>,
    winners: Vec<u8>,
    values: Vec<f32>,
    input: Vec<L>,
    memory: Vec<L>,
}

impl<L: Lanes> Typed<L> {
    fn trainer(&mut self) -> Trainer<'_, L> {
        Trainer {
            plan: &self.plan,
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            velocity: &mut self.velocity,
            memory: GroupMemory {
                packets: &mut self.packets,
                winners: &mut self.winners,
                values: &mut self.values,
            },
        }
    }
}

impl<L: Lanes> Fast for Typed<L> {
    fn width(&self) -> LaneWidth {
        L::WIDTH
    }

    fn step(&mut self, images: &[f32], labels: &[u16], sgd: &Sgd) -> Result<Outcome, BufferError> {
        self.trainer().step(images, labels, sgd)
    }

    fn differentiate(&mut self, images: &[f32], labels: &[u16]) -> Result<Outcome, BufferError> {
        self.trainer().differentiate(images, labels)
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) -> Result<(), BufferError> {
        let (elements, classes) = (self.input.len(), self.plan.classes());
        let packets = images.chunks(L::LANES * elements);
        for (images, logits) in packets.zip(logits.chunks_mut(L::LANES * classes)) {
            for (lane, image) in images.chunks_exact(elements).enumerate() {
                let packets = L::values_mut(&mut self.input).chunks_exact_mut(L::LANES);
                for (packet, value) in packets.zip(image) {
                    packet[lane] = *value;
                }
            }
            let output = self
                .plan
                .infer(&self.parameters, &self.input, &mut self.memory)?;
            for (lane, row) in logits.chunks_exact_mut(classes).enumerate() {
                let packets = L::values(output).chunks_exact(L::LANES);
                for (logit, packet) in row.iter_mut().zip(packets) {
                    *logit = packet[lane];
                }
            }
        }
        Ok(())
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    fn logits(&mut self, images: &[f32]) -> Vec<f32> {
        let samples = images.len() / self.input.len();
        let mut logits = vec![f32::NAN; samples * self.plan.classes()];
        self.infer(images, &mut logits).unwrap();
        logits
    }
}
