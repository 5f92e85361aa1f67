//! The forward pass, one step at a time, for inference and for training.

use crate::buffers::{self, BufferError, read_and_write};
use crate::lanes::Lanes;
use crate::ops::{activation, conv2d, linear, loss, pool};
use crate::{Operation, Outcome, Plan, Step};

impl<const STEPS: usize> Plan<STEPS> {
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
        let (first, rest) = self.split_steps();
        let own = first.tensors(parameters);
        let output = &mut memory[first.inference.range()];
        L::forward(first, own, input, output, &mut []);
        Ok(finish(first, rest, parameters, memory))
    }

    /// Computes the logits of one packet of samples that `fill` writes into the working memory,
    /// so that input and activations share it.
    ///
    /// `arena` holds exactly [`Plan::arena_packets`], `parameters` exactly [`Plan::parameters`]
    /// values. `fill` gets channels x height x width packets with anything in them. The logits,
    /// [`Plan::classes`] packets, lie in `arena`.
    ///
    /// # Errors
    ///
    /// The first buffer of another length.
    pub fn infer_within<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &'m mut [L],
        fill: impl FnOnce(&mut [L]),
    ) -> Result<&'m [L], BufferError> {
        buffers::check("parameters", parameters.len(), self.parameters())?;
        buffers::check("inference arena", arena.len(), self.arena_packets())?;
        let input = self.arena_input().range();
        fill(&mut arena[input.clone()]);
        let (first, rest) = self.split_steps();
        let own = first.tensors(parameters);
        let (input, output) = read_and_write(arena, input, first.inference.range());
        L::forward(first, own, input, output, &mut []);
        Ok(finish(first, rest, parameters, arena))
    }

    /// The first step, which every plan has, and the others.
    fn split_steps(&self) -> (&Step, &[Step]) {
        let (first, rest) = self.steps().split_at(1);
        (&first[0], rest)
    }
}

/// Runs the steps behind `first`, whose output is in `memory`, and gives the last one's output.
fn finish<'m, L: Lanes>(
    first: &Step,
    rest: &[Step],
    parameters: &[f32],
    memory: &'m mut [L],
) -> &'m [L] {
    let mut before = first.inference.range();
    for step in rest {
        let own = step.tensors(parameters);
        let (input, output) = read_and_write(memory, before, step.inference.range());
        L::forward(step, own, input, output, &mut []);
        before = step.inference.range();
    }
    &memory[before]
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

/// Runs one step on one packet of samples. `tensors` are its weights and biases; `winners` is empty
/// for inference.
pub(crate) fn forward<L: Lanes>(
    step: &Step,
    tensors: [&[f32]; 2],
    input: &[L],
    output: &mut [L],
    winners: &mut [u8],
) {
    let [weights, bias] = tensors;
    let proof = input[0];
    if L::LANES == 1 && forward_one(step, tensors, input, output, winners) {
        return;
    }
    match step.operation {
        Operation::Conv2d { conv, relu, pool } => proof.vectorize(conv2d::Forward {
            geometry: conv2d::Geometry::new(&conv, step.input, step.inner),
            activation: fused(relu),
            pool,
            input,
            weights,
            bias,
            output,
            winners,
        }),
        Operation::Linear { relu } => proof.vectorize(linear::Forward {
            activation: fused(relu),
            input,
            weights,
            bias,
            output,
        }),
        Operation::Relu => {
            output.copy_from_slice(input);
            proof.vectorize(activation::Activate {
                activation: activation::Activation::Relu,
                values: output,
            });
        }
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

/// The activation that a step takes along.
const fn fused(relu: bool) -> activation::Activation {
    match relu {
        true => activation::Activation::Relu,
        false => activation::Activation::Identity,
    }
}

/// Runs a step on one sample by the kernels made for one; false where there is none.
#[inline(always)]
fn forward_one<L: Lanes>(
    step: &Step,
    [weights, bias]: [&[f32]; 2],
    input: &[L],
    output: &mut [L],
    winners: &mut [u8],
) -> bool {
    let (input, output) = (L::values(input), L::values_mut(output));
    match step.operation {
        Operation::Conv2d { conv, relu, pool } => conv2d::ScalarForward {
            geometry: conv2d::Geometry::new(&conv, step.input, step.inner),
            activation: fused(relu),
            pool,
            input,
            weights,
            bias,
            output,
            winners,
        }
        .run(),
        Operation::Linear { relu } => {
            linear::scalar::forward(fused(relu), input, weights, bias, output);
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::{Network, Plan};

    const NETWORK: Network = Network::input(1, 12, 12)
        .conv2d(4, 3)
        .relu()
        .max_pool2d(2)
        .conv2d(3, 3)
        .linear(2);
    const STEPS: usize = Plan::of(&NETWORK).steps().len();
    static PLAN: Plan<STEPS> = Plan::of(&NETWORK).fitted();

    #[test]
    fn an_input_within_the_arena_gives_the_same_logits() {
        let mut value = 0.5_f32;
        let mut next = || {
            value = (value * 3.7).fract() - 0.3;
            value
        };
        let parameters = [(); NETWORK.parameters()].map(|()| next());
        let input = [(); 144].map(|()| next());
        let mut memory = [0.0; PLAN_PACKETS];
        let logits = PLAN.infer(&parameters, &input, &mut memory).unwrap();
        let mut arena = [f32::NAN; ARENA_PACKETS];
        let within = PLAN.infer_within(&parameters, &mut arena, |own| own.copy_from_slice(&input));
        assert_eq!(within.unwrap(), logits);
    }

    const PLAN_PACKETS: usize = Plan::of(&NETWORK).inference_packets();
    const ARENA_PACKETS: usize = Plan::of(&NETWORK).arena_packets();
    const _: () = assert!(ARENA_PACKETS < PLAN_PACKETS + 144);
}
