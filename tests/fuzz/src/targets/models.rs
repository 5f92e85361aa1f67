//! Kiln's own files, and what is done with a model.

use super::verdict;
use crate::measured::Verdict;
use host::data::Samples;
use host::engine::{self, AnyEngine, EngineOptions};
use host::exchange;
use host::model::{AnyModel, ModelFacts};
use host::run::checkpoint::Checkpoint;
use host::weights::ModelBytes;
use kiln_core::{Loss, ModelTask, Network, SamplesFile};

/// Beyond so many multiply-accumulates, and values of a sample, no network is computed.
const MOST_MACS: u64 = 200_000;
const MOST_VALUES: usize = 1 << 16;
/// Beyond so many bytes no engine is made.
const MOST_MEMORY: usize = 16 << 20;

pub fn model(input: &[u8]) -> Verdict {
    let bytes = ModelBytes::of(input);
    let opened = AnyModel::open(&bytes);
    verdict(opened.map(|model| (used(&model), 0)))
}

pub fn samples(input: &[u8]) -> Verdict {
    verdict(SamplesFile::open(input).map(|file| {
        let size = file.shape().elements();
        for (_, image) in file.samples() {
            assert_eq!(image.len(), size);
        }
        (format!("{} samples", file.len()), 0)
    }))
}

pub fn checkpoint(input: &[u8]) -> Verdict {
    let decoded = Checkpoint::decode(input).map_err(|error| error.to_string());
    let model = decoded.and_then(|own| own.model().map_err(|error| format!("{error:#}")));
    verdict(model.and_then(|bytes| {
        let model = AnyModel::open(&bytes).map_err(|error| error.to_string())?;
        // The configuration is in memory as text, tables and network.
        Ok((used(&model), 8 * input.len()))
    }))
}

/// Does with a model what commands do, and says what it is.
pub fn used(model: &AnyModel<'_>) -> String {
    let network = model.network();
    let options = EngineOptions {
        threads: 1,
        loss: match model.task() {
            ModelTask::Reconstruction => Loss::MeanSquaredError,
            _ => Loss::CROSS_ENTROPY,
        },
        ..EngineOptions::default()
    };
    if let AnyModel::Float(own) = model
        && is_cheap(network, &options)
    {
        let _ = exchange::onnx::write(own).map(|bytes| exchange::onnx::read(&bytes, None));
        let _ = exchange::safetensors::write(own);
    }
    if is_cheap(network, &options) {
        let samples = Samples::of_bytes(
            (0..2 * network.input_shape().elements())
                .map(|index| index as u8)
                .collect(),
            vec![0, 1],
            network.input_shape().into(),
        );
        let engine = AnyEngine::new(model, &options);
        let _ = engine.and_then(|mut engine| engine.evaluate(&samples, &[0, 1]));
    }
    format!("{} {network}", model.element())
}

/// Whether computing with a network takes next to nothing.
pub fn is_cheap(network: &Network, options: &EngineOptions) -> bool {
    let values = network.input_shape().elements();
    network.cost().macs <= MOST_MACS
        && values <= MOST_VALUES
        && engine::memory(network, options).is_ok_and(|bytes| bytes <= MOST_MEMORY)
}
