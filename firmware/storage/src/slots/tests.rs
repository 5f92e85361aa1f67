use super::*;
use crate::simulation::{Cut, SimulatedFlash, SimulationError};
use proptest::prelude::*;

type Flash = SimulatedFlash<[u8; 512], [u32; 4], 4, 128>;

const LAYOUT: SlotLayout = match SlotLayout::new(512, 128, 4, 40 * 4) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};
const OURS: Identity = Identity {
    model: 1,
    trained: 2,
};
const OLD: [f32; 40] = [1.5; 40];
const NEW: [f32; 40] = [-0.25; 40];

fn blank() -> Flash {
    Flash::new([0xFF; 512], [0; 4])
}

fn open(flash: Flash) -> Slots<Flash> {
    Slots::open(flash, LAYOUT).unwrap()
}

/// Both slots whole, the newest with [`NEW`].
fn two_sets() -> Slots<Flash> {
    let mut slots = open(blank());
    assert_eq!(slots.save(OURS, &OLD), Ok(1));
    assert_eq!(slots.save(OURS, &NEW), Ok(2));
    open(slots.into_flash())
}

fn loaded(slots: &mut Slots<Flash>) -> [f32; 40] {
    let newest = slots.newest().unwrap();
    let mut values = [0.0; 40];
    slots.load(&newest, OURS, &mut values).unwrap();
    values
}

#[test]
fn a_blank_flash_has_nothing_and_is_not_changed() {
    let slots = open(blank());
    assert_eq!(slots.newest(), None);
    assert_eq!(slots.content(Slot::First), Content::Erased);
    assert_eq!(slots.content(Slot::Second), Content::Erased);
    assert_eq!(slots.into_flash().operations(), 0);
}

#[test]
fn any_bits_come_back() {
    let bits = [0x7FC0_1234, 0xFF80_0000, 0x8000_0000, 1, 0xFFFF_FFFF];
    let mut slots = open(blank());
    slots.save(OURS, &bits.map(f32::from_bits)).unwrap();
    let newest = slots.newest().unwrap();
    let mut values = [0.0; 5];
    slots.load(&newest, OURS, &mut values).unwrap();
    assert_eq!(values.map(f32::to_bits), bits);
}

#[test]
fn saves_take_turns_and_wear_evenly() {
    let mut slots = open(blank());
    for round in 1..=10 {
        assert_eq!(slots.save(OURS, &[round as f32; 40]), Ok(round));
        slots = open(slots.into_flash());
        assert_eq!(loaded(&mut slots), [round as f32; 40]);
    }
    assert_eq!(*slots.into_flash().wear(), [5; 4]);
}

#[test]
fn the_newest_is_told_where_numbers_begin_anew_and_none_is_0() {
    let mut slots = two_sets();
    // As if that many saves had been made.
    for slot in &mut slots.contents {
        if let Content::Whole(stored) = slot {
            stored.header.sequence = u32::MAX - 3;
        }
    }
    assert_eq!(slots.save(OURS, &OLD), Ok(u32::MAX - 2));
    assert_eq!(slots.save(OURS, &NEW), Ok(u32::MAX - 1));
    for (sequence, values) in [(u32::MAX, OLD), (1, NEW), (2, OLD), (3, NEW)] {
        assert_eq!(slots.save(OURS, &values), Ok(sequence));
        slots = open(slots.into_flash());
        assert_eq!(slots.newest().unwrap().sequence(), sequence);
        assert_eq!(loaded(&mut slots), values);
    }
}

#[test]
fn another_models_set_is_reported_and_not_used() {
    let mut slots = two_sets();
    let newest = slots.newest().unwrap();
    let (found, mut values) = (OURS, [7.0; 40]);
    let expected = Identity { model: 9, ..OURS };
    assert_eq!(
        slots.load(&newest, expected, &mut values),
        Err(LoadError::Model { expected, found })
    );
    let expected = Identity { trained: 9, ..OURS };
    assert_eq!(
        slots.load(&newest, expected, &mut values),
        Err(LoadError::Trained { expected, found })
    );
    let (expected, found) = (39, 40);
    assert_eq!(
        slots.load(&newest, OURS, &mut values[1..]),
        Err(LoadError::Length { expected, found })
    );
    assert_eq!(values, [7.0; 40]);
}

