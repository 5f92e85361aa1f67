//! What the network in integers takes and gives.

use super::ReportedRun;
use super::document::{figure, percent};
use crate::output::{counted, grouped};
use crate::quantization::{Int8Evaluation, StepFidelity};
use crate::training::MeanScore;
use kiln_core::Layer;
use maud::{Markup, html};

pub(super) fn section(run: &ReportedRun, int8: &Int8Evaluation) -> Markup {
    let scored = int8.scored;
    let samples = grouped(scored.samples as u64);
    let otherwise = scored.classified_otherwise.map_or_else(
        || format!("over {samples} samples"),
        |count| {
            let count = grouped(count as u64);
            format!("{count} of {samples} classified otherwise")
        },
    );
    html! {
        dl class="figures" {
            @if let Some(after) = scored.after { (figure(name(after), &value(after), &otherwise)) }
            @if let Some(before) = scored.before {
                (figure(&format!("{} before", name(before)), &value(before), "in floating point"))
            }
            @if let Some(rounded) = int8.tuned.and_then(|tuned| tuned.rounded) {
                (figure(&format!("{} untuned", name(rounded)), &value(rounded), "by rounding alone"))
            }
            (figure("Flash", &grouped(int8.flash_bytes as u64), "bytes of weights and constants"))
            (figure("RAM", &grouped(int8.arena_bytes as u64), "bytes for an inference, the input in it"))
        }
        div class="scroll" { table {
            thead { tr {
                th class="number" { "" } th { "layers" } th class="number" { "signal to noise" }
            } }
            tbody { @for step in &int8.layers { (row(run, step)) } }
        } }
        p class="note" {
            "Ranges by " (int8.ranges) " of " (grouped(int8.calibration_samples as u64))
            " training samples. The noise is how far a layer's output is from what floating point gives. "
            @if let Some(tuned) = int8.tuned {
                "It was trained on for " (counted(tuned.epochs as usize, "epoch", "epochs"))
                ", rounded to what its codes stand for, at a rate of " (tuned.lr)
                ", and is compared with what that left in floating point. "
            }
            "The model file is model-int8.kiln."
        }
    }
}

fn name(score: MeanScore) -> &'static str {
    match score.accuracy {
        Some(_) => "Accuracy",
        None => "Error",
    }
}

fn value(score: MeanScore) -> String {
    let error = || format!("{:.4}", score.loss);
    score.accuracy.map_or_else(error, percent)
}

fn row(run: &ReportedRun, step: &StepFidelity) -> Markup {
    let numbers = match step.first == step.last {
        true => step.first.to_string(),
        false => format!("{}–{}", step.first, step.last),
    };
    // What the folder says need not fit the model.
    let layers = run
        .network
        .layers()
        .get(step.first.saturating_sub(1)..step.last);
    let names: Vec<&str> = layers.unwrap_or_default().iter().map(Layer::name).collect();
    html! { tr {
        td class="number" { (numbers) }
        td { (names.join(" + ")) }
        td class="number" { (format!("{:.1} dB", step.decibels)) }
    } }
}
