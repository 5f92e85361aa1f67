//! Counts instructions by a Cortex-M's SysTick in the emulator.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// SysTick counts down in 24 bits.
const PERIOD: u32 = 1 << 24;
/// The emulator takes one nanosecond of its own time for an instruction.
const INSTRUCTIONS_PER_MICROSECOND: u32 = 1000;

/// Counts instructions by SysTick, whose clock has so many megahertz, so to as many instructions as the
/// emulator takes for one tick.
pub struct InstructionCounter<const MEGAHERTZ: u32>(SYST);

impl<const MEGAHERTZ: u32> InstructionCounter<MEGAHERTZ> {
    /// Instructions in so many ticks, as a fraction in lowest terms: no product overflows.
    const INSTRUCTIONS: u32 = INSTRUCTIONS_PER_MICROSECOND / Self::COMMON;
    const TICKS: u32 = MEGAHERTZ / Self::COMMON;
    const COMMON: u32 = common_divisor(INSTRUCTIONS_PER_MICROSECOND, MEGAHERTZ);
    const FITS: () = assert!((PERIOD as u64 - 1) * Self::INSTRUCTIONS as u64 <= u32::MAX as u64);

    /// Starts the counter.
    pub fn start(mut counter: SYST) -> Self {
        let () = Self::FITS;
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(PERIOD - 1);
        counter.clear_current();
        counter.enable_counter();
        Self(counter)
    }

    /// Starts to count; gives what [`Self::since`] wants to know.
    #[inline]
    pub fn restart(&mut self) -> u32 {
        self.0.clear_current();
        SYST::get_current()
    }

    /// Instructions since the start of the count; of as many as 2^24 ticks take, none are left.
    #[inline]
    pub fn since(&self, start: u32) -> u32 {
        start.wrapping_sub(SYST::get_current()) % PERIOD * Self::INSTRUCTIONS / Self::TICKS
    }
}

/// The greatest number that divides both.
const fn common_divisor(one: u32, two: u32) -> u32 {
    match two {
        0 => one,
        _ => common_divisor(two, one % two),
    }
}
