//! The heap, just large enough for inference or training, and how full it ever was.

use crate::memory::BYTES;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use embedded_alloc::LlffHeap;

/// Bytes the allocator may need beside what is taken, for alignment and its own list.
const SPARE: usize = 32;

/// Most bytes of the heap that were ever in use at once.
pub fn heap_high_water() -> usize {
    HEAP.high_water.load(Ordering::Relaxed)
}

/// Gives the heap its memory, which a program without one so does not have.
///
/// # Panics
///
/// At a second call.
pub fn start_heap() {
    // SAFETY: the region belongs to the heap alone, which is initialised only here, and `init`
    // itself panics at a second call.
    unsafe { HEAP.heap.init(REGION.0.get() as usize, size_of::<Memory>()) }
}

#[global_allocator]
static HEAP: Watched = Watched {
    heap: LlffHeap::empty(),
    high_water: AtomicUsize::new(0),
};

static REGION: Region = Region(UnsafeCell::new(Memory(
    [MaybeUninit::uninit(); BYTES + SPARE],
)));

#[repr(align(16))]
struct Memory(#[expect(dead_code)] [MaybeUninit<u8>; BYTES + SPARE]);

struct Region(UnsafeCell<Memory>);

// SAFETY: only its address is ever taken, by `start_heap`; the heap then guards the memory.
unsafe impl Sync for Region {}

/// An allocator that remembers how full it was.
struct Watched {
    heap: LlffHeap,
    high_water: AtomicUsize,
}

// SAFETY: both methods hand on to the heap, under the same conditions.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the conditions of `alloc`.
        let memory = unsafe { self.heap.alloc(layout) };
        // Not by `fetch_max`, which a Cortex-M0 does not have: nothing interrupts the program.
        let high_water = self.high_water.load(Ordering::Relaxed);
        let high_water = high_water.max(self.heap.used());
        self.high_water.store(high_water, Ordering::Relaxed);
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the conditions of `dealloc`.
        unsafe { self.heap.dealloc(memory, layout) }
    }
}
