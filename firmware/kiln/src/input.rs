//! From what a sensor gives to what a network sees.

use crate::{DeviceError, EmbeddedInt8Model};
use kiln_core::Quantization;

/// Refuses an input of another length.
pub(crate) fn check(given: usize, needed: usize) -> Result<(), DeviceError> {
    match given == needed {
        true => Ok(()),
        false => Err(DeviceError::Input { needed, given }),
    }
}

/// What sensors give: bytes, or floats.
///
/// `pub` in a private module: there are no others.
pub trait SensorValue: Copy {
    /// As a number.
    fn number(self) -> f32;
    /// What makes codes of a channel's values, for a network of integers.
    fn coder<M: EmbeddedInt8Model>(channel: usize) -> impl Fn(Self) -> i8;
}

impl SensorValue for u8 {
    fn number(self) -> f32 {
        f32::from(self)
    }

    fn coder<M: EmbeddedInt8Model>(channel: usize) -> impl Fn(Self) -> i8 {
        let tables = M::input_codes();
        // One for all where they are scaled alike.
        let table = tables.get(channel).unwrap_or(&tables[0]);
        |pixel| table[usize::from(pixel)]
    }
}

impl SensorValue for f32 {
    fn number(self) -> f32 {
        self
    }

    fn coder<M: EmbeddedInt8Model>(channel: usize) -> impl Fn(Self) -> i8 {
        let of = |list: &[f32]| list.get(channel).copied().unwrap_or(list[0]);
        let (scale, shift) = (of(M::SCALE), of(M::SHIFT));
        let value = M::network().values[0];
        move |given| value.code(given * scale + shift)
    }
}

/// Brings an input, channel by channel, to what the network sees: `value * scale + shift`, rounded
/// twice, by numbers for each channel or one for all.
pub(crate) fn scale<T: SensorValue>(
    scales: &[f32],
    shifts: &[f32],
    given: &[T],
    input: &mut [f32],
) {
    let map = (input.len() / scales.len().max(1)).max(1);
    let channels = input.chunks_exact_mut(map).zip(given.chunks_exact(map));
    for ((input, given), (scale, shift)) in channels.zip(scales.iter().zip(shifts)) {
        for (value, given) in input.iter_mut().zip(given) {
            *value = given.number() * scale + shift;
        }
    }
}

/// Brings an input, channel by channel, to codes, channels last.
pub(crate) fn encode<M: EmbeddedInt8Model, T: SensorValue>(given: &[T], codes: &mut [i8]) {
    let map = (given.len() / M::CHANNELS.max(1)).max(1);
    for (channel, given) in given.chunks_exact(map).enumerate() {
        let code = T::coder::<M>(channel);
        let places = codes.iter_mut().skip(channel).step_by(M::CHANNELS);
        for (place, value) in places.zip(given) {
            *place = code(*value);
        }
    }
}

/// As [`encode`], of `channels`, by numbers for each of them or one for all.
pub(crate) fn encode_scaled<T: SensorValue>(
    (scales, shifts): (&[f32], &[f32]),
    input: &Quantization,
    channels: usize,
    given: &[T],
    codes: &mut [i8],
) {
    let map = (given.len() / channels.max(1)).max(1);
    for (channel, given) in given.chunks_exact(map).enumerate() {
        let of = |list: &[f32]| list.get(channel).copied().unwrap_or(list[0]);
        let (scale, shift) = (of(scales), of(shifts));
        let places = codes.iter_mut().skip(channel).step_by(channels);
        for (place, value) in places.zip(given) {
            *place = input.code(value.number() * scale + shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scale;
    use kiln_core::{Scaling, pack_floats, pack_pixels};

    #[test]
    fn gives_the_bits_of_the_desktop() {
        let (scales, shifts) = ([0.017, 1.0 / 255.0, -0.3], [-2.1, 0.1, 77.7]);
        let bytes: [u8; 36] = core::array::from_fn(|index| (index * 37) as u8);
        let floats = bytes.map(|byte| f32::from(byte) / 7.0 - 11.0);
        for channels in [1, 3] {
            let (scales, shifts) = (&scales[..channels], &shifts[..channels]);
            let scaling = Scaling::new(scales, shifts).unwrap();
            let (mut found, mut expected) = ([0.0_f32; 36], [0.0_f32; 36]);
            scale(scales, shifts, &bytes, &mut found);
            pack_pixels(&scaling, &[&bytes], &mut expected);
            assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits));
            scale(scales, shifts, &floats, &mut found);
            pack_floats(&scaling, &[&floats], &mut expected);
            assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits));
        }
    }
}
