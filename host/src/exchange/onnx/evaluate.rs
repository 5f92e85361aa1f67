//! Nodes that compute constants from constants: extents, padding, and weights in another order.

use super::array::{counted, list, reshaped, signed, slice_places, transposed_places, unsqueezed};
use super::constants::{Array, BATCH, Constant, Numbers};
use super::error::Fault;
use super::message::{F32, I64, LIMIT};
use super::node::OnnxOperation;
use std::rc::Rc;

/// Number of the kind of i32, which is computed with as i64.
const I32: i64 = 6;
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
            _ if !is_constant || given.count() == 0 => return Ok(None),
            "Identity" => return Ok(self.input(0).cloned()),
            "Gather" => self.gather()?,
            "Concat" => self.concat()?,
            "Slice" => self.slice()?,
            "ConstantOfShape" => self.filled()?,
            "Cast" => self.cast()?,
            "Reshape" | "Squeeze" | "Unsqueeze" => self.same_numbers()?,
            "Transpose" => self.transposed()?,
            "Add" | "Sub" | "Mul" | "Div" => self.of_extents()?,
            _ => return Err(Fault::ConstantsOnly),
        };
        Ok(Some(Constant::Array(Rc::new(array))))
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

    fn gather(&self) -> Result<Array, Fault> {
        self.require("axis", 0)?;
        let (list, places) = (self.ints(0)?, self.array(1)?);
        let Numbers::Ints(indices) = &places.numbers else {
            return Err(Fault::ConstantsOnly);
        };
        let at = |&index: &i64| {
            let place = usize::try_from(counted(index, list.len() as i64)).ok()?;
            list.get(place).copied()
        };
        let found: Option<Vec<i64>> = indices.iter().map(at).collect();
        Ok(Array {
            dims: places.dims,
            numbers: Numbers::Ints(found.ok_or(Fault::ConstantsOnly)?),
        })
    }

    fn concat(&self) -> Result<Array, Fault> {
        let mut all = Vec::new();
        for index in 0..self.node.inputs.len() {
            all.extend(self.ints(index)?);
            if all.len() > LIMIT {
                return Err(Fault::ConstantsOnly);
            }
        }
        Ok(list(all))
    }

    /// Part of whole numbers along one axis.
    fn slice(&self) -> Result<Array, Fault> {
        let array = self.array(0)?;
        let Numbers::Ints(values) = array.numbers else {
            return Err(Fault::ConstantsOnly);
        };
        let one = |name, place, default| -> Result<i64, Fault> {
            let given = match (self.list(name)?, self.has_input(place)) {
                (Some(list), _) => list.to_vec(),
                (None, true) => self.ints(place)?,
                (None, false) => vec![default],
            };
            match given.as_slice() {
                [value] => Ok(*value),
                _ => Err(Fault::ConstantsOnly),
            }
        };
        let axis = counted(one("axes", 3, 0)?, array.dims.len() as i64);
        let axis = usize::try_from(axis).map_err(|_| Fault::ConstantsOnly)?;
        let length = *array.dims.get(axis).ok_or(Fault::ConstantsOnly)?;
        let (start, end) = (one("starts", 1, 0)?, one("ends", 2, 0)?);
        let places = slice_places(length as i64, start, end, one("steps", 4, 1)?);
        let inner: usize = array.dims[axis + 1..].iter().product();
        let outer: usize = array.dims[..axis].iter().product();
        let mut part = Vec::new();
        for block in 0..outer {
            for place in &places {
                let at = (block * length + place) * inner;
                part.extend_from_slice(&values[at..at + inner]);
            }
        }
        let mut dims = array.dims;
        dims[axis] = places.len();
        let numbers = Numbers::Ints(part);
        Ok(Array { dims, numbers })
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
        let numbers = match value {
            Some(tensor) if tensor.kind == I64 => {
                let value = super::constants::int_values(tensor).ok();
                let value = value.and_then(|values| values.first().copied());
                Numbers::Ints(vec![value.ok_or(Fault::ConstantsOnly)?; count])
            }
            Some(_) => return Err(Fault::ConstantsOnly),
            None => Numbers::Floats(vec![0.0; count]),
        };
        Ok(Array { dims, numbers })
    }

    fn cast(&self) -> Result<Array, Fault> {
        let array = self.array(0)?;
        let to = self.int("to", 0)?;
        let is_same = match array.numbers {
            Numbers::Ints(_) => to == i64::from(I64) || to == I32,
            Numbers::Floats(_) => to == i64::from(F32),
        };
        match is_same {
            true => Ok(array),
            false => Err(Fault::ConstantsOnly),
        }
    }

    /// The same numbers with other extents.
    fn same_numbers(&self) -> Result<Array, Fault> {
        let Array { dims, numbers } = self.array(0)?;
        let dims = match self.operator() {
            "Reshape" => reshaped(&dims, &self.ints(1)?),
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
        let dims = dims.filter(|dims| dims.len() <= MAX_RANK);
        let dims = dims.ok_or(Fault::ConstantsOnly)?;
        Ok(Array { dims, numbers })
    }

    fn transposed(&self) -> Result<Array, Fault> {
        let Array { dims, numbers } = self.array(0)?;
        let reversed = || (0..dims.len() as i64).rev().collect::<Vec<_>>();
        let axes = self.list("perm")?.map_or_else(reversed, <[i64]>::to_vec);
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if dims.len() > MAX_RANK || sorted != (0..dims.len() as i64).collect::<Vec<_>>() {
            return Err(Fault::ConstantsOnly);
        }
        let axes: Vec<usize> = axes.into_iter().map(|axis| axis as usize).collect();
        let places = transposed_places(&dims, &axes);
        let numbers = match &numbers {
            Numbers::Ints(values) => Numbers::Ints(places.map(|at| values[at]).collect()),
            Numbers::Floats(values) => Numbers::Floats(places.map(|at| values[at]).collect()),
        };
        let dims = axes.iter().map(|&axis| dims[axis]).collect();
        Ok(Array { dims, numbers })
    }

    /// Arithmetic with extents, of which none is the number of images.
    fn of_extents(&self) -> Result<Array, Fault> {
        let (first, second) = (self.array(0)?, self.ints(1)?);
        let Numbers::Ints(values) = &first.numbers else {
            return Err(Fault::ConstantsOnly);
        };
        let ([one], [other]) = (values.as_slice(), second.as_slice()) else {
            return Err(Fault::ConstantsOnly);
        };
        if [*one, *other].contains(&BATCH) {
            return Err(Fault::ConstantsOnly);
        }
        let result = match self.operator() {
            "Add" => one.checked_add(*other),
            "Sub" => one.checked_sub(*other),
            "Mul" => one.checked_mul(*other),
            _ => one.checked_div(*other),
        };
        let result = result.filter(|&result| result != BATCH);
        Ok(Array {
            dims: first.dims,
            numbers: Numbers::Ints(vec![result.ok_or(Fault::ConstantsOnly)?]),
        })
    }
}
