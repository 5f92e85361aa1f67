//! The last layers of a model of integers that learn behind the others.

use crate::error::GenerateError;
use crate::int8::{quantization, rule};
use crate::int8_module::{ArrangedFor, arranged, shape};
use crate::module::program;
use crate::network::network;
use crate::options::{ModuleOptions, ModuleTraining};
use crate::training::{TrainerParts, memory};
use kiln_core::{CodedSums, Int8ModelFile, NetworkCut, Purpose, TrainingMemory};

/// The module's items for the training of a model's last layers.
pub(crate) fn items(
    options: &ModuleOptions<'_>,
    model: &Int8ModelFile<'_>,
    training: &ModuleTraining,
    file_crc: u32,
) -> Result<String, GenerateError> {
    let chosen = memory(options, model.network(), training)?;
    let cut =
        NetworkCut::before(model.network(), chosen.from).map_err(|error| GenerateError::Cut {
            path: options.path.into(),
            error,
        })?;
    let quantized = model.quantized();
    let purpose = Purpose::Int8(quantized.rule());
    let trunk = program(options, &cut.trunk, purpose)?;
    let nodes = cut.trunk.layers().len();
    let between = &quantized.values()[nodes];
    let mut words = String::new();
    for target in ArrangedFor::ALL {
        let own = arranged(options, &trunk, &cut.trunk_of(&quantized), target)?;
        let (condition, len) = (target.condition(), own.len());
        words.push_str(&format!(
            "#[cfg({condition})]\nconst TRUNK_WORDS: usize = {len};\n"
        ));
    }
    let integers = cut.head_of(&quantized);
    let mut tables = (vec![], vec![], vec![]);
    for (sums, weights, constants) in integers.sums() {
        tables.0.push(coded_sums(&sums));
        tables.1.extend_from_slice(weights);
        tables.2.extend_from_slice(constants);
    }
    let (sums, weights, constants) = tables;
    let trunk_items = TEMPLATE
        .replace("{type}", "Trunk")
        .replace("{trunk}", &network(&cut.trunk))
        .replace("{head}", &network(&cut.head))
        .replace("{words}", &words)
        .replace("{nodes}", &nodes.to_string())
        .replace("{steps}", &trunk.steps().len().to_string())
        .replace("{arena}", &(trunk.arena_packets() / 4).to_string())
        .replace("{between}", &quantization(between))
        .replace("{shape}", &shape(cut.head.input_shape()))
        .replace("{sums_len}", &sums.len().to_string())
        .replace("{sums}", &sums.join(", "))
        .replace("{weights}", &format!("{weights:?}"))
        .replace("{weights_len}", &weights.len().to_string())
        .replace("{constants}", &format!("{constants:?}"))
        .replace("{constants_len}", &constants.len().to_string());
    let trainer = TrainerParts {
        network: &cut.head,
        name: "HEAD_NETWORK",
        // All of the head is trained, whose layers are counted from its own first.
        memory: TrainingMemory { from: 1, ..chosen },
        source: "::kiln::TrunkSource<Trunk>",
        source_bytes: trunk.arena_packets(),
        parameters: "&[]",
        start: START,
        file_crc,
    };
    Ok(trunk_items + &trainer.items(options)?)
}

/// A layer's integers: an expression of type `kiln_core::CodedSums`.
fn coded_sums(sums: &CodedSums) -> String {
    let [input, output] = sums.ends.each_ref().map(quantization);
    format!(
        "kiln_core::CodedSums {{ outputs: {}, channels: {}, places: {}, has_bias: {}, rule: {}, \
         ends: [{input}, {output}] }}",
        sums.outputs,
        sums.channels,
        sums.places,
        sums.has_bias,
        rule(sums.rule)
    )
}

/// Sets the trained parameters to what the head's integers stand for.
const START: &str = r"
        Ok(kiln_core::CodedSums::dequantize_all(
            &HEAD_SUMS,
            &HEAD_WEIGHTS,
            &HEAD_CONSTANTS,
            trained,
        )?)";

/// The module's items, with places in braces for what differs.
const TEMPLATE: &str = r"
const TRUNK_NODES: usize = {nodes};
{words}
const TRUNK_NETWORK: kiln_core::Network = {trunk};
const HEAD_NETWORK: kiln_core::Network = {head};
static HEAD_SUMS: [kiln_core::CodedSums; {sums_len}] = [{sums}];
static HEAD_WEIGHTS: [i8; {weights_len}] = {weights};
static HEAD_CONSTANTS: [i32; {constants_len}] = {constants};
const TRUNK_ARRANGED: kiln_core::ArrangedNetwork<'static> = kiln_core::ArrangedNetwork {
    rule: RULE,
    values: VALUES.split_at(TRUNK_NODES + 1).0,
    words: WORDS.split_at(TRUNK_WORDS).0,
    kernels: kiln_core::Int8Kernels::NONE,
};
static TRUNK_PROGRAM: kiln_core::LinkedInt8Program<'static, {steps}> =
    kiln_core::LinkedInt8Program::of(&TRUNK_NETWORK, TRUNK_ARRANGED);

/// The layers that stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct {type};

impl ::kiln::EmbeddedInt8Model for Trunk {
    type Arena = [u32; {arena}];
    const INPUTS: usize = INPUTS;
    const CHANNELS: usize = <Model as ::kiln::EmbeddedInt8Model>::CHANNELS;
    const SCALE: &[f32] = <Model as ::kiln::EmbeddedInt8Model>::SCALE;
    const SHIFT: &[f32] = <Model as ::kiln::EmbeddedInt8Model>::SHIFT;
    const OUTPUT: kiln_core::Quantization = {between};
    const OUTPUT_SHAPE: kiln_core::Shape = {shape};
    const CLASS_NAMES: &[&str] = CLASS_NAMES;
    const CRC: u32 = WORDS_CRC;
    fn input_codes() -> &'static [[i8; 256]] {
        &INPUT_CODES
    }
    fn network() -> kiln_core::ArrangedNetwork<'static> {
        TRUNK_ARRANGED
    }
    fn infer<'m>(
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], kiln_core::BufferError> {
        TRUNK_PROGRAM.infer(arena, fill)
    }
}
";
