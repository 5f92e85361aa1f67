//! Frames between a desktop and a device.

use crate::measured::Verdict;
use kiln_core::link::{Decoder, Frame, Request, Response, encode, encoded_len, parse};
use serde::Serialize;

const BUFFER: usize = encoded_len(8192);

/// An input is bytes on the line, and the payload of a frame whose checksum holds.
pub fn link(input: &[u8]) -> Verdict {
    let mut decoder = Box::new(Decoder::<BUFFER>::new());
    let mut damaged = 0;
    for byte in input {
        match decoder.push(*byte) {
            Some(Ok(payload)) => drop(understood(payload)),
            Some(Err(_)) => damaged += 1,
            None => {}
        }
    }
    // What came before is over.
    let _ = decoder.push(0);
    let mut found = None;
    for byte in framed(input) {
        if let Some(payload) = decoder.push(byte) {
            found = Some(payload.map(|payload| {
                assert!(payload == input, "a frame is what was put into it");
                understood(payload)
            }));
        }
    }
    let words = match found {
        Some(Ok(Some(words))) => return told(true, words),
        Some(Ok(None)) => format!("no message, {damaged} damaged frames"),
        Some(Err(_)) => "too long".into(),
        None => "empty".into(),
    };
    told(false, words)
}

fn told(accepted: bool, words: String) -> Verdict {
    Verdict {
        accepted,
        words,
        need: BUFFER,
    }
}

/// The message of a payload, as which it is written again.
fn understood(payload: &[u8]) -> Option<String> {
    let request = parse::<Request<'_>>(payload).map(|frame| {
        let again = written(&frame, payload.len());
        let read = parse::<Request<'_>>(&again);
        let again_read = read.map(|read| written(&read, payload.len()));
        assert_eq!(again_read.as_ref(), Some(&again));
        format!("request {}", variant(&frame.body))
    });
    request.or_else(|| {
        let frame = parse::<Response<'_>>(payload)?;
        let again = written(&frame, payload.len());
        let read = parse::<Response<'_>>(&again);
        let again_read = read.map(|read| written(&read, payload.len()));
        assert_eq!(again_read.as_ref(), Some(&again));
        Some(format!("response {}", variant(&frame.body)))
    })
}

/// The payload that a message is written as.
fn written<T: Serialize>(frame: &Frame<T>, length: usize) -> Vec<u8> {
    let mut buffer = vec![0; encoded_len(length + 64)];
    let bytes = encode(frame, &mut buffer).expect("what was read fits");
    let mut decoder = Box::new(Decoder::<BUFFER>::new());
    let mut payload = Vec::new();
    for byte in bytes {
        if let Some(Ok(found)) = decoder.push(*byte) {
            payload = found.to_vec();
        }
    }
    payload
}

fn variant(message: &impl std::fmt::Debug) -> String {
    let text = format!("{message:?}");
    text.split(|letter: char| !letter.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .into()
}

/// A payload with its checksum, stuffed, and a zero at the end.
fn framed(payload: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(payload).to_le_bytes();
    let mut framed = vec![1];
    let mut code = 0;
    for byte in payload.iter().chain(&checksum) {
        if *byte != 0 {
            framed.push(*byte);
            framed[code] += 1;
        }
        if *byte == 0 || framed[code] == u8::MAX {
            code = framed.len();
            framed.push(1);
        }
    }
    framed.push(0);
    framed
}
