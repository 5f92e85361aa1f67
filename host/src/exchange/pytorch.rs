//! A network as PyTorch's `nn.Sequential`: its modules, their code, and the names of its tensors.
//!
//! PyTorch's linear layers do not flatten, so a `Flatten` stands before each that gets maps, and
//! one at the end of a network that ends in maps. It counts as a module: the first linear layer
//! behind it has an index one higher than the layer's place in the network.

use kiln_core::{Conv2d, Layer, Network, Pool2d, Shape};
use std::ops::Range;

/// A module of the `Sequential`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Module {
    /// Its index in the `Sequential`, from 0.
    pub index: usize,
    /// What it is.
    pub kind: ModuleKind,
}

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ModuleKind {
    /// A layer of the network, with the shape that it gets.
    Layer {
        /// Its index in the network, from 0.
        index: usize,
        /// The layer.
        layer: Layer,
        /// Shape of its input.
        input: Shape,
    },
    /// From maps to one row of values.
    Flatten,
    /// From a row of values to as many maps of one pixel.
    Unflatten {
        /// Number of values.
        channels: u32,
    },
}

/// The two tensors of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTensors {
    /// Number of the layer in the network, from 1.
    pub number: usize,
    /// The layer's type.
    pub kind: &'static str,
    /// What is before `.weight` and `.bias` in the tensors' names.
    pub prefix: String,
    /// Extents of the weights.
    pub weight: Vec<usize>,
    /// Number of biases.
    pub outputs: usize,
    /// Where the weights are among the network's parameters.
    pub weights: Range<usize>,
    /// Where the biases are.
    pub biases: Range<usize>,
}

/// The modules of a checked network.
pub fn modules(network: &Network) -> Vec<Module> {
    let mut kinds = Vec::new();
    let mut input = network.input_shape();
    let mut flat = false;
    for (index, &layer) in network.layers().iter().enumerate() {
        let wants_flat = match layer {
            Layer::Linear(_) => true,
            Layer::Relu => flat,
            _ => false,
        };
        match (flat, wants_flat) {
            (false, true) => kinds.push(ModuleKind::Flatten),
            (true, false) => kinds.push(ModuleKind::Unflatten {
                channels: input.channels,
            }),
            _ => {}
        }
        flat = wants_flat;
        kinds.push(ModuleKind::Layer {
            index,
            layer,
            input,
        });
        input = network.output_shape(index);
    }
    if !flat {
        kinds.push(ModuleKind::Flatten);
    }
    let modules = kinds.into_iter().enumerate();
    modules
        .map(|(index, kind)| Module { index, kind })
        .collect()
}

/// The tensors of a checked network's layers, in order, those without parameters left out.
pub fn layer_tensors(network: &Network) -> Vec<LayerTensors> {
    let mut at = 0;
    let mut next = |length: usize| {
        let range = at..at + length;
        at = range.end;
        range
    };
    let tensors = modules(network).into_iter().filter_map(|module| {
        let ModuleKind::Layer {
            index,
            layer,
            input,
        } = module.kind
        else {
            return None;
        };
        let (weights, biases) = layer.parameters(input);
        let weight = weight_shape(&layer, input)?;
        Some(LayerTensors {
            number: index + 1,
            kind: layer.name(),
            prefix: module.index.to_string(),
            weight,
            outputs: biases as usize,
            weights: next(weights as usize),
            biases: next(biases as usize),
        })
    });
    tensors.collect()
}

/// Extents of a layer's weights behind `input`; `None` for a layer without parameters.
fn weight_shape(layer: &Layer, input: Shape) -> Option<Vec<usize>> {
    match layer {
        Layer::Conv2d(conv) => Some(vec![
            conv.filters.into(),
            (input.channels / u32::from(conv.groups)) as usize,
            conv.kernel[0].into(),
            conv.kernel[1].into(),
        ]),
        Layer::Linear(linear) => Some(vec![linear.outputs.into(), input.elements()]),
        _ => None,
    }
}

/// Python code of the `nn.Sequential`, in several lines.
pub fn sequential(network: &Network) -> String {
    let lines = modules(network)
        .iter()
        .map(|module| format!("    {},\n", code(&module.kind)))
        .collect::<String>();
    format!("nn.Sequential(\n{lines})")
}

fn code(kind: &ModuleKind) -> String {
    match kind {
        ModuleKind::Flatten => "nn.Flatten()".into(),
        ModuleKind::Unflatten { channels } => format!("nn.Unflatten(1, ({channels}, 1, 1))"),
        ModuleKind::Layer { layer, input, .. } => match layer {
            Layer::Conv2d(conv) => conv_code(conv, *input),
            Layer::Relu => "nn.ReLU()".into(),
            Layer::MaxPool2d(pool) => pool_code("nn.MaxPool2d", pool),
            Layer::AvgPool2d(pool) => pool_code("nn.AvgPool2d", pool),
            Layer::GlobalAvgPool2d => "nn.AdaptiveAvgPool2d(1)".into(),
            Layer::Linear(linear) => format!("nn.Linear({}, {})", input.elements(), linear.outputs),
            // A layer that is new to core shows up in the tests of this module.
            _ => format!("nn.{}()", layer.name()),
        },
    }
}

fn conv_code(conv: &Conv2d, input: Shape) -> String {
    let mut options = format!(
        "{}, {}, {}",
        input.channels,
        conv.filters,
        pair(conv.kernel)
    );
    if conv.stride != [1, 1] {
        options += &format!(", stride={}", pair(conv.stride));
    }
    if conv.padding != [0, 0] {
        options += &format!(", padding={}", pair(conv.padding.before()));
    }
    if conv.groups != 1 {
        options += &format!(", groups={}", conv.groups);
    }
    format!("nn.Conv2d({options})")
}

fn pool_code(name: &str, pool: &Pool2d) -> String {
    let window = pair(pool.window);
    match pool.stride == pool.window {
        true => format!("{name}({window})"),
        false => format!("{name}({window}, stride={})", pair(pool.stride)),
    }
}

fn pair([rows, columns]: [u16; 2]) -> String {
    match rows == columns {
        true => rows.to_string(),
        false => format!("({rows}, {columns})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flatten_counts_as_a_module() {
        let network = Network::input(3, 8, 8)
            .layer(Layer::Conv2d(
                Conv2d::new(4, 3).kernel(3, 2).stride(2).padding(1),
            ))
            .relu()
            .layer(Layer::MaxPool2d(Pool2d::new(2).stride(1)))
            .linear(5)
            .relu()
            .conv2d(6, 1)
            .global_avg_pool2d();
        let code = "\
nn.Sequential(
    nn.Conv2d(3, 4, (3, 2), stride=2, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2, stride=1),
    nn.Flatten(),
    nn.Linear(48, 5),
    nn.ReLU(),
    nn.Unflatten(1, (5, 1, 1)),
    nn.Conv2d(5, 6, 1),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
)";
        assert_eq!(sequential(&network), code);
        let tensors = layer_tensors(&network);
        let prefixes: Vec<&str> = tensors.iter().map(|layer| layer.prefix.as_str()).collect();
        assert_eq!(prefixes, ["0", "4", "7"]);
        assert_eq!(tensors[0].weight, [4, 3, 3, 2]);
        assert_eq!(tensors[1].weight, [5, 48]);
        assert_eq!(tensors[2].biases.end, network.parameters());
    }
}
