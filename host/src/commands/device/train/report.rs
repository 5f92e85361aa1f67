//! What training on a device gave, for people and as JSON.

use super::super::ticks::TickSummary;
use crate::output::{Output, counted, grouped};
use anyhow::Result;
use kiln_core::link::{Footprint, Usage};
use serde::Serialize;

/// The result as JSON.
#[derive(Debug, Serialize)]
pub(super) struct DeviceTrainReport {
    pub board: String,
    pub samples: usize,
    pub epochs: Vec<DeviceEpochReport>,
    /// Parameters that are trained, of all the network has.
    pub trained_parameters: usize,
    pub parameters: usize,
    /// What one step took: all samples of a batch, and the update.
    pub ticks: TickSummary,
    /// On the device, on samples it is not trained on; nothing where there are none.
    pub accuracy_before: Option<f64>,
    pub accuracy_after: Option<f64>,
    pub test_samples: usize,
    /// Which of them the model was trained on before; nothing where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_samples_seen: Option<usize>,
    /// Whether it might have been: it was trained before, and the dataset has no test set.
    #[serde(skip)]
    pub may_have_seen: bool,
    /// Whether all parameters are the desktop's own after the same run, to the bit.
    pub equal_to_host: bool,
    pub weights_sha256: String,
    /// Number of what the device stored; nothing where it was not asked to.
    pub stored: Option<u32>,
    /// How often each page of the device's storage has been erased by whole saves, at most; nothing where it
    /// did not store or does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_erases: Option<u32>,
    /// Number of what the device went on from, where the other half of its storage is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged_half_of: Option<u32>,
    pub memory: DeviceMemory,
    pub stack_bytes: u32,
    pub heap_bytes: u32,
    /// Requests that had to be sent again.
    pub repeats: u64,
    /// Frames that reached the device damaged.
    pub damaged: u32,
    pub seconds: f64,
    /// Where the trained model was written to.
    pub weights: Option<String>,
}

/// An epoch on the device.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct DeviceEpochReport {
    pub epoch: u32,
    /// Mean loss, each sample's before its step.
    pub loss: f64,
    pub accuracy: f64,
    #[serde(skip)]
    pub samples: usize,
}

/// Memory that the training takes, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct DeviceMemory {
    pub parameters: u32,
    pub gradient: u32,
    pub velocity: u32,
    pub arena: u32,
    pub winners: u32,
    pub total: u32,
    /// What the firmware set aside.
    pub available: u32,
}

impl DeviceMemory {
    pub fn new(footprint: &Footprint, usage: &Usage) -> Self {
        let Footprint {
            parameters,
            gradient,
            velocity,
            arena,
            winners,
        } = *footprint;
        Self {
            parameters,
            gradient,
            velocity,
            arena,
            winners,
            total: footprint.total(),
            available: usage.arena,
        }
    }
}

impl DeviceEpochReport {
    /// Counts a sample.
    pub fn add(&mut self, loss: f32, correct: bool) {
        let samples = self.samples as f64;
        let mean = |mean: f64, value: f64| (mean * samples + value) / (samples + 1.0);
        self.loss = mean(self.loss, loss.into());
        self.accuracy = mean(self.accuracy, f64::from(u8::from(correct)));
        self.samples += 1;
    }
}

impl DeviceTrainReport {
    /// Prints the report.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn describe(&self, output: Output) -> Result<()> {
        let number = |value: usize| grouped(value as u64);
        output.item(
            "trained",
            format_args!(
                "{} of {} parameters on {}, on {} samples, in {:.1} s",
                number(self.trained_parameters),
                number(self.parameters),
                self.board,
                number(self.samples),
                self.seconds
            ),
        )?;
        if let (Some(before), Some(after)) = (self.accuracy_before, self.accuracy_after) {
            output.item(
                "accuracy",
                format_args!(
                    "{:.2}% before, {:.2}% after, of {} other samples, on the device",
                    100.0 * before,
                    100.0 * after,
                    number(self.test_samples)
                ),
            )?;
            if self.may_have_seen {
                output.item("", self.seen())?;
            }
        }
        output.item(
            "parameters",
            if self.equal_to_host {
                "all equal to the desktop's own training, to the bit"
            } else {
                "NOT those of the desktop's own training"
            },
        )?;
        output.item("step", &self.ticks)?;
        self.describe_memory(output)?;
        if let Some(number) = self.damaged_half_of {
            output.item(
                "storage",
                format_args!(
                    "one half was damaged: it went on from number {number} in the other, and a later one is \
                     perhaps lost"
                ),
            )?;
        }
        if let Some(number) = self.stored {
            output.item("stored", format_args!("on the device, number {number}"))?;
        }
        if let Some(erases) = self.page_erases {
            let times = counted(erases as usize, "time", "times");
            output.item(
                "",
                format_args!("its flash's pages were erased {times} each at most"),
            )?;
        }
        if let Some(path) = &self.weights {
            output.item("saved", path)?;
        }
        Ok(())
    }

    /// Whether the model has seen the samples it is judged by, in words.
    fn seen(&self) -> String {
        match self.test_samples_seen {
            Some(0) => "the model was trained on none of these before".into(),
            Some(seen) => format!(
                "the model was trained on {} of these before: they say little of others",
                grouped(seen as u64)
            ),
            None => "whether the model was trained on these before is not known: its run's config.toml is not \
                     beside it, or is of other samples"
                .into(),
        }
    }

    fn describe_memory(&self, output: Output) -> Result<()> {
        let DeviceMemory {
            parameters,
            gradient,
            velocity,
            arena,
            winners,
            total,
            available,
        } = self.memory;
        let parts = [
            ("parameters", parameters),
            ("gradient", gradient),
            ("velocity", velocity),
            ("arena", arena),
            ("winners", winners),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(name, bytes)| format!("{name} {}", grouped(bytes.into())))
            .collect();
        output.item(
            "memory",
            format_args!(
                "{} of {} bytes ({}), stack {}",
                grouped(total.into()),
                grouped(available.into()),
                parts.join(", "),
                grouped(self.stack_bytes.into())
            ),
        )?;
        output.item(
            "link",
            format_args!("{} requests repeated", grouped(self.repeats)),
        )?;
        Ok(())
    }
}
