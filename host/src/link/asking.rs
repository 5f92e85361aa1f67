//! A request is sent until it is answered whole, and given up where it never is: no wait lasts longer than
//! patience, and there are so many.

use super::answer::Answer;
use super::error::LinkError;
use super::session::LinkSession;
use kiln_core::link::{
    Damaged, Example, Frame, MESSAGE_OVERHEAD, Request, Response, encode, encoded_len, parse,
};
use std::io;
use std::time::Instant;

/// How often a request is sent before the device counts as gone.
const ATTEMPTS: usize = 20;

impl LinkSession {
    pub(super) fn ask(&mut self, body: Request<'_>) -> Result<Answer, LinkError> {
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
