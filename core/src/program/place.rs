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
    /// How much sooner it is placed than others.
    promotion: u16,
}

/// A region that has no place yet.
const UNPLACED: usize = usize::MAX;

impl Buffer {
    /// One that lies in its place.
    pub const fn at(region: Region) -> Self {
        Self {
            region,
            ..Self::NONE
        }
    }

    pub const NONE: Self = Self {
        region: Region::EMPTY,
        alive: [0, 0],
        root: 0,
        promotion: 0,
    };

    /// Buffer number `number`, not placed yet.
    pub const fn new(number: usize, len: usize, born: usize, dies: usize) -> Self {
        Self {
            region: Region { at: UNPLACED, len },
            alive: [born as u16, dies as u16],
            root: number as u16,
            promotion: 0,
        }
    }

    /// Whether two buffers must not share memory.
    const fn meets(&self, other: &Self) -> bool {
        self.alive[0] <= other.alive[1] && other.alive[0] <= self.alive[1]
    }

    const fn lives_at(&self, moment: u16) -> bool {
        self.alive[0] <= moment && moment <= self.alive[1]
    }

    const fn is_root(&self, number: usize) -> bool {
        self.root as usize == number && self.region.len > 0
    }
}

/// Places the buffers, each at the lowest offset at which it overlaps none that is alive at the
/// same time: in one order after another, until one leaves no room unused, or else in the best.
///
/// Buffers that are alive at the fullest moment, placed first, leave no gaps there; what comes
/// after them has to fit into the gaps that open before and behind it.
pub(super) const fn place<const STEPS: usize>(program: &mut Program<STEPS>) {
    let (least, moment) = fullest(program);
    let (mut shortest, mut best) = (usize::MAX, 0);
    let mut attempt = 0;
    while attempt < ATTEMPTS && shortest > least {
        place_in(program, attempt, moment);
        if program.arena < shortest {
            (shortest, best) = (program.arena, attempt);
        }
        attempt += 1;
    }
    if program.arena > shortest {
        // What comes first depends on the attempts before, as far as the last with its order.
        attempt = best - best % (1 + PROMOTIONS);
        while attempt <= best {
            place_in(program, attempt, moment);
            attempt += 1;
        }
    }
    follow(program);
}

/// Attempts at an order, each of which lets the buffer come first that lay last in the one before.
const PROMOTIONS: usize = 4;
const ATTEMPTS: usize = 2 * By::ALL.len() * (1 + PROMOTIONS);

/// Which buffer is placed next.
#[derive(Clone, Copy)]
struct Order {
    /// Those alive at this moment come first.
    first: Option<u16>,
    by: By,
}

/// Of buffers that are equal so far, the largest comes first.
#[derive(Clone, Copy)]
enum By {
    Length,
    Death,
    Birth,
    Lifetime,
    /// Nearest to the moment whose buffers come first, or to the beginning.
    Distance,
}

impl By {
    const ALL: [Self; 5] = [
        Self::Length,
        Self::Death,
        Self::Birth,
        Self::Lifetime,
        Self::Distance,
    ];

    /// The higher, the sooner.
    const fn key(self, buffer: &Buffer, moment: u16) -> usize {
        let [born, dies] = buffer.alive;
        match self {
            Self::Length => buffer.region.len,
            Self::Death => dies as usize,
            Self::Birth => (u16::MAX - born) as usize,
            Self::Lifetime => (dies - born) as usize,
            Self::Distance if dies < moment => (u16::MAX - (moment - dies)) as usize,
            Self::Distance => (u16::MAX - born.saturating_sub(moment)) as usize,
        }
    }
}

impl Order {
    /// Whether `buffer` comes before `other`.
    const fn prefers(self, buffer: &Buffer, other: &Buffer) -> bool {
        if buffer.promotion != other.promotion {
            return buffer.promotion > other.promotion;
        }
        let mut moment = 0;
        if let Some(first) = self.first {
            moment = first;
            let (own, others) = (buffer.lives_at(first), other.lives_at(first));
            if own != others {
                return own;
            }
        }
        let own = self.by.key(buffer, moment);
        let others = self.by.key(other, moment);
        own > others || own == others && buffer.region.len > other.region.len
    }
}

/// Attempt number `attempt`, from the beginning; `moment` is the fullest.
const fn place_in<const STEPS: usize>(program: &mut Program<STEPS>, attempt: usize, moment: u16) {
    let (order, round) = (attempt / (1 + PROMOTIONS), attempt % (1 + PROMOTIONS));
    let order = Order {
        first: if order.is_multiple_of(2) {
            None
        } else {
            Some(moment)
        },
        by: By::ALL[order / 2],
    };
    let mut number = 0;
    while number < program.buffer_count() {
        let end = program.arena;
        let buffer = program.buffer_mut(number);
        if buffer.is_root(number) {
            if round == 0 {
                buffer.promotion = 0;
            } else if buffer.region.at + buffer.region.len == end {
                buffer.promotion = round as u16;
            }
            buffer.region.at = UNPLACED;
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
        let is_next = buffer.is_root(number)
            && buffer.region.at == UNPLACED
            && (best.is_none() || order.prefers(&buffer, &best_buffer));
        if is_next {
            best = Some(number);
            best_buffer = buffer;
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

/// Most values alive at one moment, than which no arena can be shorter, and the first such moment.
pub(super) const fn fullest<const STEPS: usize>(program: &Program<STEPS>) -> (usize, u16) {
    let (mut most, mut fullest, mut moment) = (0, 0, 0);
    while moment <= 2 * program.len as u16 {
        let (mut alive, mut number) = (0, 0);
        while number < program.buffer_count() {
            let buffer = program.buffer(number);
            if buffer.lives_at(moment) && buffer.is_root(number) {
                alive += buffer.region.len;
            }
            number += 1;
        }
        if alive > most {
            (most, fullest) = (alive, moment);
        }
        moment += 1;
    }
    (most, fullest)
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
