//! Puts samples side by side into packets.

mod words;

pub(crate) use words::{PackWords, pack_words};

use crate::lanes::{Kernel, Lanes};
use crate::{Quantization, Scaling};

/// Packs samples that are values already, one after another in `samples`, each as many values as
/// `input` has packets.
///
/// Samples behind the last lane, and lanes without a sample, are left alone.
pub fn pack_values<L: Lanes>(samples: &[f32], input: &mut [L]) {
    let elements = input.len();
    let values = L::values_mut(input);
    if L::LANES == 1 && samples.len() >= elements {
        values.copy_from_slice(&samples[..elements]);
        return;
    }
    for (lane, sample) in samples.chunks_exact(elements).take(L::LANES).enumerate() {
        for (packet, value) in values.chunks_exact_mut(L::LANES).zip(sample) {
            packet[lane] = *value;
        }
    }
}

/// Packs images of bytes, channel by channel: `byte as f32 * scale + shift`, rounded twice.
///
/// Every image holds as many bytes as `input` has packets, the same number for each channel of
/// the scaling. Images behind the last lane are left out; lanes without an image hold the same as
/// an image of zeros.
pub fn pack_pixels<L: Lanes>(scaling: &Scaling, images: &[&[u8]], input: &mut [L]) {
    if L::LANES == 1 {
        pack_one(
            scaling,
            images.first().copied().unwrap_or(&[]),
            L::values_mut(input),
        );
    } else if let Some(proof) = input.first().copied() {
        proof.pack(Pack {
            scaling,
            images,
            input,
        });
    }
}

/// Packs samples of floats, channel by channel: `value * scale + shift`, rounded twice.
///
/// Every sample holds as many values as `input` has packets, the same number for each channel of
/// the scaling. Samples behind the last lane are left out; lanes without a sample hold the same
/// as a sample of zeros.
pub fn pack_floats<L: Lanes>(scaling: &Scaling, samples: &[&[f32]], input: &mut [L]) {
    let map = input.len() / scaling.scale().len();
    let values = L::values_mut(input);
    let channels = values.chunks_exact_mut((map * L::LANES).max(1));
    let numbers = scaling.scale().iter().zip(scaling.shift());
    for (c, (channel, (scale, shift))) in channels.zip(numbers).enumerate() {
        for lane in 0..L::LANES {
            let lanes = channel.iter_mut().skip(lane).step_by(L::LANES);
            match samples.get(lane) {
                Some(sample) => {
                    for (value, given) in lanes.zip(&sample[c * map..(c + 1) * map]) {
                        *value = given * scale + shift;
                    }
                }
                None => lanes.for_each(|value| *value = 0.0 * scale + shift),
            }
        }
    }
}

/// Packs the numbers that codes stand for, of samples one after another in `codes`, each as many as `packets`
/// there are.
///
/// Samples behind the last lane are left out; lanes without a sample hold any number.
pub fn pack_codes<L: Lanes>(own: &Quantization, codes: &[i8], packets: &mut [L]) {
    if let Some(proof) = packets.first().copied() {
        proof.pack_codes(PackCodes {
            own,
            codes,
            packets,
        });
    }
}

/// Packs one image; no image is an image of zeros.
fn pack_one(scaling: &Scaling, image: &[u8], input: &mut [f32]) {
    // Channels that are scaled alike are packed as one.
    let map = input.len() / scaling.scale().len();
    let channels = scaling.scale().iter().zip(scaling.shift());
    for (c, (channel, (scale, shift))) in
        input.chunks_exact_mut(map.max(1)).zip(channels).enumerate()
    {
        match image.get(c * map..(c + 1) * map) {
            Some(bytes) => {
                for (value, byte) in channel.iter_mut().zip(bytes) {
                    *value = f32::from(*byte) * scale + shift;
                }
            }
            None => channel.fill(0.0 * scale + shift),
        }
    }
}

/// Work of [`pack_pixels`].
pub struct Pack<'a, L> {
    scaling: &'a Scaling,
    images: &'a [&'a [u8]],
    input: &'a mut [L],
}

/// Pixels of every lane that are packed at a time.
const BLOCK: usize = 8;

impl<L: Lanes> Kernel for Pack<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let map = self.input.len() / self.scaling.scale().len();
        let channels = self.scaling.scale().iter().zip(self.scaling.shift());
        for (c, (scale, shift)) in channels.enumerate() {
            let channel = &mut self.input[c * map..(c + 1) * map];
            let (scale, shift) = (channel[0].splat(*scale), channel[0].splat(*shift));
            for (index, packets) in channel.chunks_mut(BLOCK).enumerate() {
                let rows = rows::<L>(self.images, c * map + index * BLOCK, packets.len());
                for (packet, pixels) in packets.iter_mut().zip(scale.load_columns(&rows)) {
                    *packet = pixels.mul(scale).add(shift);
                }
            }
        }
    }
}

