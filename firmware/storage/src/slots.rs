//! Two slots: the newest whole set, and room for the next.

use crate::header::{Identity, Parsed, SlotHeader};
use crate::{CHUNK, Content, Found, LoadError, OpenError, SaveError, Slot, SlotLayout, Stored};
use boards::SLOT_HEADER_BYTES;
use embedded_storage::nor_flash::NorFlash;

/// The two slots of a flash.
///
/// The flash is this one's alone, from its first byte to its last. A driver of a whole chip has to
/// be narrowed to the part meant for weights.
#[derive(Debug)]
pub struct Slots<F> {
    flash: F,
    layout: SlotLayout,
    contents: [Content; 2],
}

impl<F: NorFlash> Slots<F> {
    /// Reads both slots and checks them. Accepts any content and changes nothing.
    ///
    /// # Errors
    ///
    /// If the layout is for another flash, or the flash cannot be read.
    pub fn open(flash: F, layout: SlotLayout) -> Result<Self, OpenError<F::Error>> {
        let sizes = (layout.erase_size as usize, layout.write_size as usize);
        if sizes != (F::ERASE_SIZE, F::WRITE_SIZE) || (layout.capacity as usize) > flash.capacity()
        {
            return Err(OpenError::OtherFlash);
        }
        let found = F::READ_SIZE;
        if found == 0 || !F::WRITE_SIZE.is_multiple_of(found) {
            return Err(OpenError::ReadSize { found });
        }
        let contents = [Content::Damaged; 2];
        let mut slots = Self {
            flash,
            layout,
            contents,
        };
        for slot in [Slot::First, Slot::Second] {
            slots.contents[slot as usize] = slots.examine(slot).map_err(OpenError::Flash)?;
        }
        Ok(slots)
    }

    /// What a slot holds.
    pub fn content(&self, slot: Slot) -> Content {
        self.contents[slot as usize]
    }

    /// The newest whole set, of whatever model; none if no slot is whole.
    pub fn newest(&self) -> Option<Stored> {
        match self.contents {
            [Content::Whole(first), Content::Whole(second)] => {
                // The two numbers are neighbours, also where they begin anew.
                let ahead = second.sequence().wrapping_sub(first.sequence()) as i32;
                Some(if ahead > 0 { second } else { first })
            }
            [Content::Whole(only), _] | [_, Content::Whole(only)] => Some(only),
            _ => None,
        }
    }

    /// What the slots hold for those whose weights `identity` names.
    pub fn found(&self, identity: Identity) -> Found {
        if let Some(newest) = self.newest() {
            return match newest.identity() == identity {
                true => Found::Whole(newest),
                false => Found::Another(newest.identity()),
            };
        }
        match self.contents {
            [Content::Erased, Content::Erased] => Found::Nothing,
            [Content::Version(version), _] | [_, Content::Version(version)] => {
                Found::Version(version)
            }
            _ => Found::Damaged,
        }
    }

    /// Whether the slot beside the newest whole one is damaged: bits of it have changed, or its save was cut.
    /// What is loaded is then perhaps not what was saved last.
    pub fn is_beside_damage(&self) -> bool {
        self.newest().is_some() && self.contents.contains(&Content::Damaged)
    }

    /// Copies a set into `values`, which must be as long as it.
    ///
    /// # Errors
    ///
    /// If the set is not what is wanted, `values` is unchanged; if the flash fails or its bytes
    /// have changed since the slots were opened, some of it is overwritten.
    pub fn load(
        &mut self,
        stored: &Stored,
        identity: Identity,
        values: &mut [f32],
    ) -> Result<(), LoadError<F::Error>> {
        if self.content(stored.slot) != Content::Whole(*stored) {
            return Err(LoadError::Gone);
        }
        let (expected, found) = (identity, stored.identity());
        if expected.model != found.model {
            return Err(LoadError::Model { expected, found });
        }
        if expected.trained != found.trained {
            return Err(LoadError::Trained { expected, found });
        }
        if values.len() != stored.values() {
            return Err(LoadError::Length {
                expected: values.len(),
                found: stored.values(),
            });
        }
        let mut crc = stored.header.start_of_payload_crc();
        let mut offset = self.payload_offset(stored.slot);
        for values in values.chunks_mut(CHUNK / size_of::<f32>()) {
            let bytes = &mut [0; CHUNK][..size_of_val(values)];
            self.read(offset, bytes).map_err(LoadError::Flash)?;
            crc.update(bytes);
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            offset += CHUNK as u32;
        }
        if crc.value() != stored.header.payload_crc {
            return Err(LoadError::Checksum);
        }
        Ok(())
    }

    /// Stores a set in the slot that does not have the newest, reads it back, and returns its
    /// sequence number.
    ///
    /// # Errors
    ///
    /// If the values do not fit or the flash fails. The newest set before is still whole, and the
    /// newest until the slots are opened again: if only reading back failed, the new one may be.
    pub fn save(&mut self, identity: Identity, values: &[f32]) -> Result<u32, SaveError<F::Error>> {
        let (most, found) = (self.layout.values(), values.len());
        if found == 0 || found > most {
            return Err(SaveError::Length { most, found });
        }
        let (slot, sequence) = self.next();
        let mut header = SlotHeader {
            sequence,
            identity,
            payload_bytes: size_of_val(values) as u32,
            payload_crc: 0,
        };
        self.contents[slot as usize] = Content::Damaged;
        self.erase(slot, header.payload_bytes)?;
        header.payload_crc = self.write_payload(slot, &header, values)?;
        self.compare_payload(slot, values)?;
        self.write_header(slot, &header)?;
        self.contents[slot as usize] = Content::Whole(Stored { slot, header });
        Ok(sequence)
    }

