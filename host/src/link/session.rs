//! Requests and their answers, asked again until they come through.

use super::Stream;
use kiln::link::{
    Damaged, Decoder, Frame, LINK_VERSION, MESSAGE_OVERHEAD, Request, Response, Usage, encode,
    encoded_len, parse,
};
use std::io;
use std::time::{Duration, Instant};

/// Longest response, in bytes.
const RECEIVED: usize = 1 << 17;
/// How often a request is sent before the device counts as gone.
const ATTEMPTS: usize = 20;

/// A conversation with a device.
pub struct Session {
    stream: Box<dyn Stream>,
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
}

/// What stops a conversation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The stream cannot be read or written.
    #[error("the connection to the device failed: {0}; start the device again")]
    Stream(#[from] io::Error),
    /// The other end is closed.
    #[error("the device ended the connection; start it again")]
    Closed,
    /// No answer came, however often it was asked.
    #[error("the device does not answer, asked {0} times; check cable, port and --baud")]
    Silent(usize),
    /// It speaks another version of the link.
    #[error(
        "the device speaks version {found} of the link, this Kiln version {LINK_VERSION}; \
         flash it with this Kiln's firmware"
    )]
    Version {
        /// The device's version.
        found: u16,
    },
    /// It does not do what it is asked.
    #[error("the device refuses {0}; flash it with this Kiln's firmware")]
    Refused(&'static str),
    /// An image is too large for a frame.
    #[error("an image of {0} bytes is too large for the link")]
    TooLarge(usize),
}

/// A response without its buffer.
enum Answer {
    Device(u16, Description),
    Logits(u32, Vec<f32>),
    Usage(Usage),
    Finished,
    Refused,
}

impl Session {
    /// A conversation over `stream`; a request is repeated after `patience` without an answer.
    pub fn new(stream: Box<dyn Stream>, patience: Duration) -> Self {
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
            _ => Err(LinkError::Refused("to say who it is")),
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
            _ => Err(LinkError::Refused("the image")),
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
            _ => Err(LinkError::Refused("to say what memory it uses")),
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
            Ok(_) => Err(LinkError::Refused("to finish")),
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
            Request::Infer(image) => image.len(),
            _ => 0,
        };
        let mut buffer = vec![0; encoded_len(len + MESSAGE_OVERHEAD)];
        let sequence = self.sequence;
        let frame = Frame { sequence, body };
        let bytes = encode(&frame, &mut buffer).ok_or(LinkError::TooLarge(len))?;
        for attempt in 0..ATTEMPTS {
            self.repeats += u64::from(attempt > 0);
            // A zero first: it ends whatever the device takes for the start of a frame.
            self.stream.write_all(&[0])?;
            self.stream.write_all(bytes)?;
            self.stream.flush()?;
            if let Some(answer) = self.listen()? {
                return Ok(answer);
            }
        }
        Err(LinkError::Silent(ATTEMPTS))
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
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(LinkError::Closed);
                }
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
                            return Ok(owned(frame.body));
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

fn owned(response: Response<'_>) -> Option<Answer> {
    Some(match response {
        Response::Device(device) => Answer::Device(
            device.version,
            Description {
                board: device.board.into(),
                tick_unit: device.tick_unit.into(),
                model_crc: device.model_crc,
                model_len: device.model_len,
            },
        ),
        Response::Logits { ticks, logits } => {
            let (values, rest) = logits.as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Answer::Logits(ticks, values.collect())
        }
        Response::Usage(usage) => Answer::Usage(usage),
        Response::Finished => Answer::Finished,
        _ => Answer::Refused,
    })
}
