//! A network as PyTorch's modules: their order, their code, and the names of their tensors.
//!
//! A network whose layers are one behind another is an `nn.Sequential`, any other a module of its
//! own. PyTorch's linear layers do not flatten, so a `Flatten` stands before each that gets maps,
//! and one at the end of a network that ends in maps. In a `Sequential` it counts as a module: the
//! first linear layer behind it has an index one higher than the layer's place in the network. So
//! does the padding of a layer whose sides differ, which PyTorch's own layers do not have.

mod code;
#[cfg(test)]
mod tests;

pub use code::{ModuleCode, module_code};

use kiln_core::{Layer, Network, Padding, Pool2d, Shape, Value};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A module, or a step between modules.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// What is before `.weight` in the names of its tensors: its index in the `Sequential`, or a
    /// name with the number of the layer.
    pub name: String,
    /// What it is.
    pub kind: ModuleKind,
    /// What it reads: an addition two values, all others one.
    pub inputs: Vec<ModuleInput>,
}

/// Where a value is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleInput {
    /// The network's input.
    Input,
    /// The module of this index in the list.
    Module(usize),
}

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ModuleKind {
    /// A layer of the network, with the shapes that it gets and gives.
    Layer {
        /// Its index in the network, from 0.
        index: usize,
        /// The layer.
        layer: Layer,
        /// Shape of its input.
        input: Shape,
        /// Shape of its output.
        output: Shape,
        /// Whether it gets a row and not maps.
        is_flat: bool,
    },
    /// From maps to one row of values.
    Flatten,
    /// From a row of values to as many maps of one pixel.
    Unflatten {
        /// Number of values.
        channels: u32,
    },
    /// Padding that the layer behind it has in the network, but not in PyTorch.
    Pad {
        /// Columns before and behind, rows above and below; below 0 where they are cut off.
        sides: [i64; 4],
        /// Whether it is never the maximum, instead of zeros.
        is_lowest: bool,
    },
}

/// The tensors of a layer.
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
    /// Number of biases; 0 where it has none.
    pub outputs: usize,
    /// Where the weights are among the network's parameters.
    pub weights: Range<usize>,
    /// Where the biases are.
    pub biases: Range<usize>,
    /// Where a batch normalisation's running means are among the network's statistics, with its
    /// running variances behind them.
    pub statistics: Option<Range<usize>>,
}

/// The modules of a checked network.
pub fn modules(network: &Network) -> Vec<Module> {
    let mut list = ModuleList::default();
    list.given
        .insert((Value::INPUT.number(), false), ModuleInput::Input);
    for (index, (&layer, inputs)) in network.layers().iter().zip(network.inputs()).enumerate() {
        let values = inputs.map(Value::number);
        let input = network.input_shape_of(index);
        let is_flat = match layer {
            Layer::Linear(_) => true,
            Layer::Relu | Layer::Relu6 | Layer::ScaleShift => list.is_flat(values[0]),
            Layer::BatchNorm(_) | Layer::Dropout(_) => list.is_flat(values[0]),
            Layer::Add => values.iter().all(|&value| list.is_flat(value)),
            _ => false,
        };
        let reads = if layer == Layer::Add {
            &values[..]
        } else {
            &values[..1]
        };
        let mut inputs: Vec<ModuleInput> = reads
            .iter()
            .map(|&value| list.value(value, is_flat, input))
            .collect();
        let output = network.output_shape(index);
        if let Some(pad) = pad_before(&layer, input, output) {
            inputs = vec![list.push(format!("pad{}", index + 1), pad, inputs)];
        }
        let kind = ModuleKind::Layer {
            index,
            layer,
            input,
            output,
            is_flat,
        };
        let source = list.push(format!("layer{}", index + 1), kind, inputs);
        list.given.insert((index + 1, is_flat), source);
        if is_flat {
            list.rows.insert(index + 1);
        }
    }
    let last = network.layers().len();
    list.value(last, true, network.output_shape(last - 1));
    if network.is_chain() {
        for (index, module) in list.modules.iter_mut().enumerate() {
            module.name = index.to_string();
        }
    }
    list.modules
}

