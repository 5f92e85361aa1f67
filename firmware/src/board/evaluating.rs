//! What emulated boards with a Cortex-M are that evaluate and do no more: a tick counter, without a serial port.

use super::system_tick::InstructionCounter;

/// The board: its tick counter, which runs at so many megahertz.
pub struct EvaluatingBoard<const MEGAHERTZ: u32> {
    counter: InstructionCounter<MEGAHERTZ>,
}

impl<const MEGAHERTZ: u32> EvaluatingBoard<MEGAHERTZ> {
    /// Starts the tick counter.
    ///
    /// # Panics
    ///
    /// At a second call.
    pub fn start() -> Self {
        let Some(peripherals) = cortex_m::Peripherals::take() else {
            panic!("the board was started before");
        };
        Self {
            counter: InstructionCounter::start(peripherals.SYST),
        }
    }

    /// What `work` gives, and how many instructions it took, to those of a tick; at most those of 2^24
    /// ticks.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = self.counter.restart();
        let result = work();
        (result, self.counter.since(start))
    }
}
