//! The picture of the network: its layers, with their shapes, and what each reads.

use super::run::ReportedRun;
use crate::charts::{Drawing, GraphNode, NodeGraph};
use crate::network_file::{value_name, values_read};
use kiln_core::{Layer, Network, Value};
use maud::{Markup, html};

/// Beyond as many layers the picture scrolls by itself.
const TALL: usize = 30;

pub(super) fn section(run: &ReportedRun) -> Markup {
    let drawing = drawing(&run.trained, &run.names);
    let class = match run.trained.layers().len() {
        0..=TALL => "scroll",
        _ => "scroll tall",
    };
    html! {
        p class="note" {
            "As it is trained, from the input down. Beside each layer is the shape of what it gives; "
            "additions name what they add."
        }
        div class=(class) {
            div style=(format!("max-width:{}px", drawing.width().round())) { (drawing.inline()) }
        }
    }
}

/// A box for the input and for each layer.
fn drawing(network: &Network, names: &[Option<String>]) -> Drawing {
    let input = GraphNode {
        label: "input".into(),
        detail: network.input_shape().to_string(),
        strong: false,
        inputs: Vec::new(),
    };
    let layers = network.layers().iter().zip(network.inputs()).enumerate();
    let layers = layers.map(|(index, (layer, inputs))| GraphNode {
        label: label(names, index, layer, *inputs),
        detail: network.output_shape(index).to_string(),
        strong: matches!(layer, Layer::Add),
        inputs: values_read(layer, inputs)
            .iter()
            .map(|value| value.number())
            .collect(),
    });
    let graph = NodeGraph {
        title: "The network's layers and what each reads",
        nodes: [input].into_iter().chain(layers).collect(),
    };
    graph.draw()
}

/// `9 add: 8 main + 3 stem`, `4 conv2d 3x3 to 16`, `3 stem: relu`.
fn label(names: &[Option<String>], index: usize, layer: &Layer, inputs: [Value; 2]) -> String {
    let own = value_name(names, Value::of_node(index + 1));
    let named = names.get(index).is_some_and(Option::is_some);
    let start = format!("{own}{} {layer}", if named { ":" } else { "" });
    if !matches!(layer, Layer::Add) {
        return start;
    }
    let [first, second] = inputs.map(|input| value_name(names, input));
    format!("{start}: {first} + {second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_name_what_they_add() {
        let network = Network::input(1, 4, 4).relu();
        let stem = network.last();
        let network = network.conv2d(1, 1);
        let main = network.last();
        let network = network.node(Layer::Add, [main, stem]).linear(2);
        let names = [Some("a<b".to_string()), None, None, None];
        let drawn = drawing(&network, &names).file();
        for text in [
            "1 a&lt;b: relu",
            "2 conv2d 1x1 to 1",
            "3 add: 2 + 1 a&lt;b",
            "1x4x4",
        ] {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
        // Its addition's lines: from the convolution above it, and from the first layer past that.
        assert_eq!(drawn.matches("<path").count(), 5);
    }
}
