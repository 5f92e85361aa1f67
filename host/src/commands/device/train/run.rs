//! A run, on the device and on the desktop.

use super::super::connection::Connection;
use super::super::ticks::TickSummary;
use super::device;
use super::report::{DeviceMemory, DeviceTrainReport};
use super::{DeviceTrainArguments, DeviceTrainSubject};
use crate::engine::{Engine, EngineOptions};
use crate::link::LinkSession;
use crate::training::CourseRules;
use crate::weights;
use anyhow::Result;
use kiln_core::Program;
use kiln_core::link::{Start, Training};
use std::time::Instant;

/// What is to be done.
pub(super) struct DeviceRun<'a> {
    pub arguments: &'a DeviceTrainArguments,
    pub subject: &'a DeviceTrainSubject,
    pub course: &'a CourseRules,
    pub program: &'a Program,
    pub options: &'a EngineOptions,
    pub training: Training,
}

impl DeviceRun<'_> {
    /// Does it on the device, compares it with the desktop's own, and gives all parameters.
    ///
    /// # Errors
    ///
    /// If the device does not answer or cannot do it, or the run diverges.
    pub fn on_device(&self, mut connection: Connection) -> Result<(DeviceTrainReport, Vec<f32>)> {
        let start = Instant::now();
        let session = &mut connection.session;
        let before = match self.arguments.stored {
            true => session.storage()?,
            false => None,
        };
        let footprint = session.configure(self.training)?;
        let expected = self.on_desktop(self.first_parameters(session)?)?;
        let accuracy_before = self.accuracy(session)?;
        let trace = device::train(session, &self.subject.dataset.train, self.course)?;
        let accuracy_after = self.accuracy(session)?;
        let stored = self.arguments.store.then(|| session.store()).transpose()?;
        let after = match stored {
            Some(_) => session.storage()?,
            None => None,
        };
        let parameters = self.parameters(session)?;
        let usage = session.usage()?;
        let report = DeviceTrainReport {
            board: connection.device.board.clone(),
            samples: self.course.samples.len(),
            epochs: trace.epochs,
            trained_parameters: self.program.trained_values(),
            parameters: parameters.len(),
            ticks: TickSummary::of(trace.ticks, connection.device.tick_unit.clone()),
            accuracy_before,
            accuracy_after,
            test_samples: self.subject.test().1.len(),
            test_samples_seen: self.subject.seen(),
            may_have_seen: self.arguments.weights.is_some() && self.subject.dataset.test.is_none(),
            equal_to_host: weights::same_bits(&parameters, &expected),
            weights_sha256: weights::sha256(&parameters),
            stored,
            page_erases: after.map(|state| state.erases),
            damaged_half_of: before
                .filter(|state| state.is_damaged)
                .map(|state| state.number),
            memory: DeviceMemory::new(&footprint, &usage),
            stack_bytes: usage.stack,
            heap_bytes: usage.heap,
            repeats: session.repeats(),
            damaged: usage.damaged,
            seconds: start.elapsed().as_secs_f64(),
            weights: self.out(),
        };
        connection.finish()?;
        Ok((report, parameters))
    }

    /// All parameters after the same run on the desktop.
    fn on_desktop(&self, first: Vec<f32>) -> Result<Vec<f32>> {
        let model = self.subject.learner().open()?;
        let mut engine = Engine::new(model.network(), model.scaling(), first, self.options)?;
        let samples = self.subject.inputs();
        engine.within(|engine| {
            self.course.clone().start().run(|step| {
                let stepped = engine.step(samples, step.samples, &step.sgd);
                stepped.map(drop)
            })
        })?;
        Ok(engine.parameters().to_vec())
    }

    /// What all parameters are at first: the desktop knows, but for what the device stored.
    fn first_parameters(&self, session: &mut LinkSession) -> Result<Vec<f32>> {
        match self.training.start {
            Start::Stored => self.parameters(session),
            _ => Ok(self.subject.learner().open()?.parameters().to_vec()),
        }
    }

    /// All parameters as they are now, those that are trained from the device.
    fn parameters(&self, session: &mut LinkSession) -> Result<Vec<f32>> {
        let mut parameters = self.subject.learner().open()?.parameters().to_vec();
        let trained = session.parameters(self.program.trained_values())?;
        self.program.insert(&trained, &mut parameters)?;
        Ok(parameters)
    }

    /// The share of the samples not trained on that the device classifies as they are labelled.
    fn accuracy(&self, session: &mut LinkSession) -> Result<Option<f64>> {
        let (samples, indices) = self.subject.test();
        let classes = self.program.classes();
        device::accuracy(session, samples, indices, classes)
    }

    fn out(&self) -> Option<String> {
        let path = self.arguments.out.as_ref();
        path.map(|path| path.display().to_string())
    }
}
