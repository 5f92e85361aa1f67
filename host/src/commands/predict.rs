//! `kiln predict`: says what images show, or how far an autoencoder is off.

mod table;
mod unsure;

use super::arguments::{machine, subject};
use crate::data::{self, ImageShape, ImageSource, Samples, is_tensor_file, load_images};
use crate::engine::{AnyEngine, EngineOptions};
use crate::model::{AnyModel, ModelFacts};
use crate::output::Output;
use crate::settings::LossSetting;
use anyhow::{Context, Result, ensure};
use kiln_core::{ModelTask, reference};
use serde::Serialize;
use std::path::{Path, PathBuf};
use unsure::{sure_from, unsure_notice};

/// Say what images show: the five most probable classes of each.
///
/// Images are PNG, JPEG, WebP or BMP files, known by their content; a folder stands for all in it. A file whose name ends in
/// .safetensors stands for all samples of its tensor input. Images are brought to the network's
/// channels and size as the images of a folder are in training: transparency becomes black, and a
/// resize is said aloud. Probabilities are the softmax of the network's outputs.
///
/// A network names one of its classes whatever it is shown. Where the folder of the run is there, an image is marked
/// with ? if its first class is less probable than of 95% of the samples that were named rightly in validation: it
/// may be none of them. An image that is not marked may be none of them, too.
///
/// Of an autoencoder, the mean squared error of each sample is said instead.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln predict seven.png --weights runs/digits/model.kiln
  kiln predict photos --weights runs/digits
  curl -s https://example.org/cat.jpg | kiln predict - --weights model.kiln
  kiln predict photos/*.jpg --weights model.kiln --json |
    jq -r '.predictions[] | [.image, .top[0].class, .top[0].probability] | @csv'
")]
pub struct PredictArguments {
    /// Image files, folders of them, or safetensors files; `-` is one image from standard input, `./-` a file of that name
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// The model file that a training run wrote, or the folder of the run, finished or not
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct PredictReport {
    predictions: Vec<Prediction>,
    /// The probability of the first class below which it says little; not known of every model.
    #[serde(skip_serializing_if = "Option::is_none")]
    sure_from: Option<f32>,
    notices: Vec<String>,
    classes: usize,
    weights: String,
    weights_sha256: String,
}

/// What one image shows.
#[derive(Debug, Serialize)]
struct Prediction {
    image: String,
    /// The most probable classes, the most probable first; none of an autoencoder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top: Vec<Candidate>,
    /// Whether the first class's probability is so low that it says little; where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsure: Option<bool>,
    /// How far an autoencoder is off, as its mean squared error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<f32>,
}

/// A class that an image may be of.
#[derive(Debug, Serialize)]
struct Candidate {
    /// Its name, or its number where the model has no names.
    class: String,
    /// Its number, from 0.
    label: usize,
    probability: f32,
}

/// Classes shown of an image.
const TOP: usize = 5;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model or an image, in one line. Nothing is printed then.
pub fn run(arguments: &PredictArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let mut options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: 1,
        ..EngineOptions::default()
    };
    let images = files(&arguments.images)?;
    let sources = sources(&images)?;
    let name = arguments.weights.display().to_string();
    let (bytes, unfinished) = subject::read_any_state(&arguments.weights)?;
    let model = AnyModel::open(&bytes).with_context(|| name.clone())?;
    options.loss = LossSetting::of(model.task()).smoothed(0.0);
    // Known before images of its size are made.
    AnyEngine::check_memory(&model, &options).with_context(|| name.clone())?;
    let shape = model.network().input_shape().into();
    let tensors = data::Options {
        shape: Some(shape),
        threads: options.threads,
        codes: model.codes(),
        ..data::Options::default()
    };
    let parts = parts(&sources, shape, &tensors)?;
    let names = match model.task() {
        ModelTask::Classification => model.class_names(),
        ModelTask::Reconstruction => Vec::new(),
    };
    let sure_from = sure_from(&arguments.weights, &model.sha256());
    let mut predictions = Vec::new();
    for part in &parts {
        let (scores, row) =
            scores(&model, &part.samples, &options).with_context(|| name.clone())?;
        for (image, scores) in part.names.iter().zip(scores.chunks_exact(row)) {
            let prediction = Prediction::of(image, model.task(), scores, &names, sure_from);
            predictions.push(prediction.with_context(|| format!("{name}: {image}"))?);
        }
    }
    let notices = parts.into_iter().flat_map(|part| part.notices);
    let unsure = unsure_notice(&predictions, sure_from);
    let report = PredictReport {
        predictions,
        sure_from,
        notices: unfinished.into_iter().chain(notices).collect(),
        classes: names.len(),
        weights_sha256: model.sha256(),
        weights: name,
    };
    for notice in &report.notices {
        output.item("note", notice)?;
    }
    output.line(table::of(&report.predictions))?;
    if let Some(unsure) = unsure {
        output.item("note", unsure)?;
    }
    output.object(&report)?;
    Ok(())
}

/// The images asked for, those of folders one by one.
fn files(images: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let each = images.iter().map(|path| match path.is_dir() {
        true => Ok(data::images_in(path)?),
        false => Ok(vec![path.clone()]),
    });
    Ok(each.collect::<Result<Vec<_>>>()?.concat())
}

fn sources(images: &[PathBuf]) -> Result<Vec<ImageSource>> {
    let is_standard_input = |path: &PathBuf| path == Path::new("-");
    let inputs = images.iter().filter(|path| is_standard_input(path)).count();
    ensure!(
        inputs <= 1,
        "- is given {inputs} times, but standard input holds one image; give files for the others"
    );
    let source = |path: &PathBuf| match is_standard_input(path) {
        true => ImageSource::StandardInput,
        false => ImageSource::File(path.clone()),
    };
    Ok(images.iter().map(source).collect())
}

/// Samples that are loaded together.
struct Part {
    samples: Samples,
    /// What each is called.
    names: Vec<String>,
    notices: Vec<String>,
}

/// The samples of all sources, in their order; neighbouring images in one part.
fn parts(sources: &[ImageSource], shape: ImageShape, options: &data::Options) -> Result<Vec<Part>> {
    let tensor_file = |source: &ImageSource| match source {
        ImageSource::File(path) if is_tensor_file(path) => Some(path.clone()),
        _ => None,
    };
    let runs = sources.chunk_by(|a, b| tensor_file(a).is_none() && tensor_file(b).is_none());
    let parts = runs.map(|run| match run.first().and_then(tensor_file) {
        Some(path) => tensors(&path, options),
        None => {
            let images = load_images(run, shape, options.threads)?;
            Ok(Part {
                samples: images.samples,
                names: run.iter().map(shown).collect(),
                notices: images.notices,
            })
        }
    });
    parts.collect()
}

/// What a source is called in the result: as it was typed.
fn shown(source: &ImageSource) -> String {
    match source {
        ImageSource::File(path) => path.display().to_string(),
        ImageSource::StandardInput => "-".into(),
    }
}

/// The samples of a safetensors file, named by their numbers, from 0.
fn tensors(path: &Path, options: &data::Options) -> Result<Part> {
    let dataset = data::load_tensor_file(path, options)?;
    let numbers = 0..dataset.train.len();
    Ok(Part {
        samples: dataset.train,
        names: numbers
            .map(|number| format!("{}[{number}]", path.display()))
            .collect(),
        notices: dataset.notices,
    })
}

/// What an evaluation gives of each sample, and how many values that are.
fn scores(
    model: &AnyModel<'_>,
    samples: &Samples,
    options: &EngineOptions,
) -> Result<(Vec<f32>, usize)> {
    let mut engine = AnyEngine::new(model, options)?;
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let row = engine.scores_per_sample();
    let (_, left) = engine.evaluate(samples, &indices)?;
    Ok((left.scores, row))
}

impl Prediction {
    fn of(
        image: &str,
        task: ModelTask,
        scores: &[f32],
        names: &[String],
        sure_from: Option<f32>,
    ) -> Result<Self> {
        let (top, error) = match task {
            ModelTask::Classification => (candidates(scores, names)?, None),
            ModelTask::Reconstruction => {
                ensure_finite(scores)?;
                (Vec::new(), scores.first().copied())
            }
        };
        let image = image.into();
        let unsure = top.first().zip(sure_from);
        Ok(Self {
            image,
            unsure: unsure.map(|(first, sure_from)| first.probability < sure_from),
            top,
            error,
        })
    }
}

/// The most probable classes of an image; of equals the first.
fn candidates(logits: &[f32], names: &[String]) -> Result<Vec<Candidate>> {
    let mut probabilities = logits.to_vec();
    reference::loss::softmax(&mut probabilities);
    ensure_finite(&probabilities)?;
    // The order is the logits': two of them may be so small that both probabilities are 0.
    let mut labels: Vec<usize> = (0..logits.len()).collect();
    labels.sort_by(|&one, &other| logits[other].total_cmp(&logits[one]));
    Ok(labels
        .into_iter()
        .take(TOP)
        .map(|label| Candidate {
            class: names[label].clone(),
            label,
            probability: probabilities[label],
        })
        .collect())
}

fn ensure_finite(values: &[f32]) -> Result<()> {
    ensure!(
        values.iter().all(|value| value.is_finite()),
        "the network's outputs are no finite numbers; train it again with a lower --lr"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(logits: &[f32]) -> Vec<usize> {
        let names: Vec<String> = (0..logits.len()).map(|class| class.to_string()).collect();
        let candidates = candidates(logits, &names).unwrap();
        candidates.iter().map(|candidate| candidate.label).collect()
    }

    #[test]
    fn the_highest_come_first_and_of_equals_the_lower_class() {
        assert_eq!(labels(&[0.5, 2.0, -1.0, 2.0, 0.0, 0.25]), [1, 3, 0, 5, 4]);
        assert_eq!(labels(&[-500.0, -400.0, 0.0]), [2, 1, 0]);
    }

    #[test]
    fn outputs_that_are_no_numbers_are_refused() {
        for logits in [[f32::NAN, 0.0], [0.0, f32::NAN], [f32::INFINITY, 0.0]] {
            assert!(candidates(&logits, &["a".into(), "b".into()]).is_err());
        }
    }
}
