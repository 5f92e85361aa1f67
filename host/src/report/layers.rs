//! The table of layers: what each reads, holds and costs.

use super::run::ReportedRun;
use crate::network_file::{value_name, values_read};
use crate::output::grouped;
use kiln_core::{Cost, Loss, Program, Purpose};
use maud::{Markup, html};

pub(super) fn section(run: &ReportedRun) -> Markup {
    let network = &run.trained;
    let inference: Program = Program::of(&run.network, Purpose::Inference);
    let training: Program = Program::of(network, Purpose::Group(Loss::CROSS_ENTROPY));
    let training_bytes = training.working_bytes(1) + size_of::<f32>() * training.group_values();
    html! {
        div class="scroll" { table {
            thead { tr {
                th class="number" { "" } th { "layer" } th { "reads" } th class="number" { "output" }
                th class="number" { "parameters" } th class="number" { "MACs" } th class="number" { "FLOPs" }
                th class="number" { "weights, bytes" } th class="number" { "output, bytes" }
            } }
            tbody {
                tr {
                    td {} td { "input" } td {} td class="number" { (network.input_shape()) }
                    td {} td {} td {} td {}
                    td class="number" { (bytes(network.input_shape().elements() as u64)) }
                }
                @for index in 0..network.layers().len() { (row(run, index)) }
            }
            tfoot {
                (sums("all", network.cost()))
                @if run.network != *network { (sums("folded", run.network.cost())) }
            }
        } }
        p class="note" {
            "For one sample. "
            @if run.network != *network {
                "The model file holds the folded network, in which batch normalisations are part of their neighbours. "
            }
            "Layers that run as one share memory: inference takes "
            (grouped(inference.working_bytes(1) as u64)) " bytes with the input, training on the desktop "
            (grouped(training_bytes as u64)) " bytes beside parameters, gradient and velocity. "
            "The model file has " (grouped(run.model_bytes as u64)) " bytes."
        }
    }
}

fn row(run: &ReportedRun, index: usize) -> Markup {
    let network = &run.trained;
    let layer = &network.layers()[index];
    let cost = network.layer_cost(index);
    let output = network.output_shape(index);
    let name = run.names.get(index).and_then(Option::as_deref);
    html! {
        tr {
            td class="number" { (index + 1) }
            td { (layer.name()) @if let Some(name) = name { " " b { (name) } } }
            td { (reads(run, index)) } td class="number" { (output) }
            td class="number" { (grouped(cost.parameters)) } td class="number" { (grouped(cost.macs)) }
            td class="number" { (grouped(cost.flops())) } td class="number" { (bytes(cost.parameters)) }
            td class="number" { (bytes(output.elements() as u64)) }
        }
    }
}

/// What a layer reads where that is not the one before it alone.
fn reads(run: &ReportedRun, index: usize) -> String {
    let values = values_read(&run.trained.layers()[index], &run.trained.inputs()[index]);
    if matches!(values, [value] if value.number() == index) {
        return String::new();
    }
    let values = values.iter().map(|value| value_name(&run.names, *value));
    values.collect::<Vec<_>>().join(", ")
}

fn sums(name: &str, cost: Cost) -> Markup {
    html! { tr {
        td {} td { (name) } td {} td {}
        td class="number" { (grouped(cost.parameters)) } td class="number" { (grouped(cost.macs)) }
        td class="number" { (grouped(cost.flops())) } td class="number" { (bytes(cost.parameters)) } td {}
    } }
}

fn bytes(elements: u64) -> String {
    grouped(size_of::<f32>() as u64 * elements)
}
