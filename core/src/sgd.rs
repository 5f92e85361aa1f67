//! Stochastic gradient descent, as PyTorch defines it.

use crate::lanes::{Kernel, LINE, Lanes, prefetch_to_write};
use crate::run::{self, BufferError, CompactError};
use serde::{Deserialize, Serialize};

/// Stochastic gradient descent with momentum, Nesterov momentum and weight decay.
///
/// For each weight `w` with gradient `g` and velocity `v`: `g += weight_decay * w`;
/// `v = momentum * v + g`; `w -= rate * v`, or with Nesterov `w -= rate * (g + momentum * v)`.
/// Without momentum there is no velocity: `w -= rate * g`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sgd {
    /// Learning rate.
    pub rate: f32,
    /// Share of the velocity kept from step to step; 0 is plain gradient descent.
    pub momentum: f32,
    /// Pull of every parameter towards zero, biases too.
    pub weight_decay: f32,
    /// Whether the step looks ahead along the velocity.
    pub nesterov: bool,
}

impl Sgd {
    /// Plain gradient descent.
    pub const fn new(rate: f32) -> Self {
        Self {
            rate,
            momentum: 0.0,
            weight_decay: 0.0,
            nesterov: false,
        }
    }

    /// Whether its numbers can be trained with.
    pub(crate) fn check(&self) -> Result<(), CompactError> {
        let refused = |option, value| Err(CompactError::Option { option, value });
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return refused("learning rate", self.rate);
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return refused("momentum", self.momentum);
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return refused("weight decay", self.weight_decay);
        }
        Ok(())
    }

    /// Asks for a run of parameters to be brought nearer, which other threads have read since they
    /// were last written.
    pub fn prefetch(parameters: &[f32]) {
        for at in (0..parameters.len()).step_by(LINE) {
            prefetch_to_write(parameters, at);
        }
    }

    /// Updates a run of parameters. The velocity starts as zeros; without momentum it may be
    /// empty. `proof` is any packet; it chooses the instructions.
    ///
    /// # Errors
    ///
    /// Slices of different lengths.
    pub fn update<L: Lanes>(
        &self,
        parameters: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
        proof: L,
    ) -> Result<(), BufferError> {
        run::check("gradient", gradient.len(), parameters.len())?;
        if self.momentum == 0.0 {
            proof.descend(Descend {
                sgd: self,
                parameters,
                gradient,
            });
            return Ok(());
        }
        run::check("velocity", velocity.len(), parameters.len())?;
        proof.descend_with_momentum(DescendWithMomentum {
            sgd: self,
            parameters,
            gradient,
            velocity,
        });
        Ok(())
    }
}

/// Plain gradient descent.
pub struct Descend<'a> {
    sgd: &'a Sgd,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
}

impl Kernel for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sgd {
            rate, weight_decay, ..
        } = *self.sgd;
        for (w, g) in self.parameters.iter_mut().zip(self.gradient) {
            let g = g + weight_decay * *w;
            *w -= rate * g;
        }
    }
}

/// Gradient descent along a velocity.
pub struct DescendWithMomentum<'a> {
    sgd: &'a Sgd,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    velocity: &'a mut [f32],
}

impl Kernel for DescendWithMomentum<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sgd {
            rate,
            momentum,
            weight_decay,
            nesterov,
        } = *self.sgd;
        let gradients = self.gradient.iter().zip(self.velocity);
        for (w, (g, v)) in self.parameters.iter_mut().zip(gradients) {
            let g = g + weight_decay * *w;
            *v = momentum * *v + g;
            let direction = if nesterov { g + momentum * *v } else { *v };
            *w -= rate * direction;
        }
    }
}
