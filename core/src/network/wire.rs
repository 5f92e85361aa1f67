//! A network as bytes: its input shape and the list of its nodes, no more than there are.

use super::{MAX_NODES, Network, Value};
use crate::{Conv2d, Layer, Linear, Padding, Pool2d, Shape};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};

/// A node as bytes; layers that read only the node before them say nothing of it.
#[derive(Serialize, Deserialize)]
struct NodeRecord {
    layer: Layer,
    /// The numbers of the values it reads; none where that is the node before it.
    inputs: Option<[u8; 2]>,
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes: heapless::Vec<NodeRecord, MAX_NODES> = self
            .layers()
            .iter()
            .zip(self.inputs())
            .enumerate()
            .map(|(index, (layer, inputs))| {
                let before = *inputs == [Value::of_node(index); 2];
                NodeRecord {
                    layer: *layer,
                    inputs: (!before).then_some(inputs.map(|value| value.0)),
                }
            })
            .collect();
        let mut record = serializer.serialize_struct("Network", 2)?;
        record.serialize_field("input", &self.input)?;
        record.serialize_field("nodes", &nodes)?;
        record.end()
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Network")]
        struct Record {
            input: Shape,
            nodes: heapless::Vec<NodeRecord, MAX_NODES>,
        }
        let record = Record::deserialize(deserializer)?;
        let mut network = empty(record.input);
        for NodeRecord { layer, inputs } in record.nodes {
            network = match inputs {
                Some(inputs) => network.node(layer, inputs.map(Value)),
                None => network.layer(layer),
            };
        }
        Ok(network)
    }
}

/// A network as version 1 of the model file has it: a chain of the layers of that time.
#[derive(Deserialize)]
pub(crate) struct FirstNetwork {
    input: Shape,
    layers: heapless::Vec<FirstLayer, 64>,
}

#[derive(Deserialize)]
enum FirstLayer {
    Conv2d(FirstConv2d),
    Relu,
    MaxPool2d(FirstPool2d),
    AvgPool2d(FirstPool2d),
    GlobalAvgPool2d,
    Linear { outputs: u16 },
}

#[derive(Deserialize)]
struct FirstConv2d {
    filters: u16,
    kernel: [u16; 2],
    stride: [u16; 2],
    padding: [u16; 2],
    groups: u16,
}

#[derive(Deserialize)]
struct FirstPool2d {
    window: [u16; 2],
    stride: [u16; 2],
}

impl From<FirstNetwork> for Network {
    fn from(first: FirstNetwork) -> Self {
        let layers = first.layers.into_iter().map(Layer::from);
        layers.fold(empty(first.input), |network, layer| network.layer(layer))
    }
}

impl From<FirstLayer> for Layer {
    fn from(first: FirstLayer) -> Self {
        match first {
            FirstLayer::Conv2d(conv) => {
                let FirstConv2d {
                    filters,
                    kernel,
                    stride,
                    padding: [rows, columns],
                    groups,
                } = conv;
                Self::Conv2d(Conv2d {
                    kernel,
                    stride,
                    padding: Padding::each(rows, columns),
                    groups,
                    ..Conv2d::new(filters, 1)
                })
            }
            FirstLayer::Relu => Self::Relu,
            FirstLayer::MaxPool2d(pool) => Self::MaxPool2d(pool.into()),
            FirstLayer::AvgPool2d(pool) => Self::AvgPool2d(pool.into()),
            FirstLayer::GlobalAvgPool2d => Self::GlobalAvgPool2d,
            FirstLayer::Linear { outputs } => Self::Linear(Linear::new(outputs)),
        }
    }
}

impl From<FirstPool2d> for Pool2d {
    fn from(FirstPool2d { window, stride }: FirstPool2d) -> Self {
        Self {
            window,
            stride,
            ..Self::new(1)
        }
    }
}

fn empty(input: Shape) -> Network {
    Network::input(input.channels, input.height, input.width)
}
