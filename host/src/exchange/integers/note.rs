//! The integers of a network that a format's own numbers do not hold to the bit.

use kiln_core::{Int8Rule, Network, Quantization, QuantizedNetwork};
use serde::{Deserialize, Serialize};

/// The name that the note has in a file's header.
pub const INTEGERS_KEY: &str = "kiln.integers";

/// What a network of integers has besides its weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IntegersNote {
    /// The graph.
    pub network: Network,
    /// How it rounds.
    pub rule: Int8Rule,
    /// Scale, zero, least and greatest code of each value; the scale by its bits, since a JSON
    /// number need not come back to the same f32.
    values: Vec<(u32, i8, i8, i8)>,
    /// All constants.
    pub constants: Vec<i32>,
}

impl IntegersNote {
    /// The note of a network.
    pub fn of(quantized: &QuantizedNetwork<'_>) -> Self {
        let values = quantized.values().iter();
        Self {
            network: quantized.network().clone(),
            rule: quantized.rule(),
            values: values
                .map(|own| (own.scale.to_bits(), own.zero, own.low, own.high))
                .collect(),
            constants: quantized.constants().to_vec(),
        }
    }

    /// The note in a text; `None` where it is not such a text.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text that is parsed to the same note.
    ///
    /// # Errors
    ///
    /// None that is known: there are only numbers in it.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// What the codes of each value stand for.
    pub fn values(&self) -> Vec<Quantization> {
        let values = self.values.iter();
        values
            .map(|&(bits, zero, low, high)| Quantization {
                scale: f32::from_bits(bits),
                zero,
                low,
                high,
            })
            .collect()
    }
}
