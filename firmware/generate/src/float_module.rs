//! A module of a model of floating-point numbers.

use crate::error::GenerateError;
use crate::module::{check_memory, class_names, failed, file_crc, path_literal, program};
use crate::network::{description, network, values};
use crate::options::ModuleOptions;
use crate::training::{TrainerParts, memory};
use kiln_core::{ModelFile, ModelTask, Purpose, bytes_in_place};

/// What the module of a file of these bytes holds.
pub(crate) fn body(options: &ModuleOptions<'_>, file: &[u8]) -> Result<String, GenerateError> {
    let model = ModelFile::open(file).map_err(|error| failed(options, error))?;
    if model.task() == ModelTask::Reconstruction {
        let path = options.path.into();
        return Err(GenerateError::Reconstruction { path });
    }
    let program = program(options, model.network(), Purpose::Inference)?;
    let arena = size_of::<f32>() * program.arena_packets();
    check_memory(options, "RAM", &[("the classifier's arena", arena)])?;
    check_memory(options, "flash", &[("the model", file.len())])?;
    let (at, crc) = parameters(file, &model);
    let trainer = match &options.training {
        Some(training) => TrainerParts {
            network: model.network(),
            name: "NETWORK",
            memory: memory(options, model.network(), training)?,
            source: "::kiln::ScaledSource<Model>",
            source_bytes: 0,
            parameters: "&PARAMETERS.0",
            start: "Ok(TRAINING.program().extract(&PARAMETERS.0, trained)?)",
            file_crc: file_crc(file),
        }
        .items(options)?,
        None => String::new(),
    };
    let items = TEMPLATE
        // A place, so that nobody who reads this as text takes it for a type of the workspace.
        .replace("{type}", "Model")
        .replace(
            "{description}",
            &format!("{:?}", description(model.network())),
        )
        .replace("{network}", &network(model.network()))
        .replace("{steps}", &program.steps().len().to_string())
        .replace("{inputs}", &program.input_shape().elements().to_string())
        .replace("{classes}", &program.classes().to_string())
        .replace("{arena}", &program.arena_packets().to_string())
        .replace("{parameters}", &model.parameters().len().to_string())
        .replace("{at}", &at.to_string())
        .replace("{crc}", &crc.to_string())
        .replace("{path}", &path_literal(options)?)
        .replace("{scale}", &values(model.scaling().scale()))
        .replace("{shift}", &values(model.scaling().shift()))
        .replace(
            "{names}",
            &class_names(program.classes(), model.class_names()),
        );
    Ok(items + &trainer)
}

/// Where the parameters begin in the file, and their CRC-32.
fn parameters(file: &[u8], model: &ModelFile<'_>) -> (usize, u32) {
    let bytes = bytes_in_place(model.parameters());
    (
        bytes.as_ptr().addr() - file.as_ptr().addr(),
        kiln_core::crc32(bytes),
    )
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
/// The program of inference, with the kernels of this network alone.
pub static PROGRAM: kiln_core::LinkedProgram<{steps}> = kiln_core::LinkedProgram::of(&NETWORK);
static PARAMETERS: ::kiln::AlignedValues<{parameters}> =
    ::kiln::AlignedValues::of_bytes(include_bytes!({path}), {at});

/// The model as the classifier knows it.
#[derive(Clone, Copy, Debug)]
pub struct {type};

impl ::kiln::EmbeddedModel for Model {
    type Arena = [f32; {arena}];
    const INPUTS: usize = INPUTS;
    const SCALE: &[f32] = {scale};
    const SHIFT: &[f32] = {shift};
    const CLASS_NAMES: &[&str] = CLASS_NAMES;
    const CRC: u32 = {crc};
    fn parameters() -> &'static [f32] {
        &PARAMETERS.0
    }
    fn infer<'m>(
        arena: &'m mut [f32],
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<&'m [f32], kiln_core::BufferError> {
        PROGRAM.infer(&PARAMETERS.0, arena, fill)
    }
}

/// Classifies inputs one by one.
pub type Classifier = ::kiln::FloatClassifier<Model>;
";
