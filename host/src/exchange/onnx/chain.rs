//! The path from a graph's input to its output, as a network that grows layer by layer.

use super::constants::{BATCH, Constants};
use super::error::{Fault, OnnxError};
use super::message::{F32, Value};
use super::node::OnnxOperation;
use crate::exchange::{Affine, Imported, Metadata};
use kiln_core::{Layer, LayerFault, Network, Shape};
use std::collections::HashMap;

/// What was read so far.
#[derive(Debug)]
pub struct Chain<'m> {
    network: Network,
    parts: Vec<Part>,
    /// Name of the value behind the last node.
    value: &'m str,
    /// Extents of the values so far.
    dims: HashMap<&'m str, Vec<i64>>,
    /// The number of images, where the graph fixes it.
    batch: Option<i64>,
    /// Shape behind the last node.
    pub(super) shape: Shape,
    /// Whether that is a row and not maps.
    pub(super) flat: bool,
    input: Option<Affine>,
    ended: bool,
    remarks: Vec<String>,
}

/// The parameters of a layer, not rounded to f32 yet: what is folded into them is rounded once.
#[derive(Debug)]
pub struct Part {
    /// Number of the layer, from 1.
    number: usize,
    pub weights: Vec<f64>,
    pub biases: Vec<f64>,
}

impl<'m> Chain<'m> {
    /// Starts at the one input that is no initializer.
    pub fn start(inputs: &'m [Value], constants: &Constants<'m>) -> Result<Self, OnnxError> {
        let inputs: Vec<&Value> = inputs
            .iter()
            .filter(|input| !constants.contains(&input.name))
            .collect();
        let [input] = inputs.as_slice() else {
            return Err(OnnxError::Several {
                what: "inputs",
                found: inputs.len(),
            });
        };
        let shape = image_shape(input).ok_or_else(|| OnnxError::Input {
            name: input.name.clone(),
            found: described(input),
        })?;
        let mut chain = Self {
            network: Network::input(shape.channels, shape.height, shape.width),
            parts: Vec::new(),
            value: &input.name,
            dims: HashMap::new(),
            batch: input.dims().first().copied().flatten(),
            shape,
            flat: false,
            input: None,
            ended: false,
            remarks: Vec::new(),
        };
        chain.dims.insert(&input.name, chain.extents());
        Ok(chain)
    }

    /// Extents of the values so far, by name.
    pub fn dims(&self) -> &HashMap<&'m str, Vec<i64>> {
        &self.dims
    }

    /// Extents of the value behind the last node.
    pub fn extents(&self) -> Vec<i64> {
        let Shape {
            channels,
            height,
            width,
        } = self.shape;
        match self.flat {
            true => vec![BATCH, self.shape.elements() as i64],
            false => vec![BATCH, channels.into(), height.into(), width.into()],
        }
    }

    /// Whether an extent stands for the number of images.
    pub fn is_batch(&self, extent: i64) -> bool {
        matches!(extent, BATCH | -1 | 1) || Some(extent) == self.batch
    }

    /// Adds what a node does to the value before it.
    pub fn add(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<(), Fault> {
        self.check_next(operation)?;
        self.apply(operation)?;
        if let Some(output) = operation.node.outputs.first() {
            self.value = output;
            self.dims.insert(output, self.extents());
        }
        Ok(())
    }

    /// Adds a layer with its parameters, if it has any.
    pub fn push(&mut self, layer: Layer, part: Option<(Vec<f64>, Vec<f64>)>) -> Result<(), Fault> {
        if self.ended {
            return Err(Fault::BehindSoftmax);
        }
        let index = self.network.layers().len();
        let network = self.network.clone().layer(layer);
        network.check().map_err(|error| match error.fault {
            LayerFault::TooManyLayers => Fault::TooManyLayers,
            fault => Fault::Layer(fault),
        })?;
        self.shape = network.output_shape(index);
        self.network = network;
        self.parts.extend(part.map(|(weights, biases)| Part {
            number: index + 1,
            weights,
            biases,
        }));
        Ok(())
    }

    /// The parameters of the last layer, if it is a convolution or linear.
    pub fn last_part(&mut self) -> Option<&mut Part> {
        let number = self.network.layers().len();
        self.parts.last_mut().filter(|part| part.number == number)
    }

    /// The scaling of the input, while there is no layer behind it.
    pub fn scaling(&mut self) -> Option<&mut Affine> {
        let channels = self.shape.channels as usize;
        let fresh = self.network.layers().is_empty() && !self.flat;
        fresh.then(|| self.input.get_or_insert_with(|| Affine::identity(channels)))
    }

    /// Notes that a softmax was left out, behind which nothing may come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether a softmax was left out.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Keeps a line for people.
    pub fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// What is called in remarks the layer that was added last.
    pub fn last_layer(&self) -> String {
        let layers = self.network.layers();
        let name = layers.last().map_or("input", Layer::name);
        format!("layer {} ({name})", layers.len())
    }

    /// The network, at the graph's output.
    pub fn finish(
        self,
        outputs: &[Value],
        metadata: Option<Metadata>,
    ) -> Result<Imported, OnnxError> {
        let [output] = outputs else {
            return Err(OnnxError::Several {
                what: "outputs",
                found: outputs.len(),
            });
        };
        if output.name != self.value {
            return Err(OnnxError::Output {
                name: output.name.clone(),
            });
        }
        if self.network.layers().is_empty() {
            return Err(OnnxError::NoLayers);
        }
        let mut parameters = Vec::new();
        for part in &self.parts {
            let values = part.weights.iter().chain(&part.biases);
            let from = parameters.len();
            parameters.extend(values.map(|&value| value as f32));
            if parameters[from..].iter().any(|value| !value.is_finite()) {
                return Err(OnnxError::NotFinite {
                    number: part.number,
                });
            }
        }
        Ok(Imported {
            network: self.network,
            parameters,
            input: self.input,
            metadata,
            remarks: self.remarks,
        })
    }

    /// Whether the node reads the value before it, and nothing else that depends on the image.
    fn check_next(&self, operation: &OnnxOperation<'_, 'm>) -> Result<(), Fault> {
        let computed: Vec<&str> = operation
            .node
            .inputs
            .iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty() && !operation.constants.contains(name))
            .collect();
        if computed == [self.value] {
            return Ok(());
        }
        // What it is matters more to people than where it stands.
        if !super::layers::is_known(operation.operator()) {
            return Err(Fault::Operator);
        }
        let found: Vec<String> = computed.iter().map(|name| format!("{name:?}")).collect();
        Err(Fault::NotNext {
            found: match found.is_empty() {
                true => "constants only".into(),
                false => found.join(" and "),
            },
            expected: self.value.into(),
        })
    }
}

/// Channels, height and width of an f32 input of N x C x H x W.
fn image_shape(input: &Value) -> Option<Shape> {
    let [_, channels, height, width] = *input.dims().as_slice() else {
        return None;
    };
    let extent = |extent: Option<i64>| u32::try_from(extent?).ok();
    let shape = Shape::new(extent(channels)?, extent(height)?, extent(width)?);
    // Layers are added to a shape that is sound.
    let sound = Network::input(shape.channels, shape.height, shape.width).relu();
    (input.kind() == F32 && sound.check().is_ok()).then_some(shape)
}

fn described(input: &Value) -> String {
    let dims: Vec<String> = input
        .dims()
        .iter()
        .map(|extent| extent.map_or("?".into(), |extent| extent.to_string()))
        .collect();
    format!("[{}] of ONNX's kind {}", dims.join(", "), input.kind())
}
