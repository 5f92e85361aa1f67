//! A program: what runs for a network, and where everything lies, before anything is computed.
//!
//! One `const fn` serves the firmware, which sizes its memory by it at compile time, the host,
//! which calls it at run time, and a device, which makes it where it is to lie. A program is made for
//! one [`Purpose`]: inference, training a group of samples side by side, or training one sample at
//! a time. Neighbouring nodes that run as one (a convolution with the activation and the 2 x 2 max
//! pool behind it, an addition with its activation) become one [`Step`].
//!
//! A value lives from the step that writes it to the last that reads it, backward included. The
//! planner gives values, gradients and scratch their places in one arena by these lifetimes.
//!
//! Lengths are counted in *packets*: one value of each sample computed side by side, which is one
//! `f32` where samples are computed one at a time.

mod channels_last;
mod error;
mod fuse;
mod int8;
mod lifetimes;
mod mask;
mod mode;
mod phases;
mod place;
mod sizes;
mod span;
mod step;
mod trainable;
mod training_memory;

pub use channels_last::MapSteps;
pub(crate) use channels_last::{packet_lanes, padded_channels};
pub use error::ProgramError;
pub(crate) use mask::Mask;
pub use mode::{CompactMode, CompactUpdate, Loss, Purpose};
pub use phases::Phase;
pub(crate) use place::Buffer;
pub use span::{Span, SpanKind, Spans};
pub(crate) use step::{MOMENTS, Region};
pub use step::{Operation, Step};
pub use trainable::{Trainable, TrainableError};
pub use training_memory::TrainingMemory;

use crate::{MAX_NODES, Network, Shape};

/// Samples whose parameter gradients are summed into one group, before groups are added.
pub const GROUP: usize = 16;

/// What runs for a network, in which order, and where everything lies while it does.
///
/// A program has room for `STEPS` steps: for any network's by default, or for just its own, which
/// is what a `static` in flash wants:
///
/// ```
/// use kiln_core::{Network, Program, Purpose};
/// const NETWORK: Network = Network::input(1, 8, 8).conv2d(4, 3).relu().linear(2);
/// const STEPS: usize = Program::count_steps(&NETWORK, Purpose::Inference);
/// static PROGRAM: Program<STEPS> = Program::of(&NETWORK, Purpose::Inference);
/// assert_eq!(PROGRAM.parameters(), NETWORK.parameters());
/// ```
#[derive(Clone, Debug)]
pub struct Program<const STEPS: usize = MAX_NODES> {
    purpose: Purpose,
    shape: Shape,
    steps: [Step; STEPS],
    len: usize,
    parameters: usize,
    trained: usize,
    arena: usize,
    winner_bytes: usize,
    group_values: usize,
    moments: usize,
    batch_norms: usize,
    constants: usize,
    /// The network's input.
    input: Buffer,
    /// The gradient of the network's output; of a channels-last program, which has none, the sample as
    /// it is given, where that is not the input as it is read.
    output_gradient: Buffer,
}

