//! What the MPS2 boards have in common.

use super::cmsdk_uart::Uart;
#[cfg(feature = "training")]
use super::simulated_storage::{self, NOTES, Storage};
use super::system_tick::InstructionCounter;

/// SysTick runs at 25 MHz: 40 instructions a tick.
type Counter = InstructionCounter<25>;

/// The board: its tick counter and its serial port.
pub struct Board {
    counter: Counter,
    serial: Uart,
    #[cfg(feature = "training")]
    storage: Storage,
    #[cfg(feature = "training")]
    notes: &'static mut [u32; NOTES],
}

impl Board {
    /// Starts the tick counter.
    ///
    /// # Panics
    ///
    /// At a second call.
    pub fn start() -> Self {
        let Some(peripherals) = cortex_m::Peripherals::take() else {
            panic!("the board was started before");
        };
        let counter = Counter::start(peripherals.SYST);
        let serial = Uart::start();
        #[cfg(feature = "training")]
        let (storage, notes) = simulated_storage::start();
        Self {
            counter,
            serial,
            #[cfg(feature = "training")]
            storage,
            #[cfg(feature = "training")]
            notes,
        }
    }

    /// Where trained parameters are stored.
    #[cfg(feature = "training")]
    pub fn storage(&mut self) -> &mut Storage {
        &mut self.storage
    }

    /// Memory that survives a reset, as the storage does.
    #[cfg(feature = "training")]
    pub fn notes(&mut self) -> &mut [u32; NOTES] {
        self.notes
    }

    /// Starts the program again; what is in the storage stays.
    #[cfg(feature = "training")]
    pub fn reset(self) -> ! {
        cortex_m::peripheral::SCB::sys_reset()
    }

    /// The serial port.
    pub fn serial(&mut self) -> &mut Uart {
        &mut self.serial
    }

    /// Starts to count instructions; gives what [`Board::ticks_since`] wants to know.
    pub fn start_ticks(&mut self) -> u32 {
        self.counter.restart()
    }

    /// Instructions since the start of the count, to 40; at most 671 million.
    pub fn ticks_since(&self, start: u32) -> u32 {
        self.counter.since(start)
    }

    /// What `work` gives, and how many instructions it took, to 40; at most 671 million.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = self.counter.restart();
        let result = work();
        (result, self.counter.since(start))
    }
}
