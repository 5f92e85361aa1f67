//! The bounds of the hyper-parameters.

use super::{Hyperparameters, KeepSetting, LossSetting, SettingError};

/// More would take gigabytes of activations.
const MAX_BATCH: u32 = 1 << 16;

impl Hyperparameters {
    /// Finds out whether each is within its bounds.
    ///
    /// # Errors
    ///
    /// The first setting that is not.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        // What counts is the f32 that the arithmetic will see: 1e-50 is zero there.
        let (lr, decay) = (self.lr as f32, self.weight_decay as f32);
        let rules = [
            (
                self.epochs >= 1,
                "epochs",
                self.epochs.to_string(),
                "it must be at least 1",
            ),
            (
                (1..=MAX_BATCH).contains(&self.batch),
                "batch",
                self.batch.to_string(),
                "it must be between 1 and 65536",
            ),
            (
                lr.is_finite() && lr > 0.0,
                "lr",
                self.lr.to_string(),
                "it must be a number above 0, such as 0.05",
            ),
            (
                (0.0..1.0).contains(&(self.momentum as f32)),
                "momentum",
                self.momentum.to_string(),
                "it must be at least 0 and below 1, such as 0.9",
            ),
            (
                decay.is_finite() && decay >= 0.0,
                "weight-decay",
                self.weight_decay.to_string(),
                "it must be 0 or a number above, such as 0.0005",
            ),
            (
                self.seed <= i64::MAX as u64,
                "seed",
                self.seed.to_string(),
                "it must be below 2^63",
            ),
            (
                (0.0..1.0).contains(&self.validation),
                "validation",
                self.validation.to_string(),
                "it must be a fraction: at least 0 and below 1, such as 0.1",
            ),
            (
                !self.nesterov || self.momentum as f32 > 0.0,
                "nesterov",
                self.nesterov.to_string(),
                "it needs a momentum above 0, such as 0.9",
            ),
            (
                (0.0..1.0).contains(&(self.label_smoothing as f32)),
                "label-smoothing",
                self.label_smoothing.to_string(),
                "it must be at least 0 and below 1, such as 0.1",
            ),
            (
                self.label_smoothing == 0.0 || self.loss == LossSetting::CrossEntropy,
                "label-smoothing",
                self.label_smoothing.to_string(),
                "only the loss cross-entropy has labels to smooth",
            ),
            (
                !self.balance || self.loss == LossSetting::CrossEntropy,
                "balance",
                self.balance.to_string(),
                "only the loss cross-entropy has classes to balance",
            ),
            (
                self.keep == KeepSetting::Last || self.validation > 0.0,
                "keep",
                self.keep.to_string(),
                "the best epoch is found by samples held out; set --validation above 0, such as 0.1",
            ),
            (
                self.quantize_epochs != Some(0),
                "quantize-epochs",
                "0".into(),
                "it must be at least 1",
            ),
            (
                self.quantize_epochs.is_none() || self.quantize,
                "quantize-epochs",
                self.quantize_epochs.unwrap_or_default().to_string(),
                "only a network that is quantised is trained so; add --quantize",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, name, found, rule)) => Err(SettingError { name, found, rule }),
            None => Ok(()),
        }
    }
}
