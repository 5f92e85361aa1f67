//! The last layers of the int8 model that learn behind the others, as Rust.

use crate::board;
use crate::error::Error;
use boards::{Board, storage_bytes};
use generate::{mode, network};
use kiln_core::{Int8ModelFile, Int8Target, NetworkCut, Program, Purpose, TrainingMemory};
use std::env;
use std::fmt::Write;

/// Where a person, or the host program, says what is trained.
const VARIABLE: &str = "KILN_INT8_TRAIN";

/// Where the model is cut, and how what lies behind is trained.
pub struct Int8Head {
    cut: NetworkCut,
    memory: TrainingMemory,
}

impl Int8Head {
    /// What the environment asks for, or the last layer in place; nothing where the program does not
    /// train.
    pub fn chosen(model: &Int8ModelFile<'_>) -> Result<Option<Self>, Error> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        if env::var_os("CARGO_FEATURE_TRAINING").is_none() {
            return Ok(None);
        }
        let text = env::var(VARIABLE).unwrap_or_default();
        let mut memory =
            TrainingMemory::parse(&text).map_err(|word| Error::Training(VARIABLE, word.into()))?;
        if text.is_empty() {
            memory.from = NetworkCut::last_layer(model.network());
        }
        let cut = NetworkCut::before(model.network(), memory.from).map_err(Error::Cut)?;
        // All of the head is trained, whose layers are counted from its own first.
        memory.from = 1;
        Ok(Some(Self { cut, memory }))
    }

    /// Bytes of flash for two slots of trained parameters.
    pub fn storage(&self) -> usize {
        storage_bytes(self.cut.head.parameters())
    }

    /// Whether the training fits the RAM beside an arena of so many bytes, and the head's integers the
    /// flash beside other parts.
    pub fn check(
        &self,
        board: &Board,
        model: &Int8ModelFile<'_>,
        arena: usize,
        flash: &[(&str, usize)],
    ) -> Result<(), Error> {
        let program = self.program()?;
        let bytes = |values| size_of::<f32>() * values;
        let parts = [
            ("the trunk's arena", arena),
            ("trained parameters", bytes(program.trained_values())),
            ("their gradient", bytes(program.gradient_values())),
            ("its velocity", bytes(program.velocity_values())),
            (
                "the arena",
                bytes(program.arena_packets()) + program.winner_bytes(),
            ),
        ];
        board::check_ram(board, &parts)?;
        let quantized = model.quantized();
        let head = self.cut.head_of(&quantized);
        let integers = head.weights().len() + size_of_val(head.constants());
        let own = [
            ("the trained layers' integers", integers),
            ("storage", self.storage()),
        ];
        board::check_flash(board, &[flash, &own].concat())
    }

    /// Bytes that the trunk computes in.
    pub fn trunk_arena(&self, model: &Int8ModelFile<'_>) -> Result<usize, Error> {
        Ok(self.trunk(model)?.arena_packets())
    }

    /// Its constants.
    pub fn constants(
        &self,
        model: &Int8ModelFile<'_>,
        target: Int8Target,
    ) -> Result<String, Error> {
        let quantized = model.quantized();
        let (trunk, head) = (self.trunk(model)?, self.program()?);
        let words = trunk
            .arranged_int8_words(&self.cut.trunk_of(&quantized), target)
            .map_err(Error::Run)?;
        let mut code = String::new();
        let mut constant = |name: &str, kind: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(code, "pub const {name}: {kind} = {value};");
        };
        let mut number = |name, value: usize| constant(name, "usize", value.to_string());
        number("TRUNK_NODES", self.cut.trunk.layers().len());
        number("TRUNK_STEPS", trunk.steps().len());
        number("TRUNK_WORDS", words);
        number("TRUNK_ARENA", trunk.arena_packets());
        number("HEAD_STEPS", head.steps().len());
        number("HEAD_STORAGE_BYTES", self.storage());
        let graph = "kiln_core::Network";
        constant("TRUNK_NETWORK", graph, network(&self.cut.trunk));
        constant("HEAD_NETWORK", graph, network(&self.cut.head));
        constant("HEAD_MODE", "kiln_core::CompactMode", mode(&self.memory));
        let integers = self.cut.head_of(&quantized);
        let (weights, constants) = (integers.weights(), integers.constants());
        let _ = writeln!(
            code,
            "pub static HEAD_WEIGHTS: [i8; {}] = {weights:?};",
            weights.len()
        );
        let _ = writeln!(
            code,
            "pub static HEAD_CONSTANTS: [i32; {}] = {constants:?};",
            constants.len()
        );
        Ok(code)
    }

    fn trunk(&self, model: &Int8ModelFile<'_>) -> Result<Program, Error> {
        let rule = model.quantized().rule();
        Program::try_of(&self.cut.trunk, Purpose::Int8(rule)).map_err(Error::Program)
    }

    fn program(&self) -> Result<Program, Error> {
        let purpose = Purpose::Compact(self.memory.mode());
        Program::try_of(&self.cut.head, purpose).map_err(Error::Program)
    }
}
