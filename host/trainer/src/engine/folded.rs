//! The network as it is evaluated, where that is not the one that is trained.

use kiln_core::{FoldError, Folding, Network, Program};

/// The folded network's parameters.
pub(super) struct Folded {
    folding: Folding,
    parameters: Vec<f32>,
    /// Whether the parameters are those of the network as it is now.
    is_fresh: bool,
}

impl Folded {
    /// Takes the memory for what `inference` runs.
    pub fn new(folding: Folding, inference: &Program) -> Self {
        Self {
            folding,
            parameters: vec![0.0; inference.parameters()],
            is_fresh: false,
        }
    }

    /// The network has changed.
    pub fn forget(&mut self) {
        self.is_fresh = false;
    }

    /// The parameters, folded from those of `network` where that is not done yet.
    pub fn parameters(
        &mut self,
        network: &Network,
        parameters: &[f32],
        statistics: &[f32],
    ) -> Result<&Vec<f32>, FoldError> {
        if !self.is_fresh {
            let folded = &mut self.parameters;
            self.folding.fold(network, parameters, statistics, folded)?;
            self.is_fresh = true;
        }
        Ok(&self.parameters)
    }

    /// The same in memory of its own.
    pub fn folded(
        &self,
        network: &Network,
        parameters: &[f32],
        statistics: &[f32],
    ) -> Result<Vec<f32>, FoldError> {
        let mut folded = vec![0.0; self.parameters.len()];
        self.folding
            .fold(network, parameters, statistics, &mut folded)?;
        Ok(folded)
    }

    /// The memory taken.
    #[cfg(test)]
    pub fn buffer(&self) -> &Vec<f32> {
        &self.parameters
    }
}
