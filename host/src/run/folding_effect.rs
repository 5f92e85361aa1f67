//! What folding does to a trained network's results.

use super::Setup;
use crate::engine::{Engine, EngineOptions};
use crate::output::{Output, counted, grouped};
use crate::report::{EvaluationScores, RunEvaluation};
use crate::training::MeanScore;
use anyhow::Result;
use kiln_core::reference::loss::highest_class;
use kiln_core::{Folding, Layer, Network};
use serde::Serialize;
use std::io;

/// How far folding moved a network whose batch normalisations are part of other layers afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldingEffect {
    /// Batch normalisations that became part of a neighbour.
    merged: usize,
    /// Those that became a scale and a shift of their own.
    kept: usize,
    /// On the samples that the run is scored by, as far as there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<FoldingMove>,
}

/// Scores before and after folding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct FoldingMove {
    samples: usize,
    before: MeanScore,
    after: MeanScore,
    /// Samples of which another class is the most probable; nothing where there are no classes.
    classified_otherwise: Option<usize>,
}

impl FoldingEffect {
    /// Evaluates the trained network by its running statistics, unfolded, on the samples of
    /// `scores`, which the folded one gave. Nothing where it has no batch normalisations.
    ///
    /// # Errors
    ///
    /// If the engine cannot be made.
    pub fn of(
        setup: &Setup<'_>,
        evaluation: &RunEvaluation,
        scores: &EvaluationScores<'_>,
    ) -> Result<Option<Self>> {
        let norms = count(&setup.network, |layer| matches!(layer, Layer::BatchNorm(_)));
        if norms == 0 {
            return Ok(None);
        }
        let scales = |network| count(network, |layer| matches!(layer, Layer::ScaleShift));
        let kept = scales(&setup.folded) - scales(&setup.network);
        let after = evaluation.evaluated.as_ref();
        let moved = after.map(|after| FoldingMove::of(setup, after.score, scores));
        Ok(Some(Self {
            merged: norms - kept,
            kept,
            moved: moved.transpose()?,
        }))
    }

    /// Says it in one line.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn describe(&self, output: Output) -> io::Result<()> {
        let norms = |norms| counted(norms, "batch normalisation", "batch normalisations");
        let mut parts = Vec::new();
        let texts = [
            (self.merged, "into its neighbour", "into their neighbours"),
            (
                self.kept,
                "into a scale and a shift",
                "into scales and shifts",
            ),
        ];
        for (count, one, many) in texts {
            if count > 0 {
                let into = if count == 1 { one } else { many };
                parts.push(format!("{} {into}", norms(count)));
            }
        }
        let moved = self
            .moved
            .map_or_else(String::new, |moved| moved.in_words());
        output.item("folded", format_args!("{}{moved}", parts.join(", ")))
    }
}

impl FoldingMove {
    fn of(setup: &Setup<'_>, after: MeanScore, scores: &EvaluationScores<'_>) -> Result<Self> {
        let folding = Folding::unmerged(&setup.network);
        let network = folding.clone().network();
        let mut parameters = vec![0.0; network.parameters()];
        let trainer = &setup.trainer;
        folding.fold(
            &setup.network,
            trainer.parameters(),
            trainer.statistics(),
            &mut parameters,
        )?;
        let options = EngineOptions {
            threads: setup.threads,
            lanes: Some(setup.lanes),
            loss: setup.settings.core_loss(),
            ..EngineOptions::default()
        };
        let mut engine = Engine::new(&network, &setup.scaling, parameters, &options)?;
        let mut own = vec![0.0; scores.scores.len()];
        let outcome = engine.evaluate(scores.samples, &scores.indices, Some(&mut own))?;
        let row = engine.scores_per_sample();
        let pairs = own.chunks_exact(row).zip(scores.scores.chunks_exact(row));
        let differ = pairs.filter(|(own, folded)| highest_class(own) != highest_class(folded));
        let tells_classes = setup.settings.loss.tells_classes();
        Ok(Self {
            samples: scores.indices.len(),
            before: MeanScore::of(&outcome, setup.settings.loss).unwrap_or(after),
            after,
            classified_otherwise: tells_classes.then(|| differ.count()),
        })
    }

    /// Behind a semicolon.
    fn in_words(self) -> String {
        let samples = grouped(self.samples as u64);
        match (
            self.before.accuracy,
            self.after.accuracy,
            self.classified_otherwise,
        ) {
            (Some(before), Some(after), Some(otherwise)) => format!(
                "; {:.2}% before, {:.2}% after, {} of {samples} samples classified otherwise",
                100.0 * before,
                100.0 * after,
                grouped(otherwise as u64)
            ),
            _ => format!(
                "; error {:.6} before, {:.6} after, over {samples} samples",
                self.before.loss, self.after.loss
            ),
        }
    }
}

fn count(network: &Network, is_wanted: impl Fn(&Layer) -> bool) -> usize {
    let layers = network.layers().iter();
    layers.filter(|layer| is_wanted(layer)).count()
}
