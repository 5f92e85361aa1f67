//! The table of layers: what each holds and costs.

use super::run::ReportedRun;
use crate::output::grouped;
use kiln_core::{Folding, Loss, Program, Purpose, Shape};
use maud::{Markup, html};

pub(super) fn section(run: &ReportedRun) -> Markup {
    let network = &run.network;
    let folded = Folding::of(network).network();
    let inference: Program = Program::of(&folded, Purpose::Inference);
    let training: Program = Program::of(network, Purpose::Group(Loss::CROSS_ENTROPY));
    let training_bytes = training.working_bytes(1) + size_of::<f32>() * training.group_values();
    let cost = network.cost();
    let bytes = |elements: u64| grouped(size_of::<f32>() as u64 * elements);
    html! {
        div class="scroll" { table {
            thead { tr {
                th class="number" { "" } th { "layer" } th class="number" { "output" }
                th class="number" { "parameters" } th class="number" { "MACs" } th class="number" { "FLOPs" }
                th class="number" { "weights, bytes" } th class="number" { "output, bytes" }
            } }
            tbody {
                tr {
                    td {} td { "input" } td class="number" { (extents(network.input_shape())) }
                    td {} td {} td {} td {}
                    td class="number" { (bytes(network.input_shape().elements() as u64)) }
                }
                @for (index, layer) in network.layers().iter().enumerate() {
                    @let cost = network.layer_cost(index);
                    @let output = network.output_shape(index);
                    tr {
                        td class="number" { (index + 1) } td { (layer.name()) } td class="number" { (extents(output)) }
                        td class="number" { (grouped(cost.parameters)) } td class="number" { (grouped(cost.macs)) }
                        td class="number" { (grouped(cost.flops())) } td class="number" { (bytes(cost.parameters)) }
                        td class="number" { (bytes(output.elements() as u64)) }
                    }
                }
            }
            tfoot { tr {
                td {} td { "all" } td {}
                td class="number" { (grouped(cost.parameters)) } td class="number" { (grouped(cost.macs)) }
                td class="number" { (grouped(cost.flops())) } td class="number" { (bytes(cost.parameters)) } td {}
            } }
        } }
        p class="note" {
            "For one sample. Layers that run as one share memory: inference takes "
            (grouped(inference.working_bytes(1) as u64)) " bytes with the input, training on the desktop "
            (grouped(training_bytes as u64)) " bytes beside parameters, gradient and velocity. "
            "The model file has " (grouped(run.model_bytes as u64)) " bytes."
        }
    }
}

fn extents(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}
