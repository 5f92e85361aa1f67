//! What a program needs, as lengths.

use super::{CompactMode, CompactUpdate, GROUP, Loss, Program, Purpose, Region, Spans, Step};
use super::{place, span};
use crate::crc32::Crc32;
use crate::{CompactError, Lanes, Sgd, Shape};
use core::ops::Range;

impl<const STEPS: usize> Program<STEPS> {
    /// What it is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Shape of one input sample.
    pub const fn input_shape(&self) -> Shape {
        self.shape
    }

    /// What runs, in order.
    pub const fn steps(&self) -> &[Step] {
        self.steps.split_at(self.len).0
    }

    /// Shape of what the network gives for a sample.
    pub const fn output_shape(&self) -> Shape {
        match self.len {
            0 => self.shape,
            len => self.steps[len - 1].output,
        }
    }

    /// Number of values the network gives for a sample.
    pub const fn classes(&self) -> usize {
        self.output_shape().elements()
    }

    /// Number of all parameters, trained or not.
    pub const fn parameters(&self) -> usize {
        self.parameters
    }

    /// Packets of working memory, the input among them.
    pub const fn arena_packets(&self) -> usize {
        self.arena
    }

    /// Most packets that are alive at one moment: no arena could be shorter.
    pub const fn least_arena_packets(&self) -> usize {
        place::fullest(self).0
    }

    /// Bytes per lane for which value of its window won, one per pooled value; and, of compact
    /// training, for where activations let gradients through, a bit for each value of an output that
    /// is not kept itself.
    pub const fn winner_bytes(&self) -> usize {
        self.winner_bytes
    }

    /// Bytes of working memory, `lanes` samples side by side: the arena and the winners. A program in
    /// integers takes one sample at a time.
    pub const fn working_bytes(&self, lanes: usize) -> usize {
        if let Purpose::Int8(_) = self.purpose {
            return self.arena;
        }
        self.arena * lanes * size_of::<f32>() + self.winner_bytes * lanes
    }

    /// Packets in flight of a group of [`GROUP`] samples: one after another where they run
    /// through, all of them where the groups of a batch meet.
    pub const fn packets_in_flight<L: Lanes>(&self) -> usize {
        match self.batch_norms {
            0 => 1,
            _ => GROUP.div_ceil(L::LANES),
        }
    }

    /// `f32` values a group of [`GROUP`] samples leaves for the sum of gradients: the sums of the
    /// convolutions, and for each linear layer every sample's input and output gradient.
    pub const fn group_values(&self) -> usize {
        self.group_values
    }

    /// `f32` values that the batch normalisations keep of a batch; none where there are none.
    pub const fn moment_values(&self) -> usize {
        self.moments
    }

    /// `f32` values of running statistics; none without batch normalisations.
    pub const fn statistics(&self) -> usize {
        self.moments / super::MOMENTS * 2
    }

    /// The contiguous runs of parameters that can be updated independently, in order.
    pub const fn spans(&self) -> Spans<'_> {
        span::Spans::new(self.steps())
    }

    /// The loss that it trains by.
    pub const fn loss(&self) -> Loss {
        match self.purpose {
            Purpose::Group(loss) => loss,
            _ => Loss::CROSS_ENTROPY,
        }
    }

    /// How compact training updates parameters; nothing where it is for something else.
    pub const fn compact_mode(&self) -> Option<CompactMode> {
        match self.purpose {
            Purpose::Compact(mode) => Some(mode),
            _ => None,
        }
    }

    /// Number of parameters that are trained and so must lie in RAM.
    pub const fn trained_values(&self) -> usize {
        self.trained
    }

    /// Length of the slice that frozen parameters are read from: all parameters of the network,
    /// or 0 where none is frozen.
    pub const fn frozen_values(&self) -> usize {
        if self.trained == self.parameters {
            0
        } else {
            self.parameters
        }
    }

    /// Values of compact training's gradient buffer: none for updates in place.
    pub const fn gradient_values(&self) -> usize {
        match self.purpose {
            Purpose::Compact(CompactMode {
                update: CompactUpdate::MiniBatch { .. },
                ..
            }) => self.trained,
            _ => 0,
        }
    }

    /// Values of compact training's velocity: none without momentum.
    pub const fn velocity_values(&self) -> usize {
        match self.purpose {
            Purpose::Compact(CompactMode {
                update: CompactUpdate::MiniBatch { momentum: true },
                ..
            }) => self.trained,
            _ => 0,
        }
    }

    /// Bytes of RAM of compact training in all: trained parameters, gradient, velocity, arena and
    /// winners.
    pub const fn compact_bytes(&self) -> usize {
        let values = self.trained + self.gradient_values() + self.velocity_values() + self.arena;
        values * size_of::<f32>() + self.winner_bytes
    }

    /// Checks that compact training can serve an optimizer.
    ///
    /// # Errors
    ///
    /// A learning rate that is not above 0, a momentum that is not at least 0 and below 1, a weight
    /// decay below 0, any of them not finite, or a momentum without a velocity.
    pub fn check_optimizer(&self, sgd: &Sgd) -> Result<(), CompactError> {
        sgd.check()?;
        if sgd.momentum != 0.0 && self.velocity_values() == 0 {
            let momentum = sgd.momentum;
            return Err(CompactError::Momentum { momentum });
        }
        Ok(())
    }

    /// Where the trained tensors lie among all parameters, in order; they lie one behind another
    /// among the trained values.
    pub fn trained_ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.tensor_places()
            .filter(|(_, trained)| trained.len > 0)
            .map(|(all, _)| all.range())
    }

    /// CRC-32 of the places of the trained tensors among all parameters, first and one behind the last as
    /// little-endian words: what stored parameters are known by.
    pub fn trained_crc(&self) -> u32 {
        let mut places = Crc32::new();
        for range in self.trained_ranges() {
            places.update(&(range.start as u32).to_le_bytes());
            places.update(&(range.end as u32).to_le_bytes());
        }
        places.value()
    }

    /// Copies the trained tensors out of all parameters, such as a model file's.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says.
    pub fn extract(&self, parameters: &[f32], trained: &mut [f32]) -> Result<(), CompactError> {
        self.check_tensors(parameters, trained)?;
        let mut at = 0;
        for range in self.trained_ranges() {
            trained[at..at + range.len()].copy_from_slice(&parameters[range.clone()]);
            at += range.len();
        }
        Ok(())
    }

    /// Copies the trained tensors to their places among all parameters.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says.
    pub fn insert(&self, trained: &[f32], parameters: &mut [f32]) -> Result<(), CompactError> {
        self.check_tensors(parameters, trained)?;
        let mut at = 0;
        for range in self.trained_ranges() {
            parameters[range.clone()].copy_from_slice(&trained[at..at + range.len()]);
            at += range.len();
        }
        Ok(())
    }

    /// Every tensor's place among all parameters, and among the trained ones.
    fn tensor_places(&self) -> impl Iterator<Item = (Region, Region)> + '_ {
        let tensors = self.steps().iter();
        let tensors = tensors.flat_map(|step| step.tensor_regions().into_iter().zip(step.trained));
        tensors.filter(|(all, _)| all.len > 0)
    }

    fn check_tensors(&self, parameters: &[f32], trained: &[f32]) -> Result<(), CompactError> {
        crate::run::check("parameters", parameters.len(), self.parameters)?;
        crate::run::check("trained parameters", trained.len(), self.trained)?;
        Ok(())
    }
}
