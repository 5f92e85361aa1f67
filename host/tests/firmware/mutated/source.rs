//! Requests of every kind, many of which are not as they should be.

use super::PIXELS;
use kiln_core::link::{Decoder, Example, Frame, Request, Start, Training, encode, encoded_len};
use kiln_core::{Sgd, Trainable};
use rand_core::Rng;
use rand_xoshiro::Xoshiro128PlusPlus;
use serde::ser::{Serialize, SerializeTuple, Serializer};

/// Draws requests.
pub(super) struct Source {
    pub(super) random: Xoshiro128PlusPlus,
    pub(super) image: Vec<u8>,
}

impl Source {
    fn below(&mut self, end: usize) -> usize {
        ((u64::from(self.random.next_u32()) * end as u64) >> 32) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// A number that is near a bound, or any.
    fn number(&mut self) -> f32 {
        let any = f32::from_bits(self.random.next_u32());
        let near = [
            0.01,
            0.1,
            1e30,
            f32::MAX,
            0.0,
            -0.0,
            -1.0,
            f32::NAN,
            f32::INFINITY,
            any,
        ];
        self.pick(&near)
    }

    /// Mostly what is sound, and else one of these.
    fn often<T: Copy>(&mut self, sound: T, others: &[T]) -> T {
        match self.one_in(4) {
            true => self.pick(others),
            false => sound,
        }
    }

    fn rate(&mut self) -> f32 {
        let number = self.number();
        self.often(0.01, &[number])
    }

    fn training(&mut self) -> Training {
        let layer = self.below(8);
        let some = Trainable::from_layer(layer);
        let trainable = [
            Trainable::ALL,
            Trainable::NONE,
            some,
            Trainable::NONE.layer(layer),
        ];
        let seed = u64::from(self.random.next_u32());
        let mut sgd = Sgd::new(self.rate());
        if self.one_in(4) {
            (sgd.momentum, sgd.weight_decay) = (self.number(), self.number());
        }
        Training {
            trainable: self.often(Trainable::ALL, &trainable),
            start: self.pick(&[Start::Model, Start::Seed(seed), Start::Stored]),
            batch: self.often(1, &[2, 16, 17, 0, u16::MAX]),
            sgd,
        }
    }

    /// The body of a request, in an order that makes no sense: to train before anything is configured, to
    /// store what was not trained.
    fn body(&mut self) -> Vec<u8> {
        let image = self.image.clone();
        let image = match self.one_in(8) {
            true => &image[..self.below(PIXELS)],
            false => &image,
        };
        let (first, count) = (self.random.next_u32(), self.random.next_u32() as u16);
        let request = match self.below(100) {
            0..10 => Request::Hello,
            10..20 => Request::Infer(image),
            20..35 => Request::Usage,
            35..60 => Request::Configure(self.training()),
            60..80 => Request::Train(Example {
                image,
                label: self.often(2, &[0, 1, 3, u16::MAX]),
                place: self.often(0, &[1, 2, u16::MAX]),
                batch: self.often(1, &[2, 16, 0, u16::MAX]),
                rate: self.rate(),
            }),
            80..83 => Request::Storage,
            83..95 => Request::Parameters {
                first: self.pick(&[0, 0, 90, 91, 300, u32::MAX, first]),
                count: self.pick(&[0, 1, 90, 256, 257, u16::MAX, count]),
            },
            95..97 => Request::Store,
            _ => Request::InferCodes(image),
        };
        // A frame is decoded, so that there is its payload, which begins with the number 1.
        let mut decoder = Box::new(Decoder::<4096>::new());
        let bytes = frame(1, request);
        let end = bytes.len() - 1;
        bytes[..end]
            .iter()
            .for_each(|byte| assert!(decoder.push(*byte).is_none()));
        decoder.push(0).unwrap().unwrap()[1..].to_vec()
    }

    /// Changes some bytes, or how many there are.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            // What a message begins with says what it is: it is changed as often as all the rest.
            let len = match self.one_in(2) {
                true => bytes.len().min(12),
                false => bytes.len(),
            };
            let at = self.below(len.max(1));
            let byte = self.random.next_u32() as u8;
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), byte),
                2 => bytes.extend_from_within(at.min(bytes.len())..),
                3 => bytes.extend([byte; 9]),
                _ if bytes.is_empty() => {}
                4 => bytes[at] ^= 1 << (byte % 8),
                _ => bytes[at] = self.pick(&[0, 1, 127, 128, 255, byte]),
            }
        }
        bytes.truncate(4000);
    }

    /// A request as it goes over the line: sound, sound in its checksum alone, or not at all.
    pub(super) fn request(&mut self) -> Vec<u8> {
        let mut body = self.body();
        let sequence = self.below(8) as u32;
        match self.below(5) {
            0 | 1 => frame(sequence, Raw(&body)),
            2 => {
                let mut bytes = frame(sequence, Raw(&body));
                self.mutate(&mut bytes);
                bytes
            }
            _ => {
                self.mutate(&mut body);
                frame(sequence, Raw(&body))
            }
        }
    }
}

/// Bytes as they are, where a message should be.
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for byte in self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

pub(super) fn frame(sequence: u32, body: impl Serialize) -> Vec<u8> {
    let mut buffer = vec![0; encoded_len(4096)];
    let frame = Frame { sequence, body };
    encode(&frame, &mut buffer).unwrap().to_vec()
}
