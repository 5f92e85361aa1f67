//! A response, taken out of the buffer that it came in.

use super::{Description, LinkError, Trained};
use kiln_core::link::{Footprint, Refusal, Response, StorageState, Usage};

/// A response without its buffer.
pub(super) enum Answer {
    Device(u16, Description),
    Logits(u32, Vec<f32>),
    Codes(u32, Vec<i8>),
    Usage(Usage),
    Finished,
    Configured(Footprint),
    Trained(Trained),
    Diverged,
    Parameters(Vec<f32>),
    Stored(u32),
    Storage(StorageState),
    Refused(Refusal),
    Overflowed(u32),
}

impl Answer {
    /// What a response says; `None` where it is to be asked for again.
    pub fn of(response: Response<'_>) -> Option<Self> {
        Some(match response {
            Response::Device(device) => Self::Device(
                device.version,
                Description {
                    board: device.board.into(),
                    tick_unit: device.tick_unit.into(),
                    model_crc: device.model_crc,
                    model_len: device.model_len,
                    stored: device.stored,
                },
            ),
            Response::Logits { ticks, logits } => Self::Logits(ticks, values(logits)?),
            Response::Codes { ticks, codes } => {
                let codes = codes.iter().map(|byte| *byte as i8);
                Self::Codes(ticks, codes.collect())
            }
            Response::Usage(usage) => Self::Usage(usage),
            Response::Finished => Self::Finished,
            Response::Configured(footprint) => Self::Configured(footprint),
            Response::Trained {
                ticks,
                loss,
                correct,
            } => Self::Trained(Trained {
                ticks,
                loss,
                correct,
            }),
            Response::Diverged => Self::Diverged,
            Response::Parameters(bytes) => Self::Parameters(values(bytes)?),
            Response::Stored { number } => Self::Stored(number),
            Response::Storage(state) => Self::Storage(state),
            Response::Refused(reason) => Self::Refused(reason),
            Response::Overflowed { available } => Self::Overflowed(available),
            _ => return None,
        })
    }

    /// The error that this answer is where another was expected to being asked `what`.
    pub fn unexpected(self, what: &'static str) -> LinkError {
        match self {
            Self::Refused(reason) => LinkError::Refused { what, reason },
            Self::Diverged => LinkError::Diverged,
            Self::Overflowed(available) => LinkError::Overflowed { available },
            _ => LinkError::Confused(what),
        }
    }
}

/// Little-endian f32.
fn values(bytes: &[u8]) -> Option<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| {
        values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    })
}
