//! Memory that threads have in flight at once, bounded across all of them.
//!
//! Each thread that decodes an image takes what that image needs; as many go at once as the gate has room
//! for. One always goes, however much it needs, as long as there is so much.

use crate::memory_limit::{self, MemoryError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Most bytes that a gate lets in at once, where memory is plentiful.
const MOST: u64 = 1 << 30;
/// The share of the memory that is left which may be in flight.
const SHARE: u64 = 4;

/// Lets threads in while what they take together is within a bound.
#[derive(Debug)]
pub(crate) struct MemoryGate {
    most: u64,
    taken: Mutex<u64>,
    given_back: Condvar,
}

/// Memory in flight, given back when dropped.
#[derive(Debug)]
pub(crate) struct MemoryPass<'a> {
    gate: &'a MemoryGate,
    bytes: u64,
}

impl MemoryGate {
    /// A gate with a quarter of the memory that is left, and at most 1 GiB.
    pub fn new() -> Self {
        Self::with(memory_limit::left().map_or(MOST, |left| left / SHARE))
    }

    fn with(most: u64) -> Self {
        Self {
            most: most.min(MOST),
            taken: Mutex::new(0),
            given_back: Condvar::new(),
        }
    }

    /// Waits until there is room for `bytes`, which are for `purpose`.
    ///
    /// Whoever has a pass must not wait for another one.
    ///
    /// # Errors
    ///
    /// If they are more than the gate's bound, and more than there is.
    pub fn enter(&self, bytes: u64, purpose: &str) -> Result<MemoryPass<'_>, MemoryError> {
        let is_full = |taken: &mut u64| *taken > 0 && taken.saturating_add(bytes) > self.most;
        let mut taken = self
            .given_back
            .wait_while(self.lock(), is_full)
            .unwrap_or_else(PoisonError::into_inner);
        if bytes > self.most {
            memory_limit::check(usize::try_from(bytes).unwrap_or(usize::MAX), purpose)?;
        }
        *taken += bytes;
        Ok(MemoryPass { gate: self, bytes })
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryPass<'_> {
    /// Takes so much more where there is room without waiting; says whether it did.
    pub fn grow(&mut self, bytes: u64) -> bool {
        let mut taken = self.gate.lock();
        let has_room = taken.saturating_add(bytes) <= self.gate.most;
        if has_room {
            *taken += bytes;
            self.bytes += bytes;
        }
        has_room
    }
}

impl Drop for MemoryPass<'_> {
    fn drop(&mut self) {
        *self.gate.lock() -= self.bytes;
        self.gate.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn threads_together_have_no_more_in_flight_than_the_bound_or_one_of_them() {
        let (gate, flying, peak) = (MemoryGate::with(100), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (gate, flying, peak) = (&gate, &flying, &peak);
                scope.spawn(move || {
                    for bytes in [30, 70, 10 * number, 250, 1] {
                        let pass = gate.enter(bytes, "an image").unwrap();
                        let all = flying.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        peak.fetch_max(all, Ordering::SeqCst);
                        assert!(all <= 100 || all == bytes, "{bytes} of {all}");
                        std::thread::yield_now();
                        flying.fetch_sub(bytes, Ordering::SeqCst);
                        drop(pass);
                    }
                });
            }
        });
        assert_eq!(peak.into_inner(), 250);
        assert_eq!(*gate.lock(), 0);
    }

    #[test]
    fn a_pass_grows_only_into_what_is_free() {
        let gate = MemoryGate::with(100);
        let mut pass = gate.enter(60, "an image").unwrap();
        assert!(!pass.grow(41));
        assert!(pass.grow(40));
        drop(pass);
        assert!(gate.enter(100, "an image").is_ok());
        assert!(gate.enter(u64::MAX, "an image").is_err());
        assert!(gate.enter(100, "an image").is_ok());
    }
}
