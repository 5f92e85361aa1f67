#![no_std]
#![forbid(unsafe_code)]
//! Trained weights in NOR flash: whatever operation the power is lost in, the next start finds the
//! old weights or the new ones, whole.
//!
//! # SlotLayout
//!
//! The flash is cut into two slots of equal length, half of it each. Where they lie depends on the
//! flash alone, so a set of weights of another model is recognised as one. A slot:
//!
//! | bytes | content |
//! | --- | --- |
//! | 0..4 | `KSET` |
//! | 4..6 | format version, 1 |
//! | 6..8 | zero |
//! | 8..12 | sequence number, 1 or above, one more for each save; 1 follows 2^32 - 1 |
//! | 12..16 | the model's checksum, given by the caller |
//! | 16..20 | which parameters are trained, given by the caller |
//! | 20..24 | length of the payload in bytes |
//! | 24..28 | CRC-32 of bytes 0..24 and the payload |
//! | 28..32 | CRC-32 of bytes 0..28 |
//! | | 0xFF up to a multiple of the flash's write size |
//! | 32.. | the payload: `f32` values; then 0xFF up to a multiple of the write size |
//!
//! Numbers are little-endian. A slot is *whole* if both checksums hold.
//!
//! # Why the power may fail at any moment
//!
//! [`Slots::save`] works on the slot that is not the newest whole one; the newest is never written
//! or erased. Its steps, and what a start finds if the power is lost in one:
//!
//! 1. *Erase the pages* that the set will lie in, the header's page first, one call a page. Every
//!    page is erased every time, also one that reads as erased: an erase that was cut can leave
//!    cells that read as ones but do not keep. Meanwhile the slot has its old header and payload, a
//!    part of them, or a mixture of old bits and ones. Unchanged, it is the older set and loses
//!    against the newest by its sequence number. Changed in the payload or in the header, its
//!    checksums fail. A header whose sequence number was changed must pass two checksums, as both
//!    cover it.
//! 2. *Write the payload*, and read it back. The header is erased, so the slot is not whole.
//! 3. *Write the header*, in one call. A part of it fails its checksum, unless what is missing are
//!    ones that were there already; then nothing is missing. With its last bit the slot is whole,
//!    and newer than the other.
//! 4. *Read the header back.* Both sets are whole; the sequence number says which is newer.
//!
//! On a first save the other slot is not whole: a start finds nothing or the new set.
//!
//! Not covered: a cell that reads differently each time, as one can whose write or erase was cut
//! at its very end. Reading such a slot gives a failed checksum or a right one, never wrong values,
//! but it can be whole at one start and not at the next. A flash that must not be used
//! after a cut without a repair of its own (some with error correction) needs a driver that does
//! that. Bits that flip while both checksums still hold are found as surely as a CRC-32 finds them.
//!
//! # Memory
//!
//! No heap; values go through [`CHUNK`] bytes on the stack.
//!
//! ```
//! use storage::{Identity, SlotLayout, Slots, simulation::SimulatedFlash};
//!
//! // Pages of 4 KiB, words of 4 bytes, as the nRF52840 has them.
//! type Flash<'a> = SimulatedFlash<&'a mut [u8], [u32; 0], 4, 4096>;
//! const LAYOUT: SlotLayout = match SlotLayout::new(8192, 4096, 4, 3 * 4) {
//!     Ok(layout) => layout,
//!     Err(_) => panic!("the flash is too small"),
//! };
//!
//! let mut memory = [0xFF; 8192];
//! let identity = Identity { model: 0x1234_5678, trained: 0b11 };
//! let mut slots = Slots::open(Flash::new(&mut memory, []), LAYOUT)?;
//! assert_eq!(slots.newest(), None);
//! slots.save(identity, &[1.0, 2.0, 3.0])?;
//!
//! // After a reset:
//! let mut slots = Slots::open(Flash::new(&mut memory, []), LAYOUT)?;
//! let stored = slots.newest().ok_or("nothing stored")?;
//! let mut values = [0.0; 3];
//! slots.load(&stored, identity, &mut values)?;
//! assert_eq!(values, [1.0, 2.0, 3.0]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#[cfg(test)]
extern crate std;

mod error;
mod header;
mod layout;
mod set;
pub mod simulation;
mod slots;
mod stored;

pub use error::{LoadError, OpenError, SaveError};
pub use header::Identity;
pub use layout::{CHUNK, LayoutError, SlotLayout};
pub use set::{SetError, read_set, set_bytes, write_set};
pub use slots::Slots;
pub use stored::{Content, Found, Slot, Stored};
