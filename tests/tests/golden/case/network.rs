//! The network that a reference file describes, as a list of layers or of nodes.

use super::Options;
use kiln_core::{
    BatchNorm, Conv2d, Layer, Linear, Loss, Network, Padding, Pool2d, Value as NetworkValue,
};
use serde_json::Value;

/// A network, the names of its nodes, and what it is trained for.
pub struct Described {
    pub network: Network,
    pub names: Vec<String>,
    pub loss: Loss,
    /// Whether it was told as a list of nodes.
    pub is_graph: bool,
}

pub fn describe(options: &mut Options) -> Described {
    let [channels, height, width] = options.extents("input").map(u32::from);
    let network = Network::input(channels, height, width);
    match options.take("layers") {
        Some(Value::Array(layers)) => chain(network, &layers, options.place()),
        Some(other) => panic!("{}: `layers` is {other}", options.place()),
        None => graph(network, options),
    }
}

/// Names are the layers' indices.
fn chain(mut network: Network, layers: &[Value], place: &str) -> Described {
    for layer in layers {
        let parts = layer.as_array().map_or(&[][..], |parts| parts);
        let numbers = parts.iter().skip(1).map(|n| n.as_u64()?.try_into().ok());
        let numbers: Option<Vec<u16>> = numbers.collect();
        let kind = parts.first().and_then(Value::as_str);
        network = network.layer(match (kind, numbers.as_deref()) {
            (Some("conv"), Some(&[filters, kernel, stride, padding, groups])) => Layer::Conv2d(
                Conv2d::new(filters, kernel)
                    .stride(stride)
                    .padding(padding)
                    .groups(groups),
            ),
            (Some("relu"), Some([])) => Layer::Relu,
            (Some("max_pool"), Some(&[window, stride])) => {
                Layer::MaxPool2d(Pool2d::new(window).stride(stride))
            }
            (Some("avg_pool"), Some(&[window, stride])) => {
                Layer::AvgPool2d(Pool2d::new(window).stride(stride))
            }
            (Some("linear"), Some(&[outputs])) => Layer::Linear(Linear::new(outputs)),
            _ => panic!("{place}: a layer of an unknown form: {layer}"),
        });
    }
    Described {
        names: (0..layers.len()).map(|index| index.to_string()).collect(),
        network,
        loss: Loss::CROSS_ENTROPY,
        is_graph: false,
    }
}

fn graph(mut network: Network, options: &mut Options) -> Described {
    let mut names: Vec<String> = vec![];
    for node in options.list("nodes") {
        let mut node = Options::new(options.place().to_owned(), node);
        let name = node.text("name");
        let place = format!("{}, node {name}", options.place());
        assert!(!names.contains(&name), "{place}: a name twice");
        let inputs = node.list("inputs").into_iter().map(|input| {
            let earlier = names.iter().position(|name| input == **name);
            match earlier {
                Some(index) => NetworkValue::of_node(index + 1),
                None if input == "input" => NetworkValue::INPUT,
                None => panic!("{place}: {input} is no earlier node"),
            }
        });
        let inputs: Vec<_> = inputs.collect();
        let layer = layer(&mut node, &place);
        let inputs = match (&layer, &inputs[..]) {
            (Layer::Add, &[first, second]) => [first, second],
            (Layer::Add, _) | (_, [] | [_, _, ..]) => panic!("{place}: {} inputs", inputs.len()),
            (_, &[only]) => [only, only],
        };
        node.finish();
        network = network.node(layer, inputs);
        names.push(name);
    }
    Described {
        network,
        names,
        loss: loss(options),
        is_graph: true,
    }
}

fn loss(options: &mut Options) -> Loss {
    let smoothing = options.number_or("label_smoothing", 0.0);
    match &*options.text("loss") {
        "cross_entropy" => Loss::CrossEntropy { smoothing },
        "mse" if smoothing == 0.0 => Loss::MeanSquaredError,
        other => panic!("{}: loss {other}, smoothed by {smoothing}", options.place()),
    }
}

fn layer(node: &mut Options, place: &str) -> Layer {
    match &*node.text("op") {
        "conv2d" => Layer::Conv2d(Conv2d {
            filters: node.whole("filters"),
            kernel: node.extents("kernel"),
            stride: node.extents("stride"),
            padding: padding(node.extents("padding")),
            dilation: node.extents_or("dilation", [1, 1]),
            groups: node.whole("groups"),
            bias: node.flag("bias", true),
        }),
        "linear" => Layer::Linear(Linear {
            outputs: node.whole("outputs"),
            bias: node.flag("bias", true),
        }),
        "batch_norm" => Layer::BatchNorm(BatchNorm {
            momentum: node.number("momentum"),
            epsilon: node.number("epsilon"),
        }),
        "max_pool2d" => Layer::MaxPool2d(pool(node)),
        "avg_pool2d" => {
            let count_include_pad = node.flag("count_include_pad", true);
            Layer::AvgPool2d(Pool2d {
                count_include_pad,
                ..pool(node)
            })
        }
        "add" => Layer::Add,
        "relu" => Layer::Relu,
        "relu6" => Layer::Relu6,
        "global_avg_pool2d" => Layer::GlobalAvgPool2d,
        other => panic!("{place}: an operation that kiln does not have: {other}"),
    }
}

fn pool(node: &mut Options) -> Pool2d {
    Pool2d {
        window: node.extents("window"),
        stride: node.extents("stride"),
        padding: padding(node.extents_or("padding", [0; 4])),
        ceil_mode: node.flag("ceil_mode", false),
        ..Pool2d::new(1)
    }
}

fn padding([top, left, bottom, right]: [u16; 4]) -> Padding {
    Padding {
        top,
        left,
        bottom,
        right,
    }
}