    /// The flash as it is.
    pub const fn flash(&self) -> &F {
        &self.flash
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Where the next set goes, and its number.
    fn next(&self) -> (Slot, u32) {
        match self.newest() {
            None => (Slot::First, 1),
            Some(newest) => {
                let slot = match newest.slot {
                    Slot::First => Slot::Second,
                    Slot::Second => Slot::First,
                };
                // 0 is no set's number.
                (slot, newest.sequence().checked_add(1).unwrap_or(1))
            }
        }
    }

    fn examine(&mut self, slot: Slot) -> Result<Content, F::Error> {
        let mut bytes = [0; SLOT_HEADER_BYTES];
        self.read(self.offset(slot), &mut bytes)?;
        let header = match SlotHeader::parse(&bytes) {
            Parsed::Erased => return Ok(Content::Erased),
            Parsed::Damaged => return Ok(Content::Damaged),
            Parsed::Version(version) => return Ok(Content::Version(version)),
            Parsed::SlotHeader(header) => header,
        };
        let length = header.payload_bytes;
        if !length.is_multiple_of(4) || length > self.layout.payload_room() {
            return Ok(Content::Damaged);
        }
        let mut crc = header.start_of_payload_crc();
        let start = self.payload_offset(slot);
        for done in (0..length).step_by(CHUNK) {
            let bytes = &mut [0; CHUNK][..CHUNK.min((length - done) as usize)];
            self.read(start + done, bytes)?;
            crc.update(bytes);
        }
        Ok(if crc.value() == header.payload_crc {
            Content::Whole(Stored { slot, header })
        } else {
            Content::Damaged
        })
    }

    /// Erases the pages of a set, in order: its header is gone first.
    fn erase(&mut self, slot: Slot, payload_bytes: u32) -> Result<(), SaveError<F::Error>> {
        let page = self.layout.erase_size;
        let start = self.offset(slot);
        let pages = (self.layout.header_bytes() + payload_bytes).div_ceil(page);
        for from in (0..pages).map(|index| start + index * page) {
            self.flash
                .erase(from, from + page)
                .map_err(SaveError::Flash)?;
        }
        Ok(())
    }

    /// Writes the values and returns the checksum of all that comes before it and of them.
    fn write_payload(
        &mut self,
        slot: Slot,
        header: &SlotHeader,
        values: &[f32],
    ) -> Result<u32, SaveError<F::Error>> {
        let mut crc = header.start_of_payload_crc();
        let mut offset = self.payload_offset(slot);
        for values in values.chunks(CHUNK / size_of::<f32>()) {
            let mut bytes = [0xFF; CHUNK];
            for (bytes, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
                *bytes = value.to_le_bytes();
            }
            let length = size_of_val(values);
            crc.update(&bytes[..length]);
            let words = &bytes[..length.next_multiple_of(F::WRITE_SIZE)];
            self.flash.write(offset, words).map_err(SaveError::Flash)?;
            offset += CHUNK as u32;
        }
        Ok(crc.value())
    }

    fn compare_payload(&mut self, slot: Slot, values: &[f32]) -> Result<(), SaveError<F::Error>> {
        let mut offset = self.payload_offset(slot);
        for values in values.chunks(CHUNK / size_of::<f32>()) {
            let bytes = &mut [0; CHUNK][..size_of_val(values)];
            self.read(offset, bytes).map_err(SaveError::Flash)?;
            let written = values.iter().map(|value| value.to_le_bytes());
            if !written.eq(bytes.as_chunks::<4>().0.iter().copied()) {
                return Err(SaveError::Verify { offset });
            }
            offset += CHUNK as u32;
        }
        Ok(())
    }

    /// Makes a slot whole.
    fn write_header(&mut self, slot: Slot, header: &SlotHeader) -> Result<(), SaveError<F::Error>> {
        let offset = self.offset(slot);
        let written = header.to_bytes();
        let mut bytes = [0xFF; CHUNK];
        bytes[..SLOT_HEADER_BYTES].copy_from_slice(&written);
        let words = &bytes[..self.layout.header_bytes() as usize];
        self.flash.write(offset, words).map_err(SaveError::Flash)?;
        let bytes = &mut bytes[..SLOT_HEADER_BYTES];
        self.read(offset, bytes).map_err(SaveError::Flash)?;
        if bytes != written {
            return Err(SaveError::Verify { offset });
        }
        Ok(())
    }

    /// Reads bytes from an offset that is a multiple of the write size, at most a chunk.
    ///
    /// A flash that is read in larger units than a value is long is read to the end of the unit.
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        if bytes.len().is_multiple_of(F::READ_SIZE) {
            return self.flash.read(offset, bytes);
        }
        let whole = bytes.len() / F::READ_SIZE * F::READ_SIZE;
        let (units, rest) = bytes.split_at_mut(whole);
        self.flash.read(offset, units)?;
        let unit = &mut [0; CHUNK][..F::READ_SIZE];
        self.flash.read(offset + whole as u32, unit)?;
        rest.copy_from_slice(&unit[..rest.len()]);
        Ok(())
    }

    fn offset(&self, slot: Slot) -> u32 {
        match slot {
            Slot::First => 0,
            Slot::Second => self.layout.slot_bytes(),
        }
    }

    fn payload_offset(&self, slot: Slot) -> u32 {
        self.offset(slot) + self.layout.header_bytes()
    }
}

#[cfg(test)]
mod tests;
