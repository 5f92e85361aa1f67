//! The link over a line that loses, cuts, repeats and damages what goes over it. It is a pair of Unix sockets here, so there is none of
//! this on Windows.

#![cfg(unix)]

use host::link::{LinkError, LinkSession, from_socket};
use kiln_core::link::{
    Decoder, Frame, Refusal, Request, Response, Usage, encode, encoded_len, parse,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

const USAGE: Usage = Usage {
    arena: 1,
    stack: 2,
    heap: 3,
    damaged: 4,
};

/// A device whose logits are the image's bytes, and whose line damages what it sends: the `n`th
/// answer is lost, cut, damaged or sent twice, by turns, `period` of them in a row. The
/// question who it is makes its stack overflow.
fn device(mut line: UnixStream, period: usize) {
    let mut decoder = Box::new(Decoder::<4096>::new());
    let (mut bytes, mut answers) = ([0; 512], 0);
    while let Ok(count @ 1..) = line.read(&mut bytes) {
        for byte in &bytes[..count] {
            let Some(Ok(payload)) = decoder.push(*byte) else {
                continue;
            };
            let Some(Frame { sequence, body }) = parse::<Request<'_>>(payload) else {
                continue;
            };
            let body = match body {
                Request::Infer(image) => Response::Logits {
                    ticks: image.len() as u32,
                    logits: image,
                },
                Request::Usage => Response::Usage(USAGE),
                Request::Hello => Response::Overflowed { available: 7936 },
                _ => Response::Refused(Refusal::Unknown),
            };
            let mut buffer = vec![0; encoded_len(1024)];
            let mut frame = encode(&Frame { sequence, body }, &mut buffer)
                .unwrap()
                .to_vec();
            let middle = frame.len() / 2;
            match answers % (period + 4) {
                0 => frame.clear(),
                1 => frame.truncate(middle),
                2 => frame[middle] ^= 0x55,
                3 => frame.extend_from_within(..),
                _ => {}
            }
            answers += 1;
            if line.write_all(&frame).is_err() {
                return;
            }
        }
    }
}

#[test]
fn what_is_lost_is_asked_again_and_the_result_is_the_same() {
    let (near, far) = UnixStream::pair().unwrap();
    let device = thread::spawn(move || device(far, 3));
    let mut session = LinkSession::new(from_socket(near).unwrap(), Duration::from_millis(100));
    for value in 0..40_u8 {
        let image = vec![value; 4 * usize::from(value)];
        let (ticks, logits) = session.infer(&image).unwrap();
        assert_eq!(ticks as usize, image.len());
        assert!(logits.iter().all(|logit| logit.to_le_bytes() == [value; 4]));
    }
    assert_eq!(session.usage().unwrap(), USAGE);
    assert!(matches!(session.store(), Err(LinkError::Refused { .. })));
    let overflow = session.hello().unwrap_err();
    assert!(matches!(
        overflow,
        LinkError::Overflowed { available: 7936 }
    ));
    let text = overflow.to_string();
    assert!(
        text.contains("stack overflowed") && text.contains("7936 bytes"),
        "{text}"
    );
    assert!(session.repeats() >= 15, "{}", session.repeats());
    drop(session);
    device.join().unwrap();
}