#[test]
fn nothing_stored_is_told_from_what_another_network_stored() {
    let slots = open(blank());
    assert_eq!(slots.found(OURS), Found::Nothing);
    let slots = two_sets();
    assert!(matches!(slots.found(OURS), Found::Whole(stored) if stored.sequence() == 2));
    for other in [
        Identity { model: 9, ..OURS },
        Identity { trained: 9, ..OURS },
    ] {
        assert_eq!(slots.found(other), Found::Another(OURS));
    }
    let mut flash = slots.into_flash();
    flash.memory_mut().fill(0);
    assert_eq!(open(flash).found(OURS), Found::Damaged);
    let mut newer = SlotHeader::to_bytes(SlotHeader {
        sequence: 1,
        identity: OURS,
        payload_bytes: 4,
        payload_crc: 0,
    });
    newer[4] = 2;
    let crc = kiln_core::crc32(&newer[..SLOT_HEADER_BYTES - 4]);
    newer[SLOT_HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    let mut flash = blank();
    flash.memory_mut()[..SLOT_HEADER_BYTES].copy_from_slice(&newer);
    assert_eq!(open(flash).found(OURS), Found::Version(2));
}

/// Every bit of both halves by itself: the header and the values.
#[test]
fn bit_rot_in_either_half_gives_the_other_and_is_told() {
    assert!(!two_sets().is_beside_damage());
    for (start, rotten, sequence, values) in [(0, Slot::First, 2, NEW), (256, Slot::Second, 1, OLD)]
    {
        for bit in 0..8 * (32 + 160) {
            let mut flash = two_sets().into_flash();
            flash.memory_mut()[start + bit / 8] ^= 1 << (bit % 8);
            let mut slots = open(flash);
            assert_eq!(slots.content(rotten), Content::Damaged, "bit {bit}");
            assert!(slots.is_beside_damage(), "bit {bit}");
            assert!(matches!(slots.found(OURS), Found::Whole(kept) if kept.sequence() == sequence));
            assert_eq!(loaded(&mut slots), values);
        }
    }
    let mut flash = two_sets().into_flash();
    flash.memory_mut()[40] ^= 1;
    flash.memory_mut()[300] ^= 1;
    let slots = open(flash);
    assert_eq!(slots.found(OURS), Found::Damaged);
    assert!(!slots.is_beside_damage());
}

#[test]
fn wear_is_counted_and_told() {
    let mut slots = open(blank());
    for round in 1..=9 {
        slots.save(OURS, &OLD).unwrap();
        slots = open(slots.into_flash());
        let most = *slots.flash().wear().iter().max().unwrap();
        assert_eq!(slots.newest().unwrap().erases(), most, "save {round}");
    }
}

#[test]
fn a_set_of_a_smaller_or_larger_model_is_found_at_the_same_place() {
    let slots = two_sets();
    let smaller = SlotLayout::new(512, 128, 4, 4).unwrap();
    let mut slots = Slots::open(slots.into_flash(), smaller).unwrap();
    assert_eq!(slots.newest().unwrap().values(), 40);
    assert_eq!(slots.save(OURS, &[3.0]), Ok(3));
    let slots = open(slots.into_flash());
    let newest = slots.newest().unwrap();
    assert_eq!((newest.values(), newest.slot()), (1, Slot::First));
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut slots = two_sets();
    for found in [0, 41] {
        assert_eq!(
            slots.save(OURS, &[0.0; 41][..found]),
            Err(SaveError::Length { most: 40, found })
        );
    }
    let flash = slots.into_flash();
    let operations = flash.operations();
    let other = SlotLayout::new(512, 256, 4, 8).unwrap();
    assert_eq!(
        Slots::open(flash, other).map(|_| ()),
        Err(OpenError::OtherFlash)
    );
    assert_eq!(operations, two_sets().into_flash().operations());
}

#[test]
fn a_set_that_was_overwritten_is_gone() {
    let mut slots = two_sets();
    let before = slots.newest().unwrap();
    slots.save(OURS, &OLD).unwrap();
    slots.save(OURS, &NEW).unwrap();
    assert_eq!(
        slots.load(&before, OURS, &mut [0.0; 40]),
        Err(LoadError::Gone)
    );
}

#[test]
fn every_altered_byte_of_the_newest_gives_the_one_before() {
    for at in 256..256 + 32 + 160 {
        let mut flash = two_sets().into_flash();
        flash.memory_mut()[at] ^= 0x40;
        let mut slots = open(flash);
        assert_eq!(slots.content(Slot::Second), Content::Damaged, "byte {at}");
        assert_eq!(loaded(&mut slots), OLD);
        assert_eq!(slots.save(OURS, &NEW), Ok(2));
        assert_eq!(loaded(&mut open(slots.into_flash())), NEW);
    }
}

#[test]
fn a_change_after_opening_is_noticed_when_loading() {
    let mut slots = two_sets();
    slots.flash.memory_mut()[300] ^= 1;
    let newest = slots.newest().unwrap();
    assert_eq!(
        slots.load(&newest, OURS, &mut [0.0; 40]),
        Err(LoadError::Checksum)
    );
}

#[test]
fn without_power_everything_says_so() {
    let mut slots = two_sets();
    slots.flash.cut_power_after(0, Cut::Before);
    let no_power = SaveError::Flash(SimulationError::NoPower);
    assert_eq!(slots.save(OURS, &OLD), Err(no_power));
    assert_eq!(slots.newest().unwrap().sequence(), 2);
    let opened = Slots::open(slots.into_flash(), LAYOUT).map(|_| ());
    assert_eq!(opened, Err(OpenError::Flash(SimulationError::NoPower)));
}

/// A flash with a cell that cannot be cleared, or one that is read in larger units.
struct Odd<const READ: usize> {
    flash: SimulatedFlash<[u8; 512], [u32; 4], 8, 128>,
    stuck: Option<usize>,
}

impl<const READ: usize> embedded_storage::nor_flash::ErrorType for Odd<READ> {
    type Error = SimulationError;
}

impl<const READ: usize> embedded_storage::nor_flash::ReadNorFlash for Odd<READ> {
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimulationError> {
        embedded_storage::nor_flash::check_read(self, offset, bytes.len())?;
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        512
    }
}

impl<const READ: usize> NorFlash for Odd<READ> {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 128;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimulationError> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimulationError> {
        self.flash.write(offset, bytes)?;
        if let Some(at) = self.stuck {
            self.flash.memory_mut()[at] |= 0x10;
        }
        Ok(())
    }
}

fn odd<const READ: usize>(stuck: Option<usize>) -> Slots<Odd<READ>> {
    let flash = SimulatedFlash::new([0xFF; 512], [0; 4]);
    let layout = SlotLayout::new(512, 128, 8, 39 * 4).unwrap();
    Slots::open(Odd { flash, stuck }, layout).unwrap()
}

#[test]
fn a_cell_that_does_not_keep_its_bit_is_noticed() {
    // A chunk of the payload, the last one, and the header.
    for (at, offset) in [(40, 32), (170, 160), (9, 0)] {
        let mut slots = odd::<1>(Some(at));
        assert_eq!(
            slots.save(OURS, &[0.0; 39]),
            Err(SaveError::Verify { offset }),
            "byte {at}"
        );
        assert_eq!(slots.newest(), None);
        let flash = slots.into_flash();
        if offset != 0 {
            assert!(flash.flash.memory()[..32].iter().all(|byte| *byte == 0xFF));
        }
    }
}

#[test]
fn a_flash_read_in_larger_units_gives_the_same() {
    let mut slots = odd::<8>(None);
    let values: [f32; 39] = core::array::from_fn(|index| index as f32);
    slots.save(OURS, &values).unwrap();
    let layout = slots.layout;
    let mut slots = Slots::open(slots.into_flash(), layout).unwrap();
    let mut back = [0.0; 39];
    let newest = slots.newest().unwrap();
    slots.load(&newest, OURS, &mut back).unwrap();
    assert_eq!(back, values);
}

proptest! {
    #[test]
    fn any_content_opens_and_takes_a_set(
        mut bytes in prop::collection::vec(any::<u8>(), 512),
        header in prop::option::of((any::<u32>(), any::<u32>())),
        bits in prop::collection::vec(any::<u32>(), 1..=40),
    ) {
        if let Some((sequence, payload_bytes)) = header {
            // A header that holds, over a payload that does not, of a length that may not be.
            let payload_bytes = payload_bytes % 400;
            let header = SlotHeader { sequence, identity: OURS, payload_bytes, payload_crc: 0 };
            bytes[..SLOT_HEADER_BYTES].copy_from_slice(&header.to_bytes());
        }
        let memory: [u8; 512] = bytes.try_into().unwrap();
        let mut slots = open(Flash::new(memory, [0; 4]));
        prop_assert_eq!(slots.newest(), None);
        let values: std::vec::Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        slots.save(OURS, &values).unwrap();
        let mut slots = open(slots.into_flash());
        let newest = slots.newest().unwrap();
        let mut back = std::vec![0.0; values.len()];
        slots.load(&newest, OURS, &mut back).unwrap();
        prop_assert!(back.iter().map(|value| value.to_bits()).eq(bits));
    }
}
