//! A plan: what a network needs, as offsets and lengths, before anything is computed.
//!
//! One `const fn` serves the firmware, which sizes its `static` arrays by it at compile time, and
//! the host, which calls it at run time. Neighbouring layers that run as one (a convolution with
//! the ReLU and the 2 x 2 max pool behind it, a linear layer with its ReLU) become one [`Step`].
//!
//! Lengths are counted in *packets*: one value of each sample computed side by side, which is one
//! `f32` where samples are computed one at a time.

mod build;
mod span;
mod step;

pub use span::{Span, SpanKind, Spans};
pub(crate) use step::Region;
pub use step::{Operation, Step};

use crate::{Network, NetworkError, Shape, network::MAX_LAYERS};

/// Samples whose parameter gradients are summed into one group, before groups are added.
pub const GROUP: usize = 16;

/// Filters whose kernel gradients are accumulated side by side.
pub(crate) const FILTER_BLOCK: usize = 4;

/// Filters whose kernel gradients are made of a pool's side by side, where registers allow.
pub(crate) const FILTER_PAIR: usize = 2;

/// Where everything of a network lies while it runs.
///
/// A plan has room for `STEPS` steps: for any network's, or, after [`Plan::fitted`], for its own.
#[derive(Clone, Debug)]
pub struct Plan<const STEPS: usize = MAX_LAYERS> {
    input: Shape,
    steps: [Step; STEPS],
    len: usize,
    parameters: usize,
    inference_packets: usize,
    activation_packets: usize,
    gradient_packets: usize,
    scratch_packets: usize,
    winner_bytes: usize,
    group_values: usize,
    /// First step with parameters: backward goes no further down.
    first_trained: usize,
}

impl Plan {
    /// The plan of a network; in a `const`, a network with a fault fails the build.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault. [`Plan::try_of`] gives it as a value.
    pub const fn of(network: &Network) -> Self {
        network.assert_sound();
        build::plan(network)
    }

    /// The plan of a network.
    ///
    /// # Errors
    ///
    /// The first layer that does not fit, as [`Network::check`] finds it.
    pub const fn try_of(network: &Network) -> Result<Self, NetworkError> {
        match network.check() {
            Ok(()) => Ok(build::plan(network)),
            Err(error) => Err(error),
        }
    }

    /// The same plan without room to spare, for a `static` in flash.
    ///
    /// ```
    /// use kiln_core::{Network, Plan};
    /// const NETWORK: Network = Network::input(1, 8, 8).conv2d(4, 3).relu().linear(2);
    /// const STEPS: usize = Plan::of(&NETWORK).steps().len();
    /// static PLAN: Plan<STEPS> = Plan::of(&NETWORK).fitted();
    /// assert_eq!(PLAN.parameters(), NETWORK.parameters());
    /// ```
    ///
    /// # Panics
    ///
    /// Where `STEPS` is not the number of steps; in a `const`, that fails the build.
    pub const fn fitted<const STEPS: usize>(&self) -> Plan<STEPS> {
        assert!(STEPS == self.len, "the plan has another number of steps");
        let mut steps = [build::NOTHING; STEPS];
        let mut index = 0;
        while index < STEPS {
            steps[index] = self.steps[index];
            index += 1;
        }
        Plan {
            input: self.input,
            steps,
            len: self.len,
            parameters: self.parameters,
            inference_packets: self.inference_packets,
            activation_packets: self.activation_packets,
            gradient_packets: self.gradient_packets,
            scratch_packets: self.scratch_packets,
            winner_bytes: self.winner_bytes,
            group_values: self.group_values,
            first_trained: self.first_trained,
        }
    }
}

impl<const STEPS: usize> Plan<STEPS> {
    /// Shape of one input sample.
    pub const fn input_shape(&self) -> Shape {
        self.input
    }

    /// What runs, in order.
    pub const fn steps(&self) -> &[Step] {
        self.steps.split_at(self.len).0
    }

    /// Number of values the network gives for a sample.
    pub const fn classes(&self) -> usize {
        self.steps[self.len - 1].output.elements()
    }

    /// Number of trained values.
    pub const fn parameters(&self) -> usize {
        self.parameters
    }

    /// Packets of working memory for inference, the input not among them.
    pub const fn inference_packets(&self) -> usize {
        self.inference_packets
    }

    /// Packets of working memory for inference, the input among them.
    ///
    /// The input lies where the second step's output will, so this is less than the sum of the two.
    pub const fn arena_packets(&self) -> usize {
        let first = self.input.elements() + self.steps[0].output.elements();
        if first > self.inference_packets {
            first
        } else {
            self.inference_packets
        }
    }

    /// Where the input lies in an arena of [`Plan::arena_packets`]: at its end, as the first
    /// step's output lies at its start.
    pub(crate) const fn arena_input(&self) -> Region {
        let len = self.input.elements();
        Region {
            at: self.arena_packets() - len,
            len,
        }
    }

    /// Packets of working memory for training: the input, every step's output, two neighbouring
    /// gradients, and the kernels' own scratch.
    pub const fn training_packets(&self) -> usize {
        self.activation_packets + self.gradient_packets + self.scratch_packets
    }

    /// Bytes per lane for training: which value of its window won, one per pooled value.
    pub const fn winner_bytes(&self) -> usize {
        self.winner_bytes
    }

    /// `f32` values a group of [`GROUP`] samples leaves for the sum of gradients: the sums of the
    /// convolutions, and for each linear layer every sample's input and output gradient.
    pub const fn group_values(&self) -> usize {
        self.group_values
    }

    /// Bytes of working memory for inference, `lanes` samples side by side.
    pub const fn inference_bytes(&self, lanes: usize) -> usize {
        self.inference_packets * lanes * size_of::<f32>()
    }

    /// Bytes of working memory for training with one group in flight, `lanes` samples side by
    /// side: packets, winners and group values. Parameters, their gradient and the optimizer's
    /// velocity, of [`Plan::parameters`] values each, come on top.
    pub const fn training_bytes(&self, lanes: usize) -> usize {
        self.training_packets() * lanes * size_of::<f32>()
            + self.winner_bytes * lanes
            + self.group_values * size_of::<f32>()
    }

    /// The contiguous runs of parameters that can be updated independently, in order.
    pub const fn spans(&self) -> Spans<'_> {
        Spans::new(self.steps())
    }

    /// Index of the first step with parameters, or the number of steps: backward goes no further.
    pub(crate) const fn first_trained(&self) -> usize {
        self.first_trained
    }

    /// Where, in packets, activations end and gradients begin, and where gradients end.
    pub(crate) const fn training_bounds(&self) -> (usize, usize) {
        let end = self.activation_packets + self.gradient_packets;
        (self.activation_packets, end)
    }
}

#[cfg(test)]
pub(crate) mod tests;
