#![no_std]
//! Kiln's arithmetic: small convolutional networks, trained and evaluated without `std`, without
//! a heap, and with the same bits on every machine.
//!
//! A network is a `const`. Its [`Program`] tells at compile time how long every buffer has to be; the
//! buffers are the caller's. The same kernels run one sample at a time on a microcontroller and 4,
//! 8 or 16 at a time in a desktop's vector registers, and every one of them gives what the
//! one-page loops in [`mod@reference`] give, to the bit.
//!
//! Here a network learns to tell upright strokes from lying ones, then says what it sees:
//!
//! ```
//! use kiln_core::{GroupMemory, Loss, Network, Program, Purpose, Sgd, Trainer, he_uniform};
//!
//! const NETWORK: Network =
//!     Network::input(1, 6, 6).conv2d(4, 3).relu().max_pool2d(2).linear(2);
//! const TRAINING: Program = Program::of(&NETWORK, Purpose::Group(Loss::CROSS_ENTROPY));
//! const INFERENCE: Program = Program::of(&NETWORK, Purpose::Inference);
//!
//! // A stroke in each of six places, lying (class 0) or upright (class 1).
//! let mut images = [0.0; 12 * 36];
//! for (sample, image) in images.chunks_exact_mut(36).enumerate() {
//!     let (place, upright) = (sample / 2, sample % 2 == 1);
//!     (0..6).for_each(|i| image[if upright { i * 6 + place } else { place * 6 + i }] = 1.0);
//! }
//! let labels: [u16; 12] = core::array::from_fn(|sample| sample as u16 % 2);
//!
//! let mut random = 1_u32; // any source of 32 random bits; this one is a linear congruence
//! let mut parameters = [0.0; TRAINING.parameters()];
//! he_uniform(&NETWORK, &mut parameters, || {
//!     random = random.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
//!     random
//! })?;
//! let mut trainer = Trainer {
//!     program: &TRAINING,
//!     parameters: &mut parameters,
//!     gradient: &mut [0.0; TRAINING.parameters()],
//!     velocity: &mut [], // none without momentum
//!     moments: &mut [], // none without batch normalisation, as these
//!     statistics: &mut [],
//!     groups: &mut [GroupMemory {
//!         packets: &mut [0.0; TRAINING.arena_packets()],
//!         winners: &mut [0; TRAINING.winner_bytes()],
//!         values: &mut [0.0; TRAINING.group_values()],
//!     }],
//!     seed: 1,
//!     steps: 0,
//! };
//! for _ in 0..60 {
//!     trainer.step(&images, &labels, &Sgd::new(0.5))?;
//! }
//!
//! let mut arena = [0.0; INFERENCE.arena_packets()];
//! for (image, label) in images.chunks_exact(36).zip(labels) {
//!     let logits = INFERENCE.infer(&parameters, &mut arena, |input| input.copy_from_slice(image))?;
//!     assert_eq!(logits[1] > logits[0], label == 1);
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Rooms
//!
//! - [`Network`], [`Layer`]: what is computed, a graph as plain data; checked node by node.
//! - [`Program`], [`Step`]: what runs, and where everything lies while it does.
//! - [`Lanes`], [`LaneWidth`]: how many samples are computed side by side; [`PacketWork`]: what runs at any width.
//! - [`Program::infer`], [`score`]: the forward pass; [`Program::infer_channels_last`]: that of one
//!   sample in the lanes of a desktop.
//! - [`Trainer`], or its parts for programs with threads: [`Program::run_phase`],
//!   [`Program::meet`], [`Program::add_gradient`], [`Sgd`].
//! - [`LinkedProgram`], [`LinkedInt8Program`]: inference that brings only its own kernels into a firmware.
//! - [`Observer`]: who is told of each piece of work while a program runs, such as a clock.
//! - [`CompactTrainer`], [`CompactMode`], [`Trainable`]: the same training one sample at a time in
//!   the least memory, of all or some of the parameters, as a microcontroller has it;
//!   [`LinkedTraining`]: with its own kernels alone.
//! - [`Folding`]: a trained network without its batch normalisations, as devices run it.
//! - [`ModelFile`], [`ModelParts`]: a network with its weights as bytes, read where they lie.
//! - [`CameraFrame`]: a camera's picture as a network's input.
//! - [`mod@reference`]: the naive loops that define every bit.
//!
//! # Numeric contract
//!
//! Values are `f32`; every product is rounded, then every sum, to nearest even, with subnormal
//! numbers kept. `exp`, `log`, `sqrt` and `cos` are those of `libm`. Sums have one order each,
//! written beside each loop in [`mod@reference`]; parameter gradients are summed sample by sample in
//! groups of [`GROUP`], then group by group.

