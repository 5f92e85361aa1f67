//! Pools of codes, channels last.

mod count_share;
mod lanes;
#[allow(dead_code, reason = "the target's loops ask for all of it")]
mod mean;
pub mod reference;
#[allow(dead_code, reason = "the target's loops ask for all of it")]
mod window;

pub(crate) use lanes::WindowLanes;
pub(crate) use mean::MeanScale;
#[allow(unused_imports, reason = "the target's loops ask for all of it")]
pub(crate) use mean::{ShortScale, UpperScale};
pub use window::CodeWindow;
#[allow(unused_imports, reason = "the target's loops ask for all of it")]
pub(crate) use window::{CodeWindows, WindowShape};

use super::PoolGeometry;
use crate::int8::{Int8Rule, Quantization, Requantization};
use core::ops::Range;
use window::CodeBlock;

/// Forward pass of a max or an average pool.
pub(crate) struct Int8Pool<'a> {
    pub geometry: PoolGeometry,
    pub kind: Int8PoolKind,
    /// rows x columns x channels
    pub input: &'a [i8],
    /// rows x columns x channels
    pub output: &'a mut [i8],
    pub quantization: Quantization,
}

/// What a pool makes of a window.
#[derive(Clone, Copy, Debug)]
pub enum Int8PoolKind {
    /// The largest code.
    Max,
    /// A mean.
    Mean(MeanKind),
}

/// What a mean is made of.
#[derive(Clone, Copy, Debug)]
pub enum MeanKind {
    /// The sum of a whole window's distances from the input's zero, by a scale.
    Once { scale: Requantization, zero: i8 },
    /// TensorFlow Lite's mean over whole maps: as `Once`, but rounded twice.
    Twice { scale: Requantization, zero: i8 },
    /// TensorFlow Lite's average pool: the sum of codes, divided.
    Divided,
}

impl Int8PoolKind {
    /// That of an average pool.
    pub fn average(rule: Int8Rule, constants: &[i32], zero: i8) -> Self {
        let [multiplier, shift] = *constants else {
            return Self::Mean(MeanKind::Divided);
        };
        let scale = Requantization { multiplier, shift };
        Self::Mean(match rule {
            Int8Rule::Once => MeanKind::Once { scale, zero },
            Int8Rule::TensorFlowLite => MeanKind::Twice { scale, zero },
        })
    }
}

/// The lanes that this processor has.
#[cfg(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
))]
type OwnLanes = crate::dsp::WindowLoops;

#[cfg(not(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
)))]
type OwnLanes = lanes::PortableLanes;

impl Int8Pool<'_> {
    /// Largest codes; nothing where the pool is none of them.
    pub fn run_largest(self) {
        if let Int8PoolKind::Max = self.kind {
            self.largest::<OwnLanes>();
        }
    }

    /// Means; nothing where the pool is none of them.
    pub fn run_mean(self) {
        self.mean::<OwnLanes>();
    }

    fn largest<L: WindowLanes>(self) {
        each_run(&self.geometry, |run| {
            find_largest::<L>(self.input, &run, self.output);
        });
        L::clamp(self.output, [self.quantization.low, self.quantization.high]);
    }

    fn mean<L: WindowLanes>(self) {
        let Int8PoolKind::Mean(kind) = self.kind else {
            return;
        };
        let whole = self.geometry.window[0] * self.geometry.window[1];
        let zero = self.quantization.zero;
        // The last scale of whole windows, and of others: rows begin and end with these.
        let mut scales = [([0; 2], MeanScale::EMPTY); 2];
        each_run(&self.geometry, |run| {
            let own = [run.count, run.extents[0] * run.extents[1]];
            let (counts, scale) = &mut scales[usize::from(own[1] < whole)];
            if own != *counts {
                (*counts, *scale) = (own, MeanScale::new(kind, zero, whole, own));
            }
            average::<L>(self.input, &run, scale, self.output);
        });
        L::clamp(self.output, [self.quantization.low, self.quantization.high]);
    }
}

/// Most codes side by side.
const MOST_LANES: usize = 16;

/// Neighbouring windows with as much inside the input.
struct WindowRun {
    /// How many.
    windows: usize,
    /// Codes from one to the next.
    step: usize,
    /// Index of the first one's first code.
    first: usize,
    /// Rows and columns inside.
    extents: [usize; 2],
    /// Codes from a row to the next one, and from a column to the next one.
    pitches: [usize; 2],
    /// Channels of a window. Windows a column apart are one, with the channels of all.
    lanes: usize,
    /// Index of the first output.
    output: usize,
    /// Divisor of each mean.
    count: usize,
}

