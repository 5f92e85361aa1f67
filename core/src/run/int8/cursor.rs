//! Goes through an arranged network without its program.

use super::arranged::ArrangedNetwork;
use super::extent::StepExtent;
use super::single::SingleInt8Kernel;
use super::step::{Int8Step, StepIntegers};
use crate::Step;
use crate::dsp::SIZE_WORDS;
use crate::program::Region;

/// A step that is known without its program.
pub(in crate::run) struct KnownStep<'a> {
    pub step: &'a Step,
    /// Numbers of the nodes that gave what it reads, 0 for the input.
    pub nodes: [usize; 2],
    /// How it is arranged: [`StepExtent::to_words`].
    pub extent: [u32; 2],
    /// What the loops take of it: [`size_words`](crate::dsp::size_words).
    pub sizes: [u32; SIZE_WORDS],
}

/// Goes through an arranged network step by step.
pub(in crate::run) struct ArrangedCursor<'a> {
    network: ArrangedNetwork<'a>,
    at: usize,
}

impl<'a> ArrangedCursor<'a> {
    pub fn new(network: ArrangedNetwork<'a>) -> Self {
        Self { network, at: 0 }
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.at == self.network.words.len()
    }

    /// The next step's integers as they are found in the words; nothing where they are not there.
    pub fn find(&mut self, step: &Step) -> Option<StepExtent> {
        let own = StepExtent::of(step, self.network.words, self.at)?;
        self.at += own.len();
        Some(own)
    }

    /// The next step's integers; nothing where they are not there.
    fn take(&mut self, own: &KnownStep<'_>) -> Option<StepExtent> {
        let extent = StepExtent::of_words(own.extent, own.step, self.network.words, self.at)?;
        self.at += extent.len();
        Some(extent)
    }

    /// Runs the next step by its kernel, which reads the values in `read`; nothing where its integers
    /// are not there.
    pub fn run(
        &mut self,
        own: &KnownStep<'_>,
        kernel: &SingleInt8Kernel,
        arena: &mut [i8],
        read: [Region; 2],
    ) -> Option<()> {
        let KnownStep { step, nodes, .. } = *own;
        let ArrangedNetwork {
            rule,
            values,
            words,
            ..
        } = self.network;
        let extent = self.take(own).filter(|extent| kernel.serves(extent))?;
        let sweep = kernel.sweep_of(&own.sizes, &extent);
        let work = Int8Step {
            step,
            rule,
            inputs: nodes.map(|node| values[node]),
            nodes: &values[step.node + 1..][..step.nodes],
            integers: StepIntegers {
                tensors: extent.tensors(words),
                rows: kernel.rows(),
                sweep: sweep.as_ref(),
            },
        };
        kernel.run(work, arena, read);
        Some(())
    }
}
