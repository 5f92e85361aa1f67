//! First values of a network's parameters.

use crate::{Layer, Network, Program, random};
use core::fmt;

/// Fills `parameters` with first values: weights uniform in `±sqrt(6 / fan_in)`, biases zero; scales,
/// and weights of batch normalisations, one, shifts zero.
///
/// The bound keeps the variance of what passes through ReLU layers (He et al. 2015, "Delving deep
/// into rectifiers"); `fan_in` is the number of inputs one output sums. The draws follow the order
/// of the parameters: nodes in order, weights before bias.
///
/// # Errors
///
/// If `parameters` is not exactly as long as [`Network::parameters`].
///
/// # Panics
///
/// As [`Network::cost`]: the network must pass [`Network::check`].
pub fn he_uniform(
    network: &Network,
    parameters: &mut [f32],
    mut source: impl FnMut() -> u32,
) -> Result<(), InitError> {
    let expected = network.parameters();
    if parameters.len() != expected {
        let found = parameters.len();
        return Err(InitError { expected, found });
    }
    let mut next = 0;
    each_value(network, &mut source, |value| {
        parameters[next] = value;
        next += 1;
    });
    Ok(())
}

/// Fills the parameters that a program trains with what [`he_uniform`] would give them among all:
/// the others are drawn, too, and forgotten.
///
/// # Errors
///
/// If `trained` is not exactly as long as [`Program::trained_values`], or the program is not the
/// network's.
///
/// # Panics
///
/// As [`he_uniform`].
pub fn he_uniform_trained<const STEPS: usize>(
    network: &Network,
    program: &Program<STEPS>,
    trained: &mut [f32],
    mut source: impl FnMut() -> u32,
) -> Result<(), InitError> {
    for (expected, found) in [
        (program.trained_values(), trained.len()),
        (network.parameters(), program.parameters()),
    ] {
        if found != expected {
            return Err(InitError { expected, found });
        }
    }
    let mut ranges = program.trained_ranges().peekable();
    let mut rest = trained.iter_mut();
    let mut index = 0;
    each_value(network, &mut source, |value| {
        while ranges.next_if(|range| range.end <= index).is_some() {}
        if ranges.peek().is_some_and(|range| range.contains(&index)) {
            // As many as the ranges hold, which was checked.
            if let Some(own) = rest.next() {
                *own = value;
            }
        }
        index += 1;
    });
    Ok(())
}

/// The running statistics before the first step: means of 0, variances of 1, as many as
/// [`Network::statistics`].
///
/// # Errors
///
/// If `statistics` is of another length.
pub fn first_statistics(network: &Network, statistics: &mut [f32]) -> Result<(), InitError> {
    let (expected, found) = (network.statistics(), statistics.len());
    if found != expected {
        return Err(InitError { expected, found });
    }
    let mut rest = statistics;
    for (index, layer) in network.layers().iter().enumerate() {
        if let Layer::BatchNorm(_) = layer {
            let channels = network.output_shape(index).channels as usize;
            let (own, behind) = rest.split_at_mut(2 * channels);
            own[..channels].fill(0.0);
            own[channels..].fill(1.0);
            rest = behind;
        }
    }
    Ok(())
}

/// Draws the first value of every parameter, in order.
fn each_value(network: &Network, source: &mut impl FnMut() -> u32, mut take: impl FnMut(f32)) {
    let shapes = network.shapes();
    for (layer, inputs) in network.layers().iter().zip(network.inputs()) {
        let input = shapes[inputs[0].number()];
        let (weights, biases) = layer.parameters(input);
        let outputs = match layer {
            Layer::Conv2d(conv) => conv.filters,
            Layer::Linear(linear) => linear.outputs,
            _ => {
                (0..weights).for_each(|_| take(1.0));
                (0..biases).for_each(|_| take(0.0));
                continue;
            }
        };
        let fan_in = weights / u64::from(outputs);
        let bound = libm::sqrtf(6.0 / fan_in as f32);
        for _ in 0..weights {
            take((2.0 * random::uniform(&mut *source) - 1.0) * bound);
        }
        for _ in 0..biases {
            take(0.0);
        }
    }
}

