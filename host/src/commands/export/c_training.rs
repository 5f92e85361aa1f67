//! What of a model learns in C.

use super::ExportArguments;
use crate::exchange::c::CTraining;
use crate::model::{AnyModel, ModelFacts};
use crate::weights::ModelBytes;
use anyhow::{Result, bail, ensure};
use kiln_core::Network;
use std::str::FromStr;

/// How many of the last layers that have parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLayers {
    /// As many as there are.
    All,
    /// So many.
    Last(usize),
}

impl FromStr for LastLayers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(count @ 1..) => Ok(Self::Last(count)),
            _ => Err("it must be a whole number from 1 on, or all".into()),
        }
    }
}

/// What the arguments say of it.
///
/// # Errors
///
/// Layers that the network does not have.
pub fn of(
    arguments: &ExportArguments,
    bytes: &ModelBytes,
    model: &AnyModel<'_>,
) -> Result<Option<CTraining>> {
    let network = model.network();
    let from = match (arguments.train, arguments.train_from) {
        (None, None) => return Ok(None),
        (None, Some(from)) => from_layer(network, from)?,
        (Some(LastLayers::All), _) => 1,
        (Some(LastLayers::Last(count)), _) => last(network, count)?,
    };
    let file_crc = u32::from_le_bytes(bytes.as_slice().last_chunk().copied().unwrap_or_default());
    Ok(Some(CTraining { from, file_crc }))
}

/// The first of the last layers that have parameters.
fn last(network: &Network, count: usize) -> Result<usize> {
    let trainable = trainable(network);
    let found = trainable.len();
    let first = found
        .checked_sub(count)
        .and_then(|first| trainable.get(first));
    match first {
        Some(layer) => Ok(*layer),
        None => bail!(
            "train is {count}, but the network has {found} layers with parameters; kiln summary shows them"
        ),
    }
}

fn from_layer(network: &Network, from: usize) -> Result<usize> {
    let layers = network.layers().len();
    ensure!(
        (1..=layers).contains(&from),
        "train-from is {from}, but the network's {layers} layers are counted from 1 to {layers}; kiln summary \
         shows them"
    );
    ensure!(
        trainable(network).iter().any(|layer| *layer >= from),
        "no layer from number {from} on has parameters to train; kiln summary shows them"
    );
    Ok(from)
}

/// The layers that have parameters, counted from 1.
fn trainable(network: &Network) -> Vec<usize> {
    let layers = 0..network.layers().len();
    let layers = layers.filter(|index| network.layer_cost(*index).parameters > 0);
    layers.map(|index| index + 1).collect()
}
