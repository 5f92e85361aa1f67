//! How near a network of integers comes to the one that it was made from.

use super::ranges::{pack, program};
use super::{FloatModel, QuantizeError, QuantizedTables};
use crate::data::Samples;
use crate::engine::fill_codes;
use kiln_core::{Program, Purpose, Quantization, Shape};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Signal and noise of every step, the last of which is the output.
#[derive(Clone, Debug, Serialize)]
pub struct Fidelity {
    /// Step by step.
    pub steps: Vec<StepFidelity>,
}

/// Signal and noise of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepFidelity {
    /// Number of its first node, counted from 1.
    pub first: usize,
    /// Number of its last node.
    pub last: usize,
    /// Mean square of what the network gives there, over that of the distance from it, in decibels.
    pub decibels: f64,
}

/// Squares of what a step gives and of the distance from it.
#[derive(Clone, Copy, Default)]
struct Squares {
    signal: f64,
    noise: f64,
}

impl Fidelity {
    /// Runs both networks over the samples.
    pub(super) fn of(
        model: &FloatModel<'_>,
        tables: &QuantizedTables,
        samples: &Samples,
    ) -> Result<Self, QuantizeError> {
        let exact = program(model)?;
        let mut integers = Box::new(Program::EMPTY);
        integers.plan(&tables.network, Purpose::Int8(tables.rule))?;
        let all: Vec<Result<Vec<Squares>, QuantizeError>> = (0..samples.len())
            .into_par_iter()
            .map(|sample| {
                let values = exact_values(model, &exact, samples, sample)?;
                compare(tables, [&exact, &integers], &values)
            })
            .collect();
        let mut total = vec![Squares::default(); integers.steps().len()];
        for squares in all {
            for (total, own) in total.iter_mut().zip(squares?) {
                total.signal += own.signal;
                total.noise += own.noise;
            }
        }
        let steps = integers.steps().iter().zip(total);
        let steps = steps.map(|(step, squares)| StepFidelity {
            first: step.node + 1,
            last: step.node + step.nodes,
            decibels: squares.decibels(),
        });
        Ok(Self {
            steps: steps.collect(),
        })
    }

    /// Decibels of the output.
    pub fn output(&self) -> f64 {
        self.steps
            .last()
            .map_or(f64::NEG_INFINITY, |step| step.decibels)
    }
}

impl Squares {
    /// At most 200, where there is next to no noise.
    fn decibels(self) -> f64 {
        let ratio = self.signal / self.noise.max(f64::MIN_POSITIVE);
        (10.0 * ratio.max(f64::MIN_POSITIVE).log10()).clamp(-200.0, 200.0)
    }
}

/// Every value of a sample, the input first, channels x rows x columns.
fn exact_values(
    model: &FloatModel<'_>,
    program: &Program,
    samples: &Samples,
    sample: usize,
) -> Result<Vec<Vec<f32>>, QuantizeError> {
    let mut values = Vec::with_capacity(program.steps().len() + 1);
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let fill = |input: &mut [f32]| pack(model, samples, sample..sample + 1, input);
    let visit = |_, numbers: &[f32]| values.push(numbers.to_vec());
    program.infer_visited(model.parameters, &mut arena, fill, visit)?;
    Ok(values)
}

fn compare(
    tables: &QuantizedTables,
    [exact, program]: [&Program; 2],
    values: &[Vec<f32>],
) -> Result<Vec<Squares>, QuantizeError> {
    let network = tables.quantized()?;
    let mut arena = vec![0; program.arena_packets()];
    let mut all = Vec::with_capacity(values.len());
    let input = program.input_shape();
    let fill = |codes: &mut [i8]| fill_codes(&tables.values[0], input, &values[0], codes);
    program.infer_int8_visited(&network, &mut arena, fill, |step, codes| {
        let Some(index) = step else { return };
        let step = &program.steps()[index];
        let end = step.node + step.nodes;
        // Integers take an addition along with the convolution before it.
        let mut ends = exact.steps().iter().map(|step| step.node + step.nodes);
        if let Some(same) = ends.position(|own| own == end) {
            all.push(distance(
                &tables.values[end],
                step.output,
                &values[same + 1],
                codes,
            ));
        }
    })?;
    Ok(all)
}

fn distance(own: &Quantization, shape: Shape, numbers: &[f32], codes: &[i8]) -> Squares {
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    let mut squares = Squares::default();
    for (place, codes) in codes.chunks_exact(channels).enumerate() {
        for (channel, code) in codes.iter().enumerate() {
            let exact = f64::from(numbers[channel * map + place]);
            let error = f64::from(own.number(*code)) - exact;
            squares.signal += exact * exact;
            squares.noise += error * error;
        }
    }
    squares
}