/// A parameter slice of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitError {
    /// Number of parameters the network has.
    pub expected: usize,
    /// Length of the slice.
    pub found: usize,
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(
            f,
            "the network has {expected} parameters, the slice holds {found}; \
             size it by Network::parameters"
        )
    }
}

impl core::error::Error for InitError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompactMode, Conv2d, Purpose, Trainable};
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro128PlusPlus;

    const NETWORK: Network = Network::input(4, 6, 6)
        .layer(Layer::Conv2d(Conv2d::new(8, 3).groups(2)))
        .relu()
        .linear(16);
    const WEIGHTS: [usize; 2] = [8 * 2 * 9, 16 * 128];

    fn parameters(seed: u64) -> [f32; NETWORK.parameters()] {
        let mut values = [9.0; NETWORK.parameters()];
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(seed);
        he_uniform(&NETWORK, &mut values, || generator.next_u32()).unwrap();
        values
    }

    #[test]
    fn weights_fill_their_bounds_and_biases_are_zero() {
        let values = parameters(3);
        let (convolution, linear) = values.split_at(WEIGHTS[0] + 8);
        for (layer, count, fan_in) in [
            (convolution, WEIGHTS[0], 18.0_f32),
            (linear, WEIGHTS[1], 128.0),
        ] {
            let bound = (6.0 / fan_in).sqrt();
            let largest = layer[..count]
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(
                largest <= bound && largest > 0.95 * bound,
                "{largest} of {bound}"
            );
            assert!(layer[count..].iter().all(|bias| *bias == 0.0));
        }
    }

    #[test]
    fn a_seed_gives_the_same_values_and_another_seed_others() {
        assert_eq!(parameters(3), parameters(3));
        assert_ne!(parameters(3), parameters(4));
    }

    #[test]
    fn parameters_that_are_trained_get_what_they_get_among_all() {
        let all = parameters(3);
        let mode = CompactMode::in_place(Trainable::from_layer(3).biases(1));
        let program = Program::<192>::of(&NETWORK, Purpose::Compact(mode));
        let mut expected = [7.0; WEIGHTS[1] + 16 + 8];
        program.extract(&all, &mut expected).unwrap();
        let mut trained = [9.0; WEIGHTS[1] + 16 + 8];
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(3);
        he_uniform_trained(&NETWORK, &program, &mut trained, || generator.next_u32()).unwrap();
        assert_eq!(trained, expected);
        let short = &mut trained[1..];
        assert!(he_uniform_trained(&NETWORK, &program, short, || 0).is_err());
    }

    #[test]
    fn scales_begin_as_ones_and_statistics_as_those_of_a_standard_spread() {
        const NORMED: Network = Network::input(1, 2, 2)
            .batch_norm()
            .layer(Layer::ScaleShift)
            .conv2d(3, 1)
            .batch_norm();
        let mut values = [9.0; NORMED.parameters()];
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(3);
        he_uniform(&NORMED, &mut values, || generator.next_u32()).unwrap();
        assert_eq!(values[..4], [1.0, 0.0, 1.0, 0.0]);
        assert!(values[4..7].iter().all(|weight| *weight != 0.0));
        assert_eq!(values[7..], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        let mut statistics = [9.0; NORMED.statistics()];
        first_statistics(&NORMED, &mut statistics).unwrap();
        assert_eq!(statistics, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let error = first_statistics(&NORMED, &mut statistics[1..]).unwrap_err();
        assert_eq!((error.expected, error.found), (8, 7));
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let mut values = [0.0; NETWORK.parameters() - 1];
        let error = he_uniform(&NETWORK, &mut values, || 0).unwrap_err();
        assert_eq!(error.found + 1, error.expected);
    }
}
