//! Where the numbers of an array go when its axes are cut, reshaped or transposed.

use super::constants::{Array, BATCH, Numbers};
use std::rc::Rc;

/// Most numbers of one array, as many as the largest file holds.
pub const MAX_NUMBERS: usize = 1 << 24;

/// Most numbers that are made by repeating fewer, unless there were half as many before.
const MAX_REPEATED: usize = 1 << 20;

/// Whether so many numbers may be made of arrays the largest of which has `largest`: a few bytes must not
/// become more memory than a network takes.
pub fn may_be_made(count: usize, largest: usize) -> bool {
    count <= MAX_NUMBERS.min(MAX_REPEATED.max(2 * largest))
}

/// One axis of whole numbers.
pub fn list(values: Vec<i64>) -> Array {
    Array {
        dims: vec![values.len()],
        numbers: Numbers::Ints(values),
    }
}

/// Extents as ONNX counts them.
pub fn signed(dims: &[usize]) -> Vec<i64> {
    dims.iter().map(|&extent| extent as i64).collect()
}

/// An index that may count from the end.
pub fn counted(index: i64, length: i64) -> i64 {
    match index < 0 {
        true => index.saturating_add(length),
        false => index,
    }
}

/// The places from `start` to before `end`, by steps that may go backwards.
pub fn slice_places(length: i64, start: i64, end: i64, step: i64) -> Vec<usize> {
    let (low, high) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let mut place = counted(start, length).clamp(low, high);
    let end = counted(end, length).clamp(low, high);
    let mut places = Vec::new();
    while step != 0 && (place < end) == (step > 0) && place != end {
        places.push(place as usize);
        place = place.saturating_add(step);
    }
    places
}

/// Extents of as many numbers as before, with copied and computed ones filled in.
pub fn reshaped(dims: &[usize], target: &[i64]) -> Option<Vec<usize>> {
    let count: usize = dims.iter().product();
    let copied = |(axis, extent): (usize, &i64)| match extent {
        0 => dims.get(axis).map(|&extent| extent as i64),
        extent => Some(*extent),
    };
    let target: Vec<i64> = target
        .iter()
        .enumerate()
        .map(copied)
        .collect::<Option<_>>()?;
    let known = target.iter().filter(|&&extent| extent != -1);
    let known = known
        .map(|&extent| usize::try_from(extent).ok())
        .try_fold(1_usize, |product, extent| product.checked_mul(extent?))?;
    let free = target.iter().filter(|&&extent| extent == -1).count();
    let rest = count.checked_div(known)?;
    let fits = rest.checked_mul(known)? == count && (free == 1 || free == 0 && rest == 1);
    let filled = |&extent: &i64| if extent == -1 { rest } else { extent as usize };
    fits.then(|| target.iter().map(filled).collect())
}

/// Extents with ones at these sorted places.
pub fn unsqueezed(mut dims: Vec<usize>, axes: &[i64]) -> Option<Vec<usize>> {
    for &axis in axes {
        let axis = usize::try_from(axis)
            .ok()
            .filter(|&axis| axis <= dims.len())?;
        dims.insert(axis, 1);
    }
    Some(dims)
}

/// Where each number of the transposed array was.
pub fn transposed_places(dims: &[usize], axes: &[usize]) -> impl Iterator<Item = usize> + use<> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    let count: usize = dims.iter().product();
    let sides: Vec<(usize, usize)> = axes
        .iter()
        .map(|&axis| (dims[axis], strides[axis]))
        .collect();
    (0..count).map(move |mut index| {
        let mut place = 0;
        for &(extent, stride) in sides.iter().rev() {
            place += index % extent * stride;
            index /= extent;
        }
        place
    })
}

/// Places of numbers in another array.
pub type Picked = Vec<usize>;

/// The numbers at these places along an axis.
pub fn picked(array: &Array, axis: usize, places: &[usize]) -> Option<Numbers> {
    let length = array.dims[axis];
    let inner: usize = array.dims[axis + 1..].iter().product();
    let outer: usize = array.dims[..axis].iter().product();
    let count = outer.checked_mul(places.len())?.checked_mul(inner)?;
    if !may_be_made(count, array.numbers.len().max(places.len())) {
        return None;
    }
    let mut all = Picked::with_capacity(count);
    for block in 0..outer {
        for place in places {
            let at = (block * length + place) * inner;
            all.extend(at..at + inner);
        }
    }
    Some(array.numbers.at(&all))
}

/// Arrays one behind another along an axis; `None` where they do not fit.
pub fn joined(arrays: &[Rc<Array>], axis: usize) -> Option<Array> {
    let first = arrays.first()?;
    let mut dims = first.dims.clone();
    dims[axis] = arrays
        .iter()
        .map(|it| it.dims.get(axis))
        .sum::<Option<usize>>()?;
    let fits = |it: &Rc<Array>| {
        let alike = it.dims.iter().zip(&dims).enumerate();
        let mut alike = alike.map(|(place, (one, other))| place == axis || one == other);
        it.dims.len() == dims.len() && alike.all(|is_alike| is_alike)
    };
    if !arrays.iter().all(fits) {
        return None;
    }
    let outer: usize = dims[..axis].iter().product();
    let mut numbers = first.numbers.at(&[]);
    for block in 0..outer {
        for array in arrays {
            let length = array.numbers.len() / outer.max(1);
            let part: Picked = (block * length..(block + 1) * length).collect();
            numbers = numbers.with(array.numbers.at(&part))?;
        }
    }
    Some(Array { dims, numbers })
}

impl Numbers {
    /// Those at these places.
    pub fn at(&self, places: &[usize]) -> Self {
        match self {
            Self::Ints(values) => Self::Ints(places.iter().map(|&at| values[at]).collect()),
            Self::Floats(values) => Self::Floats(places.iter().map(|&at| values[at]).collect()),
        }
    }

    /// These and then others of the same kind.
    fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Ints(mut own), Self::Ints(other)) => {
                own.extend(other);
                Some(Self::Ints(own))
            }
            (Self::Floats(mut own), Self::Floats(other)) => {
                own.extend(other);
                Some(Self::Floats(own))
            }
            _ => None,
        }
    }
}

impl Array {
    /// The numbers as floats, or as whole numbers; the number of images can only be whole.
    pub fn cast(self, to_float: bool) -> Option<Self> {
        let Self { dims, numbers } = self;
        let numbers = match (numbers, to_float) {
            (Numbers::Ints(values), true) if values.contains(&BATCH) => return None,
            (Numbers::Ints(values), true) => {
                Numbers::Floats(values.iter().map(|&value| value as f32).collect())
            }
            (Numbers::Floats(values), false) => {
                Numbers::Ints(values.iter().map(|&value| value as i64).collect())
            }
            (numbers, _) => numbers,
        };
        Some(Self { dims, numbers })
    }
}
