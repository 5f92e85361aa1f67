//! The training that memory is set aside for, in words.

use super::{CompactMode, Trainable};
use core::fmt;

/// The training that a firmware sets memory aside for: what the desktop says to the firmware's
/// build, in words with commas between them, and what is to be trained by it.
///
/// ```
/// use kiln_core::TrainingMemory;
/// let memory = TrainingMemory::parse("from=3,batch")?;
/// assert_eq!(memory, TrainingMemory { from: 3, batch: true, ..TrainingMemory::default() });
/// assert_eq!(memory.to_string(), "from=3,batch");
/// assert_eq!(TrainingMemory::parse("from=3,bach"), Err("bach"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingMemory {
    /// First layer that is trained, counted from 1.
    pub from: usize,
    /// Whether biases only are.
    pub biases_only: bool,
    /// Whether a gradient is kept, for batches.
    pub batch: bool,
    /// Whether a velocity is kept, for momentum; only batches have one.
    pub momentum: bool,
}

impl TrainingMemory {
    /// Reads the words; what none of them says is as in the default. Momentum makes batches.
    ///
    /// # Errors
    ///
    /// The first word that is none.
    pub fn parse(text: &str) -> Result<Self, &str> {
        let mut memory = Self::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match (word, word.strip_prefix("from=").map(str::parse)) {
                ("biases", _) => memory.biases_only = true,
                ("batch", _) => memory.batch = true,
                ("momentum", _) => (memory.batch, memory.momentum) = (true, true),
                (_, Some(Ok(layer @ 1..))) => memory.from = layer,
                _ => return Err(word),
            }
        }
        Ok(memory)
    }

    /// The mode that the memory is enough for.
    pub const fn mode(&self) -> CompactMode {
        let trainable = Trainable::from_layer(self.from);
        let trainable = if self.biases_only {
            trainable.biases_only()
        } else {
            trainable
        };
        if self.batch {
            CompactMode::mini_batch(trainable, self.momentum)
        } else {
            CompactMode::in_place(trainable)
        }
    }
}

/// All of a network, in place.
impl Default for TrainingMemory {
    fn default() -> Self {
        Self {
            from: 1,
            biases_only: false,
            batch: false,
            momentum: false,
        }
    }
}

/// The words.
impl fmt::Display for TrainingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from={}", self.from)?;
        for (word, is_set) in [
            ("biases", self.biases_only),
            ("batch", self.batch),
            ("momentum", self.momentum),
        ] {
            if is_set {
                write!(f, ",{word}")?;
            }
        }
        Ok(())
    }
}
