//! A line between a desktop and a device, and what it does to the frames on it.

use std::io::{ErrorKind, Read, Write};
use std::thread::{self, JoinHandle};

/// What a line does to each frame, the zero at its end included, by the frame's number.
pub type Damage = fn(usize, &mut Vec<u8>);

/// Leaves every frame as it is.
pub fn none(_: usize, _: &mut Vec<u8>) {}

/// Loses, cuts, damages or repeats four frames of ten.
pub fn lossy(number: usize, frame: &mut Vec<u8>) {
    let middle = frame.len() / 2;
    match number % 10 {
        2 => frame.clear(),
        4 => frame.truncate(middle),
        6 => frame[middle] ^= 0x55,
        8 => frame.extend_from_within(..),
        _ => {}
    }
}

/// Loses one frame in fifty.
pub fn losing(number: usize, frame: &mut Vec<u8>) {
    if number % 50 == 30 {
        frame.clear();
    }
}

/// Carries bytes one way until an end is closed.
pub fn carry(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    damage: Damage,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let (mut frame, mut number, mut bytes) = (vec![], 0, [0; 4096]);
        loop {
            let count = match from.read(&mut bytes) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if is_pause(error.kind()) => continue,
                Err(_) => return,
            };
            for byte in &bytes[..count] {
                frame.push(*byte);
                // A zero by itself only separates.
                if *byte != 0 {
                    continue;
                }
                if frame.len() > 1 {
                    damage(number, &mut frame);
                    number += 1;
                }
                if to.write_all(&frame).is_err() {
                    return;
                }
                frame.clear();
            }
        }
    })
}

fn is_pause(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
