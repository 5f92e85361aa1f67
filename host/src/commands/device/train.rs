//! `kiln device train`: a device learns, and every bit of what it learned is compared.

mod arguments;
mod device;
mod report;
mod run;
mod subject;

pub use arguments::DeviceTrainArguments;

use crate::commands::{describe_dataset, describe_network};
use crate::engine::EngineOptions;
use crate::output::{Output, counted, grouped};
use crate::training::CourseRules;
use crate::weights::ModelBytes;
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use kiln_core::link::Training;
use kiln_core::{ModelFile, ModelParts, ModelTask};
use run::DeviceRun;
use std::path::Path;
use subject::DeviceTrainSubject;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line; or that the
/// device's parameters are not the desktop's.
pub fn run(arguments: &DeviceTrainArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    arguments.check()?;
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: arguments.batch.into(),
        trainable: arguments.trainable(),
        ..EngineOptions::default()
    };
    let subject = DeviceTrainSubject::load(arguments, options.threads)?;
    let model = subject.bytes.open()?;
    let program = arguments.program(model.network())?;
    describe_dataset(output, &subject.dataset)?;
    describe_network(output, model.network())?;
    let course = CourseRules {
        samples: subject.train.clone(),
        epochs: arguments.epochs,
        batch: arguments.batch.into(),
        seed: arguments.seed,
        sgd: arguments.sgd(),
        schedule: arguments.schedule,
        // Devices train no batch normalisation.
        drop_single: false,
    };
    describe_course(output, arguments, &course)?;
    let training = Training {
        trainable: options.trainable,
        start: arguments.start(),
        batch: arguments.batch,
        sgd: course.sgd,
    };
    let connection =
        arguments
            .connection
            .connect(output, &subject.bytes, Some(arguments.memory()))?;
    let run = DeviceRun {
        arguments,
        subject: &subject,
        course: &course,
        program: &program,
        options: &options,
        training,
    };
    let (report, parameters) = run.on_device(connection)?;
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

fn describe_course(
    output: Output,
    arguments: &DeviceTrainArguments,
    course: &CourseRules,
) -> Result<()> {
    output.item(
        "training",
        format_args!(
            "{} of {} with {} samples, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, \
             seed {}",
            counted(course.epochs as usize, "epoch", "epochs"),
            counted(course.steps_per_epoch() as usize, "step", "steps"),
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

/// Writes the model with other parameters.
fn save(path: &Path, model: &ModelFile<'_>, parameters: &[f32]) -> Result<()> {
    let class_names: Vec<&str> = model.class_names().collect();
    let notes = format!("{}; then trained on a device", model.notes());
    let bytes = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: model.network(),
        scaling: model.scaling(),
        class_names: &class_names,
        notes: &notes,
        parameters,
    })?;
    whole_file::write(path, bytes.as_slice()).with_context(|| path.display().to_string())
}
