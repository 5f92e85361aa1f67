//! Whether a dataset and a network fit each other, and the loss.

use crate::data::Dataset;
use crate::defaults;
use crate::network_file::{NetworkTables, quoted_layer};
use crate::output::counted;
use crate::settings::LossSetting;
use anyhow::{Context, Result, ensure};
use kiln_core::{Layer, Network};

/// The network, given with the name of where it is from, for the dataset and the loss; the dataset's
/// default one where none is given.
///
/// # Errors
///
/// If it does not fit the dataset.
pub fn fitting(
    model: Option<&(NetworkTables, String)>,
    dataset: &Dataset,
    loss: LossSetting,
) -> Result<Network> {
    let classes = dataset.classes.len();
    let Some((tables, origin)) = model else {
        ensure!(
            loss.tells_classes(),
            "--loss {loss}: the default network tells classes apart; describe an autoencoder in a \
             TOML file and give it by --model"
        );
        return defaults::fitting_network(dataset);
    };
    let network = tables
        .network(Some(classes))
        .with_context(|| origin.clone())?;
    if !loss.tells_classes() {
        return autoencoder(network, tables).with_context(|| origin.clone());
    }
    ensure!(
        network.classes() == classes,
        "{origin}: the network tells {} apart, but {} has {}; \
         set the outputs of its last layer to \"classes\", which takes those of the data, or to {classes}",
        counted(network.classes(), "class", "classes"),
        dataset.name,
        counted(classes, "class", "classes")
    );
    Ok(network)
}

/// The network, where it gives as many values as it takes.
fn autoencoder(network: Network, tables: &NetworkTables) -> Result<Network> {
    let (inputs, outputs) = (network.input_shape().elements(), network.classes());
    let number = network.layers().len();
    let kind = network.layers().last().map_or("", Layer::name);
    let layer = quoted_layer(&tables.names(), number);
    ensure!(
        inputs == outputs,
        "layer {layer} ({kind}): it gives {}, but with --loss mse the network is to give its \
         input of {inputs} values again; set its outputs to {inputs}",
        counted(outputs, "value", "values")
    );
    Ok(network)
}

/// Refuses a dataset without training samples or without their labels; `name` is what the user
/// called it.
///
/// # Errors
///
/// If it has none.
pub fn ensure_trainable(dataset: &Dataset, name: &str) -> Result<()> {
    ensure_training_samples(dataset, name)?;
    ensure!(
        dataset.labelled,
        "{name} has no labels to train a classifier on; add a tensor \"labels\", or train an \
         autoencoder by --loss mse"
    );
    Ok(())
}

/// Refuses a dataset without training samples; `name` is what the user called it.
///
/// # Errors
///
/// If it has none.
pub fn ensure_training_samples(dataset: &Dataset, name: &str) -> Result<()> {
    ensure!(
        !dataset.train.is_empty(),
        "{name} has no training samples, only a test set; add the training files"
    );
    Ok(())
}
