//! What a group's way through a step takes and works in.

use crate::lanes::Lanes;
use crate::run::buffers::{self, BufferError};
use crate::{GROUP, Loss, Program};

/// Working memory of one group of samples, each slice exactly as long as the program says.
#[derive(Debug)]
pub struct GroupMemory<'a, L> {
    /// [`Program::arena_packets`] packets, [`Program::packets_in_flight`] times.
    pub packets: &'a mut [L],
    /// [`Program::winner_bytes`] bytes for each lane, [`Program::packets_in_flight`] times.
    pub winners: &'a mut [u8],
    /// [`Program::group_values`] values. What the group leaves for [`Program::add_gradient`].
    pub values: &'a mut [f32],
}

/// What a group is trained on.
#[derive(Clone, Copy, Debug)]
pub struct GroupWork<'a> {
    /// [`Program::parameters`] values.
    pub parameters: &'a [f32],
    /// [`Program::moment_values`] values: what the groups' meetings left so far.
    pub moments: &'a [f32],
    /// One label for each sample, at most [`GROUP`]; their number counts where the loss needs none.
    pub labels: &'a [u16],
    /// What dropout draws from, one key for each sample; empty where there is no dropout.
    pub keys: &'a [u64],
    /// What each sample's gradient of the loss is multiplied by; empty where each counts 1. What is counted of
    /// the loss itself is not.
    pub weights: &'a [f32],
    /// Samples of the whole batch, over which means are taken.
    pub batch: usize,
}

impl Program {
    /// Checks every length, and the labels.
    pub(super) fn check_group<L: Lanes>(
        &self,
        work: &GroupWork<'_>,
        memory: &GroupMemory<'_, L>,
    ) -> Result<(), BufferError> {
        let packets = self.packets_in_flight::<L>();
        let winners = packets * self.winner_bytes() * L::LANES;
        let samples = work.labels.len();
        let keys = if work.keys.is_empty() { 0 } else { samples };
        let weights = if work.weights.is_empty() { 0 } else { samples };
        for (name, given, needed) in [
            ("parameters", work.parameters.len(), self.parameters()),
            ("moments", work.moments.len(), self.moment_values()),
            ("keys", work.keys.len(), keys),
            ("weights", work.weights.len(), weights),
            (
                "training memory",
                memory.packets.len(),
                packets * self.arena_packets(),
            ),
            ("winners", memory.winners.len(), winners),
            ("group values", memory.values.len(), self.group_values()),
        ] {
            buffers::check(name, given, needed)?;
        }
        let classes = match self.loss() {
            Loss::CrossEntropy { .. } => self.classes(),
            Loss::MeanSquaredError => {
                buffers::check("target", self.input_shape().elements(), self.classes())?;
                usize::MAX
            }
        };
        buffers::check_labels(work.labels, GROUP, classes)
    }
}
