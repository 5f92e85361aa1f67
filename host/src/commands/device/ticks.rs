//! What many pieces of work took on a device.

use crate::output::grouped;
use serde::Serialize;
use std::fmt;

/// The spread of what pieces of work took.
#[derive(Debug, Serialize)]
pub(super) struct TickSummary {
    min: u32,
    median: u32,
    max: u32,
    unit: String,
}

impl TickSummary {
    /// The spread of `ticks`, in the device's unit; zeros where there are none.
    pub fn of(mut ticks: Vec<u32>, unit: String) -> Self {
        ticks.sort_unstable();
        let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
        Self {
            min: at(0),
            median: at(ticks.len() / 2),
            max: at(ticks.len().saturating_sub(1)),
            unit,
        }
    }
}

impl fmt::Display for TickSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (least {}, most {})",
            grouped(self.median.into()),
            self.unit,
            grouped(self.min.into()),
            grouped(self.max.into())
        )
    }
}
