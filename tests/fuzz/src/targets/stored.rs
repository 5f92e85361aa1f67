//! Trained weights in a device's flash.

use crate::measured::Verdict;
use storage::simulation::SimulatedFlash;
use storage::{Content, Identity, Slot, SlotLayout, Slots, read_set};

const ERASE: usize = 128;
const WRITE: usize = 4;
const LENGTH: usize = 512;
const VALUES: usize = 4;
const IDENTITY: Identity = Identity {
    model: 0x1234_5678,
    trained: 3,
};

type Flash = SimulatedFlash<Vec<u8>, Vec<u32>, WRITE, ERASE>;

/// An input is all of a flash, or as much of it as is not erased.
pub fn storage(input: &[u8]) -> Verdict {
    let mut memory = input.to_vec();
    memory.resize(LENGTH, 0xff);
    let mut slots = opened(memory.clone());
    let contents = [Slot::First, Slot::Second].map(|slot| slots.content(slot));
    let mut values = [0.0; VALUES];
    let loaded = slots
        .newest()
        .map(|newest| slots.load(&newest, IDENTITY, &mut values));
    let _ = read_set(IDENTITY, input, &mut values);
    // Whatever was there: what is saved is found, and is newer.
    let own = [1.0, -2.0, 3.5, 0.25];
    let number = slots
        .save(IDENTITY, &own)
        .expect("a sound flash is written");
    let mut slots = opened(slots.into_flash().memory().clone());
    let newest = slots.newest().expect("what was saved is there");
    assert_eq!(newest.sequence(), number);
    let mut found = [0.0; VALUES];
    assert_eq!(slots.load(&newest, IDENTITY, &mut found), Ok(()));
    assert_eq!(found, own);
    Verdict {
        accepted: contents
            .iter()
            .any(|content| matches!(content, Content::Whole(_))),
        words: format!("{contents:?}, {loaded:?}"),
        need: 0,
    }
}

fn opened(memory: Vec<u8>) -> Slots<Flash> {
    let layout = SlotLayout::new(LENGTH, ERASE, WRITE, 4 * VALUES);
    let layout = layout.expect("the flash is large enough");
    let flash = Flash::new(memory, vec![0; LENGTH / ERASE]);
    Slots::open(flash, layout).expect("a sound flash is read")
}
