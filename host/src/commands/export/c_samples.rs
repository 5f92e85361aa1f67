//! Samples for C, and what this machine makes of them.

use super::{ExportArguments, firmware};
use crate::commands::arguments::subject;
use crate::commands::describe_dataset;
use crate::data::Samples;
use crate::engine::{AnyEngine, Engine, EngineOptions};
use crate::exchange::c::{CSamples, CTraining, LearnedOutputs};
use crate::model::AnyModel;
use crate::output::Output;
use crate::quantization::LearningHead;
use anyhow::Result;
use kiln_core::{ModelFile, Sgd, Trainable};

/// Samples written where no number is given.
const SAMPLES: usize = 3;

/// What they are learned by.
const RATE: f32 = 0.01;

/// Some samples of the dataset, with what comes of them before and, where the model learns, after each has
/// been learned.
///
/// # Errors
///
/// What was wrong with the arguments or the data.
pub fn of(
    output: Output,
    arguments: &ExportArguments,
    model: &AnyModel<'_>,
    training: Option<&CTraining>,
) -> Result<CSamples> {
    let threads = arguments.machine.threads()?;
    let dataset = firmware::subject(arguments)?.load(model, threads)?;
    describe_dataset(output, &dataset)?;
    let samples = subject::test_samples(&dataset);
    let count = arguments.samples.unwrap_or(SAMPLES);
    let chosen = samples.chosen(&subject::spread(samples, Some(count)));
    let options = EngineOptions {
        threads,
        lanes: arguments.machine.lanes()?,
        batch: 1,
        ..EngineOptions::default()
    };
    let (outputs, learned) = match training {
        None => {
            let mut engine = AnyEngine::new(model, &options)?;
            let (_, left) = engine.evaluate(&chosen, &indices(&chosen))?;
            (left.scores, None)
        }
        Some(training) => {
            let [before, after] = learned(model, training, &chosen, &options)?;
            (before, Some(after))
        }
    };
    Ok(CSamples {
        images: chosen.bytes()?.pixels().to_vec(),
        labels: chosen.labels.clone(),
        outputs,
        learned: learned.map(|outputs| LearnedOutputs {
            rate: RATE,
            outputs,
        }),
    })
}

fn indices(samples: &Samples) -> Vec<u32> {
    (0..samples.len() as u32).collect()
}

/// The outputs of all samples before and after each was learned.
fn learned(
    model: &AnyModel<'_>,
    training: &CTraining,
    samples: &Samples,
    options: &EngineOptions,
) -> Result<[Vec<f32>; 2]> {
    match model {
        AnyModel::Float(model) => {
            let trainable = Trainable::from_layer(training.from);
            learned_by(model, trainable, samples, options)
        }
        AnyModel::Int8(model) => {
            let head = LearningHead::of(model, training.from)?;
            let features = head.features(samples, options.threads)?;
            let bytes = head.model()?;
            learned_by(&bytes.open()?, Trainable::ALL, &features, options)
        }
    }
}

fn learned_by(
    model: &ModelFile<'_>,
    trainable: Trainable,
    samples: &Samples,
    options: &EngineOptions,
) -> Result<[Vec<f32>; 2]> {
    let options = EngineOptions {
        trainable,
        ..options.clone()
    };
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options)?;
    let indices = indices(samples);
    let mut all = [(); 2].map(|()| vec![0.0; indices.len() * model.network().classes()]);
    let [before, after] = &mut all;
    engine.evaluate(samples, &indices, Some(before))?;
    for index in &indices {
        engine.step(samples, &[*index], &Sgd::new(RATE))?;
    }
    engine.evaluate(samples, &indices, Some(after))?;
    Ok(all)
}
