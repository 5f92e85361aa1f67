//! The serial port of the MPS2 boards: UART 0 of Arm's CMSDK.

use core::convert::Infallible;
use embedded_io::{ErrorType, Read, Write};

const BASE: usize = 0x4000_4000;
/// Byte to send, or received.
const DATA: usize = BASE;
/// Bit 0: the transmit buffer is full. Bit 1: the receive buffer is.
const STATE: usize = BASE + 0x04;
/// Bit 0 enables sending, bit 1 receiving.
const CONTROL: usize = BASE + 0x08;
/// Clock cycles a bit; at least 16.
const DIVIDER: usize = BASE + 0x10;

const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;
/// 25 MHz / 217 = 115,200 baud.
const CYCLES_PER_BIT: u32 = 217;

/// UART 0, sending and receiving a byte at a time.
pub struct Uart(());

impl Uart {
    /// Switches it on. The board calls this once, so that there is one owner.
    pub(super) fn start() -> Self {
        write(DIVIDER, CYCLES_PER_BIT);
        write(CONTROL, 0b11);
        Self(())
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl Read for Uart {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first_mut() else {
            return Ok(0);
        };
        while read(STATE) & RECEIVE_FULL == 0 {}
        *first = read(DATA) as u8;
        Ok(1)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first() else {
            return Ok(0);
        };
        while read(STATE) & TRANSMIT_FULL != 0 {}
        write(DATA, u32::from(*first));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while read(STATE) & TRANSMIT_FULL != 0 {}
        Ok(())
    }
}

fn read(register: usize) -> u32 {
    // SAFETY: the addresses are this module's constants, registers of the UART, which may be read
    // at any time and are no memory of Rust's.
    unsafe { (register as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as for `read`; what is written makes the UART touch no memory.
    unsafe { (register as *mut u32).write_volatile(value) }
}
