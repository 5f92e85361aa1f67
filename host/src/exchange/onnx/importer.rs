//! The values of a graph while its nodes are read, and the draft that grows with them.

use super::constants::{BATCH, Constants};
use super::draft::{Draft, DraftLine, DraftNode, DraftOperation, Number};
use super::error::{Fault, OnnxError};
use super::held::Held;
use super::input::{other_width, refused, single_input};
use super::layout::input_axes;
use super::message::{BF16, F16, F32, F64, Node, U8, ValueInfo};
use super::node::OnnxOperation;
use super::view::AxesView;
use crate::exchange::{Ending, FileEnds, output_shape};
use kiln_core::{Layer, LayerFault, MAX_ELEMENTS, MAX_NODES, Padding, Shape};
use std::collections::HashMap;

/// Most scales of lines that are held at once; networks that fit Kiln have far fewer.
pub const MAX_LINES: usize = 1 << 22;

/// What was read so far.
#[derive(Debug)]
pub struct Importer<'m> {
    draft: Draft,
    /// The values that depend on the image, by name.
    values: HashMap<&'m str, Held>,
    /// The number of images, where the graph fixes it.
    batch: Option<i64>,
    remarks: Vec<String>,
    /// How the file's own input and output are.
    pub ends: FileEnds,
    layers: usize,
    parameters: usize,
    lines: usize,
}

