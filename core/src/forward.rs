//! The forward pass, one step at a time, for inference and for training.

use crate::buffers::{self, BufferError, read_and_write};
use crate::lanes::Lanes;
use crate::ops::{activation, conv2d, linear, loss, pool};
use crate::{Operation, Outcome, Plan, Step};

impl Plan {
    /// Computes the logits of one packet of samples.
    ///
    /// `input` holds channels x height x width packets, `memory` exactly
    /// [`Plan::inference_packets`], `parameters` exactly [`Plan::parameters`] values. The logits,
    /// [`Plan::classes`] packets, lie in `memory`.
    ///
    /// # Errors
    ///
    /// The first buffer of another length.
    pub fn infer<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        input: &[L],
        memory: &'m mut [L],
    ) -> Result<&'m [L], BufferError> {
        buffers::check("parameters", parameters.len(), self.parameters())?;
        buffers::check("input", input.len(), self.input_shape().elements())?;
        buffers::check("inference memory", memory.len(), self.inference_packets())?;
        let mut last: Option<&Step> = None;
        for step in self.steps() {
            let own = &parameters[step.parameters.range()];
            match last {
                None => L::forward(
                    step,
                    own,
                    input,
                    &mut memory[step.inference.range()],
                    &mut [],
                ),
                Some(before) => {
                    let (input, output) =
                        read_and_write(memory, before.inference.range(), step.inference.range());
                    L::forward(step, own, input, output, &mut []);
                }
            }
            last = Some(step);
        }
        let logits = last.map_or(0..0, |step| step.inference.range());
        Ok(&memory[logits])
    }
}

/// Scores the logits of one packet of samples against their labels, at most as many as lanes, and
/// adds the samples to `outcome`, one by one.
///
/// # Errors
///
/// No or too many labels, or one that is not among the classes; `outcome` is then as it was.
pub fn score<L: Lanes>(
    logits: &[L],
    labels: &[u16],
    outcome: &mut Outcome,
) -> Result<(), BufferError> {
    check_labels(labels, L::LANES, logits.len())?;
    L::score(loss::Score {
        logits,
        labels,
        outcome,
    });
    Ok(())
}

pub(crate) fn check_labels(labels: &[u16], most: usize, classes: usize) -> Result<(), BufferError> {
    if labels.is_empty() || labels.len() > most {
        return Err(BufferError::Samples {
            most,
            given: labels.len(),
        });
    }
    match labels.iter().find(|label| usize::from(**label) >= classes) {
        None => Ok(()),
        Some(label) => Err(BufferError::Label {
            label: *label,
            classes,
        }),
    }
}

/// Runs one step on one packet of samples; `winners` is empty for inference.
pub(crate) fn forward<L: Lanes>(
    step: &Step,
    parameters: &[f32],
    input: &[L],
    output: &mut [L],
    winners: &mut [u8],
) {
    let (weights, bias) = parameters.split_at(step.weights());
    let proof = input[0];
    match step.operation {
        Operation::Conv2d { conv, relu, pool } => proof.vectorize(conv2d::Forward {
            geometry: conv2d::Geometry::new(&conv, step.input, step.inner),
            relu,
            pool,
            input,
            weights,
            bias,
            output,
            winners,
        }),
        Operation::Linear { relu } => proof.vectorize(linear::Forward {
            relu,
            input,
            weights,
            bias,
            output,
        }),
        Operation::Relu => proof.vectorize(activation::Relu { input, output }),
        Operation::MaxPool2d(options) => proof.vectorize(pool::MaxPool {
            geometry: pool::Geometry::new(&options, step.input, step.output),
            input,
            output,
            winners,
        }),
        Operation::AvgPool2d(options) => proof.vectorize(pool::AveragePool {
            geometry: pool::Geometry::new(&options, step.input, step.output),
            input,
            output,
        }),
    }
}
