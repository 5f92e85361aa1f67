//! Arithmetic with constants, number by number, as graphs do it with extents and with weights.

use super::array::{MAX_NUMBERS, Picked, list, may_be_made};
use super::constants::{Array, BATCH, Numbers};
use super::error::Fault;
use super::message::LIMIT;
use super::node::OnnxOperation;
use std::rc::Rc;

impl OnnxOperation<'_, '_> {
    /// What an operator makes of constants number by number.
    pub fn computed_numbers(&self) -> Result<Array, Fault> {
        let found = match (self.operator(), self.node.inputs.len()) {
            ("Where", 3) => chosen([self.array(0)?, self.array(1)?, self.array(2)?]),
            (operator, 1) => alone(operator, self.array(0)?.as_ref()),
            (_, 0) => None,
            (operator @ ("Sum" | "Min" | "Max"), count) => {
                let mut all = self.array(0)?.as_ref().clone();
                for index in 1..count {
                    let both = together(operator, &all, self.array(index)?.as_ref());
                    all = both.ok_or(Fault::ConstantsOnly)?;
                }
                Some(all)
            }
            (operator, 2) => together(operator, self.array(0)?.as_ref(), self.array(1)?.as_ref()),
            _ => None,
        };
        found.ok_or(Fault::ConstantsOnly)
    }

    /// An array repeated to larger extents.
    pub fn expanded(&self) -> Result<Array, Fault> {
        let (array, target) = (self.array(0)?, self.ints(1)?);
        let target: Option<Vec<usize>> = target.iter().map(|&it| it.try_into().ok()).collect();
        let dims = target.and_then(|target| broadcast_dims(&array.dims, &target));
        let dims = dims.and_then(|dims| made_of(dims, &[&array]));
        let dims = dims.ok_or(Fault::ConstantsOnly)?;
        let places = places(&array.dims, &dims).ok_or(Fault::ConstantsOnly)?;
        let numbers = array.numbers.at(&places);
        Ok(Array { dims, numbers })
    }

    /// Whole numbers from a start to before a limit.
    pub fn range(&self) -> Result<Array, Fault> {
        let one = |index| match self.ints(index)?.as_slice() {
            [value] if *value != BATCH => Ok(*value),
            _ => Err(Fault::ConstantsOnly),
        };
        let (start, limit, step) = (one(0)?, one(1)?, one(2)?);
        let is_before = |at: &i64| step > 0 && *at < limit || step < 0 && *at > limit;
        let next = |at: &i64| at.checked_add(step);
        let numbers = std::iter::successors(Some(start), next).take_while(is_before);
        let numbers: Vec<i64> = numbers.take(LIMIT + 1).collect();
        match numbers.len() <= LIMIT {
            true => Ok(list(numbers)),
            false => Err(Fault::ConstantsOnly),
        }
    }

    /// The product, the sum, or the number of all numbers.
    pub fn folded(&self) -> Result<Array, Fault> {
        let array = self.array(0)?;
        let Numbers::Ints(values) = &array.numbers else {
            return Err(Fault::ConstantsOnly);
        };
        let operator = match self.operator() {
            "ReduceProd" => "Mul",
            "ReduceSum" => "Add",
            _ => "Size",
        };
        let whole = match operator {
            "Size" => Some(values.len() as i64),
            _ => {
                let start = i64::from(operator == "Mul");
                let mut all = values.iter();
                all.try_fold(start, |all, value| of_whole(operator, all, *value))
            }
        };
        let keeps = operator != "Size" && self.int("keepdims", 1)? != 0;
        let is_all = array.dims.len() <= 1;
        let whole = whole.filter(|_| is_all).ok_or(Fault::ConstantsOnly)?;
        Ok(Array {
            dims: vec![1; usize::from(keeps)],
            numbers: Numbers::Ints(vec![whole]),
        })
    }
}

/// What an operator makes of one array.
fn alone(operator: &str, array: &Array) -> Option<Array> {
    let numbers = match (&array.numbers, operator) {
        (Numbers::Ints(values), _) => {
            let of = |value: &i64| match operator {
                "Neg" if *value != BATCH => value.checked_neg(),
                "Abs" if *value != BATCH => value.checked_abs(),
                "Not" => Some(i64::from(*value == 0)),
                "Floor" | "Ceil" => Some(*value),
                _ => None,
            };
            Numbers::Ints(values.iter().map(of).collect::<Option<_>>()?)
        }
        (Numbers::Floats(values), _) => {
            let of: fn(f32) -> f32 = match operator {
                "Neg" => |value| -value,
                "Abs" => f32::abs,
                "Sqrt" => f32::sqrt,
                "Exp" => f32::exp,
                "Log" => f32::ln,
                "Reciprocal" => |value| 1.0 / value,
                "Floor" => f32::floor,
                "Ceil" => f32::ceil,
                "Relu" => |value| value.max(0.0),
                _ => return None,
            };
            Numbers::Floats(values.iter().map(|value| of(*value)).collect())
        }
    };
    let dims = array.dims.clone();
    Some(Array { dims, numbers })
}

