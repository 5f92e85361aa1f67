//! What runs came to, and what their networks cost.

use super::folder::Stage;
use super::plan::PlannedRun;
use super::value::SweepValue;
use crate::boards::{Board, Need};
use crate::quantization::{PlannedFootprint, QuantizeError};
use crate::training::MeanScore;
use kiln_core::{Folding, Network, Program, Purpose};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What a run came to, as its folder keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunResult {
    /// All of its epochs were trained. Where its network was quantised, scores are those of the network
    /// of integers.
    Trained {
        /// On the samples held out, after the last epoch.
        validation: MeanScore,
        /// On the test set, where the dataset has one.
        test: Option<MeanScore>,
    },
    /// The loss stopped being a finite number.
    Diverged {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// Number of the step in the epoch, from 1.
        step: u32,
    },
    /// It was trained, but no integers compute its network.
    Unquantized {
        /// Why.
        cause: String,
    },
}

/// A line of the results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the run, and of its folder.
    pub run: String,
    /// What varies, in the file's order.
    #[serde(serialize_with = "as_map")]
    pub values: Vec<(String, SweepValue)>,
    /// `trained`, `diverged`, `unquantized`, `unfinished`, `waiting` or `impossible`.
    pub outcome: &'static str,
    /// More about any outcome but `trained`.
    pub note: String,
    /// Fraction of the samples held out.
    pub validation_accuracy: Option<f64>,
    /// Mean loss of those.
    pub validation_loss: Option<f64>,
    /// Fraction of the test samples.
    pub test_accuracy: Option<f64>,
    /// Mean loss of those.
    pub test_loss: Option<f64>,
    /// What the network costs, where there is one.
    #[serde(flatten)]
    pub cost: Option<RunCost>,
    /// Whether no other run is as accurate, or more, with fewer bytes.
    pub pareto_bytes: bool,
    /// The same of MACs.
    pub pareto_macs: bool,
}

/// What a network costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunCost {
    /// Number of parameters.
    pub parameters: u64,
    /// Bytes of those, in flash; of a network of integers those of weights and constants.
    pub bytes: usize,
    /// Multiply-accumulates of one inference.
    pub macs: u64,
    /// Bytes of RAM for one inference, the input in them.
    pub ram_bytes: usize,
    /// Whether it fits the board, where one was named.
    pub fits: Option<bool>,
    /// What the board lacks.
    pub missing: String,
}

impl RunCost {
    /// What `network` costs, and how that fits the board.
    pub fn of(network: &Network, board: Option<Board>) -> Self {
        let folded = Folding::of(network).network();
        let program: Program = Program::of(&folded, Purpose::Inference);
        let cost = folded.cost();
        let bytes = size_of::<f32>() * program.parameters();
        let ram_bytes = program.working_bytes(1);
        Self {
            parameters: cost.parameters,
            bytes,
            macs: cost.macs,
            ram_bytes,
            fits: None,
            missing: String::new(),
        }
        .beside(board, |board| Need::of_flash(board, bytes))
    }

    /// What the network of integers costs that `network` is to become, and how that fits the board.
    ///
    /// # Errors
    ///
    /// A network that no integers compute.
    pub fn of_int8(network: &Network, board: Option<Board>) -> Result<Self, QuantizeError> {
        let folded = Folding::of(network).network();
        let planned = PlannedFootprint::of(&folded)?;
        let cost = folded.cost();
        Ok(Self {
            parameters: cost.parameters,
            bytes: planned.integers,
            macs: cost.macs,
            ram_bytes: planned.arena,
            fits: None,
            missing: String::new(),
        }
        .beside(board, |board| Need::of_int8_flash(board, planned.flash)))
    }

    /// The same, with how what it needs of flash and its RAM fit the board.
    fn beside(self, board: Option<Board>, flash: impl Fn(&Board) -> Need) -> Self {
        let Some(board) = board else { return self };
        let flash = flash(&board).missing("flash");
        let ram = Need::of_ram(&board, self.ram_bytes).missing("RAM");
        let missing: Vec<String> = [flash, ram].into_iter().flatten().collect();
        Self {
            fits: Some(missing.is_empty()),
            missing: missing.join(", "),
            ..self
        }
    }
}

impl Row {
    fn new(run: &PlannedRun, stage: &Stage, cost: Option<RunCost>) -> Self {
        let (outcome, note) = match (stage, &run.impossible) {
            (_, Some(reason)) => ("impossible", reason.clone()),
            (Stage::Waiting, _) => ("waiting", "not begun".into()),
            (Stage::Begun, _) => ("unfinished", "not finished".into()),
            (Stage::Done(RunResult::Trained { .. }), _) => ("trained", String::new()),
            (Stage::Done(RunResult::Diverged { epoch, step }), _) => (
                "diverged",
                format!("diverged in epoch {epoch}, step {step}"),
            ),
            (Stage::Done(RunResult::Unquantized { cause }), _) => {
                ("unquantized", format!("not quantised: {cause}"))
            }
        };
        let (validation, test) = match stage {
            Stage::Done(RunResult::Trained { validation, test }) => (Some(*validation), *test),
            _ => (None, None),
        };
        Self {
            run: run.name.clone(),
            values: run.values.clone(),
            outcome,
            note,
            validation_accuracy: validation.and_then(|score| score.accuracy),
            validation_loss: validation.map(|score| score.loss),
            test_accuracy: test.and_then(|score| score.accuracy),
            test_loss: test.map(|score| score.loss),
            cost,
            pareto_bytes: false,
            pareto_macs: false,
        }
    }

