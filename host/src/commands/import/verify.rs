//! `--verify`: what the network that was imported gives, beside what its own program gave.

mod tensors;

use crate::engine::{AnyEngine, EngineOptions};
use crate::exchange::{Ending, FileEnds};
use crate::model::{AnyModel, ModelFacts};
use crate::output::counted;
use crate::plain_file;
use crate::weights::ModelBytes;
use anyhow::{Context, Result, anyhow, bail, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tensors::{floats, samples};

/// Most bytes of the file.
const MAX_BYTES: u64 = 1 << 30;
/// The tolerance of floating-point networks: programs add in other orders.
const FLOAT_TOLERANCE: f64 = 1e-4;
/// Samples a step; more gain nothing.
const BATCH: usize = 64;

/// Flags of the comparison.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct VerifyArguments {
    /// Compare with the program that the network is from, before anything is written: a file with tensors
    /// input (F32, N x …: what the network takes there; or U8: pixels) and output (F32, N x …: what it
    /// gives)
    #[arg(long, value_name = "FILE.safetensors")]
    verify: Option<PathBuf>,
    /// How far an output may be from the other program's, for --verify: of the largest output, or of 1
    /// where that is larger [default: 0.0001; of int8 networks the distance of one code, of 1]
    #[arg(long, value_name = "NUMBER", requires = "verify")]
    tolerance: Option<f64>,
}

/// What was compared.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    file: PathBuf,
    samples: usize,
    /// Of a sample.
    outputs: usize,
    largest_difference: f64,
    /// What it had to be within.
    allowed: f64,
}

/// A network to compare, by what it takes.
pub struct VerifiedModels<'a> {
    /// Takes what the file that it is from takes.
    pub taken: &'a ModelBytes,
    /// Takes pixels.
    pub pixels: &'a ModelBytes,
    /// How that file's input and output are.
    pub ends: FileEnds,
}

impl VerifyArguments {
    /// Compares, if that is asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or the largest difference, if it is larger than allowed.
    pub fn verify(&self, models: &VerifiedModels<'_>) -> Result<Option<Verification>> {
        let Some(path) = &self.verify else {
            return Ok(None);
        };
        if let Some(tolerance) = self.tolerance {
            ensure!(
                tolerance.is_finite() && tolerance >= 0.0,
                "--tolerance {tolerance}: this is none; give a number from 0 on, as 0.001"
            );
        }
        let name = || format!("--verify {}", path.display());
        let bytes = read(path).with_context(name)?;
        let compared = compare(&bytes, models, self.tolerance).with_context(name)?;
        Ok(Some(Verification {
            file: path.clone(),
            ..compared
        }))
    }
}

impl Verification {
    /// What was compared, in words.
    pub fn describe(verification: Option<&Self>) -> String {
        let Some(own) = verification else {
            return "nothing was compared with the program that it is from; --verify FILE.safetensors does that"
                .into();
        };
        format!(
            "{} of {} in {}: {:.2e} is the largest difference, {:.2e} was allowed",
            counted(own.outputs, "output", "outputs"),
            counted(own.samples, "sample", "samples"),
            own.file.display(),
            own.largest_difference,
            own.allowed,
        )
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = plain_file::read(path, MAX_BYTES).context("cannot read it")?;
    if let Some(wrong) = crate::file_kind::FilePurpose::Samples.wrong_bytes(&bytes) {
        return Err(wrong.into());
    }
    Ok(bytes)
}

/// A tensor by the first of these names that there is.
fn tensor<'t>(file: &SafeTensors<'t>, names: &[&str]) -> Result<TensorView<'t>> {
    let found = names.iter().find_map(|name| file.tensor(name).ok());
    found.ok_or_else(|| {
        let mut there: Vec<&str> = file.names();
        there.sort_unstable();
        anyhow!(
            "it has no tensor {:?}; it has {}",
            names[0],
            there.join(", ")
        )
    })
}

