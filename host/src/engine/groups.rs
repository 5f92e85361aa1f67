//! Memory of the groups in flight, and how samples get into it.

use super::backward::Backward;
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{
    BufferError, GROUP, GroupMemory, GroupWork, Lanes, Outcome, Program, Scaling, dropout_key,
    pack_pixels, score,
};
use std::ops::Range;

/// What a group of samples leaves for the sum of gradients.
pub(super) struct Group {
    pub values: Vec<f32>,
    /// What the last batch left; stale where the group had no part in it.
    pub outcome: Outcome,
}

impl Group {
    pub fn new(program: &Program) -> Self {
        Self {
            values: vec![0.0; program.group_values()],
            outcome: Outcome::default(),
        }
    }
}

/// One thread's memory to train group after group, small enough to stay in its cache.
pub(super) struct Worker<L> {
    packets: Vec<L>,
    winners: Vec<u8>,
    /// A packet's images, augmented.
    images: Vec<u8>,
}

impl<L: Lanes> Worker<L> {
    pub fn new(program: &Program, zero: L) -> Self {
        Self {
            packets: vec![zero; program.packets_in_flight::<L>() * program.arena_packets()],
            winners: vec![0; program.packets_in_flight::<L>() * program.winner_bytes() * L::LANES],
            images: vec![0; program.input_shape().elements() * L::LANES],
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.packets[..]) + self.winners.len() + self.images.len()
    }

    /// A phase of a step over at most [`GROUP`] samples, the first of which has number `first` in
    /// the batch.
    pub fn run_phase(
        &mut self,
        pass: &Backward<'_>,
        batch: &Batch<'_>,
        first: usize,
        group: &mut Group,
    ) -> Result<(), BufferError> {
        let mut memory = GroupMemory {
            packets: &mut self.packets,
            winners: &mut self.winners,
            values: &mut group.values,
        };
        let (mut labels, mut keys) = ([0; GROUP], [0; GROUP]);
        let labels = batch.labels(&mut labels);
        let [seed, step] = pass.draw;
        for (sample, key) in keys.iter_mut().enumerate() {
            *key = dropout_key(seed, step, (first + sample) as u64);
        }
        let work = GroupWork {
            parameters: pass.parameters,
            moments: pass.moments,
            labels,
            keys: &keys[..labels.len()],
            batch: pass.batch,
        };
        let scaling = pass.scaling;
        let images = &mut self.images;
        let outcome =
            pass.program
                .run_phase(
                    pass.phase,
                    &work,
                    &mut memory,
                    |samples, input| match batch.augmenter {
                        Some(augmenter) => {
                            batch.pack_augmented(augmenter, samples, scaling, images, input);
                        }
                        None => batch.pack(samples, scaling, input),
                    },
                )?;
        if pass.phase == 0 {
            group.outcome = outcome;
        } else {
            group.outcome += outcome;
        }
        Ok(())
    }
}

/// Memory to evaluate samples.
pub(super) struct Evaluator<L> {
    arena: Vec<L>,
}

impl<L: Lanes> Evaluator<L> {
    pub fn new(program: &Program, zero: L) -> Self {
        Self {
            arena: vec![zero; program.arena_packets()],
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.arena[..])
    }

    /// Forward over at most [`GROUP`] samples, one packet after another. `logits` is either empty
    /// or samples x classes.
    pub fn forward(
        &mut self,
        program: &Program,
        scaling: &Scaling,
        parameters: &[f32],
        batch: &Batch<'_>,
        logits: &mut [f32],
    ) -> Result<Outcome, BufferError> {
        let mut outcome = Outcome::default();
        let mut labels = [0; GROUP];
        let labels = batch.labels(&mut labels);
        for first in (0..labels.len()).step_by(L::LANES) {
            let samples = first..labels.len().min(first + L::LANES);
            let output = program.infer(parameters, &mut self.arena, |input| {
                batch.pack(samples.clone(), scaling, input);
            })?;
            score(output, &labels[samples.clone()], &mut outcome)?;
            let rows = logits.chunks_exact_mut(program.classes());
            for (lane, row) in rows.skip(first).take(samples.len()).enumerate() {
                let values = L::values(output).chunks_exact(L::LANES);
                for (logit, lanes) in row.iter_mut().zip(values) {
                    *logit = lanes[lane];
                }
            }
        }
        Ok(outcome)
    }
}

/// At most [`GROUP`] samples of a dataset.
pub(super) struct Batch<'a> {
    pub samples: &'a Samples,
    pub indices: &'a [u32],
    /// What is done to the images.
    pub augmenter: Option<&'a EpochAugmenter>,
}

impl<'a> Batch<'a> {
    fn image(&self, index: u32) -> &'a [u8] {
        self.samples.image(index as usize)
    }

    fn labels<'l>(&self, labels: &'l mut [u16; GROUP]) -> &'l [u16] {
        for (label, index) in labels.iter_mut().zip(self.indices) {
            *label = self.samples.labels[*index as usize];
        }
        &labels[..self.indices.len()]
    }

    fn pack<L: Lanes>(&self, samples: Range<usize>, scaling: &Scaling, input: &mut [L]) {
        let indices = self.indices[samples].iter();
        pack(indices.map(|index| self.image(*index)), scaling, input);
    }

    /// Packs augmented images, for which there is memory for a packet's in `memory`.
    fn pack_augmented<L: Lanes>(
        &self,
        augmenter: &EpochAugmenter,
        samples: Range<usize>,
        scaling: &Scaling,
        memory: &mut [u8],
        input: &mut [L],
    ) {
        let shape = self.samples.shape;
        let indices = &self.indices[samples];
        let images = memory.chunks_exact_mut(shape.size());
        for (image, index) in images.zip(indices) {
            augmenter.apply(*index, self.image(*index), shape, image);
        }
        let images = memory.chunks_exact(shape.size());
        pack(images.take(indices.len()), scaling, input);
    }
}

/// Packs at most [`GROUP`] images.
fn pack<'a, L: Lanes>(
    images: impl ExactSizeIterator<Item = &'a [u8]>,
    scaling: &Scaling,
    input: &mut [L],
) {
    let mut packed: [&[u8]; GROUP] = [&[]; GROUP];
    let count = images.len();
    for (to, image) in packed.iter_mut().zip(images) {
        *to = image;
    }
    pack_pixels(scaling, &packed[..count], input);
}
