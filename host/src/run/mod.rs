//! What a run is: its job, its course from the first step or a checkpoint to the last, and the
//! folder it leaves.
//!
//! A [`Job`] says what to train, found out before anything is loaded; a [`Setup`] is the network and
//! its trainer before the next step; a [`TrainingLoop`] takes the epochs, with [`Checkpoints`] and an
//! [`Interruption`]; [`RunOutputs`] makes the files. `kiln train` does one of these, `kiln sweep`
//! many at a time.

pub mod checkpoint;
mod checkpoints;
mod class_counts;
pub mod closing;
pub mod config;
mod fitting;
pub mod folder;
mod folding_effect;
mod interruption;
mod job;
mod outputs;
mod quantizing;
mod report;
mod separate_data;
mod setup;
mod start;
mod training_loop;

pub use checkpoints::Checkpoints;
pub use class_counts::ClassCounts;
pub use fitting::{ensure_trainable, ensure_training_samples, fitting};
pub use folding_effect::FoldingEffect;
pub use interruption::{INTERRUPTED, Interruption};
pub use job::{Job, RunRequest, new_folder};
pub use outputs::{RunOutputs, lasting_name, metrics, whole_path};
pub use quantizing::{
    QuantizedRun, QuantizingWatch, describe_int8, describe_tuning_epoch, held_out_score,
    is_interrupted, quantize_run,
};
pub use report::{EpochReport, RunFindings, RunTiming, TrainReport};
pub use separate_data::SeparateData;
pub use setup::Setup;
pub use start::{StartLayer, StartModel, StartWeights};
pub use training_loop::{TrainingLoop, TrainingWatch};
