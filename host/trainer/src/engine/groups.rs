//! Memory of the groups in flight, and how samples get into it.

use super::backward::Backward;
use crate::augmentation::EpochAugmenter;
use crate::data::{ByteSamples, Samples, Values};
use kiln_core::{
    BufferError, FakeQuantization, GROUP, GroupMemory, GroupWork, Lanes, Outcome, Program, Scaling,
    dropout_key, pack_floats, pack_pixels,
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
    /// Where gradients pass rounded values; empty where these are not rounded.
    passes: Vec<u8>,
}

impl<L: Lanes> Worker<L> {
    /// With `passes` bytes for each lane that tell of rounded values.
    pub fn new(program: &Program, passes: usize, zero: L) -> Self {
        Self {
            passes: vec![0; passes * L::LANES],
            packets: vec![zero; program.packets_in_flight::<L>() * program.arena_packets()],
            winners: vec![0; program.packets_in_flight::<L>() * program.winner_bytes() * L::LANES],
            images: vec![0; program.input_shape().elements() * L::LANES],
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.packets[..]) + self.winners.len() + self.images.len() + self.passes.len()
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
        let (mut labels, mut keys, mut weights) = ([0; GROUP], [0; GROUP], [1.0; GROUP]);
        let labels = batch.labels(&mut labels);
        let weights = weights_of(labels, pass.class_weights, &mut weights);
        let [seed, step] = pass.draw;
        for (sample, key) in keys.iter_mut().enumerate() {
            *key = dropout_key(seed, step, (first + sample) as u64);
        }
        let work = GroupWork {
            parameters: pass.parameters,
            moments: pass.moments,
            labels,
            keys: &keys[..labels.len()],
            weights,
            batch: pass.batch,
        };
        let scaling = pass.scaling;
        let images = &mut self.images;
        let fill = |samples: Range<usize>, input: &mut [L]| {
            match (batch.augmenter, batch.samples.bytes()) {
                (Some(augmenter), Ok(bytes)) => {
                    batch.pack_augmented(augmenter, bytes, samples, scaling, images, input);
                }
                // Floats have no augmenter: `Augmentation::check` refuses one.
                _ => batch.pack(samples, scaling, input),
            }
        };
        let program = pass.program;
        let outcome = match pass.fake_quantization {
            None => program.run_phase(pass.phase, &work, &mut memory, fill)?,
            Some(values) => {
                let passes = &mut self.passes;
                let rounding = FakeQuantization { values, passes };
                program.run_phase_quantized(&work, &mut memory, fill, rounding)?
            }
        };
        if pass.phase == 0 {
            group.outcome = outcome;
        } else {
            group.outcome += outcome;
        }
        Ok(())
    }
}

/// At most [`GROUP`] samples of a dataset.
pub(super) struct Batch<'a> {
    pub samples: &'a Samples,
    pub indices: &'a [u32],
    /// What is done to the images; nothing is to samples of floats.
    pub augmenter: Option<&'a EpochAugmenter>,
}

impl Batch<'_> {
    pub fn labels<'l>(&self, labels: &'l mut [u16; GROUP]) -> &'l [u16] {
        for (label, index) in labels.iter_mut().zip(self.indices) {
            *label = self.samples.labels[*index as usize];
        }
        &labels[..self.indices.len()]
    }

    pub fn pack<L: Lanes>(&self, samples: Range<usize>, scaling: &Scaling, input: &mut [L]) {
        let size = self.samples.shape.size();
        let indices = self.indices[samples].iter();
        let ranges = indices.map(|index| *index as usize * size..(*index as usize + 1) * size);
        match &self.samples.values {
            Values::Bytes(pixels) => {
                let (images, count) = gathered(ranges.map(|range| &pixels[range]));
                pack_pixels(scaling, &images[..count], input);
            }
            Values::Floats(floats) => {
                let (rows, count) = gathered(ranges.map(|range| &floats[range]));
                pack_floats(scaling, &rows[..count], input);
            }
        }
    }

    /// Packs augmented images, for which there is memory for a packet's in `memory`.
    fn pack_augmented<L: Lanes>(
        &self,
        augmenter: &EpochAugmenter,
        images: ByteSamples<'_>,
        samples: Range<usize>,
        scaling: &Scaling,
        memory: &mut [u8],
        input: &mut [L],
    ) {
        let shape = self.samples.shape;
        let indices = &self.indices[samples];
        let augmented = memory.chunks_exact_mut(shape.size());
        for (augmented, index) in augmented.zip(indices) {
            augmenter.apply(*index, images.image(*index as usize), shape, augmented);
        }
        let augmented = memory.chunks_exact(shape.size()).take(indices.len());
        let (images, count) = gathered(augmented);
        pack_pixels(scaling, &images[..count], input);
    }
}

/// What each sample counts; nothing where each counts 1.
fn weights_of<'w>(labels: &[u16], classes: &[f32], weights: &'w mut [f32; GROUP]) -> &'w [f32] {
    if classes.is_empty() {
        return &[];
    }
    for (weight, label) in weights.iter_mut().zip(labels) {
        // A label beyond the classes is refused later.
        *weight = classes.get(usize::from(*label)).copied().unwrap_or(1.0);
    }
    &weights[..labels.len()]
}

/// The first [`GROUP`] of `rows`, and how many there are.
fn gathered<'r, T>(rows: impl Iterator<Item = &'r [T]>) -> ([&'r [T]; GROUP], usize) {
    let mut gathered: [&[T]; GROUP] = [&[]; GROUP];
    let mut count = 0;
    for (to, row) in gathered.iter_mut().zip(rows) {
        *to = row;
        count += 1;
    }
    (gathered, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;

    #[test]
    fn floats_are_packed_as_the_bytes_of_the_same_numbers() {
        let shape = ImageShape {
            channels: 2,
            height: 1,
            width: 3,
        };
        let pixels: Vec<u8> = (0..30).map(|index| index * 7).collect();
        let bytes = Samples::of_bytes(pixels.clone(), vec![0; 5], shape);
        let floats = Samples {
            values: Values::Floats(pixels.into_iter().map(f32::from).collect()),
            ..bytes.clone()
        };
        let scaling = Scaling::new(&[0.3, 1.7], &[-0.1, 0.9]).unwrap();
        let packed = |samples| {
            let batch = Batch {
                samples,
                indices: &[4, 0, 3],
                augmenter: None,
            };
            let mut input = [0.0_f32; 6];
            batch.pack(1..2, &scaling, &mut input);
            input.map(f32::to_bits)
        };
        assert_eq!(packed(&floats), packed(&bytes));
        let expected = scaling.apply(1, 3 * 7).map(f32::to_bits);
        assert_eq!(
            Some(packed(&floats)[3]),
            expected,
            "the first sample, its second channel"
        );
    }
}
