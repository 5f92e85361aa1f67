//! The system's allocator, counting what is taken.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// More than this is never given: a search must not take the machine.
const MOST: usize = 4 << 30;

/// Held while something is measured.
static MEASURED: Mutex<()> = Mutex::new(());
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

struct CountingAllocator;

/// What `work` gives, and the most bytes that were taken during it beyond those before.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = TAKEN.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    let result = work();
    let peak = PEAK.load(Ordering::SeqCst);
    (result, peak.saturating_sub(before))
}

/// Whether so much more may be taken.
fn take(bytes: usize) -> bool {
    let taken = TAKEN.fetch_add(bytes, Ordering::SeqCst) + bytes;
    if taken > MOST {
        TAKEN.fetch_sub(bytes, Ordering::SeqCst);
        return false;
    }
    PEAK.fetch_max(taken, Ordering::SeqCst);
    true
}

fn give_back(bytes: usize) {
    TAKEN.fetch_sub(bytes, Ordering::SeqCst);
}

// SAFETY: every call goes to the system's allocator as it is, or gives no memory; counting touches none of it.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old and the new are there at once, where the new one lies elsewhere.
        if !take(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract, which is the same.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        give_back(if moved.is_null() { size } else { layout.size() });
        moved
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
