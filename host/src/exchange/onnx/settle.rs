//! From a draft to a network: what lies between its layers is folded.
//!
//! A line at the input becomes part of its scaling. Others are moved back through pools to a
//! convolution or linear layer, where that changes nothing, and go into the network as batch
//! normalisations, which core folds, or leaves as a scale and a shift. A file of Kiln's own, whose
//! metadata has the same network, is taken as it stands.

use super::draft::{Draft, DraftNode, DraftOperation, Line, Number};
use super::error::{Fault, OnnxError};
use super::windows::rounds_up;
use crate::exchange::{Affine, Imported, Metadata};
use kiln_core::{BatchNorm, Folding, Layer, LayerFault, Network, Padding, Shape, Value};

/// The epsilon of a line that is no batch normalisation: it is lost in a variance of 1.
const NO_EPSILON: f32 = f32::MIN_POSITIVE;

/// The network of a draft that is pruned.
pub fn settle(
    mut draft: Draft,
    metadata: Option<Metadata>,
    mut remarks: Vec<String>,
) -> Result<Imported, OnnxError> {
    join_products_and_sums(&mut draft);
    let told = metadata
        .as_ref()
        .and_then(|it| it.network.network(None).ok());
    let limit = if told.is_some() { 1 } else { usize::MAX };
    let mut input = take_input_line(&mut draft, limit, &mut remarks);
    if let Some(told) = told {
        let own = Assembled::of(&draft, false)?;
        if own.network == told {
            return own.imported(input, metadata, remarks);
        }
        let rest = take_input_line(&mut draft, usize::MAX, &mut remarks);
        input = match (input, rest) {
            (Some(first), Some(second)) => Some(first.then(&second)),
            (first, second) => first.or(second),
        };
    }
    join_lines(&mut draft);
    fold_into_linear(&mut draft, &mut remarks)?;
    move_back(&mut draft);
    join_lines(&mut draft);
    plain_pools(&mut draft);
    let trained = Assembled::of(&draft, true)?;
    trained
        .folded(&draft, &mut remarks)?
        .imported(input, metadata, remarks)
}

/// A `Mul` and the `Add` behind it are one line.
fn join_products_and_sums(draft: &mut Draft) {
    join(draft, |first, second| first.is_product() && second.is_sum());
}

/// Lines of the same length, one behind another, are one.
fn join_lines(draft: &mut Draft) {
    join(draft, |first, second| {
        first.scale.len() == second.scale.len()
    });
}

fn join(draft: &mut Draft, fits: impl Fn(&Line, &Line) -> bool) {
    for index in 0..draft.nodes.len() {
        let Some(before) = line_before(draft, index) else {
            continue;
        };
        let (first, second) = (&draft.nodes[before], &draft.nodes[index]);
        let (DraftOperation::Line(one), DraftOperation::Line(other)) =
            (&first.operation, &second.operation)
        else {
            continue;
        };
        if one.scale.len() != other.scale.len() || !fits(one, other) {
            continue;
        }
        let line = one.then(other);
        let labels = [first.labels.as_slice(), &second.labels].concat();
        draft.take_out(before);
        draft.nodes[index].labels = labels;
        draft.nodes[index].operation = DraftOperation::Line(line);
    }
}

/// The node whose value this one alone reads.
fn line_before(draft: &Draft, index: usize) -> Option<usize> {
    let node = &draft.nodes[index];
    let before = draft.giver(node.inputs[0]).filter(|_| !node.is_gone)?;
    draft.sole_reader(before + 1).map(|_| before)
}

/// Takes out at most `limit` lines that alone read the input.
fn take_input_line(draft: &mut Draft, limit: usize, remarks: &mut Vec<String>) -> Option<Affine> {
    let mut input: Option<Affine> = None;
    for _ in 0..limit {
        let reader = draft.sole_reader(0)?;
        let Some(line) = draft.nodes[reader].channel_line() else {
            break;
        };
        let line = Affine {
            scale: line.scale.clone(),
            shift: line.shift.clone(),
        };
        let channels = draft.input.channels as usize;
        let before = input.unwrap_or_else(|| Affine::identity(channels));
        input = Some(before.then(&line));
        for label in &draft.nodes[reader].labels {
            remarks.push(format!("folded {label} into the input's scaling"));
        }
        draft.take_out(reader);
    }
    input
}

