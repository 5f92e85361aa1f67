//! `kiln device train`: a device learns, and every bit of what it learned is compared.

mod arguments;
mod course;
mod device;
mod report;
mod subject;

pub use arguments::Arguments;

use super::connection::Connection;
use super::evaluate::is_equal;
use super::ticks::Ticks;
use crate::commands::{describe_dataset, describe_network};
use crate::data::Samples;
use crate::engine::{Engine, EngineOptions};
use crate::output::{Output, counted, grouped};
use crate::weights::{self, ModelBytes};
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use course::Course;
use kiln::link::{Start, Training};
use kiln::{CompactPlan, ModelFile, ModelParts, Sgd};
use report::{Memory, Report};
use std::path::Path;
use std::time::Instant;
use subject::Subject;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line; or that the
/// device's parameters are not the desktop's.
pub fn run(arguments: &Arguments) -> Result<()> {
    let output = Output::new(arguments.json);
    arguments.check()?;
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: arguments.batch.into(),
        trainable: arguments.trainable(),
    };
    let subject = Subject::load(arguments, options.threads)?;
    let model = subject.bytes.open()?;
    let plan = arguments.plan(model.network())?;
    describe_dataset(output, &subject.dataset)?;
    describe_network(output, model.network())?;
    let course = Course {
        samples: subject.train.clone(),
        epochs: arguments.epochs,
        batch: arguments.batch.into(),
        seed: arguments.seed,
        lr: arguments.lr,
        schedule: arguments.schedule,
    };
    describe_course(output, arguments, &course)?;
    let expected = expected(arguments, &options, &subject, &course)?;
    let training = Training {
        trainable: options.trainable,
        start: match arguments.weights {
            Some(_) => Start::Model,
            None => Start::Seed(arguments.seed),
        },
        batch: arguments.batch,
        sgd: arguments.sgd(),
    };
    let connection =
        arguments
            .connection
            .connect(output, &subject.bytes, Some(arguments.memory()))?;
    let run = Run {
        arguments,
        subject: &subject,
        course: &course,
        plan: &plan,
        training,
    };
    let (report, parameters) = run.on_device(connection, &expected)?;
    if let Some(path) = &arguments.out {
        save(path, &model, &parameters)?;
    }
    report.describe(output)?;
    output.object(&report)?;
    ensure!(
        report.equal_to_host,
        "the device's parameters are not those of the desktop's own training: \
         its processor or firmware does not compute as it should"
    );
    Ok(())
}

fn describe_course(output: Output, arguments: &Arguments, course: &Course) -> Result<()> {
    output.item(
        "training",
        format_args!(
            "{} of {} with {} samples, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, \
             seed {}",
            counted(course.epochs as usize, "epoch", "epochs"),
            counted(course.steps_per_epoch(), "step", "steps"),
            grouped(course.samples.len() as u64),
            course.batch,
            arguments.lr,
            arguments.momentum,
            arguments.weight_decay,
            course.schedule,
            course.seed
        ),
    )?;
    Ok(())
}

/// All parameters after the same run on the desktop.
fn expected(
    arguments: &Arguments,
    options: &EngineOptions,
    subject: &Subject,
    course: &Course,
) -> Result<Vec<f32>> {
    let model = subject.bytes.open()?;
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, options)?;
    let (samples, sgd) = (&subject.dataset.train, arguments.sgd());
    engine.within(|engine| {
        course.run(|step| {
            let rate = step.rate;
            engine.step(samples, step.samples, &Sgd { rate, ..sgd })?;
            Ok(())
        })
    })?;
    Ok(engine.parameters().to_vec())
}

/// What is to be done.
struct Run<'a> {
    arguments: &'a Arguments,
    subject: &'a Subject,
    course: &'a Course,
    plan: &'a CompactPlan,
    training: Training,
}

impl Run<'_> {
    /// Does it on the device, and gives all parameters.
    fn on_device(
        &self,
        mut connection: Connection,
        expected: &[f32],
    ) -> Result<(Report, Vec<f32>)> {
        let Self {
            arguments,
            subject,
            course,
            plan,
            training,
        } = *self;
        let start = Instant::now();
        let session = &mut connection.session;
        let model = subject.bytes.open()?;
        let classes = model.network().classes();
        let footprint = session.configure(training)?;
        let (tested, test) = subject.test();
        let before = device::accuracy(session, tested, test, classes)?;
        let samples: &Samples = &subject.dataset.train;
        let trace = device::train(session, samples, course)?;
        let after = device::accuracy(session, tested, test, classes)?;
        let stored = arguments.store.then(|| session.store()).transpose()?;
        let trained = plan.trained_values();
        let own = session.parameters(trained)?;
        let mut parameters = model.parameters().to_vec();
        plan.insert(&own, &mut parameters)?;
        let usage = session.usage()?;
        let report = Report {
            board: connection.device.board.clone(),
            samples: course.samples.len(),
            epochs: trace.epochs,
            trained_parameters: trained,
            parameters: parameters.len(),
            ticks: Ticks::of(trace.ticks, connection.device.tick_unit.clone()),
            accuracy_before: before,
            accuracy_after: after,
            test_samples: test.len(),
            equal_to_host: is_equal(&parameters, expected),
            weights_sha256: weights::sha256(&parameters),
            stored,
            memory: Memory::new(&footprint, &usage),
            stack_bytes: usage.stack,
            heap_bytes: usage.heap,
            repeats: session.repeats(),
            damaged: usage.damaged,
            seconds: start.elapsed().as_secs_f64(),
            weights: arguments
                .out
                .as_ref()
                .map(|path| path.display().to_string()),
        };
        connection.finish()?;
        Ok((report, parameters))
    }
}

/// Writes the model with other parameters.
fn save(path: &Path, model: &ModelFile<'_>, parameters: &[f32]) -> Result<()> {
    let class_names: Vec<&str> = model.class_names().collect();
    let notes = format!("{}; then trained on a device", model.notes());
    let bytes = ModelBytes::encode(&ModelParts {
        network: model.network(),
        scaling: model.scaling(),
        class_names: &class_names,
        notes: &notes,
        parameters,
    })?;
    whole_file::write(path, bytes.as_slice()).with_context(|| path.display().to_string())
}
