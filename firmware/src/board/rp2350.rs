//! Raspberry Pi's RP2350 on a Pico 2: one of its Cortex-M33, at the ring oscillator's some 11 MHz that the chip
//! starts with, log over RTT. It was not tried on silicon.

use cortex_m::peripheral::DWT;

pub use super::probed::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::RP2350.name;

// What the chip's boot ROM looks for in the first 4 KiB of flash: that a program for the Arm processors, in
// their secure state, begins with its vector table at the flash's beginning. The words are those of the
// shortest such block in the datasheet: start, kind of image, last item, no other block, end.
//
// SAFETY: the memory layout puts the section behind the vector table, nothing else reads it, and no other
// symbol has the name.
#[unsafe(link_section = ".start_block")]
#[unsafe(no_mangle)]
static START_BLOCK: [u32; 5] = [
    0xFFFF_DED3,
    0x1021_0142,
    0x0000_01FF,
    0x0000_0000,
    0xAB12_3579,
];

/// The board: its cycle counter.
pub struct Board(());

impl Board {
    /// Starts the cycle counter.
    ///
    /// # Panics
    ///
    /// At a second call.
    pub fn start() -> Self {
        let Some(mut peripherals) = cortex_m::Peripherals::take() else {
            panic!("the board was started before");
        };
        peripherals.DCB.enable_trace();
        peripherals.DWT.enable_cycle_counter();
        Self(())
    }

    /// What `work` gives, and how many cycles it took; of more than 2^32, what is left of them.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = DWT::cycle_count();
        let result = work();
        (result, DWT::cycle_count().wrapping_sub(start))
    }
}
