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
    let (all, len) = (bytes.len().min(codes.len()), len.min(step));
    let (mut done, mut rest) = (0, 0);
    if (32..64).contains(&len) && all >= len {
        // Rows of less than a register, by what they are alike: what is asked of each would take longer than looking up.
        let rows = (all - len) / step + 1;
        for row in 0..rows {
            let first = row * step;
            // SAFETY: the last row ends within all, and a row has half a register's length or more; neither loads nor
            // stores ask for alignment.
            unsafe {
                let own = bytes.as_ptr().add(first);
                // Some bytes are in both halves.
                let low = _mm256_loadu_si256(own.cast());
                let high = _mm256_loadu_si256(own.add(len - 32).cast());
                let found = look_up(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high));
                let own = codes.as_mut_ptr().add(first);
                _mm256_storeu_si256(own.cast(), _mm512_castsi512_si256(found));
                let high = _mm512_extracti64x4_epi64::<1>(found);
                _mm256_storeu_si256(own.add(len - 32).cast(), high);
            }
        }
        (done, rest) = (rows * len, all.min(rows * step));
    }
    let (bytes, codes) = (&bytes[rest..all], &mut codes[rest..all]);
    for (bytes, codes) in bytes.chunks(step).zip(codes.chunks_mut(step)) {
        let len = len.min(bytes.len());
        done += len;
        let (bytes, codes) = (&bytes[..len], &mut codes[..len]);
        let (whole, last_bytes) = bytes.as_chunks::<64>();
        for (bytes, codes) in whole.iter().zip(codes.as_chunks_mut::<64>().0) {
            // SAFETY: as above.
            let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
            // SAFETY: the array has a register's length; the store asks for no alignment.
            unsafe { _mm512_storeu_si512(codes.as_mut_ptr().cast(), look_up(bytes)) }
        }
        if last_bytes.is_empty() {
            continue;
        }
        if let (Some(bytes), Some(codes)) = (bytes.last_chunk::<64>(), codes.last_chunk_mut::<64>())
        {
            // Some once more: masks take longer.
            // SAFETY: as above.
            let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(codes.as_mut_ptr().cast(), look_up(bytes)) }
            continue;
        }
        // Fewer than 64.
        let mask = (1 << last_bytes.len()) - 1;
        // SAFETY: nothing is read where the mask has no bit.
        let bytes = unsafe { _mm512_maskz_loadu_epi8(mask, last_bytes.as_ptr().cast()) };
        // SAFETY: nothing is written where the mask has none, and there are as many codes as bytes.
        unsafe { _mm512_mask_storeu_epi8(codes.as_mut_ptr(), mask, look_up(bytes)) }
    }
    done
}
