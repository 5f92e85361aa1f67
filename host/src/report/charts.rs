//! The charts of a run.

use super::{EpochFigures, ReportedRun};
use crate::charts::{Cell, Drawing, Line, LineChart, Matrix, Unit};
use crate::run::folder::{CONFUSION, CURVES};
use crate::training::MeanScore;

/// The charts beside a report, by name; that of the confusion only where it is known.
pub fn chart_files(run: &ReportedRun) -> Vec<(&'static str, String)> {
    let curves = Drawing::beside(&curves(run)).file();
    let confusion = confusion(run).map(|drawing| (CONFUSION, drawing.file()));
    [(CURVES, curves)].into_iter().chain(confusion).collect()
}

/// Loss over the epochs, and accuracy where classes are told apart; training beside validation.
pub fn curves(run: &ReportedRun) -> Vec<Drawing> {
    let loss = |score: MeanScore| Some(score.loss);
    let accuracy = |score: MeanScore| score.accuracy;
    let mut curves = vec![chart(run, "Loss", Unit::Plain, loss)];
    if run.tells_classes() {
        curves.push(chart(run, "Accuracy", Unit::Percent, accuracy));
    }
    curves
}

fn chart(
    run: &ReportedRun,
    title: &str,
    unit: Unit,
    value: fn(MeanScore) -> Option<f64>,
) -> Drawing {
    let mut lines = vec![line(run, "training", 0, EpochFigures::train, value)];
    if run.epochs.iter().any(|epoch| epoch.validation().is_some()) {
        lines.push(line(run, "validation", 1, EpochFigures::validation, value));
    }
    lines[0].dashed = lines.len() > 1;
    LineChart {
        title,
        x_label: "epoch",
        unit,
        lines,
    }
    .draw()
}

/// What `value` takes from the scores of a run's epochs.
pub(super) fn line<'a>(
    run: &ReportedRun,
    name: &'a str,
    colour: usize,
    score: fn(&EpochFigures) -> Option<MeanScore>,
    value: fn(MeanScore) -> Option<f64>,
) -> Line<'a> {
    let points = run.epochs.iter().filter_map(|epoch| {
        let score = score(epoch)?;
        Some((f64::from(epoch.epoch), value(score)?))
    });
    Line {
        name,
        points: points.collect(),
        colour,
        dashed: false,
    }
}

/// Which classes were taken for which; nothing where that is not known.
pub fn confusion(run: &ReportedRun) -> Option<Drawing> {
    let confusion = run.confusion()?;
    let cells = confusion.counts().map(|(row, column, count)| Cell {
        row,
        column,
        shade: count as f64 / confusion.samples(row) as f64,
        count,
    });
    let matrix = Matrix {
        title: "Confusion matrix",
        row_label: "true class",
        column_label: "predicted class",
        names: &run.classes,
        cells: cells.collect(),
    };
    Some(matrix.draw())
}
