//! The numbers of a tensor, of any kind, as f32 or as whole numbers.

use super::constants::{Array, Numbers};
use super::error::TensorFault;
use super::message::{BOOL, F16, F32, F64, FLOATS, I8, I16, I32, I64, TensorMessage, U8, U16};
use crate::exchange::extents;

/// Extents and values of floats, those of other widths rounded to f32.
pub fn float_values(tensor: &TensorMessage) -> Result<(Vec<usize>, Vec<f32>), TensorFault> {
    check_kind(tensor, &FLOATS, "floats")?;
    let values = match (tensor.kind, &tensor.raw) {
        (F32, None) => tensor.floats.clone(),
        (F64, None) => tensor.doubles.iter().map(|&value| value as f32).collect(),
        (F16, None) => tensor.words.iter().map(|&word| half(word as u16)).collect(),
        (_, None) => tensor
            .words
            .iter()
            .map(|&word| brain(word as u16))
            .collect(),
        (F32, Some(raw)) => numbers(tensor, raw, f32::from_le_bytes)?,
        (F64, Some(raw)) => numbers(tensor, raw, |bytes| f64::from_le_bytes(bytes) as f32)?,
        (F16, Some(raw)) => numbers(tensor, raw, |bytes| half(u16::from_le_bytes(bytes)))?,
        (_, Some(raw)) => numbers(tensor, raw, |bytes| brain(u16::from_le_bytes(bytes)))?,
    };
    Ok((shape(tensor, values.len())?, values))
}

/// The values of whole numbers, as extents and axes are.
pub fn int_values(tensor: &TensorMessage) -> Result<Vec<i64>, TensorFault> {
    check_kind(tensor, &[I64, I32], "i64")?;
    let values = whole_numbers(tensor)?;
    shape(tensor, values.len())?;
    Ok(values)
}

/// All of a tensor, whatever it holds.
pub fn tensor_array(tensor: &TensorMessage) -> Result<Array, TensorFault> {
    if FLOATS.contains(&tensor.kind) {
        let (dims, values) = float_values(tensor)?;
        let numbers = Numbers::Floats(values);
        return Ok(Array { dims, numbers });
    }
    let kinds = [I64, I32, I16, I8, U16, U8, BOOL];
    check_kind(tensor, &kinds, "floats or whole numbers")?;
    let values = whole_numbers(tensor)?;
    let dims = shape(tensor, values.len())?;
    let numbers = Numbers::Ints(values);
    Ok(Array { dims, numbers })
}

fn whole_numbers(tensor: &TensorMessage) -> Result<Vec<i64>, TensorFault> {
    let Some(raw) = &tensor.raw else {
        return Ok(match tensor.kind {
            I64 => tensor.ints.clone(),
            _ => tensor.words.iter().map(|&word| word.into()).collect(),
        });
    };
    match tensor.kind {
        I64 => numbers(tensor, raw, i64::from_le_bytes),
        I32 => numbers(tensor, raw, |bytes| i32::from_le_bytes(bytes).into()),
        I16 => numbers(tensor, raw, |bytes| i16::from_le_bytes(bytes).into()),
        U16 => numbers(tensor, raw, |bytes| u16::from_le_bytes(bytes).into()),
        I8 => numbers(tensor, raw, |bytes| i8::from_le_bytes(bytes).into()),
        _ => numbers(tensor, raw, |bytes| u8::from_le_bytes(bytes).into()),
    }
}

/// Numbers of `SIZE` bytes each.
fn numbers<const SIZE: usize, T>(
    tensor: &TensorMessage,
    raw: &[u8],
    number: impl Fn([u8; SIZE]) -> T,
) -> Result<Vec<T>, TensorFault> {
    let (values, rest) = raw.as_chunks::<SIZE>();
    match rest {
        [] => Ok(values.iter().map(|bytes| number(*bytes)).collect()),
        _ => Err(length(tensor, values.len())),
    }
}

/// An IEEE half, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 0x3ff);
    let magnitude = match exponent {
        // Below the smallest normal number: a multiple of 2^-24.
        0 => (fraction as f32 / 16_777_216.0).to_bits(),
        31 => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The upper half of an f32.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

fn check_kind(
    tensor: &TensorMessage,
    kinds: &[i32],
    expected: &'static str,
) -> Result<(), TensorFault> {
    if tensor.is_elsewhere() {
        return Err(TensorFault::External);
    }
    match kinds.contains(&tensor.kind) {
        true => Ok(()),
        false => Err(TensorFault::Kind {
            found: tensor.kind,
            expected,
        }),
    }
}

/// The tensor's extents, if they make this many values.
pub fn shape(tensor: &TensorMessage, values: usize) -> Result<Vec<usize>, TensorFault> {
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

#[cfg(test)]
mod tests {
    use super::{brain, half};

    #[test]
    fn halves_are_widened_exactly() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x8000).is_sign_negative() && half(0x8000) == 0.0);
        assert_eq!(half(0x7c00), f32::INFINITY);
        assert!(half(0x7e00).is_nan());
        assert_eq!(brain(0x3f80), 1.0);
        assert_eq!(brain(0xc040), -3.0);
    }
}
