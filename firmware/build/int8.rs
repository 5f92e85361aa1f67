//! The int8 model as Rust: its graph, its integers as this board's processor reads them, and what the
//! desktop computes with it.

use crate::board;
use crate::error::Error;
use crate::files::{content, path};
use crate::int8_head::Int8Head;
use boards::{Board, INT8_PROGRAM_BYTES};
use generate::{
    AlignedFile, arranged_words, description, input_codes, network, quantization, rule,
};
use kiln_core::{Crc32, Int8ModelFile, Int8Target, Program, Purpose, SamplesFile};
use std::env;
use std::fmt::Write;
use std::path::PathBuf;

/// Where the committed files are.
const MODEL: &str = "assets/digits-int8.kiln";
const SAMPLES: &str = "assets/digits.samples";

/// The int8 model and its samples.
pub struct Int8Files {
    model_path: PathBuf,
    samples_path: PathBuf,
    model: Vec<u8>,
    samples: Vec<u8>,
}

/// What the program needs of the int8 model.
pub struct Int8Code {
    /// As Rust.
    pub code: String,
    /// Bytes of flash for what its last layers learn.
    pub storage: usize,
}

/// Reads both files.
pub fn read() -> Result<Int8Files, Error> {
    let model_path = path("KILN_INT8_MODEL", MODEL);
    let samples_path = path("KILN_INT8_SAMPLES", SAMPLES);
    Ok(Int8Files {
        model: content(&model_path)?,
        samples: content(&samples_path)?,
        model_path,
        samples_path,
    })
}

impl Int8Files {
    /// The samples, as they go into flash.
    pub fn samples_bytes(&self) -> &[u8] {
        &self.samples
    }

    /// The content of `int8_model.rs`, of a network that fits the board.
    pub fn constants(&self, board: &Board) -> Result<Int8Code, Error> {
        let file = AlignedFile::new(&self.model);
        let failed = |error| Error::Model {
            path: self.model_path.clone(),
            error,
        };
        let model = Int8ModelFile::open(file.bytes()).map_err(failed)?;
        let samples = self.samples(&model)?;
        let purpose = Purpose::Int8(model.quantized().rule());
        let program: Program = Program::try_of(model.network(), purpose).map_err(Error::Program)?;
        let words = arranged_words(&program, &model.quantized(), target()).map_err(Error::Run)?;
        let integers = size_of_val(&words[..]) + size_of_val(model.quantized().values());
        let flash = [
            ("the int8 model", integers),
            ("samples", self.samples.len()),
            ("program", INT8_PROGRAM_BYTES),
        ];
        board::check_flash(board, &flash)?;
        let mut arena = program.arena_packets();
        board::check_ram(board, &[("the arena", arena)])?;
        let contents = [&self.model[..], &self.samples[..]];
        let mut code = constants(&model, &program, &words, &samples, contents)?;
        let mut storage = 0;
        if let Some(head) = Int8Head::chosen(&model)? {
            arena = arena.max(head.trunk_arena(&model)?);
            head.check(board, &model, arena, &flash)?;
            code.push_str(&head.constants(&model, target())?);
            storage = head.storage();
        }
        // Writing to a string cannot fail.
        let _ = writeln!(code, "pub const WORKING_WORDS: usize = {};", arena / 4);
        Ok(Int8Code { code, storage })
    }

    fn samples(&self, model: &Int8ModelFile<'_>) -> Result<SamplesFile<'_>, Error> {
        let path = self.samples_path.clone();
        let model = model.network().input_shape();
        match SamplesFile::open(&self.samples) {
            Ok(samples) if samples.shape() != model => Err(Error::Shape {
                path,
                samples: samples.shape(),
                model,
            }),
            Ok(samples) => Ok(samples),
            Err(error) => Err(Error::Samples { path, error }),
        }
    }
}

fn constants(
    model: &Int8ModelFile<'_>,
    program: &Program,
    words: &[u32],
    samples: &SamplesFile<'_>,
    [content, samples_content]: [&[u8]; 2],
) -> Result<String, Error> {
    let quantized = model.quantized();
    let input = &quantized.values()[0];
    let codes = input_codes(model.scaling(), input);
    let crc = codes_crc(program, model, samples, &codes)?;
    let mut code = String::new();
    let mut constant = |name: &str, kind: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(code, "pub const {name}: {kind} = {value};");
    };
    constant("NETWORK", "kiln_core::Network", network(model.network()));
    constant("RULE", "kiln_core::Int8Rule", rule(quantized.rule()).into());
    constant("STEPS", "usize", program.steps().len().to_string());
    constant(
        "ARENA_WORDS",
        "usize",
        (program.arena_packets() / 4).to_string(),
    );
    constant("OUTPUTS", "usize", program.classes().to_string());
    constant(
        "PIXELS",
        "usize",
        program.input_shape().elements().to_string(),
    );
    let identity = content.last_chunk().copied().unwrap_or_default();
    constant("MODEL_LEN", "usize", content.len().to_string());
    constant("MODEL_CRC", "u32", u32::from_le_bytes(identity).to_string());
    constant("SAMPLES_LEN", "usize", samples_content.len().to_string());
    constant("EXPECTED_CRC", "u32", crc.to_string());
    let values: Vec<String> = quantized.values().iter().map(quantization).collect();
    let mut table = |name: &str, kind: &str, len: usize, content: String| {
        let _ = writeln!(code, "pub static {name}: [{kind}; {len}] = {content};");
    };
    table(
        "VALUES",
        "kiln_core::Quantization",
        values.len(),
        format!("[{}]", values.join(", ")),
    );
    table("WORDS", "u32", words.len(), format!("{words:?}"));
    table(
        "INPUT_CODES",
        "[i8; 256]",
        codes.len(),
        format!("{codes:?}"),
    );
    let _ = writeln!(
        code,
        "pub fn description() -> defmt::Str {{ defmt::intern!({:?}) }}",
        description(model.network())
    );
    Ok(code)
}

/// What the processor that is built for reads.
fn target() -> Int8Target {
    let abi = env::var("CARGO_CFG_TARGET_ABI").unwrap_or_default();
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    match (&*arch, &*abi) {
        ("arm", "eabihf") => Int8Target::CortexMDsp,
        _ => Int8Target::Portable,
    }
}

/// CRC-32 of the codes that the network gives for all samples.
fn codes_crc(
    program: &Program,
    model: &Int8ModelFile<'_>,
    samples: &SamplesFile<'_>,
    tables: &[[i8; 256]],
) -> Result<u32, Error> {
    let quantized = model.quantized();
    let mut arena = vec![0; program.arena_packets()];
    let mut crc = Crc32::new();
    let channels = model.network().input_shape().channels as usize;
    for (_, image) in samples.samples() {
        let map = image.len() / channels;
        let fill = |codes: &mut [i8]| {
            for (place, codes) in codes.chunks_exact_mut(channels).enumerate() {
                for (channel, code) in codes.iter_mut().enumerate() {
                    let table = &tables[channel.min(tables.len() - 1)];
                    *code = table[usize::from(image[channel * map + place])];
                }
            }
        };
        let codes = program
            .infer_int8(&quantized, &mut arena, fill)
            .map_err(Error::Run)?;
        let bytes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
        crc.update(&bytes);
    }
    Ok(crc.value())
}