impl<'m> Importer<'m> {
    /// Starts at the one input that is no initializer.
    pub fn start(
        inputs: &'m [ValueInfo],
        nodes: &[&'m Node],
        constants: &Constants<'m>,
        producer: &str,
    ) -> Result<Self, OnnxError> {
        let input = single_input(inputs, constants)?;
        let kinds = [F32, F16, F64, BF16, U8];
        let axes =
            input_axes(input, nodes, constants, producer).filter(|_| kinds.contains(&input.kind()));
        let (shape, view) = axes.ok_or_else(|| refused(input))?;
        let ends = FileEnds {
            takes_bytes: input.kind() == U8,
            is_channels_last: view == AxesView::CHANNELS_LAST,
            ending: Ending::Logits,
        };
        let mut remarks = Vec::new();
        if ends.is_channels_last {
            remarks.push("takes N x rows x columns x channels, as TensorFlow does".into());
        }
        if let Some(width) = other_width(input.kind()) {
            remarks.push(format!("computes with {width}, and here with 32 bits"));
        }
        let held = Held {
            number: 0,
            shape,
            view,
            zeros: Padding::NONE,
            is_probability: false,
        };
        Ok(Self {
            draft: Draft {
                input: shape,
                nodes: Vec::new(),
                output: 0,
            },
            values: HashMap::from([(input.name.as_str(), held)]),
            batch: input.dims().first().copied().flatten(),
            remarks,
            ends,
            layers: 0,
            parameters: 0,
            lines: 0,
        })
    }

    /// A value by its name.
    pub fn held(&self, name: &str) -> Option<&Held> {
        self.values.get(name)
    }

    /// The extents of a value by its name.
    pub fn extents(&self, name: &str) -> Option<Vec<i64>> {
        let fixed = |extent: i64| match (extent, self.batch) {
            (BATCH, Some(batch)) => batch,
            _ => extent,
        };
        let extents = self.held(name)?.extents();
        Some(extents.into_iter().map(fixed).collect())
    }

    /// The number of images, where the graph fixes it.
    pub fn batch(&self) -> Option<i64> {
        self.batch
    }

    /// Reads a node that depends on the image.
    pub fn read(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<(), Fault> {
        let value = self.apply(operation)?;
        if let Some(output) = operation.node.outputs.first() {
            self.values.insert(output, value);
        }
        Ok(())
    }

    /// The one value that depends on the image, at its place among the inputs; zeros around it are
    /// for the caller to heed.
    pub fn padded_input(
        &self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<Held, Fault> {
        let computed = self.computed(operation)?;
        match computed.as_slice() {
            [(found, held)] if *found == place => match held.is_probability {
                true => Err(Fault::BehindSoftmax),
                false => Ok(*held),
            },
            [(found, _)] => Err(Fault::NotConstant { number: found + 1 }),
            several => Err(Fault::Inputs {
                found: several.len(),
            }),
        }
    }

    /// The same without zeros around it.
    pub fn input(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        self.padded_input(operation, 0)?.without_zeros()
    }

    /// All values that depend on the image, with their places among the inputs.
    pub fn computed(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Vec<(usize, Held)>, Fault> {
        let inputs = operation.node.inputs.iter().enumerate();
        let named =
            inputs.filter(|(_, name)| !name.is_empty() && !operation.constants.contains(name));
        named
            .map(|(place, name)| match self.held(name) {
                Some(held) => Ok((place, *held)),
                None => Err(Fault::Missing {
                    found: name.clone(),
                }),
            })
            .collect()
    }

    /// Adds a layer with its parameters, if it has any.
    pub fn push(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        layer: Layer,
        inputs: [&Held; 2],
        [weights, biases]: [Vec<f32>; 2],
    ) -> Result<Held, Fault> {
        let [first, second] = inputs;
        let shape = output_shape(layer, [first.shape, second.shape]).map_err(Fault::Layer)?;
        self.layers += 1;
        if self.layers > MAX_NODES {
            return Err(Fault::TooManyLayers);
        }
        self.parameters += weights.len() + biases.len();
        if self.parameters > MAX_ELEMENTS as usize {
            return Err(Fault::Layer(LayerFault::TooLarge));
        }
        let layer = DraftOperation::Layer {
            layer,
            weights,
            biases,
        };
        let number = self.node(operation, layer, [first.number, second.number], shape);
        Ok(Held {
            number,
            shape,
            zeros: Padding::NONE,
            ..*first
        })
    }

    /// Adds a layer without parameters.
    pub fn push_plain(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        layer: Layer,
        input: &Held,
    ) -> Result<Held, Fault> {
        self.push(operation, layer, [input; 2], [Vec::new(), Vec::new()])
    }

    /// Adds a line.
    pub fn push_line(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        line: DraftLine,
        input: &Held,
    ) -> Result<Held, Fault> {
        self.lines += line.scale.len();
        if self.lines > MAX_LINES {
            return Err(Fault::Layer(LayerFault::TooLarge));
        }
        let line = DraftOperation::Line(line);
        let number = self.node(operation, line, [input.number; 2], input.shape);
        Ok(Held { number, ..*input })
    }

    fn node(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        what: DraftOperation,
        inputs: [Number; 2],
        shape: Shape,
    ) -> Number {
        self.draft.nodes.push(DraftNode {
            operation: what,
            inputs,
            shape,
            labels: vec![operation.label()],
            described: super::node::described(operation.node),
            is_gone: false,
        });
        self.draft.nodes.len()
    }

    /// Whether a value is nowhere below zero.
    pub fn is_positive(&self, held: &Held) -> bool {
        let giver = self.draft.giver(held.number);
        let layer = giver.and_then(|index| self.draft.nodes[index].layer());
        matches!(layer, Some(Layer::Relu | Layer::Relu6))
    }

    /// Keeps a line for people.
    pub fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// The draft of what leads to the output of this name, and the remarks.
    pub fn finish(mut self, output: &str) -> Result<FinishedDraft, OnnxError> {
        let held = self.held(output).copied();
        let held = held.filter(|held| held.zeros == Padding::NONE && held.is_in_order());
        let held = held.ok_or_else(|| OnnxError::Output {
            name: output.into(),
        })?;
        self.draft.output = held.number;
        self.draft.prune();
        Ok(FinishedDraft {
            draft: self.draft,
            ends: self.ends,
            remarks: self.remarks,
        })
    }
}

/// What was read of a graph.
#[derive(Debug)]
pub struct FinishedDraft {
    pub draft: Draft,
    pub ends: FileEnds,
    pub remarks: Vec<String>,
}
