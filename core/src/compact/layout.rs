//! Lays out the buffers of compact training by their lifetimes.
//!
//! Time goes through the steps forward, then the loss, then the steps backward: with `n` steps,
//! step `i` runs forward at `i`, the loss at `n`, and step `i` backward at `2 n - i`. A buffer is
//! alive from the moment it is written to the last at which it is read, both included.

use super::plan::{CompactMode, CompactPlan, CompactStep};
use crate::plan::Region;
use crate::{Operation, Plan};

/// A buffer in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    pub region: Region,
    /// First and last moment at which it is alive.
    pub alive: [usize; 2],
}

/// A region that has no place yet.
const UNPLACED: usize = usize::MAX;

const NONE: Buffer = Buffer {
    region: Region::EMPTY,
    alive: [0, 0],
};

impl Buffer {
    const fn new(len: usize, born: usize, dies: usize) -> Self {
        if len == 0 {
            return NONE;
        }
        let at = UNPLACED;
        Self {
            region: Region { at, len },
            alive: [born, dies],
        }
    }

    /// Whether two buffers must not share memory.
    const fn meets(&self, other: &Self) -> bool {
        self.alive[0] <= other.alive[1] && other.alive[0] <= self.alive[1]
    }
}

/// The plan of a mode that fits the network.
pub(super) const fn lay_out<const STEPS: usize>(
    plan: &Plan<STEPS>,
    mode: CompactMode,
) -> CompactPlan<STEPS> {
    let steps = plan.steps();
    let unplaced = CompactStep {
        step: steps[0],
        output: NONE,
        gradient: NONE,
        scratch: NONE,
        winners: Region::EMPTY,
        trained: [Region::EMPTY; 2],
    };
    let mut compact = CompactPlan {
        mode,
        shape: plan.input_shape(),
        steps: [unplaced; STEPS],
        len: steps.len(),
        parameters: plan.parameters(),
        trained: 0,
        winner_bytes: 0,
        arena: 0,
        input: NONE,
        first_trained: steps.len(),
    };
    let mut index = 0;
    while index < steps.len() {
        compact.steps[index].step = steps[index];
        choose_trained(&mut compact, index);
        index += 1;
    }
    index = 0;
    while index < compact.len {
        set_lifetimes(&mut compact, index);
        index += 1;
    }
    let read = last_read_forward(&compact, 0);
    compact.input = Buffer::new(compact.shape.elements(), 0, read);
    place(&mut compact);
    compact
}

/// Gives the trained tensors of step `index` their places.
const fn choose_trained<const STEPS: usize>(compact: &mut CompactPlan<STEPS>, index: usize) {
    let step = &mut compact.steps[index];
    let trained = compact.mode.trainable.of_layer(step.step.layer);
    let tensors = step.tensors();
    let mut tensor = 0;
    while tensor < 2 {
        if trained[tensor] && tensors[tensor].len > 0 {
            let (at, len) = (compact.trained, tensors[tensor].len);
            step.trained[tensor] = Region { at, len };
            compact.trained += len;
            if index < compact.first_trained {
                compact.first_trained = index;
            }
        }
        tensor += 1;
    }
}

/// Sizes the buffers of step `index` and says how long they live.
const fn set_lifetimes<const STEPS: usize>(compact: &mut CompactPlan<STEPS>, index: usize) {
    let backward = 2 * compact.len - index;
    let read = last_read_forward(compact, index + 1);
    let is_backward = index >= compact.first_trained;
    let step = &mut compact.steps[index];
    let len = step.step.output.elements();
    let masked = is_backward && step.step.masks_by_output();
    let dies = if masked && read < backward {
        backward
    } else {
        read
    };
    step.output = Buffer::new(len, index, dies);
    if !is_backward {
        return;
    }
    step.gradient = Buffer::new(len, backward - 1, backward);
    step.scratch = Buffer::new(scratch_values(step), backward, backward);
    if step.step.has_winners() {
        step.winners = Region {
            at: compact.winner_bytes,
            len,
        };
        compact.winner_bytes += len;
    }
}

/// When what step `index` reads is read last by it: for the gradient of its weights, if these are
/// trained, else as it runs forward. The loss stands behind the last step.
const fn last_read_forward<const STEPS: usize>(
    compact: &CompactPlan<STEPS>,
    index: usize,
) -> usize {
    if index < compact.len && compact.steps[index].trained[0].len > 0 {
        2 * compact.len - index
    } else {
        index
    }
}

/// A convolution sums the gradient of one filter's weights at a time.
const fn scratch_values(step: &CompactStep) -> usize {
    match step.step.operation {
        Operation::Conv2d { .. } => step.trained[0].len / step.step.inner.channels as usize,
        _ => 0,
    }
}

/// Places the buffers, the largest first, each at the lowest offset at which it overlaps none that
/// is alive at the same time.
const fn place<const STEPS: usize>(compact: &mut CompactPlan<STEPS>) {
    loop {
        let (mut largest, mut len, mut index) = (0, 0, 0);
        while index <= 3 * compact.len {
            let region = buffer(compact, index).region;
            if region.at == UNPLACED && region.len > len {
                (largest, len) = (index, region.len);
            }
            index += 1;
        }
        if len == 0 {
            return;
        }
        let at = lowest_offset(compact, &buffer(compact, largest));
        set_offset(compact, largest, at);
        if at + len > compact.arena {
            compact.arena = at + len;
        }
    }
}

const fn lowest_offset<const STEPS: usize>(compact: &CompactPlan<STEPS>, own: &Buffer) -> usize {
    let (mut at, mut index) = (0, 0);
    while index <= 3 * compact.len {
        let other = buffer(compact, index);
        let Region { at: start, len } = other.region;
        let overlaps = start != UNPLACED && at < start + len && start < at + own.region.len;
        if overlaps && own.meets(&other) {
            // Higher, and all others once more.
            at = start + len;
            index = 0;
        } else {
            index += 1;
        }
    }
    at
}

/// Buffer number `index`: the input, then output, gradient and scratch of every step.
const fn buffer<const STEPS: usize>(compact: &CompactPlan<STEPS>, index: usize) -> Buffer {
    if index == 0 {
        return compact.input;
    }
    let step = &compact.steps[(index - 1) / 3];
    match (index - 1) % 3 {
        0 => step.output,
        1 => step.gradient,
        _ => step.scratch,
    }
}

const fn set_offset<const STEPS: usize>(compact: &mut CompactPlan<STEPS>, index: usize, at: usize) {
    if index == 0 {
        compact.input.region.at = at;
        return;
    }
    let step = &mut compact.steps[(index - 1) / 3];
    match (index - 1) % 3 {
        0 => step.output.region.at = at,
        1 => step.gradient.region.at = at,
        _ => step.scratch.region.at = at,
    }
}
