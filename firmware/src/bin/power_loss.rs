#![no_std]
#![no_main]
//! Cuts the power in the middle of saves, starts again, and looks what is stored: the old
//! parameters or the new ones, whole, each time.
//!
//! The storage is the emulated board's, which a reset leaves as it is.

use firmware::board::{self, Board, Exit};
use firmware::memory::{self, Memory};
use firmware::{model, store};
use storage::simulation::Cut;

/// Cuts of the power.
const ROUNDS: u32 = 24;
/// Tells notes of an earlier start from anything else.
const MAGIC: u32 = 0x6b69_6c6e;

/// What is kept over resets.
#[derive(Clone, Copy)]
struct Notes {
    round: u32,
    /// Which set is stored.
    set: u32,
    old: u32,
    new: u32,
}

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    let mut memory = memory::take();
    let Some(notes) = next(&mut board, &mut memory) else {
        defmt::println!("error: what is stored is neither the old set nor the new one");
        board::exit(Exit::Failure)
    };
    if notes.round == ROUNDS {
        defmt::println!(
            "power      cut in {=u32} saves: {=u32} times the old parameters, {=u32} times the new, \
             always whole",
            ROUNDS,
            notes.old,
            notes.new
        );
        board::exit(Exit::Success)
    }
    let [magic, round, set, old, new, ..] = board.notes();
    (*magic, *round, *set, *old, *new) = (MAGIC, notes.round + 1, notes.set, notes.old, notes.new);
    cut(&mut board, &mut memory, notes);
    board.reset()
}

/// What the last cut left; `None` where it is not whole.
fn next(board: &mut Board, memory: &mut Memory) -> Option<Notes> {
    let program = &model::TRAINING;
    let values = &mut memory.values[..program.trained_values()];
    let [magic, round, set, old, new, ..] = *board.notes();
    if magic != MAGIC {
        fill(values, 0);
        store::FLOAT.save(board, program, values).ok()?;
        return Some(Notes {
            round: 0,
            set: 0,
            old: 0,
            new: 0,
        });
    }
    store::FLOAT.load(board, program, values).ok()?;
    let is_set = |set: u32| {
        let mut places = values.iter().enumerate();
        places.all(|(index, value)| value.to_bits() == self::value(set, index).to_bits())
    };
    if is_set(set) {
        let old = old + 1;
        Some(Notes {
            round,
            set,
            old,
            new,
        })
    } else if is_set(set + 1) {
        let (set, new) = (set + 1, new + 1);
        Some(Notes {
            round,
            set,
            old,
            new,
        })
    } else {
        None
    }
}

/// Saves the next set, and cuts the power in an operation of the save: another one each round.
fn cut(board: &mut Board, memory: &mut Memory, notes: Notes) {
    let program = &model::TRAINING;
    let values = &mut memory.values[..program.trained_values()];
    fill(values, notes.set + 1);
    let last = store::FLOAT.operations(program) - 1;
    let operation = last * notes.round / (ROUNDS - 1);
    let cut = Cut::ALL[notes.round as usize % Cut::ALL.len()];
    board.storage().cut_power_after(operation, cut);
    if store::FLOAT.save(board, program, values).is_ok() {
        defmt::println!("error: a save went on without power");
        board::exit(Exit::Failure)
    }
    defmt::println!("power      cut in operation {=u32} of a save", operation);
}

fn fill(values: &mut [f32], set: u32) {
    for (index, value) in values.iter_mut().enumerate() {
        *value = self::value(set, index);
    }
}

fn value(set: u32, index: usize) -> f32 {
    (index as u32 * 31 + set * 7919) as f32
}
