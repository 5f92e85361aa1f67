//! What is known before any image is: initializers, constant nodes, and arithmetic on shapes.
//!
//! `x.view(x.size(0), -1)` becomes a handful of nodes that compute the target's extents. The
//! number of images is not known; [`BATCH`] stands for it.

use super::error::{Fault, TensorFault};
use super::message::{F32, I64, Node, TensorMessage};
use super::node::OnnxOperation;
use crate::exchange::extents;
use std::collections::HashMap;

/// Stands for the number of images in a shape.
pub const BATCH: i64 = i64::MIN;

/// A value that does not depend on the image.
#[derive(Clone, Debug)]
pub enum Constant<'m> {
    Tensor(&'m TensorMessage),
    Float(f32),
    /// A list of whole numbers, or one.
    Ints(Vec<i64>),
}

/// The constants by name.
#[derive(Debug, Default)]
pub struct Constants<'m>(HashMap<&'m str, Constant<'m>>);

impl<'m> Constants<'m> {
    /// A graph's initializers.
    pub fn of(tensors: &'m [TensorMessage]) -> Self {
        let named = tensors
            .iter()
            .map(|it| (it.name.as_str(), Constant::Tensor(it)));
        Self(named.collect())
    }

    /// Whether this is the name of a constant.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn get(&self, name: &str) -> Option<&Constant<'m>> {
        self.0.get(name)
    }

    /// Adds what a node gives.
    pub fn add(&mut self, node: &'m Node, constant: Constant<'m>) {
        if let Some(name) = node.outputs.first() {
            self.0.insert(name, constant);
        }
    }
}

impl<'m> OnnxOperation<'_, 'm> {
    /// What the node gives, if that does not depend on the image; `dims` has the extents of the
    /// values that do.
    pub fn constant(
        &self,
        dims: &HashMap<&'m str, Vec<i64>>,
    ) -> Result<Option<Constant<'m>>, Fault> {
        match self.operator() {
            "Constant" => self.constant_node().map(Some),
            "Identity" => Ok(self.input(0).cloned()),
            "Shape" => match self
                .node
                .inputs
                .first()
                .and_then(|name| dims.get(name.as_str()))
            {
                Some(dims) => Ok(Some(Constant::Ints(self.shape_range(dims)?))),
                None => Ok(None),
            },
            "Gather" | "Concat" | "Unsqueeze" | "Squeeze" | "Cast" if self.input(0).is_some() => {
                self.list_arithmetic()
                    .map(|list| Some(Constant::Ints(list)))
            }
            _ => Ok(None),
        }
    }

    fn constant_node(&self) -> Result<Constant<'m>, Fault> {
        let node: &'m Node = self.node;
        match node.attributes.as_slice() {
            [attribute] => match (attribute.name.as_str(), &attribute.tensor) {
                ("value", Some(tensor)) => Ok(Constant::Tensor(tensor)),
                ("value_float", _) => Ok(Constant::Float(attribute.float)),
                ("value_int", _) => Ok(Constant::Ints(vec![attribute.int])),
                ("value_ints", _) => Ok(Constant::Ints(attribute.ints.clone())),
                _ => Err(Fault::Unknown {
                    name: attribute.name.clone(),
                }),
            },
            _ => Err(Fault::Operator),
        }
    }

    /// The extents from the attribute `start` to `end`.
    fn shape_range(&self, dims: &[i64]) -> Result<Vec<i64>, Fault> {
        let length = dims.len() as i64;
        let place = |index: i64| {
            (if index < 0 {
                index.saturating_add(length)
            } else {
                index
            })
            .clamp(0, length)
        };
        let start = place(self.int("start", 0)?) as usize;
        let end = place(self.int("end", length)?) as usize;
        Ok(dims.get(start..end).unwrap_or_default().to_vec())
    }

    fn list_arithmetic(&self) -> Result<Vec<i64>, Fault> {
        match self.node.operator.as_str() {
            "Gather" => {
                let (list, places) = (self.ints(0)?, self.ints(1)?);
                let at = |place: &i64| match place {
                    0.. => list.get(*place as usize).copied(),
                    _ => list
                        .iter()
                        .rev()
                        .nth(place.unsigned_abs() as usize - 1)
                        .copied(),
                };
                let found: Option<Vec<i64>> = places.iter().map(at).collect();
                found.ok_or(Fault::Operator)
            }
            "Concat" => {
                let mut all = Vec::new();
                for index in 0..self.node.inputs.len() {
                    all.extend(self.ints(index)?);
                    if all.len() > 16 {
                        return Err(Fault::Operator);
                    }
                }
                Ok(all)
            }
            _ => self.ints(0),
        }
    }

    /// Input `index` if it is a constant.
    pub fn input(&self, index: usize) -> Option<&Constant<'m>> {
        let name = self.node.inputs.get(index).map_or("", String::as_str);
        self.constants.get(name)
    }

    /// The whole numbers of input `index`.
    pub fn ints(&self, index: usize) -> Result<Vec<i64>, Fault> {
        match self.input(index) {
            Some(Constant::Ints(list)) => Ok(list.clone()),
            Some(Constant::Tensor(tensor)) => int_values(tensor).map_err(named(tensor)),
            _ => Err(Fault::NotConstant { number: index + 1 }),
        }
    }

    /// Extents and values of input `index`.
    pub fn floats(&self, index: usize) -> Result<(Vec<usize>, Vec<f32>), Fault> {
        match self.input(index) {
            Some(Constant::Tensor(tensor)) => float_values(tensor).map_err(named(tensor)),
            Some(Constant::Float(value)) => Ok((Vec::new(), vec![*value])),
            _ => Err(Fault::NotConstant { number: index + 1 }),
        }
    }

    /// Values of input `index`, which has to have these extents.
    pub fn shaped(&self, index: usize, shape: &[usize]) -> Result<Vec<f32>, Fault> {
        let (found, values) = self.floats(index)?;
        if found != shape {
            return Err(self.misshapen(index, &found, extents(shape)));
        }
        Ok(values)
    }

    /// The fault of input `index` with the wrong extents.
    pub fn misshapen(&self, index: usize, found: &[usize], expected: String) -> Fault {
        let name = self.node.inputs.get(index).map_or("", String::as_str);
        Fault::Tensor {
            tensor: name.into(),
            fault: TensorFault::Shape {
                found: extents(found),
                expected,
            },
        }
    }
}

