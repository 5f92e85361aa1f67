//! A model as words that a program in flash reads where they lie.
//!
//! A [`ModelFile`](crate::ModelFile) holds a network, which is planned where it is opened. Here that was
//! done before: each step stands with its geometry and its places in the arena, codes' tables and
//! weights in the order in which a processor's loops read them. What is left to do is small, so it suits
//! a library that knows no network when it is compiled.
//!
//! Words, in order: the [header](header), [`STEP_WORDS`] for each step, how samples become the input
//! (scale and shift of each channel or of all alike; of codes a table of 256), what the codes of each
//! value stand for, and, at a multiple of four words, the weights. One that learns goes on with how
//! ([training]).

mod header;
mod learning_step;
mod options;
mod step;
#[cfg(test)]
mod tests;
mod training;
mod training_check;
mod training_sizes;
mod write;
mod write_learner;

pub use header::StoredError;
pub use training::{StoredMemory, StoredTraining};
pub use write::{StoredFloat, StoredInt8};
pub use write_learner::StoredLearner;

use super::buffers::{self, BufferError};
use super::forward::{Extras, forward_within};
use super::int8::{ArrangedCursor, ArrangedNetwork, KnownStep};
use super::int8::{Int8Kernels, SingleInt8Kernel};
use super::linked::SingleKernel;
use crate::crc32::Crc32;
use crate::lanes::bytes::{bytes_of_words, f32s_of_words, quantizations_in_place};
use header::StoredHeader;
use step::{STEP_WORDS, StoredStep};

/// Words of a table of codes.
const TABLE_WORDS: usize = 64;

/// A model of either kind, opened in place.
#[derive(Clone, Copy, Debug)]
pub struct StoredModel<'a> {
    words: &'a [u32],
    header: StoredHeader,
}

