//! The power is cut in every flash operation of a save, in every way an operation can be half done:
//! afterwards the old weights are there or the new ones, whole, and the next save works.

use std::thread;
use storage::simulation::{Cut, SimulatedFlash, SimulationError};
use storage::{CHUNK, Identity, SaveError, Slot, SlotLayout, Slots};

type Flash<const WRITE: usize, const ERASE: usize> =
    SimulatedFlash<Vec<u8>, Vec<u32>, WRITE, ERASE>;

const IDENTITY: Identity = Identity {
    model: 0xC0FF_EE00,
    trained: 0b1111,
};

/// Parameters of the MNIST network.
const MNIST: usize = 53_866;
/// More than any test saves.
const SETS: u32 = 12;

/// Values of the set with this number: all bits vary, NaN and infinities among them.
fn weights(set: u32, count: usize) -> Vec<f32> {
    let value = |index: u32| f32::from_bits((index + 1).wrapping_mul(0x9E37_79B1) ^ (set << 9));
    (0..count as u32).map(value).collect()
}

fn same_bits(left: &[f32], right: &[f32]) -> bool {
    let bits = |value: &f32| value.to_bits();
    left.iter().map(bits).eq(right.iter().map(bits))
}

/// Cuts, reopens and compares for a flash with these words and pages.
struct Bench<const WRITE: usize, const ERASE: usize> {
    layout: SlotLayout,
    count: usize,
    /// Those of the numbers from 0, since thousands of cuts compare with them.
    sets: Vec<Vec<f32>>,
}

impl<const WRITE: usize, const ERASE: usize> Bench<WRITE, ERASE> {
    /// For sets of `count` values in the smallest flash that holds two.
    fn new(count: usize) -> Self {
        let slot = (32_usize.next_multiple_of(WRITE) + 4 * count).next_multiple_of(ERASE);
        let layout = SlotLayout::new(2 * slot, ERASE, WRITE, 4 * count).unwrap();
        let sets = (0..SETS).map(|set| weights(set, count)).collect();
        Self {
            layout,
            count,
            sets,
        }
    }

    fn weights(&self, set: u32) -> &[f32] {
        &self.sets[set as usize]
    }

    /// A flash after sets 1 to `saves`, over old bytes that mean nothing.
    fn flash(&self, saves: u32) -> Flash<WRITE, ERASE> {
        let length = 2 * self.layout.slot_bytes() as usize;
        let fill = if saves == 0 { 0xFF } else { 0x5A };
        let flash = Flash::new(vec![fill; length], vec![0; length / ERASE]);
        let mut slots = self.open(flash);
        for set in 1..=saves {
            assert_eq!(slots.save(IDENTITY, self.weights(set)), Ok(set));
        }
        slots.into_flash()
    }

    fn open(&self, flash: Flash<WRITE, ERASE>) -> Slots<Flash<WRITE, ERASE>> {
        Slots::open(flash, self.layout).unwrap()
    }

    /// Operations of a save: an erase for each page, a write for each chunk, the header's write.
    fn operations(&self) -> u32 {
        self.layout.pages() + (4 * self.count).div_ceil(CHUNK) as u32 + 1
    }

    /// The number of the newest set, after checking that its values are that set's.
    fn newest(&self, slots: &mut Slots<Flash<WRITE, ERASE>>) -> u32 {
        let Some(newest) = slots.newest() else {
            return 0;
        };
        let mut values = vec![0.0; self.count];
        slots.load(&newest, IDENTITY, &mut values).unwrap();
        let set = newest.sequence();
        assert!(same_bits(&values, self.weights(set)), "set {set}");
        set
    }

    /// Saves one set more with the power cut; returns the flash after a restart.
    fn cut(&self, mut flash: Flash<WRITE, ERASE>, at: u32, cut: Cut) -> Flash<WRITE, ERASE> {
        flash.cut_power_after(at, cut);
        let mut slots = self.open(flash);
        let set = slots.newest().map_or(0, |newest| newest.sequence()) + 1;
        let error = SaveError::Flash(SimulationError::NoPower);
        assert_eq!(slots.save(IDENTITY, self.weights(set)), Err(error));
        let mut flash = slots.into_flash();
        flash.power_on();
        flash
    }

    /// Cuts a save after `saves` sets, restarts, and saves again.
    fn check(&self, before: &Flash<WRITE, ERASE>, saves: u32, at: u32, cut: Cut) {
        let (mut slots, found) = self.check_restart(before, saves, at, cut);
        let next = found + 1;
        assert_eq!(slots.save(IDENTITY, self.weights(next)), Ok(next));
        let mut slots = self.open(slots.into_flash());
        assert_eq!(self.newest(&mut slots), next);
    }

