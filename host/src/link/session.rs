//! Requests and their answers.

use super::LinkStream;
use super::answer::Answer;
use super::error::LinkError;
use kiln_core::bytes_of_codes;
use kiln_core::link::{
    Decoder, Example, Footprint, LINK_VERSION, PARAMETERS_PER_FRAME, Refusal, Request,
    StorageState, Training, Usage,
};
use std::time::Duration;

/// Longest response, in bytes.
const RECEIVED: usize = 1 << 17;

/// A conversation with a device.
pub struct LinkSession {
    pub(super) stream: Box<dyn LinkStream>,
    pub(super) decoder: Box<Decoder<RECEIVED>>,
    pub(super) sequence: u32,
    pub(super) patience: Duration,
    pub(super) repeats: u64,
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Name of its board.
    pub board: String,
    /// What its ticks are.
    pub tick_unit: String,
    /// CRC-32 that ends its model file.
    pub model_crc: u32,
    /// Bytes of its model file.
    pub model_len: u32,
    /// Number of the trained parameters that it stored last; 0 where there are none.
    pub stored: u32,
}

/// A sample for a network of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Int8Sample<'a> {
    /// Bytes in the order (channel, row, column), which the device makes codes of.
    Image(&'a [u8]),
    /// The codes, in the order (row, column, channel).
    Codes(&'a [i8]),
}

/// What training on a sample gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    /// What it took, in the device's unit.
    pub ticks: u32,
    /// The sample's loss before the step.
    pub loss: f32,
    /// Whether its class was found before the step.
    pub correct: bool,
}

impl LinkSession {
    /// A conversation over `stream`; a request is repeated after `patience` without an answer.
    pub fn new(stream: Box<dyn LinkStream>, patience: Duration) -> Self {
        Self {
            stream,
            decoder: Box::default(),
            sequence: 0,
            patience,
            repeats: 0,
        }
    }

    /// Asks who the device is.
    ///
    /// # Errors
    ///
    /// If it does not answer, or speaks another version.
    pub fn hello(&mut self) -> Result<Description, LinkError> {
        match self.ask(Request::Hello)? {
            Answer::Device(LINK_VERSION, device) => Ok(device),
            Answer::Device(found, _) => Err(LinkError::Version { found }),
            other => Err(other.unexpected("to say who it is")),
        }
    }

    /// The logits of an image of bytes, and the ticks they took.
    ///
    /// # Errors
    ///
    /// If the device does not answer or does not take the image.
    pub fn infer(&mut self, image: &[u8]) -> Result<(u32, Vec<f32>), LinkError> {
        match self.ask(Request::Infer(image))? {
            Answer::Logits(ticks, logits) => Ok((ticks, logits)),
            other => Err(other.unexpected("the image")),
        }
    }

    /// The codes that a network of integers gives for a sample, and the ticks they took.
    ///
    /// # Errors
    ///
    /// If the device does not answer or does not take the sample.
    pub fn infer_int8(&mut self, sample: Int8Sample<'_>) -> Result<(u32, Vec<i8>), LinkError> {
        let request = match sample {
            Int8Sample::Image(image) => Request::Infer(image),
            Int8Sample::Codes(codes) => Request::InferCodes(bytes_of_codes(codes)),
        };
        match self.ask(request)? {
            Answer::Codes(ticks, codes) => Ok((ticks, codes)),
            other => Err(other.unexpected("the sample")),
        }
    }

    /// Begins training, and tells what memory it takes.
    ///
    /// # Errors
    ///
    /// If the device does not answer or cannot train so; nothing has changed then.
    pub fn configure(&mut self, training: Training) -> Result<Footprint, LinkError> {
        match self.ask(Request::Configure(training))? {
            Answer::Configured(footprint) => Ok(footprint),
            other => Err(other.unexpected("to train so")),
        }
    }

    /// Trains on one sample.
    ///
    /// # Errors
    ///
    /// If the device does not answer or does not take the sample, or the loss is not finite.
    pub fn train(&mut self, example: Example<'_>) -> Result<Trained, LinkError> {
        match self.ask(Request::Train(example))? {
            Answer::Trained(trained) => Ok(trained),
            other => Err(other.unexpected("the sample")),
        }
    }

    /// All `count` trained parameters.
    ///
    /// # Errors
    ///
    /// If the device does not answer or has other parameters, or one of them is not finite.
    pub fn parameters(&mut self, count: usize) -> Result<Vec<f32>, LinkError> {
        const WHAT: &str = "to send its parameters";
        let mut parameters = Vec::with_capacity(count);
        while parameters.len() < count {
            let some = PARAMETERS_PER_FRAME.min(count - parameters.len());
            let request = Request::Parameters {
                first: parameters.len() as u32,
                count: some as u16,
            };
            match self.ask(request)? {
                Answer::Parameters(values) if values.len() == some => parameters.extend(values),
                other => return Err(other.unexpected(WHAT)),
            }
        }
        Ok(parameters)
    }

    /// Has the device keep its trained parameters, and gives the number of what it keeps.
    ///
    /// # Errors
    ///
    /// If it does not answer or cannot store them, or one of them is not finite.
    pub fn store(&mut self) -> Result<u32, LinkError> {
        match self.ask(Request::Store)? {
            Answer::Stored(number) => Ok(number),
            other => Err(other.unexpected("to store its parameters")),
        }
    }

    /// How the device's storage is; nothing where its firmware does not know the question.
    ///
    /// # Errors
    ///
    /// If it does not answer, or its storage fails.
    pub fn storage(&mut self) -> Result<Option<StorageState>, LinkError> {
        match self.ask(Request::Storage)? {
            Answer::Storage(state) => Ok(Some(state)),
            Answer::Refused(Refusal::Unknown) => Ok(None),
            other => Err(other.unexpected("to say how its storage is")),
        }
    }

    /// What memory the device has used so far.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn usage(&mut self) -> Result<Usage, LinkError> {
        match self.ask(Request::Usage)? {
            Answer::Usage(usage) => Ok(usage),
            other => Err(other.unexpected("to say what memory it uses")),
        }
    }

    /// Tells the device that nothing more is to come.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn finish(&mut self) -> Result<(), LinkError> {
        match self.ask(Request::Finish) {
            // It may be gone before its last word is heard.
            Ok(Answer::Finished) | Err(LinkError::Closed) => Ok(()),
            Ok(other) => Err(other.unexpected("to finish")),
            Err(error) => Err(error),
        }
    }

    /// How many requests had to be repeated so far.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }
}