fn named(tensor: &TensorMessage) -> impl FnOnce(TensorFault) -> Fault {
    let tensor = tensor.name.clone();
    |fault| Fault::Tensor { tensor, fault }
}

fn float_values(tensor: &TensorMessage) -> Result<(Vec<usize>, Vec<f32>), TensorFault> {
    check_kind(tensor, F32, "f32")?;
    let Some(raw) = &tensor.raw else {
        return Ok((shape(tensor, tensor.floats.len())?, tensor.floats.clone()));
    };
    let (values, rest) = raw.as_chunks::<4>();
    let shape = shape(tensor, values.len())?;
    if !rest.is_empty() {
        return Err(length(tensor, values.len()));
    }
    let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
    Ok((shape, values.collect()))
}

fn int_values(tensor: &TensorMessage) -> Result<Vec<i64>, TensorFault> {
    check_kind(tensor, I64, "i64")?;
    let values = match &tensor.raw {
        Some(raw) if raw.len() <= 128 => {
            let (values, _) = raw.as_chunks::<8>();
            values
                .iter()
                .map(|bytes| i64::from_le_bytes(*bytes))
                .collect()
        }
        Some(raw) => return Err(length(tensor, raw.len() / 8)),
        None => tensor.ints.clone(),
    };
    shape(tensor, values.len())?;
    Ok(values)
}

fn check_kind(
    tensor: &TensorMessage,
    kind: i32,
    expected: &'static str,
) -> Result<(), TensorFault> {
    if tensor.location != 0 || !tensor.external.is_empty() {
        return Err(TensorFault::External);
    }
    match tensor.kind == kind {
        true => Ok(()),
        false => Err(TensorFault::Kind {
            found: tensor.kind,
            expected,
        }),
    }
}

/// The tensor's extents, if they make this many values.
fn shape(tensor: &TensorMessage, values: usize) -> Result<Vec<usize>, TensorFault> {
    let dims = tensor
        .dims
        .iter()
        .map(|&extent| usize::try_from(extent).ok());
    let dims: Option<Vec<usize>> = dims.collect();
    let count = |dims: &Vec<usize>| {
        let mut all = dims.iter();
        all.try_fold(1_usize, |product, extent| product.checked_mul(*extent))
    };
    dims.filter(|dims| count(dims) == Some(values))
        .ok_or_else(|| length(tensor, values))
}

fn length(tensor: &TensorMessage, found: usize) -> TensorFault {
    TensorFault::Length {
        found,
        shape: extents(&tensor.dims),
    }
}
