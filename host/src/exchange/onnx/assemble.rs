//! From a draft to a network with its parameters, and core's folding of what is between its layers.

use super::draft::{Draft, DraftNode, DraftOperation, Number};
use super::error::OnnxError;
use crate::exchange::{Affine, FileEnds, Imported, Metadata};
use kiln_core::{BatchNorm, Folding, Layer, LayerFault, Network, Shape, Value};

/// The epsilon of a line that is no batch normalisation: it is lost in a variance of 1.
const NO_EPSILON: f32 = f32::MIN_POSITIVE;

/// A network with its values.
pub struct Assembled {
    pub network: Network,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
    /// The draft's node behind each of the network's.
    nodes: Vec<usize>,
}

impl Assembled {
    /// The network of a draft, its lines as batch normalisations or as they are.
    pub fn of(draft: &Draft, as_norms: bool) -> Result<Self, OnnxError> {
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
    pub fn folded(self, draft: &Draft, remarks: &mut Vec<String>) -> Result<Self, OnnxError> {
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
        let before = draft
            .only_giver(node)
            .filter(|&before| takes(&draft.nodes[before]));
        before
            .or_else(|| draft.sole_reader(node + 1))
            .and_then(place)
    }

    /// What a file tells, if all of its numbers are finite.
    pub fn imported(
        self,
        input: Option<Affine>,
        metadata: Option<Metadata>,
        ends: FileEnds,
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
            ends,
            remarks,
        })
    }
}
