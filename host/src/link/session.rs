//! Requests and their answers, asked again until they come through.

use super::LinkStream;
use super::answer::Answer;
use super::error::LinkError;
use kiln_core::bytes_of_codes;
use kiln_core::link::{
    Damaged, Decoder, Example, Footprint, Frame, LINK_VERSION, MESSAGE_OVERHEAD,
    PARAMETERS_PER_FRAME, Request, Response, Training, Usage, encode, encoded_len, parse,
};
use std::io;
use std::time::{Duration, Instant};

/// Longest response, in bytes.
const RECEIVED: usize = 1 << 17;
/// How often a request is sent before the device counts as gone.
const ATTEMPTS: usize = 20;

/// A conversation with a device.
pub struct LinkSession {
    stream: Box<dyn LinkStream>,
    decoder: Box<Decoder<RECEIVED>>,
    sequence: u32,
    patience: Duration,
    repeats: u64,
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

    fn ask(&mut self, body: Request<'_>) -> Result<Answer, LinkError> {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let len = match body {
            Request::Infer(image)
            | Request::InferCodes(image)
            | Request::Train(Example { image, .. }) => image.len(),
            _ => 0,
        };
        let mut buffer = vec![0; encoded_len(len + MESSAGE_OVERHEAD)];
        let sequence = self.sequence;
        let frame = Frame { sequence, body };
        let bytes = encode(&frame, &mut buffer).ok_or(LinkError::TooLarge(len))?;
        let mut is_taken = false;
        for attempt in 0..ATTEMPTS {
            self.repeats += u64::from(attempt > 0);
            // A zero first: it ends whatever the device takes for the start of a frame.
            is_taken = self.send(&[0])? && self.send(bytes)?;
            if let Some(answer) = self.listen()? {
                return Ok(answer);
            }
        }
        Err(match is_taken {
            true => LinkError::Silent(ATTEMPTS),
            false => LinkError::Deaf(ATTEMPTS),
        })
    }

    /// Sends bytes; whether all of them were taken before patience was at its end.
    fn send(&mut self, mut bytes: &[u8]) -> Result<bool, LinkError> {
        let deadline = Instant::now() + self.patience;
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_pause(&error) && Instant::now() < deadline => {}
                Err(error) if is_pause(&error) => return Ok(false),
                Err(error) if is_end(&error) => return Err(LinkError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The answer to the last request; `None` if it has to be asked again.
    fn listen(&mut self) -> Result<Option<Answer>, LinkError> {
        let deadline = Instant::now() + self.patience;
        let mut bytes = [0; 4096];
        while Instant::now() < deadline {
            let count = match self.stream.read(&mut bytes) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(count) => count,
                Err(error) if is_pause(&error) => continue,
                Err(error) if is_end(&error) => return Err(LinkError::Closed),
                Err(error) => return Err(error.into()),
            };
            for byte in &bytes[..count] {
                match self.decoder.push(*byte) {
                    None => {}
                    Some(Err(Damaged)) => return Ok(None),
                    Some(Ok(payload)) => match parse::<Response<'_>>(payload) {
                        Some(Frame {
                            body: Response::Damaged,
                            ..
                        }) => return self.settle(),
                        Some(frame) if frame.sequence == self.sequence => {
                            return Ok(Answer::of(frame.body));
                        }
                        // The answer to a request that was answered before.
                        _ => {}
                    },
                }
            }
        }
        Ok(None)
    }

    /// Lets pass what the device still says about bytes before the request, so that each of its
    /// complaints does not cost an attempt.
    fn settle(&mut self) -> Result<Option<Answer>, LinkError> {
        let deadline = Instant::now() + self.patience;
        let mut bytes = [0; 4096];
        while Instant::now() < deadline {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(_) => {}
                Err(error) if is_pause(&error) => break,
                Err(error) if is_end(&error) => return Err(LinkError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
        // Whatever has come of a frame is gone with it.
        let _ = self.decoder.push(0);
        Ok(None)
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
