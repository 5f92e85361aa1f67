//! How blocks of channels are computed.

use super::MOST_LANES;
use super::mean::ShortScale;
use super::window::{CodeWindow, CodeWindows};

/// How blocks of a window's first channels are computed: 1, 4, 8 or 16 of them, `MOST` at most, all
/// [readable](CodeWindow::readable).
pub(crate) trait WindowLanes {
    /// Most channels of a block.
    const MOST: usize;

    /// The sum of each channel.
    fn sums(window: &CodeWindow<'_>, sums: &mut [i32]);

    /// The largest code of each channel.
    fn largest(window: &CodeWindow<'_>, codes: &mut [i8]);

    /// Whether a loop writes so many means of each window, for which there is a place.
    fn averages(_: &CodeWindows<'_>, _: &ShortScale, _size: usize, _: &mut [i8]) -> bool {
        false
    }

    /// Whether a loop writes so many largest codes of each window, for which there is a place.
    fn maxima(_: &CodeWindows<'_>, _size: usize, _: &mut [i8]) -> bool {
        false
    }

    /// Raises codes below the first limit and lowers those above the second.
    fn clamp(codes: &mut [i8], limits: [i8; 2]);
}

/// Whatever the compiler makes of it.
#[allow(dead_code, reason = "processors with loops have others")]
pub(crate) struct PortableLanes;

impl WindowLanes for PortableLanes {
    // More would not stay in the registers of a small processor.
    const MOST: usize = match cfg!(target_pointer_width = "64") {
        true => MOST_LANES,
        false => 4,
    };

    fn sums(window: &CodeWindow<'_>, sums: &mut [i32]) {
        match sums.len() {
            16 => sums.copy_from_slice(&window.sum::<16>()),
            8 => sums.copy_from_slice(&window.sum::<8>()),
            4 => sums.copy_from_slice(&window.sum::<4>()),
            _ => window.sum_singly(sums),
        }
    }

    fn largest(window: &CodeWindow<'_>, codes: &mut [i8]) {
        match codes.len() {
            16 => codes.copy_from_slice(&window.most::<16>()),
            8 => codes.copy_from_slice(&window.most::<8>()),
            4 => codes.copy_from_slice(&window.most::<4>()),
            _ => window.most_singly(codes),
        }
    }

    fn clamp(codes: &mut [i8], [low, high]: [i8; 2]) {
        for code in codes {
            *code = (*code).max(low).min(high);
        }
    }
}
