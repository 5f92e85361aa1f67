//! A hundred thousand requests that are not as they should be, most of them in frames whose checksums hold:
//! each is answered, none stops the device, and after each block of them it gives the right bits.
//!
//! A share of them is sent; `KILN_MUTATED_REQUESTS=100000` sends as many.

use super::support::{Served, bits, serve_content, thorough};
use host::boards::{BOARDS, WORKING_BYTES};
use host::firmware::{Content, TrainingMemory};
use host::weights::ModelBytes;
use kiln_core::link::{
    Decoder, Example, Frame, MESSAGE_OVERHEAD, Request, Response, Start, Training, Usage, encode,
    encoded_len, parse,
};
use kiln_core::{
    ModelParts, ModelTask, Network, Program, Purpose, SamplesParts, Scaling, Sgd, Trainable,
    pack_pixels,
};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;
use serde::ser::{Serialize, SerializeTuple, Serializer};
use std::collections::BTreeMap;
use std::env;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Requests where no number is asked for.
const SHARE: u32 = 1_000;
/// Requests between two looks at the device.
const BLOCK: u32 = 250;
/// A network of few bytes: each of them takes the emulator as long as many instructions.
const NETWORK: Network = Network::input(1, 8, 8)
    .conv2d(4, 3)
    .relu()
    .max_pool2d(2)
    .linear(6)
    .relu()
    .linear(3);
/// Bytes of an image.
const PIXELS: usize = 64;
/// Memory for all that can be asked for.
const MEMORY: TrainingMemory = TrainingMemory {
    from: 1,
    biases_only: false,
    batch: true,
    momentum: true,
};
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

fn frame(sequence: u32, body: impl Serialize) -> Vec<u8> {
    let mut buffer = vec![0; encoded_len(4096)];
    let frame = Frame { sequence, body };
    encode(&frame, &mut buffer).unwrap().to_vec()
}

/// Draws requests.
struct Source {
    random: Xoshiro128PlusPlus,
    image: Vec<u8>,
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
    fn request(&mut self) -> Vec<u8> {
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

/// The device, and what the desktop knows of it.
struct Conversation {
    served: Served,
    answers: Receiver<Came>,
    decoder: Box<DeviceDecoder>,
    counts: BTreeMap<&'static str, u32>,
    looks: u32,
}

impl Conversation {
    fn new(served: Served) -> Self {
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
    fn send(&mut self, source: &mut Source, requests: u32) {
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
    fn look(&mut self, image: &[u8], logits: &[u32]) -> Usage {
        assert_eq!(self.ask(Request::Configure(SOUND)).kind, "configured");
        assert_eq!(self.ask(Request::Infer(image)).logits, logits);
        self.ask(Request::Usage).usage.unwrap()
    }
}

/// A model of the network, and a samples file without a sample.
fn files() -> (ModelBytes, Vec<u8>) {
    let parameter = |index: usize| (index * 29 % 97) as f32 / 97.0 - 0.5;
    let parameters: Vec<f32> = (0..NETWORK.parameters()).map(parameter).collect();
    let model = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: &NETWORK,
        scaling: &Scaling::new(&[1.0 / 255.0], &[0.0]).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &parameters,
    });
    let parts = SamplesParts {
        shape: NETWORK.input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut samples = vec![0; parts.encoded_len().unwrap()];
    parts.write(&mut samples).unwrap();
    (model.unwrap(), samples)
}

/// The bits of the logits that the desktop gives an image.
fn logits(model: &ModelBytes, image: &[u8]) -> Vec<u32> {
    let model = model.open().unwrap();
    let program: Program = Program::of(model.network(), Purpose::Inference);
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let fill = |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
    bits(program.infer(model.parameters(), &mut arena, fill).unwrap())
}

#[test]
fn mutated_requests_neither_stop_nor_change_the_device() {
    if !thorough() {
        return;
    }
    let (model, samples) = files();
    let content = Content {
        model: model.as_slice(),
        samples: &samples,
    };
    let Some(served) = serve_content(BOARDS[0], content, MEMORY) else {
        return;
    };
    let wanted = env::var("KILN_MUTATED_REQUESTS");
    let requests = wanted.map_or(SHARE, |wanted| wanted.parse().unwrap());
    let mut conversation = Conversation::new(served);
    let image: Vec<u8> = (0..PIXELS).map(|at| (at * 37 % 256) as u8).collect();
    let logits = logits(&model, &image);
    let heap = conversation.look(&image, &logits).heap;
    let mut deepest = 0;
    for block in 0..requests.div_ceil(BLOCK) {
        // A block can be sent by itself, to see what it does.
        let mut source = Source {
            random: Xoshiro128PlusPlus::seed_from_u64(block.into()),
            image: image.clone(),
        };
        conversation.send(&mut source, BLOCK);
        let usage = conversation.look(&image, &logits);
        assert_eq!(usage.heap, heap, "block {block}");
        deepest = deepest.max(usage.stack as usize);
        assert!(deepest < WORKING_BYTES, "block {block}: {usage:?}");
    }
    let counts = &conversation.counts;
    println!("{requests} requests, stack {deepest} bytes, answered: {counts:?}");
    for kind in [
        "damaged",
        "refused",
        "configured",
        "trained",
        "parameters",
        "stored",
        "storage",
        "logits",
    ] {
        assert!(
            counts.contains_key(kind),
            "no answer was {kind}: {counts:?}"
        );
    }
    assert!(!counts.contains_key("another"), "{counts:?}");
}
