//! What the firmware's `profile` prints: `profile PASS WORK [STEP] INSTRUCTIONS`, a line for each piece
//! of work of each sample.

use serde::Serialize;

/// What an inference took, and a training step where there is memory for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileLog {
    /// Inferences.
    pub inference: PassLog,
    /// Training steps, in place.
    pub training: PassLog,
}

/// What all passes of a kind took, in instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PassLog {
    /// Number of passes.
    pub passes: u64,
    /// In all, measured without looking inside. The board's counter runs over at 671 million: of a
    /// longer pass, [`PassLog::mean`] takes the sum of the pieces.
    pub whole: u64,
    /// Packing pixels into the input.
    pub packing: u64,
    /// The loss and its gradient.
    pub loss: u64,
    /// Each step forward.
    pub forward: Vec<u64>,
    /// Each step backward; of an inference none.
    pub backward: Vec<u64>,
}

/// More steps than any network has: a number beyond is no step's.
const MAX_STEPS: usize = kiln_core::MAX_NODES;

impl ProfileLog {
    /// Takes a line of the log; others than the profile's are left alone.
    pub fn line(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        if words.next() != Some("profile") {
            return;
        }
        let pass = match words.next() {
            Some("inference") => &mut self.inference,
            Some("training") => &mut self.training,
            _ => return,
        };
        let (Some(work), Some(first)) = (words.next(), words.next().and_then(number)) else {
            return;
        };
        match words.next().and_then(number) {
            Some(instructions) => pass.step(work, first, instructions),
            None => pass.piece(work, first),
        }
    }
}

impl PassLog {
    fn piece(&mut self, work: &str, instructions: u64) {
        let sum = match work {
            "whole" => &mut self.whole,
            "input" => &mut self.packing,
            "loss" => &mut self.loss,
            _ => return,
        };
        *sum = sum.saturating_add(instructions);
        self.passes += u64::from(work == "whole");
    }

    fn step(&mut self, work: &str, step: u64, instructions: u64) {
        let sums = match work {
            "forward" => &mut self.forward,
            "backward" => &mut self.backward,
            _ => return,
        };
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        if step >= MAX_STEPS {
            return;
        }
        if sums.len() <= step {
            sums.resize(step + 1, 0);
        }
        sums[step] = sums[step].saturating_add(instructions);
    }

    /// The sum of all pieces.
    pub fn pieces(&self) -> u64 {
        let steps = self.forward.iter().chain(&self.backward);
        let all = steps.chain([&self.packing, &self.loss]);
        all.fold(0, |sum, piece| sum.saturating_add(*piece))
    }

    /// The mean of a pass.
    #[must_use]
    pub fn mean(&self) -> Self {
        let passes = self.passes.max(1);
        let mean = |sum: &u64| (sum + passes / 2) / passes;
        // Pieces together come to a little more, since each is counted from a start of its own.
        let pieces = self.pieces();
        let has_run_over = pieces > passes * COUNTER && pieces - pieces / 10 > self.whole;
        Self {
            passes: self.passes,
            whole: mean(if has_run_over { &pieces } else { &self.whole }),
            packing: mean(&self.packing),
            loss: mean(&self.loss),
            forward: self.forward.iter().map(mean).collect(),
            backward: self.backward.iter().map(mean).collect(),
        }
    }
}

/// Where a board's counter may run over, at the earliest.
const COUNTER: u64 = 600_000_000;

fn number(word: &str) -> Option<u64> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_summed_and_their_mean_is_taken() {
        let mut log = ProfileLog::default();
        for line in [
            "board      mps2-an386",
            "profile inference whole 100",
            "profile inference input 7",
            "profile inference forward 0 30",
            "profile inference forward 2 60",
            "profile training whole 900",
            "profile training backward 1 400",
            "profile inference whole 103",
            "profile inference forward 2 61",
        ] {
            log.line(line);
        }
        assert_eq!((log.inference.passes, log.inference.whole), (2, 203));
        let mean = log.inference.mean();
        assert_eq!((mean.whole, mean.packing), (102, 4));
        assert_eq!(mean.forward, [15, 0, 61]);
        assert_eq!(log.training.backward, [0, 400]);
    }

    #[test]
    fn a_pass_longer_than_the_counter_is_the_sum_of_its_pieces() {
        let mut log = ProfileLog::default();
        log.line("profile training whole 28911360");
        log.line("profile training forward 0 300000000");
        log.line("profile training backward 0 400000000");
        assert_eq!(log.training.mean().whole, 700_000_000);
    }

    #[test]
    fn what_no_firmware_prints_is_left_alone() {
        let mut log = ProfileLog::default();
        for line in [
            "",
            "profile",
            "profile inference",
            "profile inference forward",
            "profile inference forward 18446744073709551615 1",
            "profile inference forward -1 1",
            "profile sleep whole 1",
            "profile inference sideways 1 1",
        ] {
            log.line(line);
        }
        assert_eq!(log, ProfileLog::default());
    }
}
