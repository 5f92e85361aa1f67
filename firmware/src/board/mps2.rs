//! What the MPS2 boards have in common. The emulator counts instructions, not cycles.

use super::Exit;
use super::cmsdk_uart::Uart;
#[cfg(feature = "training")]
use super::simulated_storage::{self, NOTES, Storage};
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use defmt_semihosting as _;

/// What [`Board::time`] counts.
pub const TICK_UNIT: &str = "instructions";

/// Instructions in one tick: SysTick runs at 25 MHz, and the emulator takes one nanosecond of its
/// own time for an instruction.
const INSTRUCTIONS: u32 = 40;
/// SysTick counts down in 24 bits.
const PERIOD: u32 = 1 << 24;

/// Interrupts of the board, none of which is ever enabled.
const INTERRUPTS: usize = 32;

// SAFETY: cortex-m-rt defines it, without arguments.
unsafe extern "C" {
    /// The start-up code's: stops.
    fn DefaultHandler();
}

// SAFETY: the section is the start-up code's place for exactly this table, behind the exceptions,
// and no other symbol has the name. A shorter table than its own saves 832 bytes of flash.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); INTERRUPTS] = [DefaultHandler; INTERRUPTS];

/// The board: its tick counter and its serial port.
pub struct Board {
    counter: SYST,
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
        let mut counter = peripherals.SYST;
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(PERIOD - 1);
        counter.clear_current();
        counter.enable_counter();
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
        self.counter.clear_current();
        SYST::get_current()
    }

    /// Instructions since the start of the count, to 40; at most 671 million.
    pub fn ticks_since(&self, start: u32) -> u32 {
        start.wrapping_sub(SYST::get_current()) % PERIOD * INSTRUCTIONS
    }

    /// What `work` gives, and how many instructions it took, to 40; at most 671 million.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        self.counter.clear_current();
        let start = SYST::get_current();
        let result = work();
        let ticks = start.wrapping_sub(SYST::get_current()) % PERIOD;
        (result, ticks * INSTRUCTIONS)
    }
}

/// Ends the emulation.
pub fn exit(exit: Exit) -> ! {
    semihosting::process::exit(match exit {
        Exit::Success => 0,
        Exit::Failure => 1,
    })
}
