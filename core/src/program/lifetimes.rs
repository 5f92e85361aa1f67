//! Sizes the buffers of a program and says how long each is needed.
//!
//! Time goes through the steps forward, then the loss, then the steps backward: with `n` steps,
//! step `i` runs forward at `i`, the loss at `n`, and step `i` backward at `2 n - i`. A buffer is
//! alive from the moment it is written to the last at which it is read, both included.
//!
//! Buffers are numbered: first the values, then what each reading adds to a value's gradient, two
//! for each step, then the gradient of the network's output, then the scratch of each step.

use super::{Buffer, Loss, Mask, Operation, Program, Purpose, Region, Step, Trainable};
use crate::GROUP;
use crate::ops::{batch_norm, conv2d, scale_shift};

/// Lays out everything but the offsets in the arena.
pub(super) const fn lay_out<const STEPS: usize>(program: &mut Program<STEPS>) {
    choose_trained(program);
    let mut index = 0;
    while index < program.len {
        size_what_is_kept(program, index);
        index += 1;
    }
    lay_out_values(program);
    if program.purpose.trains() {
        index = program.len;
        while index > 0 {
            index -= 1;
            lay_out_gradients(program, index);
        }
    }
}

/// Chooses what is trained, and which steps therefore run backward.
const fn choose_trained<const STEPS: usize>(program: &mut Program<STEPS>) {
    let trainable = match program.purpose {
        Purpose::Inference | Purpose::ChannelsLast(_) | Purpose::Int8(_) => Trainable::NONE,
        Purpose::Group(_) => Trainable::ALL,
        Purpose::Compact(mode) => mode.trainable,
    };
    let mut index = 0;
    while index < program.len {
        let chosen = trainable.of_layer(program.steps[index].node + 1);
        let mut is_backward = false;
        let mut tensor = 0;
        while tensor < 2 {
            let len = program.steps[index].tensor_regions()[tensor].len;
            if chosen[tensor] && len > 0 {
                let at = program.trained;
                program.steps[index].trained[tensor] = Region { at, len };
                program.trained += len;
                is_backward = true;
            }
            tensor += 1;
        }
        let mut read = 0;
        while read < program.steps[index].read_count() {
            is_backward |= program.has_gradient(program.steps[index].reads[read].value);
            read += 1;
        }
        program.steps[index].is_backward = is_backward;
        index += 1;
    }
}

/// Makes room for what step `index` keeps outside of the arena.
const fn size_what_is_kept<const STEPS: usize>(program: &mut Program<STEPS>, index: usize) {
    let is_group = program.purpose.is_group();
    let has_bits = matches!(program.mask(index), Mask::Bits);
    let step = &mut program.steps[index];
    if !step.is_backward {
        return;
    }
    if step.has_winners() || has_bits {
        let len = match has_bits {
            true => step.output.elements().div_ceil(8),
            false => step.output.elements(),
        };
        step.winners = Region {
            at: program.winner_bytes,
            len,
        };
        program.winner_bytes += len;
    }
    if is_group {
        let len = group_values(step);
        step.group = Region {
            at: program.group_values,
            len,
        };
        program.group_values += len;
    }
}

const fn group_values(step: &Step) -> usize {
    match step.operation {
        Operation::Linear { .. } => GROUP * (step.input.elements() + step.output.elements()),
        Operation::BatchNorm { .. } => 2 * batch_norm::channel_values(step.input.channels as usize),
        Operation::ScaleShift { .. } => scale_shift::parameter_values(step.input.channels as usize),
        _ => step.parameters.len,
    }
}

/// Says how long the values live, and which are written over others.
const fn lay_out_values<const STEPS: usize>(program: &mut Program<STEPS>) {
    let [sample, len] = program.input_lens();
    program.input = Buffer::new(0, len, 0, last_need(program, 0));
    if sample > 0 {
        program.output_gradient = Buffer::new(program.len + 1, sample, 0, 0);
    }
    let mut index = 0;
    while index < program.len {
        let number = index + 1;
        let dies = last_need(program, number);
        let len = program.value_len(program.steps[index].output);
        let mut own = Buffer::new(number, len, index, dies);
        if let Some(read) = read_that_dies(program, index) {
            let value = program.steps[index].reads[read as usize].value;
            own.root = program.buffer(value).root;
            program.steps[index].in_place = Some(read);
            program.buffer_mut(own.root as usize).alive[1] = dies as u16;
        }
        program.steps[index].value = own;
        if !program.purpose.trains() {
            let len = program.scratch_len(index);
            let number = program.len + 2 + index;
            program.steps[index].scratch = Buffer::new(number, len, index, index);
        }
        index += 1;
    }
}