/// A line over values of flattened maps becomes part of the linear layer that reads it.
fn fold_into_linear(draft: &mut Draft, remarks: &mut Vec<String>) -> Result<(), OnnxError> {
    for index in 0..draft.nodes.len() {
        let node = &draft.nodes[index];
        let (false, None, DraftOperation::Line(line)) =
            (node.is_gone, node.channel_line(), &node.operation)
        else {
            continue;
        };
        let line = line.clone();
        let reader = draft.sole_reader(index + 1);
        let linear = reader.map(|reader| &mut draft.nodes[reader].operation);
        let Some(DraftOperation::Layer {
            layer: Layer::Linear(linear),
            weights,
            biases,
        }) = linear
        else {
            return Err(OnnxError::Node {
                node: draft.nodes[index].described.clone(),
                fault: Fault::Fold,
            });
        };
        linear.bias = true;
        biases.resize(linear.outputs.into(), 0.0);
        for (row, bias) in weights.chunks_exact_mut(line.scale.len()).zip(biases) {
            let products = row.iter().zip(&line.shift);
            let sum: f64 = products
                .map(|(weight, shift)| f64::from(*weight) * shift)
                .sum();
            *bias = (f64::from(*bias) + sum) as f32;
            for (weight, scale) in row.iter_mut().zip(&line.scale) {
                *weight = (f64::from(*weight) * scale) as f32;
            }
        }
        for label in &draft.nodes[index].labels {
            remarks.push(format!(
                "folded {label} into the linear layer that reads it"
            ));
        }
        draft.take_out(index);
    }
    Ok(())
}

/// Moves lines behind pools before these, where they then follow what they can be folded into.
fn move_back(draft: &mut Draft) {
    for index in 0..draft.nodes.len() {
        let mut place = index;
        let mut pools = Vec::new();
        while let Some(pool) = pool_before(draft, place, index) {
            pools.push(pool);
            place = pool;
        }
        let folds = line_before(draft, place).is_some_and(|before| {
            let layer = draft.nodes[before].layer();
            matches!(layer, Some(Layer::Conv2d(_) | Layer::Linear(_)))
        });
        if !folds {
            continue;
        }
        let mut place = index;
        for pool in pools {
            swap(draft, pool, place);
            place = pool;
        }
    }
}

/// The pool before `place` through which the line of node `line` can be moved.
fn pool_before(draft: &Draft, place: usize, line: usize) -> Option<usize> {
    let scales = &draft.nodes[line].channel_line()?.scale;
    let before = line_before(draft, place)?;
    let passes = match draft.nodes[before].layer()? {
        Layer::GlobalAvgPool2d => true,
        // A mean of the values and of zeros is moved by less than the whole shift.
        Layer::AvgPool2d(pool) => pool.padding == Padding::NONE || !pool.count_include_pad,
        Layer::MaxPool2d(_) => scales.iter().all(|&scale| scale >= 0.0),
        _ => false,
    };
    passes.then_some(before)
}

/// Lets a line take the place of the pool that it alone reads.
fn swap(draft: &mut Draft, pool: usize, line: usize) {
    let input = draft.nodes[pool].inputs[0];
    let (before, behind) = (draft.shape(input), draft.nodes[pool].shape);
    draft.nodes.swap(pool, line);
    draft.nodes[pool].inputs = [input; 2];
    draft.nodes[pool].shape = before;
    draft.nodes[line].inputs = [pool + 1; 2];
    draft.nodes[line].shape = behind;
}

/// Gives pools Kiln's own options where others come to the same.
fn plain_pools(draft: &mut Draft) {
    for index in 0..draft.nodes.len() {
        let Shape { height, width, .. } = draft.shape(draft.nodes[index].inputs[0]);
        let DraftOperation::Layer {
            layer: Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool),
            ..
        } = &mut draft.nodes[index].operation
        else {
            continue;
        };
        pool.ceil_mode &= rounds_up(pool, [height, width]);
        pool.count_include_pad |= pool.padding == Padding::NONE;
    }
}

/// A network with its values.
struct Assembled {
    network: Network,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
    /// The draft's node behind each of the network's.
    nodes: Vec<usize>,
}

impl Assembled {
    /// The network of a draft, its lines as batch normalisations or as they are.
    fn of(draft: &Draft, as_norms: bool) -> Result<Self, OnnxError> {
        let Shape {
            channels,
            height,
            width,
        } = draft.input;
        let mut assembled = Self {
            network: Network::input(channels, height, width),
            parameters: Vec::new(),
            statistics: Vec::new(),
            nodes: Vec::new(),
        };
        let mut values = vec![Value::INPUT; draft.nodes.len() + 1];
        for (index, node) in draft.nodes.iter().enumerate().filter(|(_, it)| !it.is_gone) {
            let layer = assembled.add_values(&node.operation, as_norms);
            let inputs = node.inputs.map(|input: Number| values[input]);
            assembled.network = assembled.network.node(layer, inputs);
            assembled.nodes.push(index);
            values[index + 1] = assembled.network.last();
        }
        assembled
            .network
            .check()
            .map_err(|error| match error.fault {
                LayerFault::NoLayers => OnnxError::NoLayers,
                LayerFault::TooManyLayers => OnnxError::TooManyLayers,
                _ => OnnxError::Network(error),
            })?;
        Ok(assembled)
    }