/// Bytes `start..start + len` of the image of each lane.
#[inline(always)]
fn rows<L: Lanes>(images: &[&[u8]], start: usize, len: usize) -> [[u8; BLOCK]; 16] {
    let mut rows = [[0; BLOCK]; 16];
    for (row, image) in rows.iter_mut().zip(images).take(L::LANES) {
        let bytes = &image[start..start + len];
        match bytes.first_chunk() {
            Some(whole) => *row = *whole,
            // Not `copy_from_slice`: a call to copy a few bytes takes longer than to copy them.
            None => row.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from),
        }
    }
    rows
}

/// Work of [`pack_codes`].
pub struct PackCodes<'a, L> {
    own: &'a Quantization,
    codes: &'a [i8],
    packets: &'a mut [L],
}

impl<L: Lanes> Kernel for PackCodes<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let elements = self.packets.len();
        let samples = (self.codes.len() / elements).min(L::LANES);
        for (block, packets) in self.packets.chunks_mut(BLOCK).enumerate() {
            let mut rows = [[0; BLOCK]; 16];
            for (sample, row) in rows[..samples].iter_mut().enumerate() {
                let codes = &self.codes[sample * elements + block * BLOCK..];
                // What lies behind a sample goes nowhere.
                match codes.first_chunk() {
                    Some(whole) => *row = whole.map(biased),
                    None => row
                        .iter_mut()
                        .zip(codes)
                        .for_each(|(to, from)| *to = biased(*from)),
                }
            }
            let scale = packets[0].splat(self.own.scale);
            let zero = scale.splat(f32::from(i16::from(self.own.zero) + 128));
            for (packet, bytes) in packets.iter_mut().zip(scale.load_columns(&rows)) {
                *packet = bytes.sub(zero).mul(scale);
            }
        }
    }
}

/// A code as a byte, 128 above it.
#[inline(always)]
fn biased(code: i8) -> u8 {
    code as u8 ^ 0x80
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::testing::{AtWidth, at_every_width};
    use std::{vec, vec::Vec};

    /// Packs `count` samples of `elements` values with either function, from bytes and from
    /// floats, and compares with the scaling applied value by value.
    fn check_scaling<L: Lanes>(zero: L, scaling: &Scaling, elements: usize) {
        let map = elements / scaling.channels();
        let image = |seed: usize| {
            let bytes = (0..elements).map(|i| (i * 37 + seed * 91) as u8);
            bytes.collect::<Vec<_>>()
        };
        for count in [1, L::LANES.div_ceil(2), L::LANES] {
            let images: Vec<_> = (0..count).map(image).collect();
            let floats: Vec<Vec<f32>> = images
                .iter()
                .map(|image| image.iter().map(|byte| f32::from(*byte) * 0.37).collect())
                .collect();
            let mut pixels = vec![zero; elements];
            let borrowed: Vec<_> = images.iter().map(Vec::as_slice).collect();
            pack_pixels(scaling, &borrowed, &mut pixels);
            let mut values = vec![zero; elements];
            let borrowed: Vec<_> = floats.iter().map(Vec::as_slice).collect();
            pack_floats(scaling, &borrowed, &mut values);
            let packed = L::values(&pixels).iter().zip(L::values(&values));
            for (place, (pixel, value)) in packed.enumerate() {
                let (e, lane) = (place / L::LANES, place % L::LANES);
                let byte = images.get(lane).map_or(0, |image| image[e]);
                let float = floats.get(lane).map_or(0.0, |sample| sample[e]);
                let expected = [
                    scaling.apply(e / map, byte).unwrap(),
                    scaling.apply_value(e / map, float).unwrap(),
                ];
                assert_eq!(
                    [*pixel, *value].map(f32::to_bits),
                    expected.map(f32::to_bits)
                );
            }
        }
    }

    struct Scalings;

    impl AtWidth for Scalings {
        fn run<L: Lanes>(&self, zero: L) {
            let scaling = Scaling::new(&[0.3, 3.0], &[0.1, -1.0]).unwrap();
            check_scaling(zero, &scaling, 26);
            check_scaling(zero, &Scaling::uniform(37, 0.3, -0.1).unwrap(), 74);
        }
    }

    struct CodesOf {
        elements: usize,
    }

    impl AtWidth for CodesOf {
        fn run<L: Lanes>(&self, zero: L) {
            let own = Quantization::new(0.037, -11);
            for count in [1, L::LANES.div_ceil(2), L::LANES] {
                let codes = (0..count * self.elements).map(|at| (at * 83) as u8 as i8);
                let codes: Vec<_> = codes.collect();
                let mut packets = vec![zero; self.elements];
                pack_codes(&own, &codes, &mut packets);
                for (at, code) in codes.iter().enumerate() {
                    let place = at % self.elements * L::LANES + at / self.elements;
                    let found = L::values(&packets)[place];
                    assert_eq!(
                        found.to_bits(),
                        own.number(*code).to_bits(),
                        "{at}, {:?}",
                        L::WIDTH
                    );
                }
            }
        }
    }

    #[test]
    fn numbers_of_codes_are_laid_side_by_side() {
        for elements in [1, 6, 8, 13, 256] {
            at_every_width(&CodesOf { elements });
        }
    }

    #[test]
    fn values_are_scaled_by_channel_and_laid_side_by_side() {
        at_every_width(&Scalings);
    }
}
