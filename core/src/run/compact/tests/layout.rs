//! The plan is exact: nothing alive is written over, nothing is left unused, and the compiler
//! knows the same lengths.

use super::super::layout::Buffer;
use super::super::pass::{Pass, Rule};
use super::*;

const ALL: CompactMode = CompactMode::in_place(Trainable::ALL);
const HEAD: CompactMode = CompactMode::in_place(Trainable::from_layer(8));
const BATCH: CompactMode = CompactMode::mini_batch(Trainable::ALL, true);

/// Trained, gradient, velocity, arena values, winner bytes, bytes in all.
const fn lengths<const STEPS: usize>(plan: &CompactPlan<STEPS>) -> [usize; 6] {
    [
        plan.trained_values(),
        plan.gradient_values(),
        plan.velocity_values(),
        plan.arena_values(),
        plan.winner_bytes(),
        plan.total_bytes(),
    ]
}

const MNIST_ALL: [usize; 6] = lengths(&CompactPlan::of(&Plan::of(&MNIST), ALL));
const MNIST_HEAD: [usize; 6] = lengths(&CompactPlan::of(&Plan::of(&MNIST), HEAD));
const MNIST_BATCH: [usize; 6] = lengths(&CompactPlan::of(&Plan::of(&MNIST), BATCH));
const RGB_ALL: [usize; 6] = lengths(&CompactPlan::of(&Plan::of(&RGB), ALL));

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
fn the_compiler_and_the_program_make_the_same_plan() {
    let fitted: Plan<4> = Plan::of(&MNIST).fitted();
    for (mode, lengths_then) in [(ALL, MNIST_ALL), (HEAD, MNIST_HEAD), (BATCH, MNIST_BATCH)] {
        let mode = std::hint::black_box(mode);
        assert_eq!(lengths(&CompactPlan::of(&fitted, mode)), lengths_then);
        assert_eq!(
            lengths(&CompactPlan::of(&Plan::of(&MNIST), mode)),
            lengths_then
        );
    }
}

fn buffers(plan: &CompactPlan) -> impl Iterator<Item = Buffer> + '_ {
    let steps = plan.steps().iter();
    let steps = steps.flat_map(|step| [step.output, step.gradient, step.scratch]);
    core::iter::once(plan.input).chain(steps)
}

/// Writes NaN over all that no buffer holds beyond `moment`.
fn poison(plan: &CompactPlan, moment: usize, arena: &mut [f32]) {
    let mut alive = vec![false; arena.len()];
    for buffer in buffers(plan) {
        if buffer.alive[0] <= moment && buffer.alive[1] > moment {
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
fn poisoned_step(plan: &CompactPlan, run: &Run, memory: &mut Memory, sgd: &Sgd) {
    let steps = plan.len;
    let mut pass = Pass {
        steps: plan.steps(),
        input: plan.input.region,
        frozen: &memory.frozen,
        trained: &mut memory.trained,
        arena: &mut memory.arena,
        winners: &mut memory.winners,
    };
    pass.arena.fill(f32::NAN);
    pass.arena[plan.input.region.range()].copy_from_slice(run.image(0));
    for index in 0..steps {
        pass.forward(index, true);
        poison(plan, index, pass.arena);
    }
    pass.loss(run.labels[0], 1.0).unwrap();
    poison(plan, steps, pass.arena);
    for index in (plan.first_trained..steps).rev() {
        let propagate = index > plan.first_trained;
        pass.backward(index, propagate, &mut Rule::Descend(sgd));
        poison(plan, 2 * steps - index, pass.arena);
    }
}

#[test]
fn what_is_dead_is_not_read_and_what_lives_is_not_written_over() {
    let sgd = Sgd {
        weight_decay: 0.01,
        ..Sgd::new(0.1)
    };
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 1, 9);
        for trainable in choices(&run.plan) {
            let plan = CompactPlan::of(&run.plan, CompactMode::in_place(trainable));
            let mut memory = Memory::new(&plan, &run.parameters);
            poisoned_step(&plan, &run, &mut memory, &sgd);
            let (expected, _) = run.reference(&plan, 1, &sgd);
            let mut expected_trained = vec![0.0; plan.trained_values()];
            plan.extract(&expected, &mut expected_trained).unwrap();
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(&memory.trained),
                bits(&expected_trained),
                "{name}, {trainable:?}"
            );
        }
    }
}

/// Buffers alive together are apart, and the arena ends with one of them.
#[test]
fn buffers_alive_together_are_apart_and_fill_the_arena() {
    for (name, network) in trainable_networks() {
        let full = Plan::of(&network);
        for trainable in choices(&full) {
            let plan = CompactPlan::of(&full, CompactMode::in_place(trainable));
            let all: Vec<Buffer> = buffers(&plan).filter(|b| b.region.len > 0).collect();
            let end = all.iter().map(|buffer| buffer.region.range().end).max();
            assert_eq!(end, Some(plan.arena_values()), "{name}, {trainable:?}");
            for (index, a) in all.iter().enumerate() {
                for b in &all[..index] {
                    let together = a.alive[0] <= b.alive[1] && b.alive[0] <= a.alive[1];
                    let (ours, theirs) = (a.region.range(), b.region.range());
                    let apart = ours.end <= theirs.start || theirs.end <= ours.start;
                    assert!(apart || !together, "{name}, {trainable:?}: {a:?}, {b:?}");
                }
            }
            // No more than what lives at the fullest moment.
            let moments = 0..=2 * plan.len;
            let alive = |moment: usize| -> usize {
                let alive = all
                    .iter()
                    .filter(|b| b.alive[0] <= moment && moment <= b.alive[1]);
                alive.map(|buffer| buffer.region.len).sum()
            };
            let fullest = moments.map(alive).max();
            // Placing is exact but where a layer is frozen between trained ones: a gap then.
            let most = if fills(&trainable) {
                fullest
            } else {
                fullest.map(|fullest| fullest * 6 / 5)
            };
            assert!(Some(plan.arena_values()) <= most, "{name}, {trainable:?}");
        }
    }
}

/// Whether what is trained has no gap.
fn fills(trainable: &Trainable) -> bool {
    let trained = (0..64).map(|layer| trainable.of_layer(layer) != [false, false]);
    let changes: Vec<bool> = trained.collect();
    changes
        .windows(2)
        .filter(|pair| pair[0] && !pair[1])
        .count()
        == 0
        || changes.iter().filter(|trained| **trained).count() == 1
}

/// A NaN with a payload of its own, which no arithmetic makes.
const MARK: f32 = f32::from_bits(0x7FC0_BEEF);

#[test]
fn a_step_uses_all_of_its_memory() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 1, 10);
        for trainable in choices(&run.plan) {
            let plan = CompactPlan::of(&run.plan, CompactMode::in_place(trainable));
            let mut memory = Memory::new(&plan, &run.parameters);
            memory.arena.fill(MARK);
            let mut trainer = CompactTrainer::new(&plan, memory.compact()).unwrap();
            let fill = |input: &mut [f32]| input.copy_from_slice(run.image(0));
            trainer.step(run.labels[0], &Sgd::new(0.1), fill).unwrap();
            let left = memory
                .arena
                .iter()
                .position(|v| v.to_bits() == MARK.to_bits());
            assert_eq!(left, None, "{name}, {trainable:?}: a value is not used");
            assert!(!memory.winners.contains(&99), "{name}, {trainable:?}");
        }
    }
}
