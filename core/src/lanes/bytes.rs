//! Numbers in the bytes they are stored in.

use crate::int8::Quantization;

#[cfg(not(target_endian = "little"))]
compile_error!("Kiln's model files are read in place, which needs a little-endian target");

/// `bytes` as the little-endian f32 values they are, without a copy.
///
/// `None` where they do not start at a multiple of 4 or are not a multiple of 4 long.
pub(crate) fn f32s_in_place(bytes: &[u8]) -> Option<&[f32]> {
    // SAFETY: every four bytes are a valid f32, and `align_to` returns as `values` only bytes of
    // the slice it was given, at f32's alignment, with the same lifetime.
    let (before, values, behind) = unsafe { bytes.align_to::<f32>() };
    (before.is_empty() && behind.is_empty()).then_some(values)
}

/// `bytes` as the little-endian i32 values they are, without a copy.
///
/// `None` where they do not start at a multiple of 4 or are not a multiple of 4 long.
pub(crate) fn i32s_in_place(bytes: &[u8]) -> Option<&[i32]> {
    // SAFETY: as in `f32s_in_place`: every four bytes are a valid i32.
    let (before, values, behind) = unsafe { bytes.align_to::<i32>() };
    (before.is_empty() && behind.is_empty()).then_some(values)
}

/// `bytes` as signed ones, without a copy.
pub(crate) fn i8s_in_place(bytes: &[u8]) -> &[i8] {
    // SAFETY: every byte is a valid i8, of the same length and alignment, and the slice is the same.
    let (_, values, _) = unsafe { bytes.align_to::<i8>() };
    values
}

/// Words as signed ones, without a copy.
pub(crate) fn i32s_of_words(words: &[u32]) -> &[i32] {
    // SAFETY: every word is a valid i32, of the same length and alignment, and the slice is the same.
    let (_, values, _) = unsafe { words.align_to::<i32>() };
    values
}

/// Words as the codes that lie in them, the lowest byte first, without a copy.
pub(crate) fn i8s_of_words(words: &[u32]) -> &[i8] {
    // SAFETY: every byte of a word is a valid i8, and `align_to` returns only bytes of the slice it
    // was given, with the same lifetime.
    let (_, codes, _) = unsafe { words.align_to::<i8>() };
    codes
}

/// Words as the `f32`s whose bits they are, without a copy.
pub(crate) fn f32s_of_words(words: &[u32]) -> &[f32] {
    // SAFETY: every word is a valid f32, of the same length and alignment, and the slice is the same.
    let (_, values, _) = unsafe { words.align_to::<f32>() };
    values
}

/// Words as the bytes that lie in them, the lowest first, without a copy.
pub(crate) fn bytes_of_words(words: &[u32]) -> &[u8] {
    // SAFETY: as in `i8s_of_words`.
    let (_, bytes, _) = unsafe { words.align_to::<u8>() };
    bytes
}

/// Words as memory for codes, which so lies at a multiple of 4, without a copy.
pub fn codes_in_words(words: &mut [u32]) -> &mut [i8] {
    // SAFETY: as in `i8s_of_words`; the borrow is exclusive, and any codes make valid words.
    let (_, codes, _) = unsafe { words.align_to_mut::<i8>() };
    codes
}

/// Words as memory for bytes, without a copy.
pub fn bytes_in_words(words: &mut [u32]) -> &mut [u8] {
    // SAFETY: as in `i8s_of_words`; the borrow is exclusive, and any bytes make valid words.
    let (_, bytes, _) = unsafe { words.align_to_mut::<u8>() };
    bytes
}

/// Words as memory for `f32`s, without a copy.
pub fn values_in_words(words: &mut [u32]) -> &mut [f32] {
    // SAFETY: as in `f32s_of_words`; the borrow is exclusive, and any values make valid words.
    let (_, values, _) = unsafe { words.align_to_mut::<f32>() };
    values
}

/// Codes as the bytes they are, without a copy.
pub fn bytes_of_codes(codes: &[i8]) -> &[u8] {
    // SAFETY: every i8 is a valid byte, of the same length and alignment, and the slice is the same.
    let (_, bytes, _) = unsafe { codes.align_to::<u8>() };
    bytes
}

/// `bytes` as what the codes of values stand for, 8 bytes each, without a copy.
///
/// `None` where they do not start at a multiple of 4 or are not a multiple of 8 long.
pub(crate) fn quantizations_in_place(bytes: &[u8]) -> Option<&[Quantization]> {
    // SAFETY: it is `repr(C)`, of a number and three codes, for which any bytes are valid, and a
    // byte that is not read.
    let (before, values, behind) = unsafe { bytes.align_to::<Quantization>() };
    (before.is_empty() && behind.is_empty()).then_some(values)
}

/// Values as the little-endian bytes they are, without a copy.
pub fn bytes_in_place(values: &[f32]) -> &[u8] {
    // SAFETY: every byte of an f32 is a valid u8, and `align_to` returns only bytes of the slice
    // it was given, with the same lifetime.
    let (_, bytes, _) = unsafe { values.align_to::<u8>() };
    bytes
}

#[cfg(test)]
mod tests {
    use super::f32s_in_place;

    #[repr(align(16))]
    struct Aligned([u8; 16]);

    #[test]
    fn takes_aligned_whole_values_only() {
        let mut bytes = Aligned([0; 16]);
        bytes.0[4..8].copy_from_slice(&(-1.5_f32).to_le_bytes());
        assert_eq!(f32s_in_place(&bytes.0), Some(&[0.0, -1.5, 0.0, 0.0][..]));
        assert_eq!(f32s_in_place(&bytes.0[4..8]), Some(&[-1.5][..]));
        assert_eq!(f32s_in_place(&bytes.0[..0]), Some(&[][..]));
        for (from, to) in [(1, 5), (2, 10), (0, 3), (4, 9)] {
            assert_eq!(f32s_in_place(&bytes.0[from..to]), None);
        }
    }
}
