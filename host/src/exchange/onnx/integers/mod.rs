//! Graphs of codes: what QuantizeLinear makes of numbers, and operators between.
//!
//! Either operators take codes themselves (QLinearConv and its kin), or they stand between a
//! DequantizeLinear and a QuantizeLinear. `known` is what may be known of a value, `values` what was read; `ends` is where
//! numbers become codes, which is where a layer is added, since its scale is not known before; `layers`,
//! `arithmetic` and `passing` read the operators between, `linear` those that take codes; `parameters` and `whole_numbers` are
//! constants, and `own` knows what Kiln wrote itself.

mod arithmetic;
mod ends;
mod known;
mod layers;
mod linear;
mod own;
mod parameters;
mod passing;
mod values;
mod whole_numbers;

use super::error::{Fault, OnnxError};
use super::message::Model;
use super::node::{self, OnnxOperation};
use super::order::NodeOrder;
use crate::exchange::{ImportedInt8, KEY, Metadata};
use values::CodesImporter;

/// Whether a graph computes with codes anywhere.
pub fn has_codes(model: &Model) -> bool {
    let operators = model.graph.nodes.iter().map(|node| node.operator.as_str());
    let mut operators = operators.map(|name| {
        name.contains("QuantizeLinear")
            || name.contains("DequantizeLinear")
            || name.starts_with("QLinear")
            || matches!(name, "QGemm" | "ConvInteger" | "MatMulInteger")
    });
    operators.any(|is_of_codes| is_of_codes)
}

/// The network and integers of a graph of codes.
pub fn read(model: &Model) -> Result<ImportedInt8, OnnxError> {
    let metadata = model.metadata.iter().find(|entry| entry.key == KEY);
    let metadata = metadata.and_then(|entry| Metadata::parse(&entry.value));
    if let Some(imported) = own::read(model, metadata.as_ref()) {
        return Ok(imported);
    }
    let order = NodeOrder::of(&model.graph)?;
    let mut constants = super::constants::Constants::of(&model.graph.tensors);
    let mut importer = CodesImporter::start(&model.graph, &constants)?;
    for node in &order.nodes {
        let operation = OnnxOperation {
            node,
            constants: &constants,
        };
        let refused = |fault| operation.refused(fault);
        if importer.parameter(&operation).map_err(refused)? {
            continue;
        }
        let constant = operation.constant(|name| importer.extents(name));
        match constant.map_err(refused)? {
            Some(constant) => {
                let added = constants.add(node, constant);
                let node = node::described(node);
                added.map_err(|fault| OnnxError::Node { node, fault })?;
            }
            None => importer.read(&operation).map_err(refused)?,
        }
    }
    let mut imported = importer.finish(order.output)?;
    imported.metadata = metadata;
    Ok(imported)
}

/// The operator, if it is ONNX's or onnxruntime's own.
fn operator<'m>(operation: &OnnxOperation<'_, 'm>) -> &'m str {
    match operation.node.domain.as_str() {
        "" | "ai.onnx" | "com.microsoft" => &operation.node.operator,
        _ => "",
    }
}

impl<'m> CodesImporter<'m> {
    /// Reads a node that depends on the image.
    fn read(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<(), Fault> {
        let known = match operator(operation) {
            "QuantizeLinear" => self.quantize(operation)?,
            "DequantizeLinear" => self.dequantize(operation)?,
            "QLinearConv" => self.codes_convolution(operation)?,
            "QLinearMatMul" => self.codes_product(operation)?,
            "QGemm" => self.codes_gemm(operation)?,
            "QLinearAdd" | "QLinearMul" => self.codes_arithmetic(operation)?,
            "QLinearAveragePool" | "QLinearGlobalAveragePool" => self.codes_average(operation)?,
            "Conv" => self.convolution(operation)?,
            "Gemm" | "MatMul" => self.product(operation)?,
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(operation)?,
            "AveragePool" | "GlobalAveragePool" | "ReduceMean" => self.average(operation)?,
            "MaxPool" => self.max_pool(operation)?,
            "Relu" | "Clip" => self.rectify(operation)?,
            "Pad" => self.pad(operation)?,
            "Flatten" | "Reshape" | "Squeeze" => self.reshape(operation)?,
            "Identity" | "Dropout" => self.known(operation, 0)?,
            "Softmax" | "LogSoftmax" | "QLinearSoftmax" => self.softmax(operation)?,
            _ => return Err(Fault::Operator),
        };
        self.give(operation, known);
        Ok(())
    }
}
