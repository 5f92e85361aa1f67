//! Gives buffers their places in one arena.

use super::{Program, Region};

/// A run of values in the arena, and while it is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub region: Region,
    /// First and last moment at which it is alive.
    pub alive: [u16; 2],
    /// Number of the buffer in whose place it lies; its own where it has a place of its own.
    pub root: u16,
}

/// A region that has no place yet.
const UNPLACED: usize = usize::MAX;

impl Buffer {
    pub const NONE: Self = Self {
        region: Region::EMPTY,
        alive: [0, 0],
        root: 0,
    };

    /// Buffer number `number`, not placed yet.
    pub const fn new(number: usize, len: usize, born: usize, dies: usize) -> Self {
        Self {
            region: Region { at: UNPLACED, len },
            alive: [born as u16, dies as u16],
            root: number as u16,
        }
    }

    /// Whether two buffers must not share memory.
    const fn meets(&self, other: &Self) -> bool {
        self.alive[0] <= other.alive[1] && other.alive[0] <= self.alive[1]
    }

    const fn is_root(&self, number: usize) -> bool {
        self.root as usize == number && self.region.len > 0
    }
}

/// Places the buffers, each at the lowest offset at which it overlaps none that is alive at the
/// same time: the largest first, and where that leaves room unused, the earliest first.
pub(super) const fn place<const STEPS: usize>(program: &mut Program<STEPS>) {
    let least = most_alive(program);
    place_in(program, Order::Largest);
    if program.arena > least {
        let largest = program.arena;
        let mut order = 0;
        let others = [Order::Latest, Order::Earliest, Order::Longest];
        while order < others.len() && program.arena > least {
            place_in(program, others[order]);
            order += 1;
        }
        if program.arena > largest {
            place_in(program, Order::Largest);
        }
    }
    follow(program);
}

/// Which buffer is placed next.
#[derive(Clone, Copy)]
enum Order {
    Largest,
    Earliest,
    Latest,
    Longest,
}

impl Order {
    /// Whether `buffer` comes before `other`.
    const fn prefers(self, buffer: &Buffer, other: &Buffer) -> bool {
        let by_length = buffer.region.len > other.region.len;
        let (first, second) = match self {
            Self::Largest => return by_length,
            Self::Earliest => (other.alive[0], buffer.alive[0]),
            Self::Latest => (buffer.alive[1], other.alive[1]),
            Self::Longest => (
                buffer.alive[1] - buffer.alive[0],
                other.alive[1] - other.alive[0],
            ),
        };
        first > second || first == second && by_length
    }
}

/// One attempt, from the beginning.
const fn place_in<const STEPS: usize>(program: &mut Program<STEPS>, order: Order) {
    let count = program.buffer_count();
    let mut number = 0;
    while number < count {
        if program.buffer(number).is_root(number) {
            program.buffer_mut(number).region.at = UNPLACED;
        }
        number += 1;
    }
    program.arena = 0;
    while let Some(next) = next_of(program, order) {
        let own = program.buffer(next);
        let at = lowest_offset(program, &own);
        program.buffer_mut(next).region.at = at;
        if at + own.region.len > program.arena {
            program.arena = at + own.region.len;
        }
    }
}

/// The buffer that is to be placed next, if any is left.
const fn next_of<const STEPS: usize>(program: &Program<STEPS>, order: Order) -> Option<usize> {
    let mut best = None;
    let mut best_buffer = Buffer::NONE;
    let mut number = 0;
    while number < program.buffer_count() {
        let buffer = program.buffer(number);
        if buffer.is_root(number) && buffer.region.at == UNPLACED {
            if best.is_none() || order.prefers(&buffer, &best_buffer) {
                best = Some(number);
                best_buffer = buffer;
            }
        }
        number += 1;
    }
    best
}

const fn lowest_offset<const STEPS: usize>(program: &Program<STEPS>, own: &Buffer) -> usize {
    let (mut at, mut number) = (0, 0);
    while number < program.buffer_count() {
        let other = program.buffer(number);
        let Region { at: start, len } = other.region;
        let overlaps = other.is_root(number)
            && start != UNPLACED
            && at < start + len
            && start < at + own.region.len;
        if overlaps && own.meets(&other) {
            // Higher, and all others once more.
            at = start + len;
            number = 0;
        } else {
            number += 1;
        }
    }
    at
}

/// Most values alive at one moment: no arena can be shorter.
pub(super) const fn most_alive<const STEPS: usize>(program: &Program<STEPS>) -> usize {
    let (mut most, mut moment) = (0, 0);
    while moment <= 2 * program.len as u16 {
        let (mut alive, mut number) = (0, 0);
        while number < program.buffer_count() {
            let buffer = program.buffer(number);
            let lives = buffer.alive[0] <= moment && moment <= buffer.alive[1];
            if lives && buffer.is_root(number) {
                alive += buffer.region.len;
            }
            number += 1;
        }
        if alive > most {
            most = alive;
        }
        moment += 1;
    }
    most
}

/// Gives the buffers without a place of their own that of the one they follow.
const fn follow<const STEPS: usize>(program: &mut Program<STEPS>) {
    let mut number = 0;
    while number < program.buffer_count() {
        let buffer = program.buffer(number);
        if buffer.region.len > 0 && !buffer.is_root(number) {
            program.buffer_mut(number).region.at = program.buffer(buffer.root as usize).region.at;
        }
        number += 1;
    }
}
