//! A table of 256 bytes in four registers (AVX-512's VBMI).

use core::arch::x86_64::*;

/// Looks up bytes in a table, 64 at a time and the last ones by a mask, and says how many: all that there are of
/// both, or of each `step` of them the first `len`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(in crate::lanes) fn look_up_wide(
    table: &[i8; 256],
    bytes: &[u8],
    codes: &mut [i8],
    [step, len]: [usize; 2],
) -> usize {
    let (quarters, _) = table.as_chunks::<64>();
    let mut own = [_mm512_setzero_si512(); 4];
    for (own, quarter) in own.iter_mut().zip(quarters) {
        // SAFETY: the quarter has a register's length; the load asks for no alignment.
        *own = unsafe { _mm512_loadu_si512(quarter.as_ptr().cast()) };
    }
    let look_up = |bytes| {
        // A permutation looks at seven bits; the eighth says which half of the table it is.
        let low = _mm512_permutex2var_epi8(own[0], bytes, own[1]);
        let high = _mm512_permutex2var_epi8(own[2], bytes, own[3]);
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high)
    };
    let mut done = 0;
    for (bytes, codes) in bytes.chunks(step).zip(codes.chunks_mut(step)) {
        let len = len.min(bytes.len()).min(codes.len());
        let (bytes, last_bytes) = bytes[..len].as_chunks::<64>();
        let (codes, last_codes) = codes[..len].as_chunks_mut::<64>();
        for (bytes, codes) in bytes.iter().zip(codes) {
            // SAFETY: as above.
            let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
            // SAFETY: the array has a register's length; the store asks for no alignment.
            unsafe { _mm512_storeu_si512(codes.as_mut_ptr().cast(), look_up(bytes)) }
        }
        // Fewer than 64.
        let mask = (1 << last_bytes.len()) - 1;
        // SAFETY: nothing is read where the mask has no bit.
        let bytes = unsafe { _mm512_maskz_loadu_epi8(mask, last_bytes.as_ptr().cast()) };
        // SAFETY: nothing is written where the mask has none, and there are as many codes as bytes.
        unsafe { _mm512_mask_storeu_epi8(last_codes.as_mut_ptr(), mask, look_up(bytes)) }
        done += len;
    }
    done
}
