//! Puts samples side by side into packets.

use crate::Scaling;
use crate::lanes::{Kernel, Lanes};

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
        proof.vectorize(Pack {
            scaling,
            images,
            input,
        });
    }
}

/// Packs one image; no image is an image of zeros.
fn pack_one(scaling: &Scaling, image: &[u8], input: &mut [f32]) {
    let map = input.len() / scaling.channels();
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

struct Pack<'a, L> {
    scaling: &'a Scaling,
    images: &'a [&'a [u8]],
    input: &'a mut [L],
}

/// Pixels of every lane that are turned at a time.
const BLOCK: usize = 8;

impl<L: Lanes> Kernel for Pack<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let map = self.input.len() / self.scaling.channels();
        let channels = self.scaling.scale().iter().zip(self.scaling.shift());
        for (c, (scale, shift)) in channels.enumerate() {
            let channel = &mut self.input[c * map..(c + 1) * map];
            let (scale, shift) = (channel[0].splat(*scale), channel[0].splat(*shift));
            for (index, packets) in channel.chunks_mut(BLOCK).enumerate() {
                let turned = turn::<L>(self.images, c * map + index * BLOCK, packets.len());
                for (packet, bytes) in packets.iter_mut().zip(turned) {
                    *packet = scale.load_bytes(&bytes).mul(scale).add(shift);
                }
            }
        }
    }
}

/// Bytes `start..start + len` of every image, turned: lanes innermost.
#[inline(always)]
fn turn<L: Lanes>(images: &[&[u8]], start: usize, len: usize) -> [[u8; 16]; BLOCK] {
    let mut turned = [[0; 16]; BLOCK];
    for (half, images) in images[..images.len().min(L::LANES)].chunks(8).enumerate() {
        let mut rows = [0; 8];
        for (row, image) in rows.iter_mut().zip(images) {
            let mut bytes = [0; 8];
            bytes[..len].copy_from_slice(&image[start..start + len]);
            *row = u64::from_le_bytes(bytes);
        }
        for (bytes, row) in turned.iter_mut().zip(transpose(rows)) {
            bytes[half * 8..][..8].copy_from_slice(&row.to_le_bytes());
        }
    }
    turned
}

/// Transposes 8 x 8 bytes by exchanging ever smaller blocks (Hacker's Delight, section 7-3).
#[inline(always)]
fn transpose(mut rows: [u64; 8]) -> [u64; 8] {
    for (distance, mask) in [
        (4, 0x0000_0000_FFFF_FFFF_u64),
        (2, 0x0000_FFFF_0000_FFFF),
        (1, 0x00FF_00FF_00FF_00FF),
    ] {
        for row in 0..8 {
            if row & distance == 0 {
                let shift = 8 * distance;
                let swap = ((rows[row] >> shift) ^ rows[row + distance]) & mask;
                rows[row + distance] ^= swap;
                rows[row] ^= swap << shift;
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    fn check<L: Lanes>() {
        let Some(zero) = L::zero() else {
            return std::eprintln!("skipped {:?}: this processor lacks it", L::WIDTH);
        };
        let scaling = Scaling::new(&[0.3, 3.0], &[0.1, -1.0]).unwrap();
        let image = |seed: usize| {
            (0..26)
                .map(|i| (i * 37 + seed * 91) as u8)
                .collect::<Vec<_>>()
        };
        for count in [1, L::LANES.div_ceil(2), L::LANES] {
            let images: Vec<_> = (0..count).map(image).collect();
            let borrowed: Vec<_> = images.iter().map(Vec::as_slice).collect();
            let mut input = vec![zero; 26];
            pack_pixels(&scaling, &borrowed, &mut input);
            for (e, packet) in L::values(&input).chunks(L::LANES).enumerate() {
                for (lane, image) in images.iter().enumerate() {
                    assert_eq!(Some(packet[lane]), scaling.apply(e / 13, image[e]));
                }
            }
        }
    }

    #[test]
    fn pixels_are_scaled_by_channel_and_laid_side_by_side() {
        check::<f32>();
        #[cfg(target_arch = "x86_64")]
        {
            check::<crate::F32x4>();
            check::<crate::F32x8>();
            check::<crate::F32x16>();
        }
    }
}