/// Which of the values that step `index` reads dies with it, so that it may write over it.
const fn read_that_dies<const STEPS: usize>(program: &Program<STEPS>, index: usize) -> Option<u8> {
    let step = &program.steps[index];
    let both = step.read_count() == 2 && step.reads[0].value == step.reads[1].value;
    let adds = step.adds.is_some();
    if !(step.operation.works_in_place() || adds) || both {
        return None;
    }
    // A convolution reads its own input while it writes.
    let mut read = adds as usize;
    while read < step.read_count() {
        if last_need(program, step.reads[read].value) == index {
            return Some(read as u8);
        }
        read += 1;
    }
    None
}

/// The last moment at which value `value` is read.
const fn last_need<const STEPS: usize>(program: &Program<STEPS>, value: usize) -> usize {
    let len = program.len;
    let mut last = 0;
    if value == len {
        last = len;
    }
    if let (0, Purpose::Group(Loss::MeanSquaredError)) = (value, program.purpose) {
        last = len;
    }
    if value > 0
        && let Mask::Output = program.mask(value - 1)
    {
        last = 2 * len - (value - 1);
    }
    let mut index = value;
    while index < len {
        let step = &program.steps[index];
        let mut read = 0;
        while read < step.read_count() {
            if step.reads[read].value == value {
                let moment = if step.trained[0].len > 0 && step.operation.differentiates_by_input()
                {
                    2 * len - index
                } else {
                    index
                };
                if moment > last {
                    last = moment;
                }
            }
            read += 1;
        }
        index += 1;
    }
    last
}

/// Sizes what step `index` uses backward and says how long it lives. Steps behind it have theirs.
const fn lay_out_gradients<const STEPS: usize>(program: &mut Program<STEPS>, index: usize) {
    let len = program.len;
    if index == len - 1 {
        // The loss leaves it even where no step is trained by it.
        let elements = program.steps[index].output.elements();
        let dies = if program.steps[index].is_backward {
            len + 1
        } else {
            len
        };
        program.output_gradient = Buffer::new(3 * len + 1, elements, len, dies);
    }
    if !program.steps[index].is_backward {
        return;
    }
    let backward = 2 * len - index;
    let mut own = match program.gradient_number(index + 1) {
        Some(number) => program.buffer(number).root,
        None => 0,
    };
    let mut is_own_free = program.steps[index].operation.differentiates_in_place();
    let mut propagates = false;
    let mut read = 0;
    while read < program.steps[index].read_count() {
        let value = program.steps[index].reads[read].value;
        if program.has_gradient(value) {
            propagates = true;
            let first = first_reader(program, value);
            let dies = if first == index && is_first_read(program, index, read) {
                2 * len - (value - 1)
            } else {
                2 * len - first
            };
            let number = len + 1 + 2 * index + read;
            let elements = match program.has_gradient_by_map(value) {
                true => program.steps[index].input.channels as usize,
                false => program.steps[index].input.elements(),
            };
            let mut gradient = Buffer::new(number, elements, backward, dies);
            if is_own_free {
                is_own_free = false;
                gradient.root = own;
                let root = program.buffer_mut(own as usize);
                if dies as u16 > root.alive[1] {
                    root.alive[1] = dies as u16;
                }
            }
            program.steps[index].reads[read].gradient = gradient;
        }
        read += 1;
    }
    own = (3 * len + 2 + index) as u16;
    let scratch = scratch(program, index, propagates);
    if scratch > 0 {
        program.steps[index].scratch = Buffer::new(own as usize, scratch, backward, backward);
    }
}

/// Whether no earlier slot of the step reads the same value.
const fn is_first_read<const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    read: usize,
) -> bool {
    let reads = &program.steps[index].reads;
    read == 0 || reads[0].value != reads[1].value
}

/// The first step that reads value `value`.
pub(super) const fn first_reader<const STEPS: usize>(
    program: &Program<STEPS>,
    value: usize,
) -> usize {
    let mut index = value;
    while index < program.len {
        let step = &program.steps[index];
        let second = step.read_count() == 2 && step.reads[1].value == value;
        if step.reads[0].value == value || second {
            return index;
        }
        index += 1;
    }
    index
}

/// Values that the backward pass of step `index` uses for itself.
const fn scratch<const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    input_gradient: bool,
) -> usize {
    let step = &program.steps[index];
    let Operation::Conv2d { conv, pool, .. } = step.operation else {
        return 0;
    };
    if program.purpose.is_group() {
        let extent = step.pooled_extent();
        return conv2d::training_scratch(
            &conv,
            step.input,
            step.inner,
            extent,
            pool,
            input_gradient,
        );
    }
    if step.trained[0].len == 0 {
        return 0;
    }
    let geometry = conv2d::ConvGeometry::new(&conv, step.input, step.inner);
    conv2d::sample_scratch(&geometry, pool)
}
