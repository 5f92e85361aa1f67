//! The backward pass of one step.

use crate::lanes::Lanes;
use crate::ops::{activation, add};
use crate::program::Region;
use crate::{Operation, Program};

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
pub(crate) fn mask<L: Lanes, const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    arena: &mut [L],
) {
    let step = &program.steps()[index];
    if !step.masks_by_output() || program.is_masked_as_made(index) {
        return;
    }
    let regions = [step.value.region, program.gradient(index + 1)].map(Region::range);
    let Ok([output, gradient]) = arena.get_disjoint_mut(regions) else {
        unreachable!("buffers alive at the same time overlap");
    };
    output[0].vectorize(activation::ActivationMask {
        activation: step.operation.activation(),
        output,
        gradient,
    });
}

/// Takes the gradient of step `index`'s output, through its activation already, to what the step
/// read, by `differentiate`, or as it is where the step is an addition; then adds up the gradients
/// of the values that it is the first to read.
pub(crate) fn propagate<L: Lanes, const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    arena: &mut [L],
    differentiate: impl FnOnce(StepRegions, &mut [L]),
) {
    let step = &program.steps()[index];
    let d_output = program.gradient(index + 1);
    if let Operation::Add { .. } = step.operation {
        for read in step.reads() {
            let own = read.gradient.region;
            if own.len > 0 && own.at != d_output.at {
                arena.copy_within(d_output.range(), own.at);
            }
        }
    } else {
        let own = step.reads[0].gradient.region;
        let in_place = step.operation.differentiates_in_place();
        let value = step.reads[0].value;
        let by_input = step.trained[0].len > 0 && step.operation.differentiates_by_input();
        let masks = value > 0 && program.is_masked_as_made(value - 1);
        let regions = StepRegions {
            // Dead, and perhaps written over, where the weights are frozen.
            input: if by_input || masks {
                program.value(value)
            } else {
                Region::EMPTY
            },
            d_output,
            d_input: if in_place { Region::EMPTY } else { own },
            scratch: step.scratch.region,
        };
        differentiate(regions, arena);
    }
    gather(program, index, arena);
}

/// Adds, to the gradient of each value that step `index` is the first to read, what later steps
/// made of it, in their order.
fn gather<L: Lanes, const STEPS: usize>(program: &Program<STEPS>, index: usize, arena: &mut [L]) {
    let steps = program.steps();
    for (slot, read) in steps[index].reads().iter().enumerate() {
        let whole = read.gradient.region;
        let earlier = &steps[index].reads()[..slot];
        let is_first = program.gradient(read.value) == whole
            && earlier.iter().all(|other| other.value != read.value);
        if whole.len == 0 || !is_first {
            continue;
        }
        let own = steps[index].reads()[slot + 1..].iter();
        let later = steps[index + 1..].iter().flat_map(|step| step.reads());
        let others = own.chain(later).filter(|other| other.value == read.value);
        for other in others {
            let regions = [whole, other.gradient.region].map(Region::range);
            let Ok([sum, other]) = arena.get_disjoint_mut(regions) else {
                unreachable!("buffers alive at the same time overlap");
            };
            sum[0].vectorize(add::Accumulate { sum, other });
        }
    }
}
