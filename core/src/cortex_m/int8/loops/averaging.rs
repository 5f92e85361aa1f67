//! Sums of the codes of a window, four channels at a time: what an average pool is made of.

/// A window of four neighbouring channels, in this order.
#[repr(C)]
pub(super) struct CodeWindow {
    pub first: *const i8,
    /// Bytes from a column to the next one.
    pub pitch: usize,
    pub columns: usize,
    pub rows: usize,
    /// Bytes from behind a row's last column to the next row.
    pub row_step: usize,
}

impl CodeWindow {
    /// The sum of each channel.
    ///
    /// # Safety
    ///
    /// There is a row and a column, and four channels can be read from each place.
    unsafe fn sums(&self) -> [i32; 4] {
        #[cfg(target_arch = "arm")]
        {
            let mut sums = [0; 4];
            // SAFETY: the caller vouches for what is read.
            unsafe { window_sums(self, &mut sums) };
            sums
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_sum::window(self)
        }
    }
}

/// Adds up the codes of a window, channel by channel.
///
/// `input` is rows x columns x channels, of which the window is so many rows and columns, from a place
/// on; there is a sum for each channel.
///
/// # Panics
///
/// Where the window is empty or leaves the input, or there are no channels.
pub fn sum_window(
    input: &[i8],
    width: usize,
    place: [usize; 2],
    [rows, columns]: [usize; 2],
    sums: &mut [i32],
) {
    let channels = sums.len();
    assert!(
        rows > 0 && columns > 0 && place[1] + columns <= width,
        "no window"
    );
    let first = (place[0] * width + place[1]) * channels;
    let len = ((rows - 1) * width + columns) * channels;
    let window = &input[first..first + len];
    let mut work = CodeWindow {
        first: window.as_ptr(),
        pitch: channels,
        columns,
        rows,
        row_step: (width - columns) * channels,
    };
    let (fours, rest) = sums.as_chunks_mut::<4>();
    for sums in fours {
        // SAFETY: the window has so many rows and columns, and four more channels at each place.
        *sums = unsafe { work.sums() };
        work.first = work.first.wrapping_add(4);
    }
    let first = channels / 4 * 4;
    for (channel, sum) in (first..).zip(rest) {
        let rows = window.chunks(width * channels);
        let codes = rows.flat_map(|row| row[channel..].iter().step_by(channels).take(columns));
        *sum = codes.map(|code| i32::from(*code)).sum();
    }
}

// r2 to r5 are the sums.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `CodeWindow` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn window_sums(work: &CodeWindow, sums: &mut [i32; 4]) {
    core::arch::naked_asm!(
        "push {{r4-r9, lr}}",
        "ldm r0, {{r0, r6-r9}}",
        "mov r2, #0",
        "mov r3, #0",
        "mov r4, #0",
        "mov r5, #0",
        "1:",
        "mov r12, r7",
        "2:",
        "ldr lr, [r0]",
        "add r0, r0, r6",
        "sxtab r2, r2, lr",
        "sxtab r3, r3, lr, ror #8",
        "sxtab r4, r4, lr, ror #16",
        "sxtab r5, r5, lr, ror #24",
        "subs r12, r12, #1",
        "bne 2b",
        "add r0, r0, r9",
        "subs r8, r8, #1",
        "bne 1b",
        "stm r1, {{r2-r5}}",
        "pop {{r4-r9, pc}}",
    )
}
