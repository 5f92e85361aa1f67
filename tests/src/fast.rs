//! Runs batches through core's fast passes at any width.
//!
//! Behind a trait object, so that the kernels of every width are compiled into this library once
//! and not into each test program again.

use kiln_core::{
    Arithmetic, BufferError, GroupMemory, LaneWidth, Lanes, Loss, Network, Outcome, PacketWork,
    Program, Purpose, Sgd, Trainer,
};
use std::array;

/// Groups of the largest batch that a network with batch normalisations can be given here.
const MOST_GROUPS: usize = 3;

/// A network to be trained, and what it begins with.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What is computed.
    pub network: &'a Network,
    /// What is made small.
    pub loss: Loss,
    /// Weights and biases, as long as the network says.
    pub parameters: &'a [f32],
    /// Running statistics, as [`Network::statistics`] orders them.
    pub statistics: &'a [f32],
    /// What dropout draws from.
    pub seed: u64,
}

impl<'a> Subject<'a> {
    /// A network without batch normalisations, trained by softmax cross-entropy.
    pub fn of(network: &'a Network, parameters: &'a [f32]) -> Self {
        Self {
            network,
            loss: Loss::CROSS_ENTROPY,
            parameters,
            statistics: &[],
            seed: 0,
        }
    }
}

/// A network being trained at one width, with its buffers.
pub trait Fast {
    /// The width.
    fn width(&self) -> LaneWidth;

    /// One step of gradient descent; allocates nothing.
    fn step(&mut self, images: &[f32], labels: &[u16], sgd: &Sgd) -> Result<Outcome, BufferError>;

    /// Computes the gradient of a batch, and no more; allocates nothing.
    fn differentiate(&mut self, images: &[f32], labels: &[u16]) -> Result<Outcome, BufferError>;

    /// Writes the logits of every sample, samples x classes; allocates nothing. The network has no
    /// batch normalisations.
    fn infer(&mut self, images: &[f32], logits: &mut [f32]) -> Result<(), BufferError>;

    /// The parameters.
    fn parameters(&self) -> &[f32];

    /// Gradient of the last batch.
    fn gradient(&self) -> &[f32];

    /// The running statistics.
    fn statistics(&self) -> &[f32];

    /// The logits of every sample, samples x classes, by [`Fast::infer`].
    fn logits(&mut self, images: &[f32]) -> Vec<f32>;
}

/// The network at every width this processor has; says which ones it lacks.
pub fn at_every_width(subject: &Subject<'_>, mut work: impl FnMut(&mut dyn Fast)) {
    for width in LaneWidth::ALL {
        match at(width, subject) {
            Some(mut fast) => work(&mut *fast),
            None => eprintln!("skipped {width:?}: this processor lacks it"),
        }
    }
}

/// The network at one width; `None` where this processor lacks it.
pub fn at(width: LaneWidth, subject: &Subject<'_>) -> Option<Box<dyn Fast>> {
    width.run(Arithmetic::Separate, MakeFast(subject))
}

struct MakeFast<'a>(&'a Subject<'a>);

impl PacketWork for MakeFast<'_> {
    type Output = Box<dyn Fast>;

    fn run<L: Lanes>(self, zero: L) -> Box<dyn Fast> {
        boxed(zero, self.0)
    }
}

fn boxed<L: Lanes>(zero: L, subject: &Subject<'_>) -> Box<dyn Fast> {
    let network = subject.network;
    let training = Box::new(Program::of(network, Purpose::Group(subject.loss)));
    let inference =
        (!network.has_batch_norm()).then(|| Box::new(Program::of(network, Purpose::Inference)));
    let arena = inference
        .as_ref()
        .map_or(0, |program| program.arena_packets());
    let groups = if network.has_batch_norm() {
        MOST_GROUPS
    } else {
        1
    };
    let packets = groups * training.packets_in_flight::<L>();
    Box::new(Typed {
        parameters: subject.parameters.to_vec(),
        gradient: vec![0.0; subject.parameters.len()],
        velocity: vec![0.0; subject.parameters.len()],
        moments: vec![0.0; training.moment_values()],
        statistics: subject.statistics.to_vec(),
        packets: vec![zero; packets * training.arena_packets()],
        winners: vec![0; packets * training.winner_bytes() * L::LANES],
        values: vec![0.0; groups * training.group_values()],
        arena: vec![zero; arena],
        groups,
        seed: subject.seed,
        steps: 0,
        training,
        inference,
    })
}

struct Typed<L> {
    training: Box<Program>,
    inference: Option<Box<Program>>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    moments: Vec<f32>,
    statistics: Vec<f32>,
    /// How many groups the memory below is for.
    groups: usize,
    packets: Vec<L>,
    winners: Vec<u8>,
    values: Vec<f32>,
    arena: Vec<L>,
    seed: u64,
    steps: u64,
}

impl<L: Lanes> Typed<L> {
    fn train<R>(&mut self, work: impl FnOnce(&mut Trainer<'_, L>) -> R) -> R {
        let program = &*self.training;
        let in_flight = program.packets_in_flight::<L>();
        // Chunks of no length would be no chunks.
        let winners = (in_flight * program.winner_bytes() * L::LANES).max(1);
        let values = program.group_values().max(1);
        let packets = in_flight * program.arena_packets();
        let mut packets = self.packets.chunks_exact_mut(packets);
        let mut winners = self.winners.chunks_exact_mut(winners);
        let mut values = self.values.chunks_exact_mut(values);
        let mut groups: [GroupMemory<'_, L>; MOST_GROUPS] = array::from_fn(|_| GroupMemory {
            packets: packets.next().unwrap_or_default(),
            winners: winners.next().unwrap_or_default(),
            values: values.next().unwrap_or_default(),
        });
        let mut trainer = Trainer {
            program,
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            velocity: &mut self.velocity,
            moments: &mut self.moments,
            statistics: &mut self.statistics,
            groups: &mut groups[..self.groups],
            seed: self.seed,
            steps: self.steps,
        };
        let result = work(&mut trainer);
        self.steps = trainer.steps;
        result
    }
}

impl<L: Lanes> Fast for Typed<L> {
    fn width(&self) -> LaneWidth {
        L::WIDTH
    }

    fn step(&mut self, images: &[f32], labels: &[u16], sgd: &Sgd) -> Result<Outcome, BufferError> {
        self.train(|trainer| trainer.step(images, labels, sgd))
    }

    fn differentiate(&mut self, images: &[f32], labels: &[u16]) -> Result<Outcome, BufferError> {
        self.train(|trainer| trainer.differentiate(images, labels))
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) -> Result<(), BufferError> {
        let program = self.inference.as_deref();
        let program = program.expect("a network with batch normalisations is folded first");
        let (elements, classes) = (program.input_shape().elements(), program.classes());
        let packets = images.chunks(L::LANES * elements);
        for (images, logits) in packets.zip(logits.chunks_mut(L::LANES * classes)) {
            let output = program.infer(&self.parameters, &mut self.arena, |input| {
                for (lane, image) in images.chunks_exact(elements).enumerate() {
                    let packets = L::values_mut(input).chunks_exact_mut(L::LANES);
                    for (packet, value) in packets.zip(image) {
                        packet[lane] = *value;
                    }
                }
            })?;
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

    fn statistics(&self) -> &[f32] {
        &self.statistics
    }

    fn logits(&mut self, images: &[f32]) -> Vec<f32> {
        let samples = images.len() / self.training.input_shape().elements();
        let mut logits = vec![f32::NAN; samples * self.training.classes()];
        self.infer(images, &mut logits).unwrap();
        logits
    }
}