impl<'a> StoredModel<'a> {
    /// Opens a model if it is one, whole and undamaged: not a bit has changed since it was written.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn open(words: &'a [u32]) -> Result<Self, StoredError> {
        let expected = StoredHeader::read(words)?.crc;
        let mut crc = Crc32::new();
        crc.update(bytes_of_words(&words[header::CHECKED..]));
        match crc.value() == expected {
            true => Self::reopen(words),
            false => Err(StoredError::Checksum),
        }
    }

    /// Opens a model whose bits are known to be as they were written, which takes a while to find out.
    ///
    /// # Errors
    ///
    /// What is wrong with its first words, or with its length.
    pub fn reopen(words: &'a [u32]) -> Result<Self, StoredError> {
        let header = StoredHeader::read(words)?;
        let [scalings, values, weights] = header.starts;
        let is_ordered = scalings <= values && values <= weights && weights <= words.len();
        match is_ordered && header.scalings > 0 {
            true => Ok(Self { words, header }),
            false => Err(StoredError::Damaged { step: 0 }),
        }
    }

    /// Checks that all steps fit together and that nothing lies outside of the model or of its arena, for a
    /// model that somebody else than [`StoredFloat`], [`StoredInt8`] or [`StoredLearner`] may have written:
    /// the checksum of such a one may well be right, and running it ends in a panic.
    ///
    /// # Errors
    ///
    /// The first step that does not fit.
    pub fn check(&self) -> Result<(), StoredError> {
        match self.is_int8() {
            true => self.check_steps::<true>(),
            false => self.check_steps::<false>(),
        }
    }

    fn check_steps<const INT8: bool>(&self) -> Result<(), StoredError> {
        let header = &self.header;
        let placed = header.placed();
        let len = match header.training {
            0 => self.words.len(),
            start => start,
        };
        let is_placed = placed.is_some_and(|(own, end)| {
            let end = if header.training > 0 {
                end.next_multiple_of(header::ALIGNMENT)
            } else {
                end
            };
            own.starts == header.starts && end == len
        });
        if !is_placed || !header.has_input() {
            return Err(StoredError::Damaged { step: 0 });
        }
        let mut integers = self.network();
        let mut outputs = header.shape;
        for index in 0..header.steps {
            let damaged = StoredError::Damaged { step: index + 1 };
            let stored = self.step(index).ok_or(damaged)?;
            if !stored.is_sound::<INT8>(header) {
                return Err(damaged);
            }
            if INT8 {
                let found = integers.find(&stored.step).ok_or(damaged)?;
                if !stored.is_covered(header.values) || !stored.is_arranged(found) {
                    return Err(damaged);
                }
            }
            outputs = stored.step.output;
        }
        let is_whole = outputs.elements() == header.outputs && (!INT8 || integers.is_done());
        match is_whole {
            true if header.training > 0 && INT8 => Err(StoredError::Damaged { step: 0 }),
            true if header.training > 0 => self.check_training(),
            true => Ok(()),
            false => Err(StoredError::Damaged { step: header.steps }),
        }
    }

    /// Whether it computes in integers.
    pub fn is_int8(&self) -> bool {
        self.header.rule().is_some()
    }

    /// Values of its arena: `f32`s, or bytes of a model of integers.
    pub fn arena_len(&self) -> usize {
        self.header.arena
    }

    /// Bytes of a sample: channels x rows x columns, one a value.
    pub fn input_len(&self) -> usize {
        self.header.shape.elements()
    }

    /// Values that it gives of a sample, its classes' logits or codes.
    pub fn output_len(&self) -> usize {
        self.header.outputs
    }

    /// Steps that it runs in, each of which has a kernel.
    pub fn step_count(&self) -> usize {
        self.header.steps
    }

    /// Computes what a model of `f32` gives for an image: bytes, channel by channel. `kernel` has the
    /// kernel of each step, as [`Program::kernel_names`](crate::Program::kernel_names) names them.
    ///
    /// # Errors
    ///
    /// A model of integers, a step without a kernel, or a buffer of another length.
    pub fn infer<'m>(
        &self,
        kernel: impl Fn(usize) -> Option<SingleKernel>,
        arena: &'m mut [f32],
        image: &[u8],
    ) -> Result<&'m [f32], BufferError> {
        if self.is_int8() {
            return Err(BufferError::Purpose);
        }
        let header = &self.header;
        buffers::check("inference arena", arena.len(), header.arena)?;
        buffers::check("image", image.len(), self.input_len())?;
        self.scale(image, &mut arena[header.input.range()]);
        let parameters = f32s_of_words(self.weights());
        let mut output = header.input;
        for index in 0..header.steps {
            let (Some(own), Some(kernel)) = (self.step(index), kernel(index)) else {
                return Err(BufferError::Purpose);
            };
            let tensors = own.step.tensors(parameters);
            forward_within(&own, index, tensors, arena, Extras::none(), |work| {
                kernel.run(work);
            });
            output = own.step.value.region;
        }
        Ok(&arena[output.range()])
    }

    /// Computes the codes that a model of integers gives for an image: bytes, channel by channel.
    /// `arena` starts at a multiple of 4; `kernel` has the kernel of each step, as
    /// [`Program::int8_kernel_names`](crate::Program::int8_kernel_names) names them.
    ///
    /// # Errors
    ///
    /// A model of `f32`, or a buffer of another length.
    pub fn infer_int8<'m>(
        &self,
        kernel: impl Fn(usize) -> Option<&'a SingleInt8Kernel>,
        arena: &'m mut [i8],
        image: &[u8],
    ) -> Result<&'m [i8], BufferError> {
        let header = &self.header;
        if !self.is_int8() {
            return Err(BufferError::Purpose);
        }
        buffers::check("arena of bytes", arena.len(), header.arena)?;
        buffers::check("image", image.len(), self.input_len())?;
        self.look_up(image, &mut arena[header.input.at..][..image.len()]);
        let mut network = self.network();
        let mut output = header.input;
        for index in 0..header.steps {
            let (Some(stored), Some(kernel)) = (self.step(index), kernel(index)) else {
                return Err(BufferError::Purpose);
            };
            let step = &stored.step;
            let own = KnownStep {
                step,
                nodes: stored.nodes,
                extent: stored.extent,
                sizes: stored.sizes,
            };
            network
                .run(&own, kernel, arena, stored.read)
                .ok_or(BufferError::Purpose)?;
            output = step.value.region;
        }
        Ok(&arena[output.at..][..header.outputs])
    }

    /// What the codes of a model of integers stand for that it gives: scale and code of 0.
    pub fn output_quantization(&self) -> Option<crate::Quantization> {
        self.quantizations().last().copied()
    }

    /// A pixel of a channel is `pixel * scale + shift`, rounded twice.
    // Inline, so that inference alone is no longer than without training.
    #[inline(always)]
    fn scale(&self, image: &[u8], input: &mut [f32]) {
        let count = self.header.scalings;
        let (scale, shift) = f32s_of_words(self.scalings()).split_at(count);
        let map = self.header.shape.map_elements();
        let channels = input.chunks_exact_mut(map).zip(image.chunks_exact(map));
        for (channel, (values, pixels)) in channels.enumerate() {
            // One for all where they are scaled alike.
            let own = channel.min(count - 1);
            let (scale, shift) = (scale[own], shift[own]);
            for (value, pixel) in values.iter_mut().zip(pixels) {
                *value = f32::from(*pixel) * scale + shift;
            }
        }
    }

    /// The code of each pixel, rows x columns x channels.
    fn look_up(&self, image: &[u8], codes: &mut [i8]) {
        let tables = bytes_of_words(self.scalings());
        let shape = self.header.shape;
        let channels = shape.channels as usize;
        for (channel, pixels) in image.chunks_exact(shape.map_elements()).enumerate() {
            let own = channel.min(self.header.scalings - 1);
            let table = &tables[own * 256..][..256];
            let places = codes.iter_mut().skip(channel).step_by(channels);
            for (code, pixel) in places.zip(pixels) {
                *code = table[usize::from(*pixel)] as i8;
            }
        }
    }

    fn step(&self, index: usize) -> Option<StoredStep> {
        let steps = self.section(header::HEADER_WORDS, self.header.starts[0]);
        let (steps, _) = steps.as_chunks::<STEP_WORDS>();
        StoredStep::read(steps.get(index)?)
    }

    fn scalings(&self) -> &'a [u32] {
        self.section(self.header.starts[0], self.header.starts[1])
    }

    fn weights(&self) -> &'a [u32] {
        self.section(self.header.starts[2], self.words.len())
    }

    fn quantizations(&self) -> &'a [crate::Quantization] {
        let [_, start, weights] = self.header.starts;
        let len = 2 * self.header.values;
        let words = self.section(start, weights).get(..len);
        quantizations_in_place(bytes_of_words(words.unwrap_or_default())).unwrap_or_default()
    }

    fn network(&self) -> ArrangedCursor<'a> {
        ArrangedCursor::new(ArrangedNetwork {
            rule: self.header.rule().unwrap_or_default(),
            values: self.quantizations(),
            words: self.weights(),
            kernels: Int8Kernels::NONE,
        })
    }

    /// The words between two places.
    fn section(&self, start: usize, end: usize) -> &'a [u32] {
        self.words.get(start..end).unwrap_or_default()
    }
}
