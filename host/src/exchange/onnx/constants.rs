//! What is known before any image is: initializers, constant nodes, and what is computed from them.
//!
//! `x.view(x.size(0), -1)` becomes a handful of nodes that compute the target's extents. The
//! number of images is not known; [`BATCH`] stands for it.

use super::error::{Fault, TensorFault};
use super::message::{Node, TensorMessage};
use super::node::OnnxOperation;
use super::tensors::{float_values, int_values, tensor_array};
use crate::exchange::extents;
use std::collections::HashMap;
use std::rc::Rc;

/// Stands for the number of images in a shape.
pub const BATCH: i64 = i64::MIN;

/// Most numbers that nodes may read and compute altogether, eight times what the largest file holds.
const MAX_COMPUTED: usize = 1 << 27;

/// Most bytes of what nodes computed: three times what the file holds in numbers of four bytes, and besides.
const KEPT_TIMES: usize = 12;
const KEPT_BESIDE: usize = 48 << 20;

/// A value that does not depend on the image.
#[derive(Clone, Debug)]
pub enum Constant<'m> {
    Tensor(&'m TensorMessage),
    /// What a node computed.
    Array(Rc<Array>),
}

/// Numbers with the extents of their axes.
#[derive(Clone, Debug)]
pub struct Array {
    pub dims: Vec<usize>,
    pub numbers: Numbers,
}

/// Numbers of one of the kinds that are computed with.
#[derive(Clone, Debug)]
pub enum Numbers {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Constant<'_> {
    /// How many numbers it has, as far as that can be told without reading them.
    fn count(&self) -> usize {
        match self {
            Self::Tensor(tensor) => tensor.stored(),
            Self::Array(array) => array.numbers.len(),
        }
    }
}

impl Numbers {
    fn bytes(&self) -> usize {
        match self {
            Self::Floats(values) => size_of_val(&values[..]),
            Self::Ints(values) => size_of_val(&values[..]),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Ints(values) => values.len(),
        }
    }
}

/// The constants by name.
#[derive(Debug, Default)]
pub struct Constants<'m> {
    by_name: HashMap<&'m str, Constant<'m>>,
    computed: usize,
    /// Numbers in the file, and bytes of those that were computed.
    stored: usize,
    kept: usize,
}

impl<'m> Constants<'m> {
    /// A graph's initializers.
    pub fn of(tensors: &'m [TensorMessage]) -> Self {
        let named = tensors
            .iter()
            .map(|it| (it.name.as_str(), Constant::Tensor(it)));
        Self {
            by_name: named.collect(),
            computed: 0,
            stored: tensors.iter().map(TensorMessage::stored).sum(),
            kept: 0,
        }
    }

    /// Whether this is the name of a constant.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub fn get(&self, name: &str) -> Option<&Constant<'m>> {
        self.by_name.get(name)
    }

    /// Adds what a node gives, while all together is not too much.
    pub fn add(&mut self, node: &'m Node, constant: Constant<'m>) -> Result<(), Fault> {
        let read = node
            .inputs
            .iter()
            .filter_map(|name| self.by_name.get(name.as_str()));
        let counts = read.chain([&constant]).map(Constant::count);
        self.computed = counts.fold(self.computed, usize::saturating_add);
        match &constant {
            Constant::Tensor(tensor) => self.stored += tensor.stored(),
            Constant::Array(array) => self.kept += array.numbers.bytes(),
        }
        if let Some(name) = node.outputs.first() {
            self.by_name.insert(name, constant);
        }
        let kept = KEPT_BESIDE.saturating_add(self.stored.saturating_mul(KEPT_TIMES));
        match self.computed <= MAX_COMPUTED && self.kept <= kept {
            true => Ok(()),
            false => Err(Fault::ConstantsOnly),
        }
    }
}

impl<'m> OnnxOperation<'_, 'm> {
    /// Input `index` if it is a constant.
    pub fn input(&self, index: usize) -> Option<&Constant<'m>> {
        let name = self.node.inputs.get(index).map_or("", String::as_str);
        self.constants.get(name)
    }

    /// The whole numbers of input `index`.
    pub fn ints(&self, index: usize) -> Result<Vec<i64>, Fault> {
        match self.input(index) {
            Some(Constant::Tensor(tensor)) => int_values(tensor).map_err(named(tensor)),
            Some(Constant::Array(array)) => match &array.numbers {
                Numbers::Ints(list) => Ok(list.clone()),
                Numbers::Floats(_) => Err(Fault::NotConstant { number: index + 1 }),
            },
            None => Err(Fault::NotConstant { number: index + 1 }),
        }
    }

    /// Extents and values of input `index`.
    pub fn floats(&self, index: usize) -> Result<(Vec<usize>, Vec<f32>), Fault> {
        match self.input(index) {
            Some(Constant::Tensor(tensor)) => float_values(tensor).map_err(named(tensor)),
            Some(Constant::Array(array)) => match &array.numbers {
                Numbers::Floats(values) => Ok((array.dims.clone(), values.clone())),
                Numbers::Ints(_) => Err(Fault::NotConstant { number: index + 1 }),
            },
            None => Err(Fault::NotConstant { number: index + 1 }),
        }
    }

    /// Input `index` as an array, whole numbers or f32.
    pub fn array(&self, index: usize) -> Result<Rc<Array>, Fault> {
        match self.input(index) {
            Some(Constant::Array(array)) => Ok(Rc::clone(array)),
            Some(Constant::Tensor(tensor)) => {
                Ok(Rc::new(tensor_array(tensor).map_err(named(tensor))?))
            }
            None => Err(Fault::NotConstant { number: index + 1 }),
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
