//! What a run was set to, how to run it again, and what its data and weights are known by.

use super::run::ReportedRun;
use crate::output::grouped;
use maud::{Markup, html};

/// A setting's name and value, as `config.toml` has them.
pub(super) fn settings(run: &ReportedRun) -> Vec<(String, String)> {
    let dataset = run.config.dataset.iter().cloned();
    let dataset = dataset.map(|dataset| ("dataset".to_string(), dataset));
    // What flags are called has dashes.
    let training = toml::Table::try_from(&run.config.training).unwrap_or_default();
    let training = training
        .into_iter()
        .map(|(name, value)| (name.replace('_', "-"), plain(&value)));
    dataset.chain(training).collect()
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn section(run: &ReportedRun) -> Markup {
    html! {
        dl class="facts" {
            @for (name, value) in settings(run) { dt { (name) } dd { (value) } }
            @if let Some(record) = &run.config.record {
                dt { "Kiln" } dd { (record.version) }
                dt { "machine" } dd { (record.threads) " threads, " (record.lanes) " lanes (speed only, never the bits)" }
            }
        }
        p { "To run it again, to the same bits:" }
        pre id="command" { code { (run.command()) } }
        details {
            summary { "config.toml" }
            pre { code { (run.config_text) } }
        }
    }
}

pub(super) fn hashes(run: &ReportedRun) -> Markup {
    html! {
        dl class="facts" {
            @if let Some(evaluation) = &run.evaluation {
                @let samples = evaluation.samples;
                dt { "data" } dd { (evaluation.dataset) ": " (evaluation.source) }
                dt { "samples" } dd {
                    (grouped(samples.train as u64)) " to train, " (grouped(samples.validation as u64)) " to validate, "
                    (grouped(samples.test as u64)) " to test"
                }
            }
            @if let Some(record) = &run.config.record {
                dt { "SHA-256 of the data" } dd { code class="hash" { (record.fingerprint) } }
            }
            dt { "SHA-256 of the weights" } dd { code class="hash" { (run.weights_sha256) } }
        }
        p class="note" {
            "Of the weights: the parameters as little-endian f32, as `kiln evaluate --json` tells it. Of the data: "
            "shapes, pixels and labels as the run saw them, the training set before the test set."
        }
    }
}
