//! A module of a model of integers.

use crate::error::GenerateError;
use crate::head_module;
use crate::int8::{arranged_words, input_codes, quantization, rule};
use crate::module::{check_memory, class_names, failed, file_crc, path_literal, program};
use crate::network::{description, network, values};
use crate::options::ModuleOptions;
use kiln_core::{
    Crc32, Int8ModelFile, Int8Target, ModelTask, Program, Purpose, QuantizedNetwork, Shape,
};

/// Processors that have the loops of [`Int8Target::CortexMDsp`], as the crate that is compiled asks: a
/// macro runs on the desktop, and does not know what it is compiled for.
const HAS_LOOPS: &str =
    "all(target_arch = \"arm\", target_abi = \"eabihf\", not(target_has_atomic = \"64\"))";

/// What the module of a file of these bytes holds.
pub(crate) fn body(options: &ModuleOptions<'_>, file: &[u8]) -> Result<String, GenerateError> {
    let model = Int8ModelFile::open(file).map_err(|error| failed(options, error))?;
    if model.task() == ModelTask::Reconstruction {
        let path = options.path.into();
        return Err(GenerateError::Reconstruction { path });
    }
    let quantized = model.quantized();
    let program = program(options, model.network(), Purpose::Int8(quantized.rule()))?;
    check_memory(
        options,
        "RAM",
        &[("the classifier's arena", program.arena_packets())],
    )?;
    let ends = [quantized.values().first(), quantized.values().last()];
    let [input, output] = ends.map(|value| {
        value
            .copied()
            .unwrap_or(kiln_core::Quantization::new(1.0, 0))
    });
    let codes = input_codes(model.scaling(), &input);
    let quantizations: Vec<String> = quantized.values().iter().map(quantization).collect();
    let trainer = match &options.training {
        Some(training) => head_module::items(options, &model, training, file_crc(file))?,
        None => String::new(),
    };
    let items = TEMPLATE
        .replace("{type}", "Model")
        .replace(
            "{description}",
            &format!("{:?}", description(model.network())),
        )
        .replace("{network}", &network(model.network()))
        .replace("{rule}", rule(quantized.rule()))
        .replace("{steps}", &program.steps().len().to_string())
        .replace("{inputs}", &program.input_shape().elements().to_string())
        .replace("{channels}", &program.input_shape().channels.to_string())
        .replace("{classes}", &program.classes().to_string())
        .replace("{arena}", &(program.arena_packets() / 4).to_string())
        .replace(
            "{quantizations}",
            &format!("[{}]", quantizations.join(", ")),
        )
        .replace("{values}", &quantizations.len().to_string())
        .replace("{output}", &quantization(&output))
        .replace("{output_shape}", &shape(program.output_shape()))
        .replace("{tables}", &codes.len().to_string())
        .replace("{codes}", &format!("{codes:?}"))
        .replace("{path}", &path_literal(options)?)
        .replace("{scale}", &values(model.scaling().scale()))
        .replace("{shift}", &values(model.scaling().shift()))
        .replace(
            "{names}",
            &class_names(program.classes(), model.class_names()),
        )
        .replace("{words}", &words(options, &program, &quantized)?);
    Ok(items + &trainer)
}

/// A kind of processor.
#[derive(Clone, Copy)]
pub(crate) struct ArrangedFor(Int8Target);

impl ArrangedFor {
    /// All that words are arranged for.
    pub const ALL: [Self; 2] = [Self(Int8Target::CortexMDsp), Self(Int8Target::Portable)];

    /// What the crate that is compiled asks.
    pub fn condition(self) -> String {
        match self.0 {
            Int8Target::CortexMDsp => HAS_LOOPS.into(),
            Int8Target::Portable => format!("not({HAS_LOOPS})"),
        }
    }
}

/// A network's words for a kind of processor.
pub(crate) fn arranged(
    options: &ModuleOptions<'_>,
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
    target: ArrangedFor,
) -> Result<Vec<u32>, GenerateError> {
    arranged_words(program, quantized, target.0).map_err(|error| GenerateError::Arrangement {
        path: options.path.into(),
        error,
    })
}

/// A shape: an expression of type `kiln_core::Shape`.
pub(crate) fn shape(shape: Shape) -> String {
    let Shape {
        channels,
        height,
        width,
    } = shape;
    format!("kiln_core::Shape::new({channels}, {height}, {width})")
}

/// The words, as each kind of processor reads them, and their checksum.
fn words(
    options: &ModuleOptions<'_>,
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
) -> Result<String, GenerateError> {
    let mut code = String::new();
    for target in ArrangedFor::ALL {
        let words = arranged(options, program, quantized, target)?;
        check_memory(options, "flash", &[("the model", size_of_val(&words[..]))])?;
        let mut crc = Crc32::new();
        for word in &words {
            crc.update(&word.to_le_bytes());
        }
        let condition = target.condition();
        code.push_str(&format!(
            "#[cfg({condition})]\nstatic WORDS: [u32; {}] = {words:?};\n\
             #[cfg({condition})]\nconst WORDS_CRC: u32 = {};\n",
            words.len(),
            crc.value()
        ));
    }
    Ok(code)
}

/// The module's items, with places in braces for what differs.
const TEMPLATE: &str = r"
/// The network in one line.
pub const DESCRIPTION: &str = {description};
/// The network.
pub const NETWORK: kiln_core::Network = {network};
/// Values of an input: channels x rows x columns.
pub const INPUTS: usize = {inputs};
/// Shape of an input.
pub const INPUT_SHAPE: kiln_core::Shape = NETWORK.input_shape();
/// Classes that it tells apart.
pub const CLASSES: usize = {classes};
/// Name of each class.
pub const CLASS_NAMES: &[&str] = {names};
const RULE: kiln_core::Int8Rule = {rule};
static VALUES: [kiln_core::Quantization; {values}] = {quantizations};
static INPUT_CODES: [[i8; 256]; {tables}] = {codes};
// Takes no flash: so that this is compiled again when the file has changed.
const _: &[u8] = include_bytes!({path});
{words}
const ARRANGED: kiln_core::ArrangedNetwork<'static> =
    kiln_core::ArrangedNetwork {
        rule: RULE,
        values: &VALUES,
        words: &WORDS,
        kernels: kiln_core::Int8Kernels::NONE,
    };
/// The program of inference, with the kernels of this network alone.
pub static PROGRAM: kiln_core::LinkedInt8Program<'static, {steps}> =
    kiln_core::LinkedInt8Program::of(&NETWORK, ARRANGED);

/// The model as the classifier knows it.
#[derive(Clone, Copy, Debug)]
pub struct {type};

impl ::kiln::EmbeddedInt8Model for Model {
    type Arena = [u32; {arena}];
    const INPUTS: usize = INPUTS;
    const CHANNELS: usize = {channels};
    const SCALE: &[f32] = {scale};
    const SHIFT: &[f32] = {shift};
    const OUTPUT: kiln_core::Quantization = {output};
    const OUTPUT_SHAPE: kiln_core::Shape = {output_shape};
    const CLASS_NAMES: &[&str] = CLASS_NAMES;
    const CRC: u32 = WORDS_CRC;
    fn input_codes() -> &'static [[i8; 256]] {
        &INPUT_CODES
    }
    fn network() -> kiln_core::ArrangedNetwork<'static> {
        ARRANGED
    }
    fn infer<'m>(
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], kiln_core::BufferError> {
        PROGRAM.infer(arena, fill)
    }
}

/// Classifies inputs one by one.
pub type Classifier = ::kiln::Int8Classifier<Model>;
";
