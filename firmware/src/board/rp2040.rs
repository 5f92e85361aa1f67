//! Raspberry Pi's RP2040 on a Pico: one of its two processors, at the ring oscillator's some 6 MHz that the
//! chip starts with, log over RTT. It was not tried on silicon.

use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

pub use super::probed::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::RP2040.name;

/// SysTick counts down in 24 bits.
const PERIOD: u32 = 1 << 24;

/// How often SysTick has come to its end.
static PERIODS: AtomicU32 = AtomicU32::new(0);

// What the chip's boot ROM copies to RAM and calls: it sets up the Pico's flash to be read as memory, and
// calls the program behind it.
//
// SAFETY: the memory layout puts the section at the flash's beginning, which the ROM reads and the
// program's flash leaves out, and no other symbol has the name.
#[unsafe(link_section = ".boot2")]
#[unsafe(no_mangle)]
static BOOT2_FIRMWARE: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// The board: its cycle counter.
pub struct Board(());

impl Board {
    /// Starts the cycle counter.
    ///
    /// # Panics
    ///
    /// At a second call.
    pub fn start() -> Self {
        let Some(peripherals) = cortex_m::Peripherals::take() else {
            panic!("the board was started before");
        };
        let mut counter = peripherals.SYST;
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(PERIOD - 1);
        counter.clear_current();
        counter.enable_interrupt();
        counter.enable_counter();
        Self(())
    }

    /// What `work` gives, and how many cycles it took; of more than 2^32, what is left of them.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = cycles();
        let result = work();
        (result, cycles().wrapping_sub(start))
    }
}

/// Cycles since the counter's start.
fn cycles() -> u32 {
    loop {
        let periods = PERIODS.load(Ordering::Relaxed);
        let left = SYST::get_current();
        // Otherwise it came to its end between the two.
        if periods == PERIODS.load(Ordering::Relaxed) {
            let whole = periods.wrapping_mul(PERIOD);
            return whole.wrapping_add(PERIOD - 1 - left);
        }
    }
}

#[cortex_m_rt::exception]
fn SysTick() {
    // Not by `fetch_add`, which a Cortex-M0+ does not have: nothing else writes it.
    let periods = PERIODS.load(Ordering::Relaxed);
    PERIODS.store(periods.wrapping_add(1), Ordering::Relaxed);
}
