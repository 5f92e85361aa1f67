//! Where an activation's gradient is cut off: what of its output tells of that, and until when.

use super::{Operation, Program, lifetimes::first_reader};

/// What tells where a step's activation lets the gradient of its output through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mask {
    /// Nothing: there is no activation, or no gradient, or the winners tell of it, or what a batch
    /// normalisation read.
    Nothing,
    /// The output, which is kept for this until the step runs backward.
    Output,
    /// The output, as soon as its gradient is whole: it is there for the step that is the first to
    /// read it and whose weights' gradient is made of it, or for the loss. So it costs no memory.
    Whole,
    /// A bit for each value of the output, so that the output itself may go.
    Bits,
}

impl<const STEPS: usize> Program<STEPS> {
    /// What tells of step `index`'s activation where it runs backward.
    pub(crate) const fn mask(&self, index: usize) -> Mask {
        let step = &self.steps[index];
        if !step.is_backward || !step.masks_by_output() {
            return Mask::Nothing;
        }
        if self.purpose.is_group() {
            return Mask::Output;
        }
        let value = index + 1;
        if value == self.len {
            return Mask::Whole;
        }
        let reader = &self.steps[first_reader(self, value)];
        if reader.trained[0].len > 0 && reader.operation.differentiates_by_input() {
            Mask::Whole
        } else if step.output.map_elements() == 1 {
            // A vector, beside which maps are long: its bits would be bytes more for nothing.
            Mask::Output
        } else {
            Mask::Bits
        }
    }

    /// Whether a group's gradient of what step `index` gives is made already masked, by the only step
    /// that reads it: a convolution, or a pool that averages whole maps.
    pub(crate) const fn is_masked_as_made(&self, index: usize) -> bool {
        let value = index + 1;
        if !self.purpose.is_group() || value >= self.len || !self.steps[index].masks_by_output() {
            return false;
        }
        let reader = &self.steps[first_reader(self, value)];
        let takes_it_along =
            matches!(reader.operation, Operation::Conv2d { .. }) || reader.averages_whole_maps();
        takes_it_along && reader_count(self, value) == 1
    }

    /// The value whose gradient is whole, and to be masked, once step `index` has run backward.
    pub(crate) const fn masked_behind(&self, index: usize) -> Option<usize> {
        let value = self.steps[index].reads[0].value;
        if value == 0 || first_reader(self, value) != index {
            return None;
        }
        match self.mask(value - 1) {
            Mask::Whole => Some(value),
            _ => None,
        }
    }

    /// Whether the gradient of a value is kept as one number for each map: where one sample is
    /// trained at a time, behind a convolution whose maps are averaged as a whole and not read by
    /// anything else.
    pub(crate) const fn has_gradient_by_map(&self, value: usize) -> bool {
        if value == 0 || value == self.len || self.purpose.is_group() {
            return false;
        }
        let producer = matches!(
            self.steps[value - 1].operation,
            Operation::Conv2d { pool: false, .. }
        );
        let reader = first_reader(self, value);
        producer && self.steps[reader].averages_whole_maps() && reader_count(self, value) == 1
    }
}

/// How many times steps read value `value`.
const fn reader_count<const STEPS: usize>(program: &Program<STEPS>, value: usize) -> usize {
    let (mut count, mut index) = (0, value);
    while index < program.len {
        let step = &program.steps[index];
        let mut read = 0;
        while read < step.read_count() {
            count += (step.reads[read].value == value) as usize;
            read += 1;
        }
        index += 1;
    }
    count
}