/// What an operator makes of two arrays, each repeated to the extents of the other.
fn together(operator: &str, one: &Array, other: &Array) -> Option<Array> {
    let dims = made_of(broadcast_dims(&one.dims, &other.dims)?, &[one, other])?;
    let numbers = [
        one.numbers.at(&places(&one.dims, &dims)?),
        other.numbers.at(&places(&other.dims, &dims)?),
    ];
    let numbers = match numbers {
        [Numbers::Ints(one), Numbers::Ints(other)] => {
            let pairs = one.into_iter().zip(other);
            let results = pairs.map(|(one, other)| of_whole(operator, one, other));
            Numbers::Ints(results.collect::<Option<_>>()?)
        }
        [Numbers::Floats(one), Numbers::Floats(other)] => {
            let of: fn(f32, f32) -> f32 = match operator {
                "Add" | "Sum" => |one, other| one + other,
                "Sub" => |one, other| one - other,
                "Mul" => |one, other| one * other,
                "Div" => |one, other| one / other,
                "Pow" => f32::powf,
                "Min" => f32::min,
                "Max" => f32::max,
                _ => return None,
            };
            let pairs = one.into_iter().zip(other);
            Numbers::Floats(pairs.map(|(one, other)| of(one, other)).collect())
        }
        // A power may be a whole number.
        [Numbers::Floats(one), Numbers::Ints(other)] if operator == "Pow" => {
            let pairs = one.into_iter().zip(other);
            Numbers::Floats(pairs.map(|(one, other)| one.powf(other as f32)).collect())
        }
        _ => return None,
    };
    Some(Array { dims, numbers })
}

/// Arithmetic with extents. The number of images is not known: it can only be taken as it is.
fn of_whole(operator: &str, one: i64, other: i64) -> Option<i64> {
    if one == BATCH || other == BATCH {
        return match (operator, one, other) {
            ("Mul", BATCH, 1) | ("Div", BATCH, 1) | ("Add" | "Sub" | "Sum", BATCH, 0) => {
                Some(BATCH)
            }
            ("Mul", 1, BATCH) | ("Add" | "Sum", 0, BATCH) => Some(BATCH),
            // It is neither the mark of an extent to be computed nor that of one to be copied.
            ("Equal", BATCH, -1 | 0) | ("Equal", -1 | 0, BATCH) => Some(0),
            _ => None,
        };
    }
    let result = match operator {
        "Add" | "Sum" => one.checked_add(other),
        "Sub" => one.checked_sub(other),
        "Mul" => one.checked_mul(other),
        // Towards zero, as onnxruntime does it.
        "Div" => one.checked_div(other),
        "Mod" => one.checked_rem_euclid(other),
        "Min" => Some(one.min(other)),
        "Max" => Some(one.max(other)),
        "Equal" => Some(i64::from(one == other)),
        "Greater" => Some(i64::from(one > other)),
        "Less" => Some(i64::from(one < other)),
        "GreaterOrEqual" => Some(i64::from(one >= other)),
        "LessOrEqual" => Some(i64::from(one <= other)),
        "And" => Some(i64::from(one != 0 && other != 0)),
        "Or" => Some(i64::from(one != 0 || other != 0)),
        _ => None,
    };
    result.filter(|&result| result != BATCH)
}

/// Numbers of the second array where the first is not 0, else of the third.
fn chosen([condition, one, other]: [Rc<Array>; 3]) -> Option<Array> {
    let dims = broadcast_dims(&broadcast_dims(&condition.dims, &one.dims)?, &other.dims)?;
    let dims = made_of(dims, &[&condition, &one, &other])?;
    let Numbers::Ints(condition_values) = condition.numbers.at(&places(&condition.dims, &dims)?)
    else {
        return None;
    };
    let [one, other] = [one, other].map(|it| Some(it.numbers.at(&places(&it.dims, &dims)?)));
    let is_first = condition_values.into_iter().map(|it| it != 0);
    fn choose<T>(is_first: impl Iterator<Item = bool>, one: Vec<T>, other: Vec<T>) -> Vec<T> {
        let pairs = is_first.zip(one.into_iter().zip(other));
        let chosen = pairs.map(|(is_first, (one, other))| if is_first { one } else { other });
        chosen.collect()
    }
    let numbers = match (one?, other?) {
        (Numbers::Ints(one), Numbers::Ints(other)) => Numbers::Ints(choose(is_first, one, other)),
        (Numbers::Floats(one), Numbers::Floats(other)) => {
            Numbers::Floats(choose(is_first, one, other))
        }
        _ => return None,
    };
    Some(Array { dims, numbers })
}

/// The extents of two arrays together.
fn broadcast_dims(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let at = |dims: &[usize], axis: usize| {
        let missing = rank - dims.len();
        axis.checked_sub(missing).map_or(1, |axis| dims[axis])
    };
    let dims: Vec<usize> = (0..rank)
        .map(|axis| match (at(one, axis), at(other, axis)) {
            (1, extent) | (extent, 1) => Some(extent),
            (one, other) => (one == other).then_some(one),
        })
        .collect::<Option<_>>()?;
    let mut all = dims.iter();
    let count = all.try_fold(1_usize, |count, &extent| count.checked_mul(extent));
    count.filter(|&count| count <= MAX_NUMBERS)?;
    Some(dims)
}

/// The extents, if there may be as many numbers of these arrays.
fn made_of(dims: Vec<usize>, arrays: &[&Array]) -> Option<Vec<usize>> {
    let largest = arrays.iter().map(|array| array.numbers.len()).max();
    let count = dims.iter().product();
    may_be_made(count, largest.unwrap_or(0)).then_some(dims)
}

/// Where each number of larger extents is in an array of these.
fn places(own: &[usize], dims: &[usize]) -> Option<Picked> {
    let missing = dims.len().checked_sub(own.len())?;
    let mut steps = vec![0; dims.len()];
    let mut step = 1;
    for (axis, &extent) in own.iter().enumerate().rev() {
        if extent != 1 {
            steps[missing + axis] = step;
        }
        step *= extent;
    }
    let count: usize = dims.iter().product();
    let mut places = Picked::with_capacity(count);
    for index in 0..count {
        let (mut rest, mut place) = (index, 0);
        for (extent, step) in dims.iter().zip(&steps).rev() {
            place += rest % extent * step;
            rest /= extent;
        }
        places.push(place);
    }
    Some(places)
}
