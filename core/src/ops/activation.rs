//! Activations: what an operation may do to each of its outputs before it is stored, and on their
//! own, where no operation before them could take them along.

use crate::lanes::{Kernel, Lanes};

/// What becomes of a value before it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
}

impl Activation {
    /// The activated packet: +0 for everything up to 0, 6 for all above where there is a ceiling;
    /// NaN stays NaN.
    #[inline(always)]
    pub(crate) fn apply<L: Lanes>(self, value: L) -> L {
        match self {
            Self::Identity => value,
            Self::Relu => value.relu(),
            Self::Relu6 => {
                let six = value.splat(6.0);
                let value = value.relu();
                L::select(value.greater(six), six, value)
            }
        }
    }

    /// The gradient of a packet that became `output`: +0 where the activation is flat there.
    #[inline(always)]
    pub(crate) fn let_through<L: Lanes>(self, output: L, gradient: L) -> L {
        let zero = output.splat(0.0);
        match self {
            Self::Identity => gradient,
            Self::Relu => L::select(output.at_most(zero), zero, gradient),
            Self::Relu6 => {
                let inside = L::select(output.at_most(zero), zero, gradient);
                let below = output.splat(6.0).at_most(output);
                L::select(below, zero, inside)
            }
        }
    }
}

/// Forward pass, in place.
pub(crate) struct Activate<'a, L> {
    pub activation: Activation,
    pub values: &'a mut [L],
}

impl<L: Lanes> Kernel for Activate<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.activation {
            Activation::Identity => {}
            _ if L::LANES == 1 => activate_single(self.activation, L::values_mut(self.values)),
            Activation::Relu => apply(Activation::Relu, self.values),
            Activation::Relu6 => apply(Activation::Relu6, self.values),
        }
    }
}

#[inline(always)]
fn apply<L: Lanes>(activation: Activation, values: &mut [L]) {
    for value in values {
        *value = activation.apply(*value);
    }
}

/// One sample's values. A function of its own, compiled once for all operations that end in an
/// activation: flash is scarce where samples come one at a time.
#[inline(never)]
fn activate_single(activation: Activation, values: &mut [f32]) {
    let ceiling = match activation {
        Activation::Identity => return,
        Activation::Relu => f32::INFINITY,
        Activation::Relu6 => 6.0,
    };
    for value in values {
        *value = if *value <= 0.0 {
            0.0
        } else if *value > ceiling {
            ceiling
        } else {
            *value
        };
    }
}

/// An activation's mask, taken along by what makes the gradient of its output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GradientMask<'a, L> {
    pub activation: Activation,
    /// The outputs, as many as gradients; empty where there is no activation.
    pub outputs: &'a [L],
}

impl<L: Lanes> GradientMask<'_, L> {
    /// Lets everything through.
    pub const NONE: Self = Self {
        activation: Activation::Identity,
        outputs: &[],
    };

    /// What is let through of gradient number `at`.
    #[inline(always)]
    pub fn apply(&self, at: usize, gradient: L) -> L {
        match self.activation {
            Activation::Identity => gradient,
            activation => activation.let_through(self.outputs[at], gradient),
        }
    }
}

/// Takes the gradient away, in place, where the activation is flat, as its output tells.
pub struct ActivationMask<'a, L> {
    pub activation: Activation,
    pub output: &'a [L],
    pub gradient: &'a mut [L],
}

impl<L: Lanes> Kernel for ActivationMask<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pairs = self.gradient.iter_mut().zip(self.output);
        for (gradient, output) in pairs {
            *gradient = self.activation.let_through(*output, *gradient);
        }
    }
}

/// The bits of the outputs that let no gradient through: 0 and the ceiling. No output is -0, so bits
/// can be compared as integers, which a microcontroller does faster.
const fn flat_bits(activation: Activation) -> [u32; 2] {
    match activation {
        // Of no output: this one would be a NaN that nothing makes.
        Activation::Identity => [u32::MAX; 2],
        Activation::Relu => [0; 2],
        Activation::Relu6 => [0, 6.0_f32.to_bits()],
    }
}

/// Takes one sample's gradient away, in place, where the activation is flat, as its output tells.
#[inline(never)]
pub(crate) fn mask_single(activation: Activation, output: &[f32], gradient: &mut [f32]) {
    let [low, high] = flat_bits(activation);
    for (gradient, output) in gradient.iter_mut().zip(output) {
        let bits = output.to_bits();
        if bits == low || bits == high {
            *gradient = 0.0;
        }
    }
}

/// Keeps of one sample's output a bit for each value, the lowest first, that says whether the
/// activation lets the gradient through. `bits` has a byte for every eight values begun.
#[inline(never)]
pub(crate) fn keep_bits(activation: Activation, output: &[f32], bits: &mut [u8]) {
    let [low, high] = flat_bits(activation);
    for (byte, output) in bits.iter_mut().zip(output.chunks(8)) {
        let mut own = 0;
        for output in output.iter().rev() {
            let value = output.to_bits();
            own = 2 * own + u8::from(value != low && value != high);
        }
        *byte = own;
    }
}

/// Takes one sample's gradient away, in place, where bits of [`keep_bits`] do not let it through.
#[inline(never)]
pub(crate) fn mask_by_bits(bits: &[u8], gradient: &mut [f32]) {
    for (byte, gradient) in bits.iter().zip(gradient.chunks_mut(8)) {
        for (place, gradient) in gradient.iter_mut().enumerate() {
            if byte >> place & 1 == 0 {
                *gradient = 0.0;
            }
        }
    }
}

/// The naive activations, one sample at a time. They define the bits.
pub mod reference {
    use super::Activation;

    /// +0 where the input is at most 0, 6 where a ReLU6's is above; else the input; NaN stays NaN.
    pub fn forward(activation: Activation, input: &[f32], output: &mut [f32]) {
        for (output, input) in output.iter_mut().zip(input) {
            *output = match activation {
                Activation::Identity => *input,
                Activation::Relu | Activation::Relu6 if *input <= 0.0 => 0.0,
                Activation::Relu6 if *input > 6.0 => 6.0,
                _ => *input,
            };
        }
    }

    /// The gradient passes where the output is above 0 and, of a ReLU6, below 6.
    pub fn gradient(activation: Activation, output: &[f32], d_output: &[f32], d_input: &mut [f32]) {
        for ((d_input, d), output) in d_input.iter_mut().zip(d_output).zip(output) {
            *d_input = match activation {
                Activation::Identity => *d,
                _ if *output <= 0.0 => 0.0,
                Activation::Relu6 if *output >= 6.0 => 0.0,
                _ => *d,
            };
        }
    }
}
