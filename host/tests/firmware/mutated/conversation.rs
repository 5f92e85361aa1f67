//! A device that is asked, and whether each request is answered.

use super::PIXELS;
use super::source::{Source, frame};
use crate::support::Served;
use kiln_core::link::{
    Decoder, Frame, MESSAGE_OVERHEAD, Request, Response, Start, Training, Usage, parse,
};
use kiln_core::{Sgd, Trainable};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// What the device counts as a stall: no answer within this time.
const STALL: Duration = Duration::from_secs(60);
/// Numbers of the requests that look at the device, which no mutated one has.
const LOOKS: u32 = 1 << 20;

const SOUND: Training = Training {
    trainable: Trainable::ALL,
    start: Start::Model,
    batch: 1,
    sgd: Sgd::new(0.01),
};

/// What the device decodes with.
type DeviceDecoder = Decoder<{ PIXELS + MESSAGE_OVERHEAD }>;

/// The device, and what the desktop knows of it.
pub(super) struct Conversation {
    served: Served,
    answers: Receiver<Came>,
    decoder: Box<DeviceDecoder>,
    pub(super) counts: BTreeMap<&'static str, u32>,
    looks: u32,
}

impl Conversation {
    pub(super) fn new(served: Served) -> Self {
        served.port.set_write_timeout(Some(STALL)).unwrap();
        let answers = listen(served.port.try_clone().unwrap());
        Self {
            served,
            answers,
            decoder: Box::default(),
            counts: BTreeMap::new(),
            looks: LOOKS,
        }
    }

    /// How many answers bytes are to get; nothing where one of them would end the device.
    fn answers_of(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut decoder = self.decoder.clone();
        let mut answers = 0;
        for byte in bytes {
            let Some(decoded) = decoder.push(*byte) else {
                continue;
            };
            answers += 1;
            let finishes = |payload| {
                parse::<Request<'_>>(payload).is_some_and(|frame| frame.body == Request::Finish)
            };
            if decoded.is_ok_and(finishes) {
                return None;
            }
        }
        self.decoder = decoder;
        Some(answers)
    }

    fn write(&mut self, bytes: &[u8]) {
        let written = self.served.port.write_all(bytes);
        written.unwrap_or_else(|error| panic!("{error}: {:?}", self.served.log()));
    }

    fn next(&mut self) -> Came {
        let came = self.answers.recv_timeout(STALL);
        came.unwrap_or_else(|_| panic!("no answer: {:?}", self.served.log()))
    }

    /// Sends a block of requests and waits for all of their answers.
    pub(super) fn send(&mut self, source: &mut Source, requests: u32) {
        let (mut bytes, mut expected) = (vec![], 0);
        for _ in 0..requests {
            let request = source.request();
            if let Some(answers) = self.answers_of(&request) {
                expected += answers;
                bytes.extend(request);
            }
        }
        // It ends what has no end.
        expected += self.answers_of(&[0]).unwrap_or(0);
        bytes.push(0);
        self.write(&bytes);
        for _ in 0..expected {
            let came = self.next();
            *self.counts.entry(came.kind).or_default() += 1;
        }
    }

    /// The answer to a sound request.
    fn ask(&mut self, request: Request<'_>) -> Came {
        self.looks += 1;
        self.write(&frame(self.looks, request));
        let came = self.next();
        assert_eq!(came.sequence, self.looks, "{}", came.kind);
        came
    }

    /// Whether the device gives the bits of the desktop, and where its memory ends.
    pub(super) fn look(&mut self, image: &[u8], logits: &[u32]) -> Usage {
        assert_eq!(self.ask(Request::Configure(SOUND)).kind, "configured");
        assert_eq!(self.ask(Request::Infer(image)).logits, logits);
        self.ask(Request::Usage).usage.unwrap()
    }
}

/// How a response is counted.
fn kind(response: &Response<'_>) -> &'static str {
    match response {
        Response::Device(_) => "device",
        Response::Logits { .. } => "logits",
        Response::Usage(_) => "usage",
        Response::Damaged => "damaged",
        Response::Refused(_) => "refused",
        Response::Configured(_) => "configured",
        Response::Trained { .. } => "trained",
        Response::Diverged => "diverged",
        Response::Parameters(_) => "parameters",
        Response::Stored { .. } => "stored",
        Response::Storage(_) => "storage",
        _ => "another",
    }
}

/// What came of an answer: its number, and what it is, with the logits or the use of memory.
struct Came {
    sequence: u32,
    kind: &'static str,
    logits: Vec<u32>,
    usage: Option<Usage>,
}

/// Reads all that the device says, so that it never waits for somebody to read it.
fn listen(mut port: UnixStream) -> Receiver<Came> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut decoder, mut bytes) = (Box::new(Decoder::<8192>::new()), [0; 4096]);
        loop {
            let count = match port.read(&mut bytes) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            for byte in &bytes[..count] {
                let Some(payload) = decoder.push(*byte) else {
                    continue;
                };
                let Frame { sequence, body } = parse::<Response<'_>>(payload.unwrap()).unwrap();
                let logits = match body {
                    Response::Logits { logits, .. } => logits.as_chunks::<4>().0,
                    _ => &[],
                };
                let usage = match body {
                    Response::Usage(usage) => Some(usage),
                    _ => None,
                };
                let came = Came {
                    sequence,
                    kind: kind(&body),
                    logits: logits
                        .iter()
                        .map(|bytes| u32::from_le_bytes(*bytes))
                        .collect(),
                    usage,
                };
                if sender.send(came).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}
