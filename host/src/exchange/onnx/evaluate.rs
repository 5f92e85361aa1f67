//! Nodes that compute constants from constants: extents, padding, and weights in another order.

use super::array::{
    Picked, counted, joined, list, picked, reshaped, signed, slice_places, transposed_places,
    unsqueezed,
};
use super::constants::{Array, Constant, Numbers};
use super::error::Fault;
use super::message::{FLOATS, LIMIT};
use super::node::OnnxOperation;
use super::tensors::tensor_array;
use std::rc::Rc;

/// Most axes of an array that is computed with.
const MAX_RANK: usize = 8;

impl<'m> OnnxOperation<'_, 'm> {
    /// What the node gives, if that does not depend on the image but, at most, on the extents of a
    /// value that does, by its name.
    pub fn constant(
        &self,
        extents: impl Fn(&str) -> Option<Vec<i64>>,
    ) -> Result<Option<Constant<'m>>, Fault> {
        let given = self.node.inputs.iter().filter(|name| !name.is_empty());
        let is_constant = given.clone().all(|name| self.constants.contains(name));
        let array = match self.operator() {
            "Constant" => return self.constant_node().map(Some),
            "Shape" => match self.node.inputs.first().and_then(|name| extents(name)) {
                Some(extents) => list(self.shape_range(&extents)?),
                None if is_constant => list(self.shape_range(&signed(&self.array(0)?.dims))?),
                None => return Ok(None),
            },
            // As floats, where it is the image that it is to be like.
            "CastLike" if self.input(0).is_some() => self.cast()?,
            _ if !is_constant || given.count() == 0 => return Ok(None),
            "Identity" | "Dropout" => return Ok(self.input(0).cloned()),
            "Gather" => self.gather()?,
            "Concat" => self.concat()?,
            "Slice" => self.slice()?,
            "ConstantOfShape" => self.filled()?,
            "Cast" => self.cast()?,
            "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" => self.same_numbers()?,
            "Transpose" => self.transposed()?,
            "Expand" => self.expanded()?,
            "Range" => self.range()?,
            "ReduceProd" | "ReduceSum" | "Size" => self.folded()?,
            _ => self.computed_numbers()?,
        };
        match array.dims.len() <= MAX_RANK {
            true => Ok(Some(Constant::Array(Rc::new(array)))),
            false => Err(Fault::ConstantsOnly),
        }
    }

    fn constant_node(&self) -> Result<Constant<'m>, Fault> {
        let [attribute] = self.node.attributes.as_slice() else {
            return Err(Fault::Operator);
        };
        let (dims, numbers) = match (attribute.name.as_str(), &attribute.tensor) {
            ("value", Some(tensor)) => return Ok(Constant::Tensor(tensor)),
            ("value_float", _) => (Vec::new(), Numbers::Floats(vec![attribute.float])),
            ("value_int", _) => (Vec::new(), Numbers::Ints(vec![attribute.int])),
            ("value_ints", _) => return Ok(Constant::Array(Rc::new(list(attribute.ints.clone())))),
            ("value_floats", _) => (
                vec![attribute.floats.len()],
                Numbers::Floats(attribute.floats.clone()),
            ),
            _ => {
                return Err(Fault::Unknown {
                    name: attribute.name.clone(),
                });
            }
        };
        Ok(Constant::Array(Rc::new(Array { dims, numbers })))
    }

    /// The extents from the attribute `start` to `end`.
    fn shape_range(&self, dims: &[i64]) -> Result<Vec<i64>, Fault> {
        let length = dims.len() as i64;
        let place = |index: i64| counted(index, length).clamp(0, length);
        let start = place(self.int("start", 0)?) as usize;
        let end = place(self.int("end", length)?) as usize;
        Ok(dims.get(start..end).unwrap_or_default().to_vec())
    }

    /// An axis by its number, which may count from the end.
    fn axis_of(&self, axis: i64, dims: &[usize]) -> Result<usize, Fault> {
        let axis = usize::try_from(counted(axis, dims.len() as i64)).ok();
        let axis = axis.filter(|&axis| axis < dims.len());
        axis.ok_or(Fault::ConstantsOnly)
    }

    fn gather(&self) -> Result<Array, Fault> {
        let (array, places) = (self.array(0)?, self.array(1)?);
        let axis = self.axis_of(self.int("axis", 0)?, &array.dims)?;
        let Numbers::Ints(indices) = &places.numbers else {
            return Err(Fault::ConstantsOnly);
        };
        let length = array.dims[axis];
        let at = |&index: &i64| {
            let place = usize::try_from(counted(index, length as i64)).ok();
            place.filter(|&place| place < length)
        };
        let found: Option<Vec<usize>> = indices.iter().map(at).collect();
        let found = found.ok_or(Fault::ConstantsOnly)?;
        let dims = [&array.dims[..axis], &places.dims, &array.dims[axis + 1..]].concat();
        Ok(Array {
            numbers: picked(&array, axis, &found).ok_or(Fault::ConstantsOnly)?,
            dims,
        })
    }

    fn concat(&self) -> Result<Array, Fault> {
        let count = self.node.inputs.len();
        let arrays: Vec<Rc<Array>> = (0..count)
            .map(|index| self.array(index))
            .collect::<Result<_, _>>()?;
        let first = arrays.first().ok_or(Fault::ConstantsOnly)?;
        let axis = self.axis_of(self.int("axis", 0)?, &first.dims)?;
        joined(&arrays, axis).ok_or(Fault::ConstantsOnly)
    }

    /// Part of an array along some of its axes.
    fn slice(&self) -> Result<Array, Fault> {
        let mut array = self.array(0)?.as_ref().clone();
        let all = |name, place| -> Result<Option<Vec<i64>>, Fault> {
            Ok(match (self.list(name)?, self.has_input(place)) {
                (Some(list), _) => Some(list.to_vec()),
                (None, true) => Some(self.ints(place)?),
                (None, false) => None,
            })
        };
        let (starts, ends) = (all("starts", 1)?, all("ends", 2)?);
        let starts = starts.ok_or(Fault::ConstantsOnly)?;
        let ends = ends.filter(|ends| ends.len() == starts.len());
        let ends = ends.ok_or(Fault::ConstantsOnly)?;
        let axes = all("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = all("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
        if axes.len() != starts.len() || steps.len() != starts.len() {
            return Err(Fault::ConstantsOnly);
        }
        for (((axis, start), end), step) in axes.into_iter().zip(starts).zip(ends).zip(steps) {
            let axis = self.axis_of(axis, &array.dims)?;
            let places = slice_places(array.dims[axis] as i64, start, end, step);
            let numbers = picked(&array, axis, &places).ok_or(Fault::ConstantsOnly)?;
            array.numbers = numbers;
            array.dims[axis] = places.len();
        }
        Ok(array)
    }

    /// One number as often as extents say.
    fn filled(&self) -> Result<Array, Fault> {
        let extents = self.ints(0)?;
        let dims: Option<Vec<usize>> = extents.iter().map(|&it| it.try_into().ok()).collect();
        let dims = dims.filter(|dims| dims.len() <= MAX_RANK);
        let dims = dims.ok_or(Fault::ConstantsOnly)?;
        let mut extents = dims.iter();
        let count = extents.try_fold(1_usize, |count, &extent| count.checked_mul(extent));
        let count = count.filter(|&count| count <= LIMIT);
        let count = count.ok_or(Fault::ConstantsOnly)?;
        let mut attributes = self.node.attributes.iter();
        let value = attributes.find_map(|it| it.tensor.as_deref().filter(|_| it.name == "value"));
        let numbers = match value.map(tensor_array) {
            Some(Ok(Array { numbers, .. })) => numbers,
            Some(Err(_)) => return Err(Fault::ConstantsOnly),
            None => Numbers::Floats(vec![0.0]),
        };
        let numbers = match numbers {
            Numbers::Ints(values) if values.len() == 1 => Numbers::Ints(vec![values[0]; count]),
            Numbers::Floats(values) if values.len() == 1 => Numbers::Floats(vec![values[0]; count]),
            _ => return Err(Fault::ConstantsOnly),
        };
        Ok(Array { dims, numbers })
    }

    fn cast(&self) -> Result<Array, Fault> {
        let array = self.array(0)?.as_ref().clone();
        let to_float = match self.operator() {
            "CastLike" => match self.input(1) {
                Some(_) => matches!(self.array(1)?.numbers, Numbers::Floats(_)),
                None => true,
            },
            _ => {
                let to = self.int("to", 0)?;
                i32::try_from(to).is_ok_and(|to| FLOATS.contains(&to))
            }
        };
        array.cast(to_float).ok_or(Fault::ConstantsOnly)
    }

    /// The same numbers with other extents.
    fn same_numbers(&self) -> Result<Array, Fault> {
        let Array { dims, numbers } = self.array(0)?.as_ref().clone();
        let dims = match self.operator() {
            "Reshape" => reshaped(&dims, &self.ints(1)?),
            "Flatten" => {
                let axis = counted(self.int("axis", 1)?, dims.len() as i64);
                let axis = usize::try_from(axis).ok().filter(|&it| it <= dims.len());
                axis.map(|axis| vec![dims[..axis].iter().product(), dims[axis..].iter().product()])
            }
            "Squeeze" => {
                let has_axes = self.has_input(1) || self.list("axes")?.is_some();
                let axes = match has_axes {
                    true => self.axes(dims.len() as i64)?,
                    false => (0..dims.len() as i64).collect(),
                };
                let each = dims.iter().enumerate();
                let kept =
                    each.filter(|(axis, extent)| **extent != 1 || !axes.contains(&(*axis as i64)));
                Some(kept.map(|(_, extent)| *extent).collect())
            }
            _ => {
                let added = self
                    .list("axes")?
                    .map_or_else(|| self.ints(1), |it| Ok(it.to_vec()))?;
                let axes = self.axes((dims.len() + added.len()) as i64)?;
                unsqueezed(dims, &axes)
            }
        };
        let dims = dims.ok_or(Fault::ConstantsOnly)?;
        Ok(Array { dims, numbers })
    }

    fn transposed(&self) -> Result<Array, Fault> {
        let array = self.array(0)?;
        let dims = &array.dims;
        let reversed = || (0..dims.len() as i64).rev().collect::<Vec<_>>();
        let axes = self.list("perm")?.map_or_else(reversed, <[i64]>::to_vec);
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if dims.len() > MAX_RANK || sorted != (0..dims.len() as i64).collect::<Vec<_>>() {
            return Err(Fault::ConstantsOnly);
        }
        let axes: Vec<usize> = axes.into_iter().map(|axis| axis as usize).collect();
        let places: Picked = transposed_places(dims, &axes).collect();
        Ok(Array {
            numbers: array.numbers.at(&places),
            dims: axes.iter().map(|&axis| dims[axis]).collect(),
        })
    }
}