impl Program {
    /// How many steps a network has for a purpose: room enough for its program.
    ///
    /// # Panics
    ///
    /// As [`Program::of`].
    pub const fn count_steps(network: &Network, purpose: Purpose) -> usize {
        let mut program = Self::EMPTY;
        program.purpose = purpose;
        if let Err(error) = fuse::fuse(&mut program, network, &network.shapes()) {
            panic!("{}", error.reason());
        }
        program.len
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// A program that does nothing, to be given to [`Program::plan`].
    pub const EMPTY: Self = Self {
        purpose: Purpose::Inference,
        shape: Shape::new(0, 0, 0),
        steps: [Step::NOTHING; STEPS],
        len: 0,
        parameters: 0,
        trained: 0,
        arena: 0,
        winner_bytes: 0,
        group_values: 0,
        moments: 0,
        batch_norms: 0,
        constants: 0,
        input: Buffer::NONE,
        output_gradient: Buffer::NONE,
    };

    /// The program of a network; in a `const`, a network with a fault fails the build.
    ///
    /// # Panics
    ///
    /// Where [`Program::try_of`] gives an error.
    pub const fn of(network: &Network, purpose: Purpose) -> Self {
        network.assert_sound();
        let mut program = Self::EMPTY;
        match program.plan(network, purpose) {
            Ok(()) => program,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// The program of a network.
    ///
    /// # Errors
    ///
    /// As [`Program::plan`].
    pub const fn try_of(network: &Network, purpose: Purpose) -> Result<Self, ProgramError> {
        let mut program = Self::EMPTY;
        match program.plan(network, purpose) {
            Ok(()) => Ok(program),
            Err(error) => Err(error),
        }
    }

    /// Makes the program of a network where it is to lie: what this needs of the stack does not
    /// grow with the network.
    ///
    /// # Errors
    ///
    /// The first node that does not fit, a node to be trained that is not there, a batch
    /// normalisation that had to be folded, or more steps than there is room for. The program then
    /// does nothing.
    pub const fn plan(&mut self, network: &Network, purpose: Purpose) -> Result<(), ProgramError> {
        self.clear(network.input_shape(), purpose);
        let found = match network.checked_shapes() {
            Ok(shapes) => self.fuse(network, &shapes),
            Err(error) => Err(ProgramError::Network(error)),
        };
        if found.is_err() {
            self.clear(network.input_shape(), purpose);
            return found;
        }
        lifetimes::lay_out(self);
        place::place(self);
        Ok(())
    }

    const fn fuse(
        &mut self,
        network: &Network,
        shapes: &[Shape; MAX_NODES + 1],
    ) -> Result<(), ProgramError> {
        if let Purpose::Compact(mode) = self.purpose
            && let Err(error) = mode.trainable.check(network, shapes)
        {
            return Err(ProgramError::Trainable(error));
        }
        fuse::fuse(self, network, shapes)
    }

    const fn clear(&mut self, shape: Shape, purpose: Purpose) {
        self.purpose = purpose;
        self.shape = shape;
        let mut index = 0;
        while index < self.len {
            self.steps[index] = Step::NOTHING;
            index += 1;
        }
        self.len = 0;
        self.parameters = 0;
        self.trained = 0;
        self.arena = 0;
        self.winner_bytes = 0;
        self.group_values = 0;
        self.moments = 0;
        self.batch_norms = 0;
        self.constants = 0;
        self.input = Buffer::NONE;
        self.output_gradient = Buffer::NONE;
    }

    /// Whether the gradient of a value is wanted: anything it is made of is trained.
    const fn has_gradient(&self, value: usize) -> bool {
        value > 0 && self.steps[value - 1].is_backward
    }

    /// Number of the buffer that holds the whole gradient of a value.
    const fn gradient_number(&self, value: usize) -> Option<usize> {
        if value == self.len {
            return Some(3 * self.len + 1);
        }
        if !self.has_gradient(value) {
            return None;
        }
        let reader = lifetimes::first_reader(self, value);
        let read = (self.steps[reader].reads[0].value != value) as usize;
        Some(self.len + 1 + 2 * reader + read)
    }

    /// Where the whole gradient of a value lies.
    pub(crate) const fn gradient(&self, value: usize) -> Region {
        match self.gradient_number(value) {
            Some(number) => self.buffer(number).region,
            None => Region::EMPTY,
        }
    }

    /// Where a value lies.
    pub(crate) const fn value(&self, value: usize) -> Region {
        self.buffer(value).region
    }

    /// Number of buffers in the arena, those without a value among them; numbered as the
    /// lifetimes number them.
    const fn buffer_count(&self) -> usize {
        match self.purpose {
            Purpose::Inference => self.len + 1,
            Purpose::ChannelsLast(_) | Purpose::Int8(_) => 2 * self.len + 2,
            _ => 4 * self.len + 2,
        }
    }

    pub(crate) const fn buffer(&self, number: usize) -> Buffer {
        let len = self.len;
        if number == 0 {
            self.input
        } else if number <= len {
            self.steps[number - 1].value
        } else if matches!(self.purpose, Purpose::ChannelsLast(_) | Purpose::Int8(_)) {
            if number == len + 1 {
                self.output_gradient
            } else {
                self.steps[number - len - 2].scratch
            }
        } else if number <= 3 * len {
            let read = number - len - 1;
            self.steps[read / 2].reads[read % 2].gradient
        } else if number == 3 * len + 1 {
            self.output_gradient
        } else {
            self.steps[number - 3 * len - 2].scratch
        }
    }

    /// The buffers that have values.
    #[cfg(test)]
    pub(crate) fn buffers(&self) -> impl Iterator<Item = Buffer> + '_ {
        let all = (0..self.buffer_count()).map(|number| self.buffer(number));
        all.filter(|buffer| buffer.region.len > 0)
    }

    const fn buffer_mut(&mut self, number: usize) -> &mut Buffer {
        let len = self.len;
        if number == 0 {
            &mut self.input
        } else if number <= len {
            &mut self.steps[number - 1].value
        } else if matches!(self.purpose, Purpose::ChannelsLast(_) | Purpose::Int8(_)) {
            if number == len + 1 {
                &mut self.output_gradient
            } else {
                &mut self.steps[number - len - 2].scratch
            }
        } else if number <= 3 * len {
            let read = number - len - 1;
            &mut self.steps[read / 2].reads[read % 2].gradient
        } else if number == 3 * len + 1 {
            &mut self.output_gradient
        } else {
            &mut self.steps[number - 3 * len - 2].scratch
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
