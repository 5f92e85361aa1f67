//! Limits of codes, four codes at a time.

/// Raises codes below the first limit and lowers those above the second.
pub(super) fn clamp_codes(codes: &mut [i8], limits: [i8; 2]) {
    if limits == [i8::MIN, i8::MAX] {
        return;
    }
    let limit = |code: &mut i8| *code = (*code).clamp(limits[0], limits[1]);
    // SAFETY: any four codes are a word, and a word is four codes.
    let (before, words, behind) = unsafe { codes.align_to_mut::<u32>() };
    before.iter_mut().chain(behind).for_each(limit);
    let blocks = words.len() / 4 * 4;
    let (blocks, rest) = words.split_at_mut(blocks);
    clamp_blocks(blocks, limits);
    for word in rest {
        let mut codes = word.to_ne_bytes().map(|code| code as i8);
        codes.iter_mut().for_each(limit);
        *word = u32::from_ne_bytes(codes.map(|code| code as u8));
    }
}

/// Four words at a time.
fn clamp_blocks(words: &mut [u32], limits: [i8; 2]) {
    #[cfg(target_arch = "arm")]
    if !words.is_empty() {
        let [low, high] = limits.map(|limit| u32::from_ne_bytes([limit as u8; 4]));
        let end = words.as_mut_ptr_range().end;
        // SAFETY: there are words, of a multiple of four.
        unsafe {
            match limits[1] {
                i8::MAX => raise(words.as_mut_ptr(), end, low),
                _ => limit(words.as_mut_ptr(), end, low, high),
            }
        }
    }
    #[cfg(not(target_arch = "arm"))]
    for word in words {
        let codes = word.to_ne_bytes().map(|code| code as i8);
        let codes = codes.map(|code| code.clamp(limits[0], limits[1]) as u8);
        *word = u32::from_ne_bytes(codes);
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
#[unsafe(naked)]
unsafe extern "C" fn raise(words: *mut u32, end: *mut u32, low: u32) {
    core::arch::naked_asm!(
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
#[unsafe(naked)]
unsafe extern "C" fn limit(words: *mut u32, end: *mut u32, low: u32, high: u32) {
    core::arch::naked_asm!(
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
