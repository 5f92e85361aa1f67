//! The program is exact: nothing alive is written over, nothing is left unused, and the compiler
//! knows the same lengths.

use super::super::pass::{Rule, SamplePass};
use super::*;
use crate::program::Buffer;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use proptest::prelude::*;

const ALL: CompactMode = CompactMode::in_place(Trainable::ALL);
const HEAD: CompactMode = CompactMode::in_place(Trainable::from_layer(9));
const BATCH: CompactMode = CompactMode::mini_batch(Trainable::ALL, true);

/// Trained, gradient, velocity, arena values, winner bytes, bytes in all.
const fn lengths<const STEPS: usize>(program: &Program<STEPS>) -> [usize; 6] {
    [
        program.trained_values(),
        program.gradient_values(),
        program.velocity_values(),
        program.arena_packets(),
        program.winner_bytes(),
        program.compact_bytes(),
    ]
}

const fn of(network: &Network, mode: CompactMode) -> [usize; 6] {
    lengths(&Program::<9>::of(network, Purpose::Compact(mode)))
}

const MNIST_ALL: [usize; 6] = of(&MNIST, ALL);
const MNIST_HEAD: [usize; 6] = of(&MNIST, HEAD);
const MNIST_BATCH: [usize; 6] = of(&MNIST, BATCH);
const RGB_ALL: [usize; 6] = of(&RGB, ALL);

#[test]
fn known_networks_need_what_they_are_known_to_need() {
    // Input, first convolution's output and its gradient, the second's gradient, and its scratch
    // are alive at once.
    assert_eq!(MNIST_ALL[3], 784 + 1352 + 400 + 1352 + 72);
    assert_eq!(MNIST_ALL, [53_866, 0, 0, 3_960, 1_752, 233_056]);
    assert_eq!(MNIST_HEAD, [1_290, 0, 0, 784 + 1352, 0, 13_704]);
    assert_eq!(MNIST_BATCH, [53_866, 53_866, 53_866, 3_960, 1_752, 663_984]);
    assert_eq!(RGB_ALL[3], 3 * 1024 + 1800 + 576 + 1800 + 72);
}

#[test]
fn the_compiler_and_the_device_make_the_same_program() {
    for (mode, lengths_then) in [(ALL, MNIST_ALL), (HEAD, MNIST_HEAD), (BATCH, MNIST_BATCH)] {
        let purpose = Purpose::Compact(std::hint::black_box(mode));
        assert_eq!(lengths(&Program::<4>::of(&MNIST, purpose)), lengths_then);
        assert_eq!(lengths(&program(&MNIST, purpose)), lengths_then);
    }
}

/// Writes NaN over all that no buffer holds beyond `moment`.
fn poison(program: &Program, moment: usize, arena: &mut [f32]) {
    let mut alive = vec![false; arena.len()];
    for buffer in program.buffers() {
        let [born, dies] = buffer.alive.map(usize::from);
        if born <= moment && dies > moment {
            alive[buffer.region.range()].fill(true);
        }
    }
    for (value, alive) in arena.iter_mut().zip(alive) {
        if !alive {
            *value = f32::NAN;
        }
    }
}

/// One step in place; what is dead is poisoned between any two moments.
fn poisoned_step(program: &Program, run: &Run, memory: &mut Memory, sgd: &Sgd) {
    let steps = program.steps().len();
    let mut pass = SamplePass {
        kernels: kernels::EveryKernel,
        steps: program,
        frozen: &memory.frozen,
        trained: &mut memory.trained,
        arena: &mut memory.arena,
        winners: &mut memory.winners,
    };
    pass.arena.fill(f32::NAN);
    pass.arena[program.value(0).range()].copy_from_slice(run.image(0));
    for index in 0..steps {
        pass.forward(index, true);
        poison(program, index, pass.arena);
    }
    pass.loss(program.steps().len() - 1, run.labels[0], 1.0)
        .unwrap();
    poison(program, steps, pass.arena);
    for index in (0..steps).rev() {
        if program.steps()[index].is_backward {
            pass.backward(index, &mut Rule::Descend(sgd));
        }
        poison(program, 2 * steps - index, pass.arena);
    }
}

/// Asserts that a poisoned step trains as the trainer that keeps everything.
fn assert_unharmed(name: &str, run: &Run, trainable: Trainable) {
    let sgd = Sgd {
        weight_decay: 0.01,
        ..Sgd::new(0.1)
    };
    let program = run.compact(CompactMode::in_place(trainable));
    let mut memory = Memory::new(&program, &run.parameters);
    poisoned_step(&program, run, &mut memory, &sgd);
    let (expected, _) = run.reference(&program, 1, &sgd);
    let mut expected_trained = vec![0.0; program.trained_values()];
    program.extract(&expected, &mut expected_trained).unwrap();
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(
        bits(&memory.trained),
        bits(&expected_trained),
        "{name}, {trainable:?}"
    );
}

#[test]
fn what_is_dead_is_not_read_and_what_lives_is_not_written_over() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 1, 9);
        for trainable in choices(&network) {
            assert_unharmed(name, &run, trainable);
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn random_networks_keep_what_lives(seed in any::<u32>()) {
        let network = random_network(seed, false);
        let run = Run::new(&network, 1, seed);
        for trainable in choices(&network) {
            assert_unharmed("random", &run, trainable);
        }
    }
}

/// Buffers alive together are apart, or one is the other's place; and the arena ends with one.
#[test]
fn buffers_alive_together_are_apart_and_fill_the_arena() {
    for (name, network) in trainable_networks() {
        for trainable in choices(&network) {
            let program = program(&network, Purpose::Compact(CompactMode::in_place(trainable)));
            let all: Vec<Buffer> = program.buffers().collect();
            let end = all.iter().map(|buffer| buffer.region.range().end).max();
            assert_eq!(end, Some(program.arena_packets()), "{name}, {trainable:?}");
            for (index, a) in all.iter().enumerate() {
                for b in &all[..index] {
                    let together = a.alive[0] <= b.alive[1] && b.alive[0] <= a.alive[1];
                    let (ours, theirs) = (a.region.range(), b.region.range());
                    let apart = ours.end <= theirs.start || theirs.end <= ours.start;
                    let same = a.root == b.root && ours == theirs;
                    assert!(
                        apart || same || !together,
                        "{name}, {trainable:?}: {a:?}, {b:?}"
                    );
                }
            }
            // No more than what lives at the fullest moment, whatever is frozen.
            let (arena, least) = (program.arena_packets(), program.least_arena_packets());
            assert_eq!(arena, least, "{name}, {trainable:?}");
        }
    }
}

/// A NaN with a payload of its own, which no arithmetic makes.
const MARK: f32 = f32::from_bits(0x7FC0_BEEF);

#[test]
fn a_step_uses_all_of_its_memory() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 1, 10);
        for trainable in choices(&network) {
            let program = run.compact(CompactMode::in_place(trainable));
            let kept = [0, 0xFF].map(|fill| {
                let mut memory = Memory::new(&program, &run.parameters);
                memory.arena.fill(MARK);
                memory.winners.fill(fill);
                let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
                let fill = |input: &mut [f32]| input.copy_from_slice(run.image(0));
                trainer.step(run.labels[0], &Sgd::new(0.1), fill).unwrap();
                let left = memory
                    .arena
                    .iter()
                    .position(|v| v.to_bits() == MARK.to_bits());
                assert_eq!(left, None, "{name}, {trainable:?}: a value is not used");
                memory.winners
            });
            assert_eq!(
                kept[0], kept[1],
                "{name}, {trainable:?}: a byte is not used"
            );
        }
    }
}
