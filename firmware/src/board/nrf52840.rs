//! Nordic's nRF52840-DK: 64 MHz Cortex-M4F, serial over its debugger's USB, log over RTT.

use cortex_m::peripheral::DWT;
use embedded_io::{ErrorType, Read, Write};
use nrf52840_hal::gpio::{Level, p0};
#[cfg(feature = "training")]
use nrf52840_hal::nvmc::Nvmc;
use nrf52840_hal::pac;
use nrf52840_hal::uarte::{Baudrate, Error, Parity, Pins, Uarte};
use nrf52840_hal::{Clocks, clocks};

pub use super::probed::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::NRF52840.name;

/// The chip's own flash, behind the program.
#[cfg(feature = "training")]
pub type Storage = Nvmc<pac::NVMC>;

/// The board: its serial port. The crystal drives the clock as long as it runs.
pub struct Board {
    serial: Serial,
    #[cfg(feature = "training")]
    storage: Storage,
    _clocks: Clocks<clocks::ExternalOscillator, clocks::Internal, clocks::LfOscStopped>,
}

impl Board {
    /// Starts clock, cycle counter and serial port.
    ///
    /// # Panics
    ///
    /// At a second call.
    pub fn start() -> Self {
        let (Some(device), Some(mut core)) =
            (pac::Peripherals::take(), cortex_m::Peripherals::take())
        else {
            panic!("the board was started before");
        };
        let clocks = Clocks::new(device.CLOCK).enable_ext_hfosc();
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
        let port = p0::Parts::new(device.P0);
        let pins = Pins {
            txd: port.p0_06.into_push_pull_output(Level::High).degrade(),
            rxd: port.p0_08.into_floating_input().degrade(),
            cts: None,
            rts: None,
        };
        Self {
            serial: Serial(Uarte::new(
                device.UARTE0,
                pins,
                Parity::EXCLUDED,
                Baudrate::BAUD115200,
            )),
            #[cfg(feature = "training")]
            storage: storage(device.NVMC),
            _clocks: clocks,
        }
    }

    /// Where trained parameters are stored.
    #[cfg(feature = "training")]
    pub fn storage(&mut self) -> &mut Storage {
        &mut self.storage
    }

    /// The serial port.
    pub fn serial(&mut self) -> &mut Serial {
        &mut self.serial
    }

    /// Starts to count cycles; gives what [`Board::ticks_since`] wants to know.
    pub fn start_ticks(&mut self) -> u32 {
        DWT::cycle_count()
    }

    /// Cycles since the start of the count; at most 67 seconds' worth.
    pub fn ticks_since(&self, start: u32) -> u32 {
        DWT::cycle_count().wrapping_sub(start)
    }

    /// What `work` gives, and how many cycles it took; at most 67 seconds' worth.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = DWT::cycle_count();
        let result = work();
        (result, DWT::cycle_count().wrapping_sub(start))
    }
}

/// The flash that the linker's memory layout keeps from the program.
#[cfg(feature = "training")]
fn storage(controller: pac::NVMC) -> Storage {
    // SAFETY: the memory layout defines it; only its address is taken.
    unsafe extern "C" {
        // The memory layout's: the end of the program's flash.
        static mut _kiln_storage: u8;
    }
    let start = &raw mut _kiln_storage;
    // SAFETY: the build ends the program's flash here and as many bytes before the end of the
    // chip's, so nothing else lies there, and the board is started once. All bytes are values; they
    // change only by the controller, which owns the slice.
    let memory = unsafe { core::slice::from_raw_parts_mut(start, crate::model::STORAGE_BYTES) };
    Nvmc::new(controller, memory)
}

/// UARTE 0, receiving a byte at a time.
pub struct Serial(Uarte<pac::UARTE0>);

impl ErrorType for Serial {
    type Error = Error;
}

impl Read for Serial {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        let Some(first) = bytes.get_mut(..1) else {
            return Ok(0);
        };
        self.0.read(first)?;
        Ok(1)
    }
}

impl Write for Serial {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        // The UARTE reads RAM only, and the bytes may be in flash.
        let mut buffer = [0; 64];
        let count = bytes.len().min(buffer.len());
        if count > 0 {
            buffer[..count].copy_from_slice(&bytes[..count]);
            self.0.write(&buffer[..count])?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
