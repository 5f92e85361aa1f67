//! What is trained of a network, as Rust.

use kiln_core::TrainingMemory;

/// The mode of a training: an expression of type `kiln_core::CompactMode`.
pub fn mode(memory: &TrainingMemory) -> String {
    let TrainingMemory {
        from,
        biases_only,
        batch,
        momentum,
    } = memory;
    format!(
        "kiln_core::TrainingMemory {{ from: {from}, biases_only: {biases_only}, batch: {batch}, \
         momentum: {momentum} }}.mode()"
    )
}