/// Modules as they are found, and the values that they give.
#[derive(Default)]
struct ModuleList {
    modules: Vec<Module>,
    /// By number of the value, and whether as a row.
    given: HashMap<(usize, bool), ModuleInput>,
    /// The values that layers give as rows.
    rows: HashSet<usize>,
}

impl ModuleList {
    /// Whether a layer gives the value as a row.
    fn is_flat(&self, value: usize) -> bool {
        self.rows.contains(&value)
    }

    /// A value as a row or as maps, made so where it is not yet.
    fn value(&mut self, value: usize, is_flat: bool, shape: Shape) -> ModuleInput {
        if let Some(source) = self.given.get(&(value, is_flat)) {
            return *source;
        }
        let from = self.given[&(value, !is_flat)];
        let (name, kind) = match is_flat {
            true => ("flat", ModuleKind::Flatten),
            false => (
                "maps",
                ModuleKind::Unflatten {
                    channels: shape.channels,
                },
            ),
        };
        let source = self.push(format!("{name}{value}"), kind, vec![from]);
        self.given.insert((value, is_flat), source);
        source
    }

    fn push(&mut self, name: String, kind: ModuleKind, inputs: Vec<ModuleInput>) -> ModuleInput {
        self.modules.push(Module { name, kind, inputs });
        ModuleInput::Module(self.modules.len() - 1)
    }
}

/// The padding that PyTorch's layer of this kind cannot have itself.
fn pad_before(layer: &Layer, input: Shape, output: Shape) -> Option<ModuleKind> {
    let (padding, is_lowest) = match layer {
        Layer::Conv2d(conv) => (conv.padding, false),
        Layer::MaxPool2d(pool) => (pool.padding, true),
        _ => return None,
    };
    if is_even(padding) {
        return None;
    }
    let sides = match layer {
        Layer::MaxPool2d(pool) => reached_sides(pool, input, output),
        _ => [padding.left, padding.right, padding.top, padding.bottom].map(i64::from),
    };
    Some(ModuleKind::Pad { sides, is_lowest })
}

/// Whether the sides across from each other are alike.
fn is_even(padding: Padding) -> bool {
    padding.top == padding.bottom && padding.left == padding.right
}

/// Columns before and behind, rows above and below, that a pool's windows reach, whatever
/// `ceil_mode` says.
pub fn reached_sides(pool: &Pool2d, input: Shape, output: Shape) -> [i64; 4] {
    let [rows, columns] = pool.window.map(i64::from);
    let [down, across] = pool.stride.map(i64::from);
    let [top, left] = pool.padding.before().map(i64::from);
    let bottom = (i64::from(output.height) - 1) * down + rows - top - i64::from(input.height);
    let right = (i64::from(output.width) - 1) * across + columns - left - i64::from(input.width);
    [left, right, top, bottom]
}

/// The tensors of a checked network's layers, in order, those without parameters left out.
pub fn layer_tensors(network: &Network) -> Vec<LayerTensors> {
    let (mut parameters, mut statistics) = (0, 0);
    let next = |at: &mut usize, length: usize| {
        let range = *at..*at + length;
        *at = range.end;
        range
    };
    let tensors = modules(network).into_iter().filter_map(|module| {
        let ModuleKind::Layer {
            index,
            layer,
            input,
            ..
        } = module.kind
        else {
            return None;
        };
        let (weights, biases) = layer.parameters(input);
        let weight = weight_shape(&layer, input)?;
        let channels = input.channels as usize;
        let is_norm = matches!(layer, Layer::BatchNorm(_));
        Some(LayerTensors {
            number: index + 1,
            kind: layer.name(),
            prefix: module.name,
            weight,
            outputs: biases as usize,
            weights: next(&mut parameters, weights as usize),
            biases: next(&mut parameters, biases as usize),
            statistics: is_norm.then(|| next(&mut statistics, 2 * channels)),
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
        Layer::BatchNorm(_) | Layer::ScaleShift => Some(vec![input.channels as usize]),
        _ => None,
    }
}
