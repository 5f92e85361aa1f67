//! Puts samples side by side into packets: value `e` of the sample in lane `l` goes to index
//! `e * lanes + l`.

use crate::Scaling;

/// Values that fit the first cache together with their packets.
const BLOCK: usize = 64;

/// Packs samples that are values already, one after another in `samples`, `elements` each.
///
/// The number of lanes is the number of values for each element; samples behind it, and lanes
/// without a sample, are left alone.
pub fn pack_values(elements: usize, samples: &[f32], values: &mut [f32]) {
    let lanes = values.len() / elements;
    for (lane, sample) in samples.chunks_exact(elements).take(lanes).enumerate() {
        let packets = values.chunks_exact_mut(lanes);
        for (packet, value) in packets.zip(sample) {
            packet[lane] = *value;
        }
    }
}

/// Packs images of bytes, channel by channel: `byte as f32 * scale + shift`, rounded twice.
///
/// Every image holds as many bytes as `values` has packets, the same number for each channel of
/// the scaling. Lanes without an image are left alone.
pub fn pack_pixels(scaling: &Scaling, images: &[&[u8]], lanes: usize, values: &mut [f32]) {
    let elements = values.len() / lanes;
    let map = elements / scaling.channels();
    for (c, (scale, shift)) in scaling.scale().iter().zip(scaling.shift()).enumerate() {
        for start in (c * map..(c + 1) * map).step_by(BLOCK) {
            let end = (start + BLOCK).min((c + 1) * map);
            let block = &mut values[start * lanes..end * lanes];
            for (lane, image) in images.iter().enumerate().take(lanes) {
                for (packet, pixel) in block.chunks_exact_mut(lanes).zip(&image[start..end]) {
                    packet[lane] = f32::from(*pixel) * scale + shift;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    #[test]
    fn pixels_are_scaled_by_channel_and_laid_side_by_side() {
        let scaling = Scaling::new(&[2.0, 3.0], &[0.5, -1.0]).unwrap();
        let mut values = vec![9.0; 3 * 4];
        pack_pixels(&scaling, &[&[1, 2, 3, 4], &[5, 6, 7, 8]], 3, &mut values);
        let expected = [2.5, 10.5, 9.0, 4.5, 12.5, 9.0, 8.0, 20.0, 9.0, 11.0, 23.0, 9.0];
        assert_eq!(values, expected);
    }
}