    /// Adds a node's parameters; gives its layer.
    fn add_values(&mut self, operation: &DraftOperation, as_norms: bool) -> Layer {
        match operation {
            DraftOperation::Layer {
                layer,
                weights,
                biases,
            } => {
                self.parameters.extend(weights);
                self.parameters.extend(biases);
                *layer
            }
            DraftOperation::Line(line) => {
                let norm = line.norm.as_ref().filter(|_| as_norms);
                let Some(norm) = norm else {
                    let rounded = |values: &[f64]| values.iter().map(|it| *it as f32).collect();
                    let [scale, shift]: [Vec<f32>; 2] =
                        [rounded(&line.scale), rounded(&line.shift)];
                    self.parameters.extend(scale);
                    self.parameters.extend(shift);
                    return self.plain_statistics(line.scale.len(), as_norms);
                };
                self.parameters.extend(&norm.weight);
                self.parameters.extend(&norm.bias);
                self.statistics.extend(&norm.mean);
                self.statistics.extend(&norm.variance);
                Layer::BatchNorm(BatchNorm {
                    epsilon: norm.epsilon,
                    ..BatchNorm::DEFAULT
                })
            }
        }
    }

    /// A line, with statistics that change nothing where it is to be a batch normalisation.
    fn plain_statistics(&mut self, channels: usize, as_norms: bool) -> Layer {
        if !as_norms {
            return Layer::ScaleShift;
        }
        self.statistics.extend(std::iter::repeat_n(0.0, channels));
        self.statistics.extend(std::iter::repeat_n(1.0, channels));
        Layer::BatchNorm(BatchNorm {
            epsilon: NO_EPSILON,
            ..BatchNorm::DEFAULT
        })
    }

    /// The network without its batch normalisations.
    fn folded(self, draft: &Draft, remarks: &mut Vec<String>) -> Result<Self, OnnxError> {
        let folding = Folding::of(&self.network);
        let network = folding.clone().network();
        let mut parameters = vec![0.0; network.parameters()];
        folding
            .fold(
                &self.network,
                &self.parameters,
                &self.statistics,
                &mut parameters,
            )
            .map_err(OnnxError::Folding)?;
        self.remark(&network, draft, remarks);
        Ok(Self {
            network,
            parameters,
            statistics: Vec::new(),
            nodes: Vec::new(),
        })
    }

    /// Says of each line what became of it.
    fn remark(&self, folded: &Network, draft: &Draft, remarks: &mut Vec<String>) {
        // By node of this network, the number that it has, or that what it is folded into has.
        let numbers = self.numbers(folded);
        for (index, layer) in self.network.layers().iter().enumerate() {
            let Layer::BatchNorm(_) = layer else {
                continue;
            };
            let node = &draft.nodes[self.nodes[index]];
            let number = match numbers[index] {
                Some(number) => number,
                None => self
                    .taker(index, draft)
                    .and_then(|it| numbers[it])
                    .unwrap_or(0),
            };
            let name = folded
                .layers()
                .get(number.wrapping_sub(1))
                .map_or("", Layer::name);
            for label in &node.labels {
                remarks.push(match numbers[index] {
                    Some(number) => format!("{label} stays, as layer {number} ({name})"),
                    None => format!("folded {label} into layer {number} ({name})"),
                });
            }
        }
    }

    /// The number in the folded network of each node that is still there.
    fn numbers(&self, folded: &Network) -> Vec<Option<usize>> {
        let mut kept = folded.layers().iter().enumerate().peekable();
        let layers = self.network.layers().iter();
        let same = |one: &Layer, other: &Layer| match one {
            Layer::BatchNorm(_) => *other == Layer::ScaleShift,
            _ => one.name() == other.name(),
        };
        let number = |layer| {
            kept.next_if(|(_, it)| same(layer, it))
                .map(|(at, _)| at + 1)
        };
        layers.map(number).collect()
    }

    /// The node that a batch normalisation is folded into: what gives its value to it alone, or
    /// what alone reads it.
    fn taker(&self, index: usize, draft: &Draft) -> Option<usize> {
        let node = self.nodes[index];
        let place = |node: usize| self.nodes.iter().position(|&other| other == node);
        let takes =
            |node: &DraftNode| matches!(node.layer(), Some(Layer::Conv2d(_) | Layer::Linear(_)));
        let before = line_before(draft, node).filter(|&before| takes(&draft.nodes[before]));
        before
            .or_else(|| draft.sole_reader(node + 1))
            .and_then(place)
    }

    /// What a file tells, if all of its numbers are finite.
    fn imported(
        self,
        input: Option<Affine>,
        metadata: Option<Metadata>,
        remarks: Vec<String>,
    ) -> Result<Imported, OnnxError> {
        let mut rest = self.parameters.as_slice();
        for index in 0..self.network.layers().len() {
            let count = self.network.layer_cost(index).parameters as usize;
            let (own, behind) = rest.split_at(count);
            rest = behind;
            if own.iter().any(|value| !value.is_finite()) {
                return Err(OnnxError::NotFinite { number: index + 1 });
            }
        }
        Ok(Imported {
            network: self.network,
            parameters: self.parameters,
            input,
            metadata,
            remarks,
        })
    }
}
