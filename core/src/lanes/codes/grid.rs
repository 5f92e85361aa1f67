//! Where the codes of samples' channels lie.

use super::{CodeRun, QUAD};

/// Sixteen neighbouring codes of each of four channels, of sixteen samples.
pub trait ChannelRuns: Copy {
    /// Those of a channel from 0 to 3, of a sample from 0 to 15.
    fn run(&self, channel: usize, sample: usize) -> CodeRun<'_>;
}

impl ChannelRuns for &[[CodeRun<'_>; 16]; QUAD] {
    #[inline(always)]
    fn run(&self, channel: usize, sample: usize) -> CodeRun<'_> {
        self[channel][sample]
    }
}

/// Runs of samples that lie evenly spaced.
///
/// Asking where each run ends would take as long as bringing it into packets: that is checked once for all.
#[derive(Clone, Copy, Debug)]
pub struct CodeGrid<'a> {
    codes: &'a [i8],
    /// Where each channel's run of the first sample begins.
    first: [usize; QUAD],
    /// Codes from a sample to the next.
    step: usize,
    /// Samples that there are.
    samples: usize,
}

impl<'a> CodeGrid<'a> {
    /// Of so many samples; `None` where not all runs lie within the codes, or there is no sample.
    #[inline]
    pub fn new(codes: &'a [i8], first: [usize; QUAD], step: usize, samples: usize) -> Option<Self> {
        let last = samples.checked_sub(1)?.checked_mul(step)?;
        for first in first {
            let end = first
                .checked_add(last)?
                .checked_add(size_of::<[i8; 16]>())?;
            if end > codes.len() {
                return None;
            }
        }
        Some(Self {
            codes,
            first,
            step,
            samples,
        })
    }
}

impl ChannelRuns for CodeGrid<'_> {
    /// Of samples that are not there, the last one's.
    #[inline(always)]
    fn run(&self, channel: usize, sample: usize) -> CodeRun<'_> {
        let at = self.first[channel] + sample.min(self.samples - 1) * self.step;
        // SAFETY: the run begins no later than the last sample's of the channel, which `new` has found to end within
        // the codes; and bytes need no alignment.
        unsafe { &*self.codes.as_ptr().add(at).cast() }
    }
}