fn compare(
    bytes: &[u8],
    models: &VerifiedModels<'_>,
    tolerance: Option<f64>,
) -> Result<Verification> {
    let file = SafeTensors::deserialize(bytes).context("it is no sound safetensors file")?;
    let input = tensor(&file, &["input", "inputs", "pixels"])?;
    let output = tensor(&file, &["output", "outputs", "logits"])?;
    let bytes = match input.dtype() {
        Dtype::U8 => models.pixels,
        _ => models.taken,
    };
    let model = AnyModel::open(bytes)?;
    let samples = samples(&input, &model, models.ends)?;
    let count = samples.len();
    let options = EngineOptions {
        batch: BATCH,
        ..EngineOptions::default()
    };
    let mut engine = AnyEngine::new(&model, &options)?;
    ensure!(
        engine.scores_per_sample() == model.network().classes(),
        "an int8 autoencoder's outputs cannot be compared; kiln evaluate --outputs writes its errors"
    );
    let indices: Vec<u32> = (0..count as u32).collect();
    let (_, scores) = engine.evaluate(&samples, &indices)?;
    let of_codes = output.dtype() == Dtype::I8;
    let found: Vec<f64> = match of_codes {
        true => scores.codes.iter().map(|code| f64::from(*code)).collect(),
        false => scores
            .scores
            .iter()
            .map(|score| f64::from(*score))
            .collect(),
    };
    let expected = floats(&output).context("tensor output")?;
    let own = model.network().classes();
    let outputs = expected.len() / count;
    let is_divided = own == 2 && outputs == 1;
    ensure!(
        expected.len() == count * outputs
            && output.shape().first() == Some(&count)
            && (outputs == own || is_divided),
        "tensor output has the shape {:?}, but {count} x {own} are needed for the {count} samples of input",
        output.shape()
    );
    let found: Vec<f64> = found
        .chunks_exact(own)
        .flat_map(|logits| ended(logits, models.ends.ending, is_divided))
        .collect();
    let largest = expected
        .iter()
        .fold(1.0_f64, |most, value| most.max(value.abs()));
    let allowed = match (&model, tolerance) {
        (_, Some(tolerance)) => tolerance * largest,
        (AnyModel::Float(_), None) => FLOAT_TOLERANCE * largest,
        (AnyModel::Int8(_), None) if of_codes => 1.0,
        (AnyModel::Int8(model), None) => {
            let last = model.quantized().values().last();
            // More than one code apart is more than this, whatever the rounding.
            last.map_or(0.0, |value| f64::from(value.scale) * 1.001)
        }
    };
    let (place, largest_difference) = furthest(&found, &expected);
    if largest_difference > allowed || !largest_difference.is_finite() {
        bail!(
            "output {} of sample {} is {} and should be {}: the largest difference is {largest_difference:.2e}, \
             but {allowed:.2e} is allowed (--tolerance); nothing was written; is input what the network \
             takes, and the pixels' scaling right?",
            place % outputs + 1,
            place / outputs + 1,
            found[place],
            expected[place],
        );
    }
    Ok(Verification {
        file: PathBuf::new(),
        samples: count,
        outputs,
        largest_difference,
        allowed,
    })
}

/// Where two lists are furthest apart, and how far; a number that is none is furthest of all.
fn furthest(found: &[f64], expected: &[f64]) -> (usize, f64) {
    let pairs = found.iter().zip(expected).enumerate();
    let apart = pairs.map(|(place, (one, other))| (place, (one - other).abs()));
    let further = |most: (usize, f64), next: (usize, f64)| match next.1 > most.1 || next.1.is_nan()
    {
        true => next,
        false => most,
    };
    apart.fold((0, 0.0), further)
}

/// What the file makes of logits at its end.
fn ended(logits: &[f64], ending: Ending, is_divided: bool) -> Vec<f64> {
    if let ([first, second], true) = (logits, is_divided) {
        let logit = second - first;
        return vec![match ending {
            Ending::Sigmoid => 1.0 / (1.0 + (-logit).exp()),
            _ => logit,
        }];
    }
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let of = |logit: &f64| match ending {
        Ending::Softmax => (logit - most).exp() / total,
        Ending::LogSoftmax => logit - most - total.ln(),
        Ending::Logits | Ending::Sigmoid => *logit,
    };
    logits.iter().map(of).collect()
}
