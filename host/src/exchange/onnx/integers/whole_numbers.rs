//! Constants of whole numbers: codes, zeros, biases.

use crate::exchange::extents;
use crate::exchange::onnx::constants::Constant;
use crate::exchange::onnx::error::{Fault, TensorFault};
use crate::exchange::onnx::message::{I8, I32, TensorMessage, U8};
use crate::exchange::onnx::node::OnnxOperation;
use crate::exchange::onnx::tensors::shape;

/// What codes without a sign are larger by.
const BYTE_OFFSET: i32 = 128;

/// Whole numbers and their extents.
pub struct WholeNumbers {
    pub kind: i32,
    pub dims: Vec<usize>,
    pub values: Vec<i64>,
}

impl WholeNumbers {
    /// The zero of codes without one.
    pub fn byte_zero() -> Self {
        Self {
            kind: U8,
            dims: Vec::new(),
            values: vec![0],
        }
    }

    fn of(tensor: &TensorMessage) -> Result<Self, TensorFault> {
        if tensor.location != 0 || !tensor.external.is_empty() {
            return Err(TensorFault::External);
        }
        let words = || tensor.words.iter().map(|word| i64::from(*word)).collect();
        let values: Vec<i64> = match (tensor.kind, &tensor.raw) {
            (U8, Some(raw)) => raw.iter().map(|byte| i64::from(*byte)).collect(),
            (I8, Some(raw)) => raw.iter().map(|byte| i64::from(*byte as i8)).collect(),
            (I32, Some(raw)) => {
                let (words, _) = raw.as_chunks::<4>();
                words
                    .iter()
                    .map(|word| i32::from_le_bytes(*word).into())
                    .collect()
            }
            (U8 | I8 | I32, None) => words(),
            _ => return Err(TensorFault::Codes { found: tensor.kind }),
        };
        let range = match tensor.kind {
            U8 => 0..=255,
            I8 => -128..=127,
            _ => i32::MIN.into()..=i32::MAX.into(),
        };
        if values.iter().any(|value| !range.contains(value)) {
            return Err(TensorFault::Length {
                found: values.len(),
                shape: extents(&tensor.dims),
            });
        }
        Ok(Self {
            kind: tensor.kind,
            dims: shape(tensor, values.len())?,
            values,
        })
    }

    /// What its codes are larger by than those with a sign; `None` where they are none.
    pub fn offset(&self) -> Option<i32> {
        match self.kind {
            U8 => Some(BYTE_OFFSET),
            I8 => Some(0),
            _ => None,
        }
    }
}

impl OnnxOperation<'_, '_> {
    /// Whole numbers of up to 32 bits of a constant.
    pub fn whole_numbers(&self, index: usize) -> Result<WholeNumbers, Fault> {
        match self.input(index) {
            Some(Constant::Tensor(tensor)) => {
                WholeNumbers::of(tensor).map_err(|fault| Fault::Tensor {
                    tensor: tensor.name.clone(),
                    fault,
                })
            }
            _ => Err(Fault::NotConstant { number: index + 1 }),
        }
    }

    /// 32-bit biases, one for each of so many outputs.
    pub fn wide_ints(&self, index: usize, outputs: usize) -> Result<Vec<i64>, Fault> {
        let own = self.whole_numbers(index)?;
        match own.kind == I32 && own.values.len() == outputs {
            true => Ok(own.values),
            false => Err(self.misshapen(index, &own.dims, format!("{outputs} of 32 bits"))),
        }
    }

    /// A constant of one code, as one with a sign.
    pub fn code(&self, index: usize) -> Result<i8, Fault> {
        let own = self.whole_numbers(index)?;
        let offset = own.offset().ok_or_else(|| self.no_codes(index, own.kind))?;
        match own.values.as_slice() {
            // Within eight bits, as its kind has been read.
            [code] => Ok((code - i64::from(offset)) as i8),
            _ => Err(self.misshapen(index, &own.dims, "a single number".into())),
        }
    }

    /// Refuses a factor other than 1.
    pub fn require_one(&self, name: &'static str) -> Result<(), Fault> {
        let found = self.float(name, 1.0)?;
        match found == 1.0 {
            true => Ok(()),
            false => Err(Fault::Attribute {
                name,
                found: found.to_string(),
                expected: "1".into(),
            }),
        }
    }

    /// The fault of input `index`, of which codes would have to be.
    pub fn no_codes(&self, index: usize, found: i32) -> Fault {
        Fault::Tensor {
            tensor: self.node.inputs.get(index).cloned().unwrap_or_default(),
            fault: TensorFault::Codes { found },
        }
    }
}
