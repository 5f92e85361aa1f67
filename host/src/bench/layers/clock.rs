//! A clock that is read after each piece of work.

use super::walk::WalkObserver;
use kiln_core::{Observer, Work};
use std::time::Instant;

/// What a pass took, in seconds, piece by piece: the least of all passes so far.
pub(super) struct LayerClock {
    last: Instant,
    /// Of the pass under way.
    running: PassTime,
    best: PassTime,
}

/// What the pieces of a pass took, in seconds.
#[derive(Clone, Debug)]
pub(super) struct PassTime {
    /// Packing samples into the input.
    pub input: f64,
    /// The loss and its gradient; of an inference, the score.
    pub loss: f64,
    pub steps: Vec<StepTime>,
}

/// What the pieces of a step took, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepTime {
    pub forward: f64,
    pub input_gradient: f64,
    pub parameter_gradient: f64,
    pub update: f64,
}

impl LayerClock {
    /// A clock for passes of so many steps.
    pub fn new(steps: usize) -> Self {
        let all = |seconds| PassTime {
            input: seconds,
            loss: seconds,
            steps: vec![StepTime::of(seconds); steps],
        };
        Self {
            last: Instant::now(),
            running: all(0.0),
            best: all(f64::INFINITY),
        }
    }

    /// Begins a pass.
    pub fn start(&mut self) {
        self.running.each(|seconds| *seconds = 0.0);
        self.last = Instant::now();
    }

    /// Ends the pass.
    pub fn finish(&mut self) {
        let mut seconds = Vec::new();
        self.running.each(|own| seconds.push(*own));
        let mut seconds = seconds.into_iter();
        self.best
            .each(|best| *best = seconds.next().map_or(*best, |own| best.min(own)));
    }

    /// The best of each piece.
    pub fn best(&self) -> &PassTime {
        &self.best
    }

    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let lap = (now - self.last).as_secs_f64();
        self.last = now;
        lap
    }
}

impl PassTime {
    fn each(&mut self, mut work: impl FnMut(&mut f64)) {
        work(&mut self.input);
        work(&mut self.loss);
        for step in &mut self.steps {
            work(&mut step.forward);
            work(&mut step.input_gradient);
            work(&mut step.parameter_gradient);
            work(&mut step.update);
        }
    }

    /// All of it.
    pub fn sum(&self) -> f64 {
        let steps: f64 = self.steps.iter().map(StepTime::sum).sum();
        self.input + self.loss + steps
    }
}

impl StepTime {
    fn of(seconds: f64) -> Self {
        Self {
            forward: seconds,
            input_gradient: seconds,
            parameter_gradient: seconds,
            update: seconds,
        }
    }

    /// All of it.
    pub fn sum(&self) -> f64 {
        self.forward + self.input_gradient + self.parameter_gradient + self.update
    }
}

impl Observer for LayerClock {
    fn done(&mut self, work: Work) {
        let lap = self.lap();
        let PassTime { input, loss, steps } = &mut self.running;
        *match work {
            Work::Input => input,
            Work::Loss => loss,
            Work::Forward { step } => &mut steps[step].forward,
            Work::InputGradient { step } | Work::Backward { step } => {
                &mut steps[step].input_gradient
            }
            Work::ParameterGradient { step } => &mut steps[step].parameter_gradient,
        } += lap;
    }
}

impl WalkObserver for LayerClock {
    fn updated(&mut self, step: usize) {
        self.running.steps[step].update += self.lap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_counted_where_it_belongs_and_the_best_pass_counts() {
        let mut clock = LayerClock::new(2);
        clock.start();
        clock.done(Work::Input);
        clock.done(Work::Forward { step: 0 });
        std::thread::sleep(std::time::Duration::from_millis(2));
        clock.done(Work::Forward { step: 1 });
        clock.done(Work::Loss);
        clock.done(Work::ParameterGradient { step: 1 });
        clock.updated(1);
        clock.finish();
        let first = clock.best().clone();
        assert!(first.steps[1].forward >= 2e-3, "{first:?}");
        assert!(first.steps[0].forward < 2e-3, "{first:?}");
        assert_eq!(first.steps[0].update, 0.0);
        assert!(first.steps[1].update > 0.0 && first.steps[1].parameter_gradient > 0.0);
        clock.start();
        clock.done(Work::Forward { step: 1 });
        clock.finish();
        assert!(clock.best().sum() < first.sum());
        assert_eq!(clock.best().steps[1].update, 0.0);
    }
}
