//! Keeps the threads of a pool awake between pieces of work that follow one another closely.
//!
//! A training step is done in well under a millisecond. A thread that has gone to sleep meanwhile
//! takes tens of microseconds to come back, twice in each step; one that keeps looking takes less
//! than one.

use rayon::ThreadPool;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `work` on this thread of a pool while up to `others` of its threads look for the pieces
/// that `work` hands out.
pub(super) fn awake<R: Send>(others: usize, work: impl FnOnce() -> R + Send) -> R {
    let done = AtomicBool::new(false);
    once(work, |work| {
        watched(others, &done, &mut || {
            // Also when `work` panics: the watchers must not outlive it.
            let _finish = Finish(&done);
            work();
        });
    })
}

/// Runs `work` on a thread of the pool.
pub(super) fn install<R: Send>(pool: &ThreadPool, work: impl FnOnce() -> R + Send) -> R {
    once(work, |work| pool.install(work))
}

/// Does both, in parallel where another thread takes `second`, and then waits for it awake.
pub(super) fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    let mut other = None;
    let own = once(first, |first| {
        other = Some(once(second, |second| join_both(first, second)));
    });
    (own, other.expect("both were done"))
}

struct Finish<'a>(&'a AtomicBool);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Work of one type, so that what hands it to other threads is compiled once.
type Work<'a> = &'a mut (dyn FnMut() + Send);

/// Gives `work` to `run`, which does it once, and returns its result.
fn once<R: Send>(work: impl FnOnce() -> R + Send, run: impl FnOnce(Work<'_>)) -> R {
    let (mut work, mut result) = (Some(work), None);
    run(&mut || result = work.take().map(|work| work()));
    result.expect("the work was done")
}

fn join_both(first: Work<'_>, second: Work<'_>) {
    let (taken, done) = (AtomicBool::new(false), AtomicBool::new(false));
    rayon::join(
        || {
            first();
            // Without another thread `second` is still to come, on this one.
            while taken.load(Ordering::Acquire) && !done.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        },
        || {
            taken.store(true, Ordering::Release);
            let _finish = Finish(&done);
            second();
        },
    );
}

/// Other threads take the oldest job first, so the watchers are under way before any piece of
/// `work`, and this thread never finds one among its own jobs while it waits for a piece.
fn watched(others: usize, done: &AtomicBool, work: Work<'_>) {
    if others == 0 {
        return work();
    }
    rayon::join(|| watched(others - 1, done, work), || watch(done));
}

/// Takes pieces as they come, until all is done.
fn watch(done: &AtomicBool) {
    /// Looks in vain before the processor is offered to others.
    const PATIENCE: u32 = 256;
    let mut idle = 0;
    while !done.load(Ordering::Acquire) {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => idle = 0,
            _ => idle += 1,
        }
        if idle >= PATIENCE {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::awake;

    #[test]
    fn work_is_done_with_any_number_of_watchers_and_threads() {
        for threads in 1..4 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            for others in 0..4 {
                let sum = pool.install(|| {
                    awake(others, || {
                        (0..200)
                            .map(|i| rayon::join(|| i, || 2 * i))
                            .map(|(a, b)| a + b)
                            .sum::<u64>()
                    })
                });
                assert_eq!(sum, 3 * 199 * 100);
            }
        }
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_of_the_work_ends_the_watch() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        pool.unwrap().install(|| awake(1, || panic!("on purpose")));
    }
}
