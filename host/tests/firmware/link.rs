//! The emulated device at the end of a bad line, and of one that sends anything.

use super::line::{self, carry};
use super::support::{bits, images, most_stack, serve};
use host::boards::BOARDS;
use host::link::{LinkSession, from_socket};
use kiln_core::link::{Frame, Request, encode, encoded_len};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;
use serde::Serialize;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn a_line_that_damages_frames_both_ways_changes_no_bit() {
    let Some(served) = serve(BOARDS[0]) else {
        return;
    };
    let (near, far) = UnixStream::pair().unwrap();
    let clone = |stream: &UnixStream| stream.try_clone().unwrap();
    carry(clone(&far), clone(&served.port), line::lossy);
    carry(clone(&served.port), far, line::lossy);
    let mut session = LinkSession::new(from_socket(near).unwrap(), Duration::from_millis(500));
    let heap = session.usage().unwrap().heap;
    for (image, logits) in images(20) {
        assert_eq!(bits(&session.infer(&image).unwrap().1), logits);
    }
    let usage = session.usage().unwrap();
    assert_eq!(usage.heap, heap);
    assert!(usage.damaged >= 2, "{usage:?}");
    assert!(session.repeats() >= 8, "{}", session.repeats());
}

/// A sound frame around what need not be a message.
fn frame(body: impl Serialize) -> Vec<u8> {
    let mut buffer = vec![0; encoded_len(64)];
    let sequence = u32::MAX;
    encode(&Frame { sequence, body }, &mut buffer)
        .unwrap()
        .to_vec()
}

/// Byte strings that are no conversation, by name.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Xoshiro128PlusPlus::seed_from_u64(3);
    let mut noise = vec![0; 20_000];
    random.fill_bytes(&mut noise);
    let mut image = vec![0; encoded_len(4096)];
    let body = Request::Infer(&[7; 4000]);
    let large = encode(&Frame { sequence: 1, body }, &mut image)
        .unwrap()
        .to_vec();
    // An image's message has index 1 and then its length.
    vec![
        ("noise", noise),
        ("nothing but ones", vec![1; 5000]),
        ("nothing but the longest runs", vec![255; 5000]),
        ("zeros", vec![0; 5000]),
        ("an image too large for the buffer", large.clone()),
        ("the same cut", large[..large.len() / 2].to_vec()),
        ("an image of 4 GiB", frame((1_u8, u32::MAX))),
        ("an image of no bytes", frame((1_u8, 0_u32))),
        ("an image of two bytes", frame((1_u8, 2_u32, [1_u8; 2]))),
        ("a length without an end", frame((1_u8, [255_u8; 12]))),
        ("a request that does not exist", frame(200_u8)),
        ("a request and more", frame((0_u8, [9_u8; 8]))),
    ]
}

/// Reads until nothing has come for a while.
fn drain(port: &mut UnixStream) {
    port.set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let mut bytes = [0; 4096];
    while port.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

#[test]
fn hostile_bytes_neither_stop_nor_change_the_device() {
    let Some(mut served) = serve(BOARDS[0]) else {
        return;
    };
    let (image, logits) = images(1).remove(0);
    let mut usage = None;
    for (name, bytes) in hostile() {
        served.port.write_all(&bytes).unwrap();
        served.port.write_all(&[0]).unwrap();
        drain(&mut served.port);
        let stream = from_socket(served.port.try_clone().unwrap()).unwrap();
        let mut session = LinkSession::new(stream, Duration::from_secs(10));
        // On a busy machine answers come after the pause, one for each zero of the noise, and each of them has
        // the request repeated: more often than a session does by itself.
        let mut asked = (0..5).map(|_| session.infer(&image));
        let (_, found) = asked.find_map(Result::ok).expect(name);
        assert_eq!(bits(&found), logits, "after {name}");
        let now = session.usage().unwrap();
        let heap = usage.get_or_insert(now).heap;
        assert_eq!(now.heap, heap, "after {name}");
        assert!(now.stack as usize <= most_stack(), "after {name}: {now:?}");
    }
}
