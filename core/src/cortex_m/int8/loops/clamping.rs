//! Limits of codes, four codes at a time.

/// Raises codes below the first limit and lowers those above the second.
pub(super) fn clamp_codes(codes: &mut [i8], limits: [i8; 2]) {
    if limits == [i8::MIN, i8::MAX] {
        return;
    }
    let before = codes
        .as_ptr()
        .align_offset(size_of::<u32>())
        .min(codes.len());
    let (before, rest) = codes.split_at_mut(before);
    let (blocks, behind) = rest.split_at_mut(rest.len() / 16 * 16);
    clamp_each(before, limits);
    clamp_each(behind, limits);
    #[cfg(target_arch = "arm")]
    if !blocks.is_empty() {
        let [low, high] = limits.map(|limit| u32::from_ne_bytes([limit as u8; 4]));
        let range = blocks.as_mut_ptr_range();
        let (words, end) = (range.start.cast::<u32>(), range.end.cast::<u32>());
        // SAFETY: there are words, aligned, a multiple of four.
        unsafe {
            match limits[1] {
                i8::MAX => raise(words, end, low),
                _ => limit(words, end, low, high),
            }
        }
    }
    #[cfg(not(target_arch = "arm"))]
    clamp_each(blocks, limits);
}

/// One at a time.
fn clamp_each(codes: &mut [i8], limits: [i8; 2]) {
    #[cfg(target_arch = "arm")]
    {
        let range = codes.as_mut_ptr_range();
        let [low, high] = limits.map(i32::from);
        // SAFETY: the range is the codes'.
        unsafe { limit_each(range.start, range.end, low, high) };
    }
    #[cfg(not(target_arch = "arm"))]
    for code in codes {
        *code = (*code).clamp(limits[0], limits[1]);
    }
}

/// At least the limit in r2: a word.
#[cfg(target_arch = "arm")]
macro_rules! raised {
    ($($word:literal),+) => {
        concat!($(
            "ssub8 r12, ", $word, ", r2\n",
            "sel ", $word, ", ", $word, ", r2\n",
        )+)
    };
}

/// At most the limit in r3: a word.
#[cfg(target_arch = "arm")]
macro_rules! lowered {
    ($($word:literal),+) => {
        concat!($(
            "ssub8 r12, r3, ", $word, "\n",
            "sel ", $word, ", ", $word, ", r3\n",
        )+)
    };
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn raise(words: *mut u32, end: *mut u32, low: u32) {
    integer_asm!(
        "push {{r4-r7, lr}}",
        "1:",
        "ldm r0, {{r4-r7}}",
        raised!("r4", "r5", "r6", "r7"),
        "stm r0!, {{r4-r7}}",
        "cmp r0, r1",
        "bne 1b",
        "pop {{r4-r7, pc}}",
    )
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn limit(words: *mut u32, end: *mut u32, low: u32, high: u32) {
    integer_asm!(
        "push {{r4-r7, lr}}",
        "1:",
        "ldm r0, {{r4-r7}}",
        raised!("r4", "r5", "r6", "r7"),
        lowered!("r4", "r5", "r6", "r7"),
        "stm r0!, {{r4-r7}}",
        "cmp r0, r1",
        "bne 1b",
        "pop {{r4-r7, pc}}",
    )
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn limit_each(codes: *mut i8, end: *mut i8, low: i32, high: i32) {
    integer_asm!(
        "1:",
        "cmp r0, r1",
        "beq 2f",
        "ldrsb r12, [r0]",
        "cmp r12, r2",
        "it lt",
        "movlt r12, r2",
        "cmp r12, r3",
        "it gt",
        "movgt r12, r3",
        "strb r12, [r0], #1",
        "b 1b",
        "2:",
        "bx lr",
    )
}
