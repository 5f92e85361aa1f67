//! The backward pass of one step.

use super::forward::PlacedSteps;
use crate::lanes::Lanes;
use crate::ops::{activation, add};
use crate::program::Region;
use crate::{Operation, Program};

/// What has steps that run backward, and knows where their gradients lie.
pub(crate) trait BackwardSteps: PlacedSteps {
    /// Where the whole gradient lies of what step `index` gives.
    fn output_gradient(&self, index: usize) -> Region;
    /// Whether the gradient of what step `index` gives is made already masked.
    fn is_made_masked(&self, index: usize) -> bool;
    /// Whether step `index` masks the gradient that it makes by what it read.
    fn masks_by_input(&self, index: usize) -> bool;
    /// Tells `add`, for each gradient that step `index` is the first to add to, where it lies and where
    /// what later steps made of it, in their order.
    fn each_sum(&self, index: usize, add: impl FnMut(Region, Region));
    /// Copies one value to another.
    fn copy<L: Lanes>(arena: &mut [L], from: Region, to: Region) {
        arena.copy_within(from.range(), to.at);
    }
}

impl<const STEPS: usize> BackwardSteps for Program<STEPS> {
    fn output_gradient(&self, index: usize) -> Region {
        self.gradient(index + 1)
    }

    fn is_made_masked(&self, index: usize) -> bool {
        self.is_masked_as_made(index)
    }

    fn masks_by_input(&self, index: usize) -> bool {
        let value = self.steps()[index].reads[0].value;
        value > 0 && self.is_masked_as_made(value - 1)
    }

    fn each_sum(&self, index: usize, mut add: impl FnMut(Region, Region)) {
        let steps = self.steps();
        for (slot, read) in steps[index].reads().iter().enumerate() {
            let whole = read.gradient.region;
            let earlier = &steps[index].reads()[..slot];
            let is_first = self.gradient(read.value) == whole
                && earlier.iter().all(|other| other.value != read.value);
            if whole.len == 0 || !is_first {
                continue;
            }
            let own = steps[index].reads()[slot + 1..].iter();
            let later = steps[index + 1..].iter().flat_map(|step| step.reads());
            let others = own.chain(later).filter(|other| other.value == read.value);
            others.for_each(|other| add(whole, other.gradient.region));
        }
    }
}

/// Where the backward pass of one step finds and leaves its values; empty where it needs none.
pub(crate) struct StepRegions {
    /// What the step read, where the gradient of its weights is made of that, or its input's is masked
    /// by it.
    pub input: Region,
    /// The gradient of its output.
    pub d_output: Region,
    /// The gradient of its input, where it is wanted and not made over that of the output.
    pub d_input: Region,
    pub scratch: Region,
}

impl StepRegions {
    /// Splits an arena into them: input, gradient of the output, of the input, scratch.
    pub fn split<'m, L>(&self, arena: &'m mut [L]) -> [&'m mut [L]; 4] {
        let regions = [self.input, self.d_output, self.d_input, self.scratch];
        let Ok(slices) = arena.get_disjoint_mut(regions.map(Region::range)) else {
            unreachable!("buffers alive at the same time overlap");
        };
        slices
    }
}

/// Takes the gradient of step `index`'s output through the step's activation, unless the winners'
/// bytes tell of it, or what made the gradient has taken it along.
pub(crate) fn mask<L: Lanes>(steps: &impl BackwardSteps, index: usize, arena: &mut [L]) {
    let step = steps.placed_step(index);
    if !step.masks_by_output() || steps.is_made_masked(index) {
        return;
    }
    let regions = [step.value.region, steps.output_gradient(index)].map(Region::range);
    let Ok([output, gradient]) = arena.get_disjoint_mut(regions) else {
        unreachable!("buffers alive at the same time overlap");
    };
    L::mask(activation::ActivationMask {
        activation: step.operation.activation(),
        output,
        gradient,
    });
}

/// By the steps' own way.
fn copy<S: BackwardSteps, L: Lanes>(_: &S, arena: &mut [L], from: Region, to: Region) {
    S::copy(arena, from, to);
}

/// Takes the gradient of step `index`'s output, through its activation already, to what the step
/// read, by `differentiate`, or as it is where the step is an addition; then adds up the gradients
/// of the values that it is the first to read.
pub(crate) fn propagate<L: Lanes>(
    steps: &impl BackwardSteps,
    index: usize,
    arena: &mut [L],
    differentiate: impl FnOnce(StepRegions, &mut [L]),
) {
    let step = steps.placed_step(index);
    let d_output = steps.output_gradient(index);
    if let Operation::Add { .. } = step.operation {
        for read in step.reads() {
            let own = read.gradient.region;
            if own.len > 0 && own.at != d_output.at {
                copy(steps, arena, d_output, own);
            }
        }
    } else {
        let own = step.reads[0].gradient.region;
        let in_place = step.operation.differentiates_in_place();
        let by_input = step.trained[0].len > 0 && step.operation.differentiates_by_input();
        let regions = StepRegions {
            // Dead, and perhaps written over, where the weights are frozen.
            input: if by_input || steps.masks_by_input(index) {
                steps.read_place(step, 0)
            } else {
                Region::EMPTY
            },
            d_output,
            d_input: if in_place { Region::EMPTY } else { own },
            scratch: step.scratch.region,
        };
        differentiate(regions, arena);
    }
    steps.each_sum(index, |sum, other| {
        let Ok([sum, other]) = arena.get_disjoint_mut([sum, other].map(Region::range)) else {
            unreachable!("buffers alive at the same time overlap");
        };
        L::accumulate(add::Accumulate { sum, other });
    });
}