impl WindowRun {
    /// Calls `visit(block, its windows, index of their first output)` block by block.
    #[inline(always)]
    fn each_block<L: WindowLanes>(
        &self,
        input: &[i8],
        mut visit: impl FnMut(&CodeBlock, &CodeWindows<'_>, usize),
    ) {
        let whole = CodeWindow::new(&input[self.first..], self.extents, self.pitches);
        let mut windows = CodeWindows {
            first: whole,
            count: self.windows,
            step: self.step,
            output_step: self.lanes,
        };
        let readable = windows.readable();
        let mut lane = 0;
        while lane < self.lanes {
            let block = CodeBlock::new(lane, self.lanes, readable, L::MOST);
            lane = block.first + block.size;
            windows.first = whole;
            windows.first.advance(block.first);
            visit(&block, &windows, self.output + block.first);
        }
    }
}

// These stand apart from what finds windows, or a small processor has no registers for them.

#[inline(never)]
fn find_largest<L: WindowLanes>(input: &[i8], run: &WindowRun, output: &mut [i8]) {
    run.each_block::<L>(input, |block, windows, at| {
        // What is written behind the codes of a window of few channels is written once more, by later
        // windows.
        if windows.largest_by_one::<L>(block.size, &mut output[at..]) {
            return;
        }
        windows.each(|window, place| {
            let mut codes = [0; MOST_LANES];
            L::largest(window, &mut codes[..block.size]);
            output[at + place..][..block.kept].copy_from_slice(&codes[..block.kept]);
        });
    });
}

#[inline(never)]
fn average<L: WindowLanes>(input: &[i8], run: &WindowRun, scale: &MeanScale, output: &mut [i8]) {
    run.each_block::<L>(input, |block, windows, at| {
        if let MeanScale::Short(scale) = scale
            && windows.average_by_one::<L>(scale, block.size, &mut output[at..])
        {
            return;
        }
        average_singly::<L>(block, windows, scale, &mut output[at..]);
    });
}

/// By sums that lie in memory.
#[inline(never)]
fn average_singly<L: WindowLanes>(
    block: &CodeBlock,
    windows: &CodeWindows<'_>,
    scale: &MeanScale,
    output: &mut [i8],
) {
    let mut sums = [0; MOST_LANES];
    windows.each(|window, place| {
        L::sums(window, &mut sums[..block.size]);
        let fresh = block.done..block.kept;
        scale.codes(&sums[fresh.clone()], &mut output[place..][fresh]);
    });
}

/// Calls `visit` for all windows, in scan order.
#[inline(always)]
fn each_run(g: &PoolGeometry, mut visit: impl FnMut(WindowRun)) {
    let whole = whole_columns(g);
    for y in 0..g.output[0] {
        let rows = g.inside(0, y);
        let counted = g.counted(0, y, &rows);
        let top = y * g.stride[0] + rows.start - g.before[0];
        let mut x = 0;
        while x < g.output[1] {
            let columns = g.inside(1, x);
            let left = x * g.stride[1] + columns.start - g.before[1];
            let (windows, together) = match whole.contains(&x) {
                true if g.stride[1] == 1 => (1, whole.end - x),
                true => (whole.end - x, 1),
                false => (1, 1),
            };
            visit(WindowRun {
                windows,
                step: g.stride[1] * g.channels,
                first: (top * g.input[1] + left) * g.channels,
                extents: [rows.len(), columns.len()],
                pitches: [g.input[1] * g.channels, g.channels],
                lanes: together * g.channels,
                output: (y * g.output[1] + x) * g.channels,
                count: counted * g.counted(1, x, &columns),
            });
            x += windows * together;
        }
    }
}

/// The windows of a row that have all their columns inside.
fn whole_columns(g: &PoolGeometry) -> Range<usize> {
    let first = g.before[1].div_ceil(g.stride[1]);
    let room = (g.before[1] + g.input[1]).checked_sub(g.window[1]);
    let end = room.map_or(0, |room| room / g.stride[1] + 1);
    first..end.min(g.output[1])
}

#[cfg(test)]
mod tests;
