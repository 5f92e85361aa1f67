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
        proof.pack(Pack {
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
        let map = self.input.len() / self.scaling.channels();
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
