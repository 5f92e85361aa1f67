//! Samples with what the desktop makes of them, for a first run on a board.

use super::CModel;
use std::fmt::Write;

/// Bytes of a line.
const LINE: usize = 24;

/// Images, what they show, and what the desktop computes.
#[derive(Clone, Debug, PartialEq)]
pub struct CSamples {
    /// Bytes of all images, one image behind the other.
    pub images: Vec<u8>,
    /// The class of each.
    pub labels: Vec<u16>,
    /// The outputs of each: logits, or the numbers that their codes stand for.
    pub outputs: Vec<f32>,
    /// The outputs of each once each has been learned, in their order; where the model learns.
    pub learned: Option<LearnedOutputs>,
}

/// What the desktop has learned of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedOutputs {
    /// The learning rate.
    pub rate: f32,
    /// The outputs of each sample, then.
    pub outputs: Vec<f32>,
}

/// `NAME_samples.h`.
pub(super) fn header(model: &CModel<'_>, samples: &CSamples) -> String {
    let (name, prefix) = (model.name, model.prefix());
    let mut code = format!(
        "/* Written by kiln export --to c: samples, and what the desktop makes of them. */\n\
         #ifndef {prefix}_SAMPLES_H\n#define {prefix}_SAMPLES_H\n\n#include \"{name}.h\"\n\n\
         #define {prefix}_SAMPLES {}\n\n\
         static const uint8_t {name}_samples[{prefix}_SAMPLES][{prefix}_IMAGE_BYTES] = {{\n",
        samples.labels.len()
    );
    let count = samples.labels.len().max(1);
    for image in samples.images.chunks(samples.images.len() / count) {
        code.push_str("    {\n");
        for line in image.chunks(LINE) {
            let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
            let _ = writeln!(code, "        {},", bytes.join(", "));
        }
        code.push_str("    },\n");
    }
    let labels: Vec<String> = samples.labels.iter().map(u16::to_string).collect();
    let _ = write!(
        code,
        "}};\n\n/* What they show. */\n\
         static const uint16_t {name}_sample_classes[{prefix}_SAMPLES] = {{ {} }};\n\n\
         /* The desktop's outputs, as the bits of a float. */\n",
        labels.join(", ")
    );
    outputs(&mut code, model, "sample", &samples.outputs);
    if let Some(learned) = &samples.learned {
        let _ = write!(
            code,
            "\n/* The same once each has been learned, in their order, by this rate. */\n\
             #define {prefix}_RATE {:?}f\n",
            learned.rate
        );
        outputs(&mut code, model, "learned", &learned.outputs);
    }
    code.push_str("\n#endif\n");
    code
}

fn outputs(code: &mut String, model: &CModel<'_>, kind: &str, outputs: &[f32]) {
    let (name, prefix) = (model.name, model.prefix());
    let _ = writeln!(
        code,
        "static const uint32_t {name}_{kind}_outputs[{prefix}_SAMPLES][{prefix}_OUTPUTS] = {{"
    );
    for outputs in outputs.chunks(model.network.classes()) {
        let bits = outputs
            .iter()
            .map(|value| format!("0x{:08x}", value.to_bits()));
        let bits: Vec<String> = bits.collect();
        let _ = writeln!(code, "    {{ {} }},", bits.join(", "));
    }
    code.push_str("};\n");
}
