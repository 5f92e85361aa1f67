//! `kiln device train`: a device learns, and every bit of what it learned is compared.

mod arguments;
mod device;
mod report;
mod run;
mod subject;

pub use arguments::DeviceTrainArguments;

use crate::commands::{FailedCheck, describe_dataset, describe_network};
use crate::engine::EngineOptions;
use crate::model::{AnyModel, ModelFacts};
use crate::output::{Output, counted, grouped};
use crate::training::CourseRules;
use crate::weights::ModelBytes;
use crate::whole_file;
use anyhow::{Context, Result};
use kiln_core::link::Training;
use kiln_core::{ModelParts, ModelTask, Network};
use run::DeviceRun;
use std::path::Path;
use subject::DeviceTrainSubject;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line; or a
/// [`FailedCheck`] where the device's parameters are not the desktop's.
pub fn run(arguments: &DeviceTrainArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    arguments.check()?;
    let threads = arguments.machine.threads()?;
    let subject = DeviceTrainSubject::load(arguments, threads)?;
    // Layers are counted in what learns; the firmware counts them in the whole network.
    let [memory, whole] = subject
        .first_layers(arguments)
        .map(|first| arguments.memory(first));
    let options = EngineOptions {
        threads,
        lanes: arguments.machine.lanes()?,
        batch: arguments.batch.into(),
        trainable: memory.mode().trainable,
        ..EngineOptions::default()
    };
    let model = AnyModel::open(&subject.bytes)?;
    let learner = subject.learner().open()?;
    let program = arguments.program(learner.network(), &memory)?;
    describe_dataset(output, &subject.dataset)?;
    describe_network(output, model.network())?;
    if let Some(description) = &subject.made_anew {
        output.item("weights", description)?;
    }
    if subject.is_int8() {
        describe_head(output, whole.from, learner.network())?;
    }
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
    let connection = arguments
        .connection
        .connect(output, &subject.bytes, Some(whole))?;
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
        save(path, &model, &subject, &parameters)?;
    }
    report.describe(output)?;
    output.object(&report)?;
    if !report.equal_to_host && !arguments.allow_unequal {
        let message = "the device's parameters are not those of the desktop's own training: its \
                       processor or firmware does not compute as it should (--allow-unequal takes \
                       them as they are)";
        return Err(FailedCheck(message.into()).into());
    }
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

fn describe_head(output: Output, first: usize, head: &Network) -> Result<()> {
    output.item(
        "learning",
        format_args!(
            "layers {first} to {} in f32, {} parameters; those before stay integers",
            first + head.layers().len() - 1,
            grouped(head.cost().parameters)
        ),
    )?;
    Ok(())
}

/// Writes the model with other parameters, those of a model of integers as integers.
fn save(
    path: &Path,
    model: &AnyModel<'_>,
    subject: &DeviceTrainSubject,
    parameters: &[f32],
) -> Result<()> {
    let notes = |notes: &str| format!("{notes}; then trained on a device");
    let bytes = match model {
        AnyModel::Float(model) => ModelBytes::encode(&ModelParts {
            task: ModelTask::Classification,
            network: model.network(),
            scaling: model.scaling(),
            class_names: &model.class_names().collect::<Vec<&str>>(),
            notes: &notes(model.notes()),
            parameters,
        })?,
        AnyModel::Int8(model) => {
            let features = subject.inputs().chosen(&subject.train);
            subject
                .learning(model)?
                .quantized(parameters, &features, &notes(model.notes()))?
        }
    };
    whole_file::write(path, bytes.as_slice()).with_context(|| path.display().to_string())
}
