//! Several runs in one page.

use super::charts::line;
use super::configuration::settings;
use super::document::{document, duration, percent, section, size};
use super::{EpochFigures, ReportedRun};
use crate::charts::{LineChart, Point, PointGroup, Scale, Scatter, Unit};
use crate::output::{counted, grouped};
use crate::training::MeanScore;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Values beyond as many bytes, such as the list of a network's layers, have several lines.
const LONG: usize = 40;

/// The page that holds runs against each other; each is known by its folder's name, or by its
/// path where that is not enough.
pub fn comparison(runs: &[ReportedRun]) -> String {
    let names = names(runs);
    let content = html! {
        header id="summary" {
            p { "Comparison of training runs" }
            h1 { (counted(runs.len(), "run", "runs")) }
        }
        (section("results", "Results", &results(runs, &names)))
        (section("curves", "Validation", &curves(runs, &names)))
        (section("settings", "Settings that differ", &differences(runs, &names)))
        (section("commands", "To run them again", &commands(runs)))
    };
    document("Comparison · Kiln report", &content)
}

fn names(runs: &[ReportedRun]) -> Vec<String> {
    let short: Vec<String> = runs.iter().map(ReportedRun::name).collect();
    let distinct: BTreeSet<&String> = short.iter().collect();
    match distinct.len() == runs.len() {
        true => short,
        false => runs
            .iter()
            .map(|run| run.path.display().to_string())
            .collect(),
    }
}

/// What a run comes to: on what it was evaluated, or else on the last epoch's validation.
fn result(run: &ReportedRun) -> Option<(&'static str, MeanScore)> {
    let evaluated = run.evaluated();
    let evaluated = evaluated.map(|evaluated| (evaluated.part.name(), evaluated.score));
    let last = run.epochs.last().and_then(EpochFigures::validation);
    evaluated.or(last.map(|score| ("validation", score)))
}

fn results(runs: &[ReportedRun], names: &[String]) -> Markup {
    let heads = [
        "epochs",
        "accuracy",
        "loss",
        "on",
        "parameters",
        "MACs",
        "FLOPs",
        "model",
        "time",
    ];
    html! {
        div class="scroll" { table {
            thead { tr { th { "run" } @for head in heads { th class="number" { (head) } } } }
            tbody { @for (run, name) in runs.iter().zip(names) { tr {
                @let cost = run.network.cost();
                @let result = result(run);
                td class="name" title=(name) { (name) }
                td class="number" { (run.epochs.len()) }
                td class="number" { (result.and_then(|result| result.1.accuracy).map_or("–".into(), percent)) }
                td class="number" { (result.map_or("–".into(), |result| format!("{:.4}", result.1.loss))) }
                td class="number" { (result.map_or("–", |result| result.0)) }
                td class="number" { (grouped(cost.parameters)) }
                td class="number" { (grouped(cost.macs)) }
                td class="number" { (grouped(cost.flops())) }
                td class="number" { (size(run.model_bytes)) }
                td class="number" { (duration(run.seconds())) }
            } } }
        } }
        div class="charts" { (plane(runs, names)) }
    }
}

/// Accuracy over parameters, where runs differ in them.
fn plane(runs: &[ReportedRun], names: &[String]) -> Markup {
    let sizes: BTreeSet<usize> = runs.iter().map(|run| run.parameters.len()).collect();
    if sizes.len() < 2 {
        return html! {};
    }
    let points = runs.iter().zip(names).filter_map(|(run, name)| {
        let (_, score) = result(run)?;
        Some(Point {
            x: run.parameters.len() as f64,
            y: score.accuracy?,
            group: 0,
            label: name,
            tooltip: name,
        })
    });
    let scatter = Scatter {
        title: "Accuracy over parameters",
        x_label: "parameters",
        x_scale: Scale::Log,
        x_unit: Unit::Plain,
        y_unit: Unit::Percent,
        groups: vec![PointGroup {
            name: "",
            colour: 0,
            hollow: false,
            joined: false,
        }],
        points: points.collect(),
    };
    scatter.draw().inline()
}

fn curves(runs: &[ReportedRun], names: &[String]) -> Markup {
    let validated = |run: &ReportedRun| run.epochs.iter().any(|epoch| epoch.validation().is_some());
    let chart = |title, unit, value: fn(MeanScore) -> Option<f64>| {
        let shown = runs.iter().zip(names).enumerate();
        let lines = shown
            .filter(|(_, (run, _))| validated(run))
            .map(|(index, (run, name))| line(run, name, index, EpochFigures::validation, value));
        LineChart {
            title,
            x_label: "epoch",
            unit,
            lines: lines.collect(),
        }
        .draw()
    };
    let without: Vec<&str> = runs
        .iter()
        .zip(names)
        .filter(|(run, _)| !validated(run))
        .map(|(_, name)| name.as_str())
        .collect();
    html! {
        @if without.len() < runs.len() {
            div class="charts" {
                (chart("Validation loss", Unit::Plain, |score| Some(score.loss)).inline())
                (chart("Validation accuracy", Unit::Percent, |score| score.accuracy).inline())
            }
        }
        @if !without.is_empty() { p class="note" { "Without validation samples: " (without.join(", ")) "." } }
    }
}

/// The settings that are not the same in all runs, the network among them.
fn differences(runs: &[ReportedRun], names: &[String]) -> Markup {
    let settings: Vec<Vec<(String, String)>> = runs.iter().map(all_settings).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in settings.iter().flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let value = |run: usize, key: &String| {
        let found = settings[run].iter().find(|setting| setting.0 == *key);
        found.map_or("–", |setting| setting.1.as_str())
    };
    keys.retain(|key| (1..runs.len()).any(|run| value(run, key) != value(0, key)));
    if keys.is_empty() {
        return html! { p class="note" { "None: all runs have the same settings, network and data." } };
    }
    // A text of several lines is read from the left, and so is its column's head.
    let wrapped = |key: &String| (0..runs.len()).any(|run| value(run, key).len() > LONG);
    html! {
        div class="scroll" { table {
            thead { tr { th { "run" } @for key in &keys { th class=(if wrapped(key) { "" } else { "number" }) { (key) } } } }
            tbody { @for (run, name) in names.iter().enumerate() { tr {
                td class="name" title=(name) { (name) }
                @for key in &keys { td class=(if wrapped(key) { "wrapped" } else { "number" }) { (value(run, key)) } }
            } } }
        } }
    }
}

fn all_settings(run: &ReportedRun) -> Vec<(String, String)> {
    let mut all = settings(run);
    let cost = run.network.cost();
    let network = format!("{}: {} parameters", run.network, grouped(cost.parameters));
    all.push(("network".into(), network));
    if let Some(record) = &run.config.record {
        let digits = record.fingerprint.chars().take(12).collect();
        all.push(("data (SHA-256)".into(), digits));
    }
    all
}

fn commands(runs: &[ReportedRun]) -> Markup {
    html! {
        pre { code { @for run in runs { (run.command()) "\n" } } }
    }
}
