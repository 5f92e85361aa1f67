//! What a module of a model file is to hold.

use std::path::Path;

/// What is asked of a module.
#[derive(Clone, Copy, Debug)]
pub struct ModuleOptions<'a> {
    /// Its name.
    pub name: &'a str,
    /// The model file; absolute, so that a compiler finds it, too.
    pub path: &'a Path,
    /// What it trains, if anything.
    pub training: Option<ModuleTraining>,
    /// Most bytes of RAM for all that its types hold, if that is bounded.
    pub most_ram: Option<usize>,
    /// Most bytes of flash for the model, if that is bounded.
    pub most_flash: Option<usize>,
}

/// What a module trains, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleTraining {
    /// Which layers.
    pub layers: TrainedLayers,
    /// Whether only their biases.
    pub biases_only: bool,
    /// Whether a gradient is kept, for batches.
    pub batch: bool,
    /// Whether a velocity is kept, for momentum.
    pub momentum: bool,
}

/// Which layers are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedLayers {
    /// All of them.
    All,
    /// Those from this one on, counted from 1.
    From(usize),
    /// So many of those that have parameters, from the last.
    Last(usize),
}