    /// Cuts a save after `saves` sets; what is found then, after checking that it may be.
    fn check_restart(
        &self,
        before: &Flash<WRITE, ERASE>,
        saves: u32,
        at: u32,
        cut: Cut,
    ) -> (Slots<Flash<WRITE, ERASE>>, u32) {
        let flash = self.cut(before.clone(), at, cut);
        let mut slots = self.open(flash);
        let found = self.newest(&mut slots);
        let header = at + 1 == self.operations();
        let all_done = header && cut == Cut::After;
        let may_be_new = header && cut != Cut::Before;
        assert!(
            found == saves && !all_done || found == saves + 1 && may_be_new,
            "after {saves} sets, cut at {at} ({cut:?}): set {found}"
        );
        // The other slot was not touched.
        if let Some(newest) = slots.newest().filter(|_| found == saves) {
            let half = self.layout.slot_bytes() as usize;
            let (first, second) = (0..half, half..2 * half);
            let range = match newest.slot() {
                Slot::First => first,
                Slot::Second => second,
            };
            assert!(before.memory()[range.clone()] == slots.flash().memory()[range]);
        }
        (slots, found)
    }

    /// Every operation, every cut, after no set, one, two and three.
    fn check_all(&self) {
        for saves in 0..=3 {
            let before = self.flash(saves);
            let whole = self.flash(saves + 1).operations() - before.operations();
            assert_eq!(whole, self.operations(), "after {saves} sets");
            for at in 0..whole {
                for cut in Cut::ALL {
                    self.check(&before, saves, at, cut);
                }
            }
        }
    }
}

#[test]
fn any_cut_leaves_the_old_weights_or_the_new_ones() {
    // Sets that end with a chunk, within one, and within a word of eight bytes.
    for count in [1, 131, 256] {
        Bench::<1, 256>::new(count).check_all();
        Bench::<4, 256>::new(count).check_all();
        Bench::<8, 512>::new(count).check_all();
        Bench::<64, 1024>::new(count).check_all();
    }
    Bench::<4, 4096>::new(2100).check_all();
}

/// The page size and word of the nRF52840; every operation, with the cuts in turn. Saving again
/// after every sixteenth keeps the test fast; the smaller sets do so after each.
#[test]
fn any_cut_leaves_the_mnist_networks_weights_whole() {
    let bench = Bench::<4, 4096>::new(MNIST);
    let before = bench.flash(2);
    let operations = bench.operations();
    assert_eq!(
        bench.flash(3).operations() - before.operations(),
        operations
    );
    thread::scope(|scope| {
        for half in 0..2 {
            let (bench, before) = (&bench, &before);
            scope.spawn(move || {
                for at in (half..operations).step_by(2) {
                    // Neighbours get different cuts, and each thread all of them.
                    let cut = Cut::ALL[(at / 2 + half) as usize % Cut::ALL.len()];
                    if at % 32 < 2 {
                        bench.check(before, 2, at, cut);
                    } else {
                        bench.check_restart(before, 2, at, cut);
                    }
                }
            });
        }
    });
    // The steps between erasing, writing and the header, in every way.
    let pages = bench.layout.pages();
    for at in [0, 1, pages - 1, pages, operations - 2, operations - 1] {
        for cut in Cut::ALL {
            bench.check(&before, 2, at, cut);
        }
    }
}

#[test]
fn a_cut_in_the_save_after_a_cut_loses_nothing() {
    let bench = Bench::<4, 64>::new(33);
    for saves in [0, 2] {
        let before = bench.flash(saves);
        for first in 0..bench.operations() {
            for cut in Cut::ALL {
                let once = bench.cut(before.clone(), first, cut);
                let found = bench.newest(&mut bench.open(once.clone()));
                for second in 0..bench.operations() {
                    for cut in Cut::ALL {
                        bench.check(&once, found, second, cut);
                    }
                }
            }
        }
    }
}

#[test]
fn an_altered_byte_anywhere_never_gives_wrong_weights() {
    let bench = Bench::<4, 256>::new(100);
    let flash = bench.flash(4);
    let half = bench.layout.slot_bytes() as usize;
    for at in 0..2 * half {
        for flip in [0x01, 0x80, 0xFF] {
            let mut damaged = flash.clone();
            damaged.memory_mut()[at] ^= flip;
            let mut slots = bench.open(damaged);
            // The fourth set lies in the second slot.
            let in_newest = (half..half + 32 + 400).contains(&at);
            let expected = if in_newest { 3 } else { 4 };
            assert_eq!(bench.newest(&mut slots), expected, "byte {at} ^ {flip:#x}");
        }
    }
}

#[test]
fn saves_wear_all_pages_evenly() {
    let bench = Bench::<4, 4096>::new(2100);
    let mut flash = bench.flash(0);
    for set in 1..=10 {
        let mut slots = bench.open(flash);
        assert_eq!(slots.save(IDENTITY, bench.weights(set)), Ok(set));
        assert_eq!(bench.newest(&mut slots), set);
        flash = slots.into_flash();
    }
    assert_eq!(*flash.wear(), [5; 6]);
}
