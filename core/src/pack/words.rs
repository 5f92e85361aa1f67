//! Numbers of codes that lie side by side already.

use crate::Quantization;
use crate::lanes::{Kernel, Lanes};

/// Packs the numbers that codes in `words` stand for, of a single position of as many channels as `packets` there are:
/// for each four channels a word of each lane, its bytes codes with 128 added, `step` words from those of four others.
///
/// # Panics
///
/// Fewer words than that.
pub(crate) fn pack_words<L: Lanes>(
    own: &Quantization,
    words: &[u32],
    step: usize,
    packets: &mut [L],
) {
    if let Some(proof) = packets.first().copied() {
        proof.pack_words(PackWords {
            own,
            words,
            step,
            packets,
        });
    }
}

/// Work of [`pack_words`].
pub struct PackWords<'a, L> {
    own: &'a Quantization,
    words: &'a [u32],
    step: usize,
    packets: &'a mut [L],
}

impl<L: Lanes> Kernel for PackWords<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let scale = self.packets[0].splat(self.own.scale);
        let zero = scale.splat(f32::from(i16::from(self.own.zero) + 128));
        let number = |quad: usize, place: usize| {
            let words = &self.words[quad * self.step..][..L::LANES];
            let mut numbers = [0.0; 16];
            for (number, word) in numbers.iter_mut().zip(words) {
                *number = f32::from((word >> (8 * place)) as u8);
            }
            scale.load(&numbers).sub(zero).mul(scale)
        };
        let (quads, rest) = self.packets.as_chunks_mut::<4>();
        let whole = quads.len();
        // Apart: words are shifted by a number that is known.
        for (quad, packets) in quads.iter_mut().enumerate() {
            for (place, packet) in packets.iter_mut().enumerate() {
                *packet = number(quad, place);
            }
        }
        for (place, packet) in rest.iter_mut().enumerate() {
            *packet = number(whole, place);
        }
    }
}