mod camera;
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
mod cortex_m;
mod crc32;
#[path = "cortex_m/int8/mod.rs"]
pub mod dsp;
mod folding;
mod init;
mod int8;
mod lanes;
mod layer;
pub mod link;
mod model_file;
mod network;
mod ops;
mod pack;
mod program;
pub mod random;
mod run;
mod samples_file;
mod schedule;
mod sgd;
mod shape;
#[cfg(test)]
mod testing;

/// The naive kernels, one sample at a time, that define every bit of the fast ones.
pub mod reference {
    pub use crate::ops::activation::{Activation, reference as activation};
    pub use crate::ops::add::int8::reference as int8_add;
    pub use crate::ops::add::reference as add;
    pub use crate::ops::batch_norm::reference as batch_norm;
    pub use crate::ops::conv2d::int8::reference as int8_conv2d;
    pub use crate::ops::conv2d::{ConvGeometry, reference as conv2d};
    pub use crate::ops::dropout::reference as dropout;
    pub use crate::ops::linear::reference as linear;
    pub use crate::ops::loss::reference as loss;
    pub use crate::ops::pool::int8::reference as int8_pool;
    pub use crate::ops::pool::{PoolGeometry, reference as pool};
    pub use crate::ops::scale_shift::reference as scale_shift;
}

pub use camera::{CameraFrame, FrameError, PixelFormat, luma};
pub use crc32::{Crc32, crc32};
pub use folding::{FoldError, Folding};
pub use init::{InitError, first_statistics, he_uniform, he_uniform_trained};
pub use int8::{
    AddRequantization, ByteLine, CodedSums, CutError, Int8Error, Int8Fault, Int8Rule, NetworkCut,
    Quantization, QuantizedNetwork, Requantization, WEIGHT_CODES, constants_of, line_codes,
    scaled_codes, weight_code, weight_scale,
};
pub use lanes::{
    Arithmetic, BasicPacket, ByteTable, CodeLanes, CodeWork, LaneWidth, Lanes, PacketWork,
    PortableCodes, bytes::bytes_in_place, bytes::bytes_in_words, bytes::bytes_of_codes,
    bytes::codes_in_words, bytes::values_in_words, multiply_add,
};
pub use layer::{BatchNorm, Conv2d, Cost, Dropout, Layer, Linear, Padding, Pool2d};
pub use model_file::{
    Int8ModelFile, Int8ModelParts, MAX_INPUT_CHANNELS, MAX_UNIFORM_CHANNELS, ModelError, ModelFile,
    ModelParts, ModelTask, Scaling, ScalingError, TensorElement, TensorEntry,
};
pub use network::{LayerFault, MAX_ELEMENTS, MAX_NODES, Network, NetworkError, Value};
pub use ops::activation::Activation;
pub use ops::dropout::dropout_key;
pub use ops::loss::Outcome;
pub use pack::{pack_codes, pack_floats, pack_pixels, pack_values};
pub use program::{
    CompactMode, CompactUpdate, GROUP, Loss, Operation, Program, ProgramError, Purpose, Span,
    SpanKind, Spans, Step, Trainable, TrainableError, TrainingMemory,
};
pub use run::{
    ArrangedNetwork, BufferError, ChosenKernels, CompactError, CompactMemory, CompactTrainer,
    FakeQuantization, GroupMemory, GroupWork, Int8Kernels, Int8Target, LinkedInt8Program,
    LinkedProgram, LinkedTrainer, LinkedTraining, Observer, PacketLayer, PacketMemory,
    PacketNetwork, PacketPass, PacketSizes, SingleGradientKernel, SingleInt8Kernel, SingleKernel,
    StoredError, StoredFloat, StoredInt8, StoredLearner, StoredMemory, StoredModel, StoredTraining,
    Trainer, Work, score, score_packets, score_reconstruction,
};
pub use samples_file::{SamplesError, SamplesFile, SamplesParts};
pub use schedule::Schedule;
pub use sgd::Sgd;
pub use shape::Shape;
