//! The values of a graph while its operators are read, and the network that grows with them.

use super::constant::{FLOAT32, INT8, UINT8, all_codes};
use super::error::{TfliteError, TfliteFault};
use super::held::{TfliteHeld, shape_of};
use super::operation::TfliteOperation;
use super::schema::{TfliteGraph, TfliteTensor};
use crate::exchange::integers::{AddedFault, DraftFault, Int8Node, IntegerDraft};
use crate::exchange::{ImportedInt8, KEY, Metadata, extents};
use kiln_core::{Int8Rule, Layer, LayerFault, Padding, Quantization, Value};
use std::collections::HashMap;

/// What was read so far.
#[derive(Debug)]
pub struct TfliteImporter<'a> {
    graph: TfliteGraph<'a>,
    draft: IntegerDraft,
    /// The values that depend on the input, by the number of their tensor.
    held: HashMap<usize, TfliteHeld>,
}

impl<'a> TfliteImporter<'a> {
    /// Starts at the input.
    pub fn start(graph: &TfliteGraph<'a>) -> Result<Self, TfliteError> {
        let tensor = graph.tensor(graph.input)?;
        let mut importer = Self {
            graph: *graph,
            draft: IntegerDraft::new(),
            held: HashMap::new(),
        };
        let refused = |fault| TfliteError::Input {
            name: tensor.name(),
            fault,
        };
        // A QUANTIZE is to make codes of anything else; what else reads it names the type.
        if !tensor.is_one_of([FLOAT32, UINT8])? {
            let quantization = tensor.codes().map_err(refused)?;
            let begun = importer.begin(graph.input, &tensor, quantization);
            begun.map_err(refused)?;
        }
        Ok(importer)
    }

    /// Makes this tensor the network's input, whatever was that before; nothing may have read it.
    pub fn begin(
        &mut self,
        number: usize,
        tensor: &TfliteTensor<'a>,
        quantization: Quantization,
    ) -> Result<(), TfliteFault> {
        let dims = tensor.dims()?;
        let shape = shape_of(&dims).ok_or(TfliteFault::Layer(LayerFault::TooLarge))?;
        let begun = self.draft.begin(shape, quantization);
        begun.map_err(TfliteFault::Layer)?;
        self.held.clear();
        self.held.insert(
            number,
            TfliteHeld {
                value: Value::INPUT,
                shape,
                dims,
                quantization,
                zeros: Padding::NONE,
                last: None,
            },
        );
        Ok(())
    }

    /// Whether no layer has read the input yet.
    pub fn is_beginning(&self) -> bool {
        self.draft.is_beginning()
    }

    /// Whether this is the tensor that comes in, and not codes.
    pub fn is_outer_input(&self, number: usize) -> bool {
        number == self.graph.input && self.held.is_empty()
    }

    /// The value at a place among an operator's inputs; zeros around it are for the caller to heed.
    pub fn padded(
        &self,
        operation: &TfliteOperation<'a>,
        place: usize,
    ) -> Result<TfliteHeld, TfliteFault> {
        let held = self.ended(operation, place)?;
        match held.last {
            Some(last) => Err(TfliteFault::BehindLast { last }),
            None => Ok(held),
        }
    }

    /// The same without zeros around it.
    pub fn input(
        &self,
        operation: &TfliteOperation<'a>,
        place: usize,
    ) -> Result<TfliteHeld, TfliteFault> {
        let held = self.padded(operation, place)?;
        match held.zeros == Padding::NONE {
            true => Ok(held),
            false => Err(TfliteFault::Zeros),
        }
    }

    /// The same behind what has to be the last, too.
    pub fn ended(
        &self,
        operation: &TfliteOperation<'a>,
        place: usize,
    ) -> Result<TfliteHeld, TfliteFault> {
        let (number, tensor) = operation.input(place)?;
        if let Some(held) = self.held.get(&number) {
            return Ok(held.clone());
        }
        tensor.require(INT8)?;
        Err(TfliteFault::Missing {
            tensor: tensor.name(),
        })
    }

    /// Adds a layer that reads these values.
    pub fn push(
        &mut self,
        layer: Layer,
        [first, second]: [&TfliteHeld; 2],
        node: Int8Node,
    ) -> Result<TfliteHeld, TfliteFault> {
        let Quantization { scale, zero, .. } = node.quantization;
        let (values, shapes) = ([first.value, second.value], [first.shape, second.shape]);
        let pushed = self.draft.push(layer, values, shapes, node);
        let (value, shape) = pushed.map_err(|fault| match fault {
            AddedFault::Layer(fault) => TfliteFault::Layer(fault),
            AddedFault::TooManyLayers => TfliteFault::TooManyLayers,
        })?;
        Ok(TfliteHeld {
            value,
            shape,
            dims: [1, shape.height, shape.width, shape.channels]
                .map(|extent| extent as usize)
                .to_vec(),
            quantization: all_codes(scale, zero),
            zeros: Padding::NONE,
            last: None,
        })
    }

    /// Keeps what an operator gives, if the file says the same of its extents.
    pub fn give(
        &mut self,
        operation: &TfliteOperation<'a>,
        held: TfliteHeld,
    ) -> Result<(), TfliteFault> {
        let dims = operation.given.dims()?;
        if shape_of(&dims) != shape_of(&held.dims) {
            return Err(TfliteFault::Shape {
                tensor: operation.given.name(),
                found: extents(&dims),
                expected: extents(&held.dims),
            });
        }
        let held = TfliteHeld { dims, ..held };
        match self.held.insert(operation.output, held) {
            None => Ok(()),
            Some(_) => Err(TfliteFault::GivenTwice {
                tensor: operation.given.name(),
            }),
        }
    }

    /// The network that gives the graph's output.
    pub fn finish(self) -> Result<ImportedInt8, TfliteError> {
        if self.is_beginning() {
            return Err(TfliteError::NoLayers);
        }
        let output = self.held.get(&self.graph.output);
        let Some(output) = output
            .filter(|held| held.zeros == Padding::NONE && held.value == self.draft.network.last())
        else {
            let tensor = self.graph.tensor(self.graph.output)?;
            return Err(TfliteError::Output {
                name: tensor.name(),
            });
        };
        let left_out = output.last;
        let metadata = self.graph.text(KEY).and_then(Metadata::parse);
        let tables = self.draft.finish(Int8Rule::TensorFlowLite);
        let tables = tables.map_err(|fault| match fault {
            DraftFault::Network(error) => TfliteError::Network(error),
            DraftFault::Integers(error) => TfliteError::Integers(error),
        })?;
        Ok(ImportedInt8 {
            tables,
            left_out: left_out.map(String::from),
            takes_numbers: false,
            input: None,
            metadata,
            remarks: Vec::new(),
        })
    }
}
