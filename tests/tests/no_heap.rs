//! After set-up, training steps and evaluations allocate nothing: in core, and in the host's
//! engine whatever its threads.
//!
//! The allocator counts for the whole process, the engine's threads included, so this file has one
//! test only: another one running beside it would be counted too. The test harness's own thread,
//! which is still busy with its lists after it has started the test, is not counted.

use host::augmentation::Augmentation;
use host::data::{ImageShape, Samples};
use host::engine::{Engine, EngineOptions};
use kiln_core::{LaneWidth, Network, Program, Purpose, Scaling, Sgd};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::fast::{Fast, Subject, at_every_width};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// The main thread's mark; none before the process's first allocation, which that thread makes.
static HARNESS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Its address tells the threads that live at the same time apart without allocating.
    static MARK: Cell<u8> = const { Cell::new(0) };
}

fn of_harness() -> bool {
    let mark = MARK.with(|mark| std::ptr::from_ref(mark).addr());
    match HARNESS.compare_exchange(0, mark, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => true,
        Err(harness) => harness == mark,
    }
}

// SAFETY: every call goes to the system's allocator as it is; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !of_harness() {
            ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Number of allocations, growth of a buffer among them, while `work` runs.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    work();
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

const MOMENTUM: Sgd = Sgd {
    rate: 0.01,
    momentum: 0.9,
    weight_decay: 1e-4,
    nesterov: true,
};

/// Every kind of layer.
fn network() -> Network {
    Network::input(1, 12, 12)
        .conv2d(8, 3)
        .relu()
        .max_pool2d(2)
        .conv2d(12, 2)
        .avg_pool2d(2)
        .relu()
        .max_pool2d(2)
        .linear(40)
        .relu()
        .linear(10)
}

fn parameters(network: &Network) -> Vec<f32> {
    let value = |index: usize| (index * 37 % 101) as f32 * 0.004 - 0.2;
    (0..network.parameters()).map(value).collect()
}

/// Three steps on a batch that is no multiple of a group, then the logits of it.
fn core(fast: &mut dyn Fast) {
    let images: Vec<f32> = (0..37 * 144).map(|i| (i % 89) as f32 * 0.01).collect();
    let labels: Vec<u16> = (0..37).map(|sample| sample % 10).collect();
    let mut logits = vec![0.0; 37 * 10];
    let count = allocations(|| {
        for _ in 0..3 {
            fast.step(&images, &labels, &MOMENTUM).unwrap();
        }
        fast.infer(&images, &mut logits).unwrap();
        let program: Program = Program::of(&network(), Purpose::Inference);
        black_box(program);
    });
    assert_eq!(count, 0, "core, {:?}", fast.width());
}

fn samples(count: usize) -> Samples {
    let shape = ImageShape {
        channels: 1,
        height: 12,
        width: 12,
    };
    let pixels = (0..count * shape.size()).map(|i| (i * 7919 % 251) as u8);
    let labels = (0..count).map(|i| (i % 10) as u16);
    Samples::of_bytes(pixels.collect(), labels.collect(), shape)
}

/// The first steps and evaluations, and later ones: nothing is taken even at first use.
///
/// Gives the engine back: its threads end some time after it is dropped, and would be counted.
fn engine(lanes: LaneWidth, threads: usize, samples: &Samples) -> Engine {
    let network = network();
    let options = EngineOptions {
        threads,
        lanes: Some(lanes),
        batch: 64,
        ..EngineOptions::default()
    };
    let scaling = Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap();
    let start = parameters(&network);
    let mut engine = Engine::new(&network, &scaling, start, &options).unwrap();
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let mut logits = vec![0.0; samples.len() * network.classes()];
    let augmentation = Augmentation {
        flip: true,
        shift: 2,
        rotate: 10.0,
        erase: 0.5,
    };
    let augmenter = augmentation.with_seed(1).unwrap().epoch(0);
    let count = engine.within(|engine| {
        allocations(|| {
            for batch in indices.chunks(64).take(20) {
                engine.step(samples, batch, &MOMENTUM).unwrap();
            }
            engine.evaluate(samples, &indices, None).unwrap();
            engine
                .evaluate(samples, &indices, Some(&mut logits))
                .unwrap();
            engine.step(samples, &indices[..3], &MOMENTUM).unwrap();
            engine.evaluate(samples, &indices[..1], None).unwrap();
            engine
                .step_augmented(samples, &indices[..50], Some(&augmenter), &MOMENTUM)
                .unwrap();
        })
    });
    assert_eq!(count, 0, "{threads} threads, {lanes:?}");
    engine
}

#[test]
fn steps_and_evaluations_allocate_nothing() {
    assert_eq!(allocations(|| drop(black_box(vec![1]))), 1);
    let network = network();
    let parameters = parameters(&network);
    at_every_width(&Subject::of(&network, &parameters), core);
    // More samples than an evaluation adds up at once.
    let samples = samples(17_000);
    let mut engines = vec![];
    for lanes in LaneWidth::available() {
        for threads in [1, 2] {
            engines.push(engine(lanes, threads, &samples));
        }
    }
}
