//! What is known of the values of a graph of codes.

use super::known::{HeldCodes, Known, LayerSource, OpenLayer, all_codes};
use super::parameters::CodesParameter;
use crate::exchange::integers::{AddedFault, DraftFault, Int8Node, IntegerDraft};
use crate::exchange::onnx::constants::Constants;
use crate::exchange::onnx::error::{Fault, OnnxError};
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::input::input_of;
use crate::exchange::onnx::message::{F32, Graph, I8, U8};
use crate::exchange::onnx::node::OnnxOperation;
use crate::exchange::onnx::view::AxesView;
use crate::exchange::{Affine, ImportedInt8};
use kiln_core::{Int8Rule, Layer, Padding};
use std::collections::HashMap;

/// What was read so far.
#[derive(Debug)]
pub struct CodesImporter<'m> {
    pub draft: IntegerDraft,
    known: HashMap<&'m str, Known>,
    /// Constants of codes by name.
    pub parameters: HashMap<&'m str, CodesParameter>,
    /// How many codes they have together.
    pub parameter_codes: usize,
    /// How often each name is read.
    readers: HashMap<&'m str, usize>,
    pub batch: Option<i64>,
    takes_numbers: bool,
    /// What is done to the input before it becomes codes.
    pub input: Option<Affine>,
    pub left_out: Option<String>,
    pub remarks: Vec<String>,
}

impl<'m> CodesImporter<'m> {
    /// Starts at the one input that is no initializer.
    pub fn start(graph: &'m Graph, constants: &Constants<'m>) -> Result<Self, OnnxError> {
        let (input, shape) = input_of(&graph.inputs, constants, &[F32, U8, I8])?;
        let held = Held {
            number: 0,
            shape,
            view: AxesView::MAPS,
            zeros: Padding::NONE,
            is_probability: false,
        };
        let takes_numbers = input.kind() == F32;
        let known = match takes_numbers {
            true => Known::Input {
                held,
                affine: Affine::identity(shape.channels as usize),
            },
            false => Known::InputCodes { held },
        };
        let mut readers = HashMap::new();
        let reads = graph.nodes.iter().flat_map(|node| &node.inputs);
        let outputs = graph.outputs.iter().map(|output| &output.name);
        for name in reads.chain(outputs) {
            *readers.entry(name.as_str()).or_default() += 1;
        }
        Ok(Self {
            draft: IntegerDraft::new(),
            known: HashMap::from([(input.name.as_str(), known)]),
            parameters: HashMap::new(),
            parameter_codes: 0,
            readers,
            batch: input.dims().first().copied().flatten(),
            takes_numbers,
            input: None,
            left_out: None,
            remarks: Vec::new(),
        })
    }

    /// The extents of a value by its name.
    pub fn extents(&self, name: &str) -> Option<Vec<i64>> {
        self.known.get(name).map(|known| known.held().extents())
    }

    /// Whether what a node reads first is read by it alone.
    pub fn is_sole_reader(&self, operation: &OnnxOperation<'_, 'm>) -> bool {
        let name = operation.node.inputs.first();
        name.is_some_and(|name| self.readers.get(name.as_str()) == Some(&1))
    }

    /// The value at a place among a node's inputs, if it depends on the image.
    pub fn find(&self, operation: &OnnxOperation<'_, 'm>, place: usize) -> Option<&Known> {
        let name = operation.node.inputs.get(place)?;
        self.known.get(name.as_str())
    }

    /// The same, which has to, and is no softmax's.
    pub fn known(&self, operation: &OnnxOperation<'_, 'm>, place: usize) -> Result<Known, Fault> {
        match self.find(operation, place) {
            Some(known) if known.held().is_probability => Err(Fault::BehindSoftmax),
            Some(known) => Ok(known.clone()),
            None => Err(Fault::Missing {
                found: operation
                    .node
                    .inputs
                    .get(place)
                    .cloned()
                    .unwrap_or_default(),
            }),
        }
    }

    /// The numbers at a place that codes stand for, zeros around them not taken in yet. Layers that
    /// pass a scale on leave them such numbers.
    pub fn padded_numbers(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<HeldCodes, Fault> {
        match self.known(operation, place)? {
            Known::Open(OpenLayer {
                source: LayerSource::Codes(codes),
                held,
                behind,
            }) => {
                let passed = self.passed(codes, behind, codes.quantization)?;
                Ok(HeldCodes { held, ..passed })
            }
            _ => Err(Fault::Numbers { number: place + 1 }),
        }
    }

    /// The same without zeros around.
    pub fn numbers(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<HeldCodes, Fault> {
        let codes = self.padded_numbers(operation, place)?;
        let held = codes.held.without_zeros()?;
        Ok(HeldCodes { held, ..codes })
    }

    /// Keeps what a node gives.
    pub fn give(&mut self, operation: &OnnxOperation<'_, 'm>, known: Known) {
        if let Some(output) = operation.node.outputs.first() {
            self.known.insert(output, known);
        }
    }

    /// Adds a layer; `view` says how it lies in the graph.
    pub fn push(
        &mut self,
        layer: Layer,
        [first, second]: [&HeldCodes; 2],
        node: Int8Node,
        view: AxesView,
    ) -> Result<HeldCodes, Fault> {
        let quantization = node.quantization;
        let shapes = [first.held.shape, second.held.shape];
        let pushed = self
            .draft
            .push(layer, [first.value, second.value], shapes, node);
        let (value, shape) = pushed.map_err(|fault| match fault {
            AddedFault::Layer(fault) => Fault::Layer(fault),
            AddedFault::TooManyLayers => Fault::TooManyLayers,
        })?;
        Ok(HeldCodes {
            held: Held {
                number: value.number(),
                shape,
                view,
                zeros: Padding::NONE,
                is_probability: false,
            },
            value,
            quantization: all_codes(quantization),
        })
    }

    /// The network that gives the output of this name.
    pub fn finish(self, output: &str) -> Result<ImportedInt8, OnnxError> {
        let value = match self.known.get(output) {
            Some(Known::Codes(codes)) => codes.value,
            Some(Known::Open(open)) => match &open.source {
                LayerSource::Codes(codes) if open.behind.is_empty() => codes.value,
                _ => {
                    return Err(OnnxError::OutputNumbers {
                        name: output.into(),
                    });
                }
            },
            _ => return Err(OnnxError::NoLayers),
        };
        if self.draft.is_beginning() {
            return Err(OnnxError::NoLayers);
        }
        if value != self.draft.network.last() {
            return Err(OnnxError::Output {
                name: output.into(),
            });
        }
        let tables = self
            .draft
            .finish(Int8Rule::Once)
            .map_err(|fault| match fault {
                DraftFault::Network(error) => OnnxError::Network(error),
                DraftFault::Integers(error) => OnnxError::Integers(error),
            })?;
        Ok(ImportedInt8 {
            tables,
            left_out: self.left_out,
            takes_numbers: self.takes_numbers,
            input: self.input,
            metadata: None,
            remarks: self.remarks,
        })
    }
}
