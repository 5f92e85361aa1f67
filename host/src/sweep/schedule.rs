//! As many pieces of work at once as a number and a memory allow.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What may be taken at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pieces of work.
    pub parallel: usize,
    /// Bytes of memory; none for as much as there is.
    pub memory: Option<usize>,
}

/// Bytes of stack that a thread has: as many as a program's first one. Programs of networks lie on it,
/// several of them where it is compiled without optimisation.
const STACK: usize = 8 << 20;

/// Does pieces of work, given by the bytes they need, in threads; each gets its number.
///
/// The next piece is the first that fits into what memory is left, so that a large one lets
/// smaller ones pass. Once `ended` says so no piece is begun. A piece that needs more than all of
/// the memory is never begun.
pub fn run(
    limits: Limits,
    bytes: &[usize],
    ended: impl Fn() -> bool + Sync,
    work: impl Fn(usize) + Sync,
) {
    let memory = limits.memory.unwrap_or(usize::MAX);
    let queue = Queue::new(memory, bytes);
    let threads = limits.parallel.min(most_at_once(memory, bytes));
    let drain = || {
        while let Some(piece) = queue.next(&ended) {
            work(piece.number);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            let thread = thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(scope, drain).is_err() {
                // Fewer at once, then; this one can always go on.
                drain();
            }
        }
    });
}

/// How many of the pieces can ever be under way together. More threads would do nothing, but for
/// the memory that an allocator keeps for each thread that once had it.
fn most_at_once(memory: usize, bytes: &[usize]) -> usize {
    let mut smallest = bytes.to_vec();
    smallest.sort_unstable();
    let sums = smallest.iter().scan(0_usize, |sum, bytes| {
        *sum = sum.saturating_add(*bytes);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= memory).count()
}

/// Pieces of work that wait, and the memory of those under way.
struct Queue {
    memory: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Number and bytes of each piece.
    waiting: Vec<(usize, usize)>,
    taken: usize,
}

/// A piece under way; its memory is free again when it is dropped, even by a panic.
struct Piece<'a> {
    queue: &'a Queue,
    number: usize,
    bytes: usize,
}

impl Queue {
    fn new(memory: usize, bytes: &[usize]) -> Self {
        let pieces = bytes.iter().copied().enumerate();
        let waiting = pieces.filter(|(_, bytes)| *bytes <= memory).collect();
        Self {
            memory,
            state: Mutex::new(State { waiting, taken: 0 }),
            changed: Condvar::new(),
        }
    }

    /// The next piece, once there is memory for one; none where none is left to be begun.
    fn next(&self, ended: &impl Fn() -> bool) -> Option<Piece<'_>> {
        let mut state = self.lock();
        while !state.waiting.is_empty() && !ended() {
            if let Some((number, bytes)) = state.take(self.memory) {
                return Some(Piece {
                    queue: self,
                    number,
                    bytes,
                });
            }
            // Something is under way, or the first one would fit.
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, memory: usize) -> Option<(usize, usize)> {
        let left = memory - self.taken;
        let fits = self.waiting.iter().position(|(_, bytes)| *bytes <= left)?;
        let (number, bytes) = self.waiting.remove(fits);
        self.taken += bytes;
        Some((number, bytes))
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        self.queue.lock().taken -= self.bytes;
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    fn limits(parallel: usize, memory: impl Into<Option<usize>>) -> Limits {
        Limits {
            parallel,
            memory: memory.into(),
        }
    }

    #[test]
    fn memory_and_number_hold_and_every_piece_is_done_once() {
        let bytes: Vec<usize> = (0..400).map(|number| number * 7 % 60 + 1).collect();
        for (parallel, memory) in [(4, 60), (4, 100), (2, 1000), (1, 60)] {
            let [taken, most, running, at_once] = [(); 4].map(|()| AtomicUsize::new(0));
            let done = Mutex::new(Vec::new());
            run(
                limits(parallel, memory),
                &bytes,
                || false,
                |number| {
                    let bytes = bytes[number];
                    most.fetch_max(taken.fetch_add(bytes, SeqCst) + bytes, SeqCst);
                    at_once.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    thread::yield_now();
                    taken.fetch_sub(bytes, SeqCst);
                    running.fetch_sub(1, SeqCst);
                    done.lock().unwrap().push(number);
                },
            );
            assert!(most.into_inner() <= memory);
            assert!(at_once.into_inner() <= parallel);
            let mut done = done.into_inner().unwrap();
            done.sort();
            assert!(done.into_iter().eq(0..400));
        }
    }

    #[test]
    fn no_thread_is_started_that_memory_would_keep_idle() {
        for (memory, most) in [(0, 0), (3, 1), (6, 2), (11, 3), (30, 3), (usize::MAX, 4)] {
            assert_eq!(most_at_once(memory, &[20, 4, 5, 2]), most, "{memory}");
        }
    }

    #[test]
    fn pieces_that_fit_together_run_together() {
        // Each waits for the other two.
        let barrier = Barrier::new(3);
        run(
            limits(4, 30),
            &[10; 6],
            || false,
            |_| {
                barrier.wait();
            },
        );
    }

    #[test]
    fn the_first_that_fits_is_next() {
        let queue = Queue::new(10, &[6, 11, 5, 4]);
        let next = || queue.next(&|| false);
        let first = next().unwrap();
        let second = next().unwrap();
        assert_eq!([first.number, second.number], [0, 3]);
        drop(first);
        assert_eq!(next().unwrap().number, 2);
        assert!(next().is_none());
    }

    #[test]
    fn nothing_is_begun_after_the_end() {
        let done = AtomicUsize::new(0);
        let ended = || done.load(SeqCst) == 3;
        run(limits(1, None), &[1; 9], ended, |_| {
            done.fetch_add(1, SeqCst);
        });
        assert_eq!(done.into_inner(), 3);
    }

    #[test]
    fn a_panic_is_passed_on_and_gives_its_memory_back() {
        let done = AtomicUsize::new(0);
        let outcome = std::panic::catch_unwind(|| {
            run(
                limits(2, 2),
                &[1, 1, 2],
                || false,
                |number| {
                    assert_ne!(number, 0, "on purpose");
                    done.fetch_add(1, SeqCst);
                },
            );
        });
        assert!(outcome.is_err());
        assert_eq!(done.into_inner(), 2);
    }
}
