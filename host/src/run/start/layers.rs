//! The layers of a network that is to learn other classes, or a part of it.

use crate::output::first_names;
use crate::run::config::RunConfig;
use crate::run::folder::CONFIG;
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{Folding, Layer, Network, NetworkCut};
use std::path::Path;

/// The network with other outputs of its last layer that has parameters.
pub(super) fn with_outputs(network: &Network, last: usize, classes: usize) -> Result<Network> {
    let kind = network.layers().get(last - 1).map_or("", Layer::name);
    let refused = || {
        format!(
            "its last layer with parameters ({last} {kind}) cannot be made anew for {classes} classes; give a \
             model that ends in a linear layer"
        )
    };
    let outputs = u16::try_from(classes).ok().with_context(refused)?;
    let shape = network.input_shape();
    let mut changed = Network::input(shape.channels, shape.height, shape.width);
    for (index, (layer, inputs)) in network.layers().iter().zip(network.inputs()).enumerate() {
        let mut layer = *layer;
        match &mut layer {
            Layer::Linear(linear) if index + 1 == last => linear.outputs = outputs,
            Layer::Conv2d(conv) if index + 1 == last => conv.filters = outputs,
            _ => {}
        }
        changed = changed.node(layer, *inputs);
    }
    changed.check().ok().with_context(refused)?;
    ensure!(changed.classes() == classes, refused());
    Ok(changed)
}

/// How many parameters the layers before `layer` have, counted from 1.
pub(super) fn parameters_before(network: &Network, layer: usize) -> usize {
    let before = 0..layer - 1;
    let counts = before.map(|index| network.layer_cost(index).parameters as usize);
    counts.sum()
}

/// Refuses to train from a layer that is not there or that nothing can be trained from.
pub(super) fn check_layer(network: &Network, first: usize) -> Result<()> {
    let layers = network.layers().len();
    ensure!(
        first > 0,
        "train-from is 0; layers are counted from 1, as kiln summary shows them"
    );
    ensure!(
        first <= layers,
        "train-from is {first}, but the network has {layers} layers; kiln summary shows them"
    );
    let last = NetworkCut::last_layer(network);
    ensure!(
        first <= last,
        "train-from is {first}, but no layer from number {first} on has parameters to train; the last that has is \
         {last}"
    );
    Ok(())
}

/// The number of the layer with this name in the config of the run that the model is of.
pub(super) fn named_layer(path: &Path, network: &Network, asked: &str) -> Result<usize> {
    let config = RunConfig::read(&path.with_file_name(CONFIG));
    let tables = config.ok().and_then(|config| config.model);
    let trained = tables.and_then(|tables| Some((tables.network(None).ok()?, tables.names())));
    let (numbers, names): (Vec<usize>, Vec<String>) = match trained {
        Some((trained, names)) => {
            let folding = Folding::of(&trained);
            let is_own = folding.clone().network() == *network;
            let named = names.into_iter().enumerate();
            named
                .filter(|_| is_own)
                .filter_map(|(index, name)| Some((folding.number(index), name?)))
                .unzip()
        }
        None => Default::default(),
    };
    if let Some(place) = names.iter().position(|name| name == asked) {
        return Ok(numbers[place]);
    }
    let known = match names.is_empty() {
        true => "its layers have no names".into(),
        false => format!("there are {}", first_names(&names)),
    };
    bail!(
        "{}: train-from is {asked:?}, but no layer is named so ({known}); give a number, as kiln summary shows \
         them",
        path.display()
    )
}
