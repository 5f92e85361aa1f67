//! The words of `--help` that tell of defaults.

use super::AugmentSetting;
use crate::defaults;
use std::fmt;

pub(super) fn default_of(help: &str, value: impl fmt::Display) -> String {
    format!("{help} [default: {value}]")
}

pub(super) fn lr_help() -> String {
    format!(
        "Base learning rate [default: {}, or {} for fewer than {} samples]",
        defaults::LR,
        defaults::LR_FEW,
        defaults::FEW
    )
}

pub(super) fn weight_decay_help() -> String {
    format!(
        "Weight decay [default: {} for grey images, {} for colour]",
        defaults::WEIGHT_DECAY_GREY,
        defaults::WEIGHT_DECAY_COLOUR
    )
}

pub(super) fn augment_help() -> String {
    default_of(
        "Changes training samples at random each time they are seen: none, photos (flip,shift:2), or a list of \
         flip, shift:PIXELS, rotate:DEGREES and erase:PROBABILITY",
        AugmentSetting::default(),
    )
}

pub(super) fn schedule_help() -> String {
    default_of(
        "How the learning rate changes: constant, step:EPOCHS:FACTOR or cosine[:WARMUP], warming up for that \
         many epochs, or a share of all such as 15%",
        defaults::SCHEDULE,
    )
}