    /// The number at the start of the run's name.
    pub fn number(&self) -> &str {
        self.run.split('-').next().unwrap_or(&self.run)
    }

    /// Accuracy, and the cost told by `of`, of a run that was trained.
    pub fn point(&self, of: fn(&RunCost) -> f64) -> Option<(f64, f64)> {
        Some((of(self.cost.as_ref()?), self.validation_accuracy?))
    }
}

/// The results: what was trained by falling accuracy on the samples held out, of equals the smaller
/// first; then the rest, in order.
pub fn rows(runs: &[PlannedRun], stages: &[Stage], costs: &[Option<RunCost>]) -> Vec<Row> {
    let all = runs.iter().zip(stages).zip(costs);
    let mut rows: Vec<Row> = all
        .map(|((run, stage), cost)| Row::new(run, stage, cost.clone()))
        .collect();
    let bytes = front(&rows, |cost| cost.bytes as f64);
    let macs = front(&rows, |cost| cost.macs as f64);
    for ((row, bytes), macs) in rows.iter_mut().zip(bytes).zip(macs) {
        (row.pareto_bytes, row.pareto_macs) = (bytes, macs);
    }
    rows.sort_by(|one, two| {
        let accuracy = |row: &Row| row.validation_accuracy.unwrap_or(-1.0);
        let bytes = |row: &Row| row.point(|cost| cost.bytes as f64).map_or(0.0, |at| at.0);
        let by_accuracy = accuracy(two).total_cmp(&accuracy(one));
        by_accuracy.then(bytes(one).total_cmp(&bytes(two)))
    });
    rows
}

/// Which rows no other beats: at least as accurate for at most that cost, and better in one.
fn front(rows: &[Row], of: fn(&RunCost) -> f64) -> Vec<bool> {
    let points: Vec<_> = rows.iter().map(|row| row.point(of)).collect();
    let beats = |(x, y): (f64, f64), (other_x, other_y): (f64, f64)| {
        let order = (x.total_cmp(&other_x), y.total_cmp(&other_y));
        order != (Ordering::Equal, Ordering::Equal) && order.0.is_le() && order.1.is_ge()
    };
    let unbeaten = |point: &Option<(f64, f64)>| {
        point.is_some_and(|point| !points.iter().flatten().any(|other| beats(*other, point)))
    };
    points.iter().map(unbeaten).collect()
}

fn as_map<S: serde::Serializer>(
    values: &[(String, SweepValue)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn trained(accuracy: f64) -> Stage {
        let score = MeanScore {
            loss: 1.0,
            accuracy: Some(accuracy),
        };
        Stage::Done(RunResult::Trained {
            validation: score,
            test: None,
        })
    }

    fn all(stages: &[Stage], widths: &[u16]) -> Vec<Row> {
        let runs: Vec<PlannedRun> = (1..=stages.len())
            .map(|number| PlannedRun {
                name: format!("{number:03}-a=b-c"),
                values: Vec::new(),
                settings: Settings::default(),
                network: None,
                impossible: None,
            })
            .collect();
        let cost = |width: &u16| {
            let network = Network::input(1, 4, 4).linear(*width).linear(2);
            Some(RunCost::of(&network, None))
        };
        rows(&runs, stages, &widths.iter().map(cost).collect::<Vec<_>>())
    }

    #[test]
    fn the_best_come_first_and_the_unbeaten_are_marked() {
        let diverged = Stage::Done(RunResult::Diverged { epoch: 2, step: 3 });
        let stages = [
            trained(0.5),
            diverged,
            trained(0.9),
            trained(0.9),
            trained(0.4),
            Stage::Waiting,
        ];
        let rows = all(&stages, &[3, 1, 9, 5, 4, 1]);
        let numbers: Vec<&str> = rows.iter().map(Row::number).collect();
        assert_eq!(numbers, ["004", "003", "001", "005", "002", "006"]);
        let front = rows.iter().map(|row| row.pareto_bytes);
        assert!(front.eq([true, false, true, false, false, false]));
        assert_eq!(rows[4].note, "diverged in epoch 2, step 3");
    }

    #[test]
    fn equals_are_all_unbeaten() {
        let rows = all(&[trained(0.5), trained(0.5)], &[3, 3]);
        assert!(rows.iter().all(|row| row.pareto_bytes && row.pareto_macs));
    }

    #[test]
    fn a_board_tells_what_is_missing() {
        let board = crate::boards::parse("mps2-an386").unwrap();
        let small = RunCost::of(&Network::input(1, 4, 4).linear(2), Some(board));
        assert_eq!((small.fits, &*small.missing), (Some(true), ""));
        let large = RunCost::of(&Network::input(1, 64, 64).linear(100), Some(board));
        assert_eq!(large.fits, Some(false));
        assert_eq!(large.missing, "622,992 bytes of flash too many");
    }
}
