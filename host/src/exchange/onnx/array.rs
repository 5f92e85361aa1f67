//! Where the numbers of an array go when its axes are cut, reshaped or transposed.

use super::constants::{Array, Numbers};

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
