//! Runs batches through core's fast passes at any width.

use kiln::{BufferError, GroupMemory, Lanes, Network, Outcome};
use kiln::{Plan, Sgd, Trainer};

/// A network being trained at one width, with its buffers.
pub struct Fast<L> {
    plan: Plan,
    zero: L,
    /// The parameters.
    pub parameters: Vec<f32>,
    /// Gradient of the last batch.
    pub gradient: Vec<f32>,
    velocity: Vec<f32>,
    packets: Vec<L>,
    winners: Vec<u8>,
    values: Vec<f32>,
}

impl<L: Lanes> Fast<L> {
    /// `None` where this processor lacks the width.
    pub fn new(network: &Network, parameters: &[f32]) -> Option<Self> {
        let plan = Plan::of(network);
        let zero = L::zero()?;
        Some(Self {
            zero,
            parameters: parameters.to_vec(),
            gradient: vec![0.0; parameters.len()],
            velocity: vec![0.0; parameters.len()],
            packets: vec![zero; plan.training_packets()],
            winners: vec![0; plan.winner_bytes() * L::LANES],
            values: vec![0.0; plan.group_values()],
            plan,
        })
    }

    /// The trainer over these buffers.
    pub fn trainer(&mut self) -> Trainer<'_, L> {
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

    /// One step of gradient descent.
    pub fn step(
        &mut self,
        images: &[f32],
        labels: &[u16],
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError> {
        self.trainer().step(images, labels, sgd)
    }

    /// The logits of every sample, samples x classes.
    pub fn logits(&self, images: &[f32]) -> Vec<f32> {
        let elements = self.plan.input_shape().elements();
        let mut memory = vec![self.zero; self.plan.inference_packets()];
        let mut logits = vec![];
        for chunk in images.chunks(L::LANES * elements) {
            let mut input = vec![self.zero; elements];
            let samples = chunk.len() / elements;
            for (e, packet) in input.iter_mut().enumerate() {
                for lane in 0..samples {
                    L::values_mut(std::slice::from_mut(packet))[lane] = chunk[lane * elements + e];
                }
            }
            let output = self
                .plan
                .infer(&self.parameters, &input, &mut memory)
                .unwrap();
            for lane in 0..samples {
                logits.extend(
                    output
                        .iter()
                        .map(|packet| L::values(std::slice::from_ref(packet))[lane]),
                );
            }
        }
        logits
    }
}
