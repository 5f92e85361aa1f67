//! The model's header and its array.

use super::CModel;
use super::identifier::literal;
use super::words::ProcessorWords;
use std::fmt::Write;

/// Words of a line.
const LINE: usize = 8;

/// `NAME.h`: sizes and class names as macros, and the model.
pub(super) fn header(model: &CModel<'_>) -> String {
    let (name, prefix) = (model.name, model.prefix());
    let shape = model.network.input_shape();
    let outputs = model.network.classes();
    let saved = match model.words.saved {
        None => String::new(),
        Some(bytes) => format!(
            "/* Bytes of what was learned, as kiln_save writes it. */\n\
             #define {prefix}_SAVED_BYTES {bytes}\n\n"
        ),
    };
    let names: Vec<String> = model.classes.iter().map(|name| literal(name)).collect();
    let names = match names.is_empty() {
        true => String::new(),
        false => format!(
            "/* Names of the classes, in order: const char *const names[] = {prefix}_CLASS_NAMES; */\n\
             #define {prefix}_CLASS_NAMES {{ {} }}\n",
            names.join(", ")
        ),
    };
    format!(
        "/* Written by kiln export --to c. Tensors: SHA-256 {}. */\n\
         #ifndef {prefix}_MODEL_H\n\
         #define {prefix}_MODEL_H\n\n\
         #include \"kiln.h\"\n\n\
         /* An image: so many bytes, channel by channel, row by row. */\n\
         #define {prefix}_CHANNELS {}\n\
         #define {prefix}_HEIGHT {}\n\
         #define {prefix}_WIDTH {}\n\
         #define {prefix}_IMAGE_BYTES {}\n\n\
         #define {prefix}_CLASSES {outputs}\n\
         #define {prefix}_OUTPUTS {outputs}\n\
         {names}\n\
         /* Memory that the model is run in, aligned to KILN_ALIGNMENT:\n   \
         static uint32_t memory[{prefix}_MEMORY_BYTES / 4]; */\n\
         #define {prefix}_MEMORY_BYTES {}\n\n\
         {saved}\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\
         extern const kiln_model {name};\n\
         #ifdef __cplusplus\n}}\n#endif\n\n\
         #endif\n",
        model.sha256,
        shape.channels,
        shape.height,
        shape.width,
        shape.elements(),
        model.words.memory,
    )
}

/// `NAME.c`: the model.
pub(super) fn source(model: &CModel<'_>) -> String {
    let name = model.name;
    let mut code = format!(
        "/* Written by kiln export --to c. */\n#include \"{name}.h\"\n\n\
         #if defined(__GNUC__)\n\
         #define MODEL_ALIGNED __attribute__((aligned(16)))\n\
         #else\n\
         #define MODEL_ALIGNED\n\
         #endif\n\n"
    );
    match &model.words.dsp {
        None => array(&mut code, model, &model.words.portable),
        Some(dsp) => {
            code.push_str(
                "/* In the order in which the loops of a processor with the DSP extension and a \
                 floating-point unit\n   read them, as the library for thumbv7em-none-eabihf and \
                 thumbv8m.main-none-eabihf has them. */\n\
                 #if defined(__ARM_FEATURE_DSP) && defined(__ARM_PCS_VFP)\n",
            );
            array(&mut code, model, dsp);
            code.push_str("#else\n");
            array(&mut code, model, &model.words.portable);
            code.push_str("#endif\n");
        }
    }
    let _ = write!(
        code,
        "\nconst kiln_model {name} = {{\n    \
         {name}_words,\n    sizeof({name}_words) / sizeof({name}_words[0]),\n    \
         {name}_kernels,\n    sizeof({name}_kernels) / sizeof({name}_kernels[0]),\n    \
         &{},\n}};\n",
        model.words.runner
    );
    code
}

fn array(code: &mut String, model: &CModel<'_>, own: &ProcessorWords) {
    let name = model.name;
    let _ = writeln!(
        code,
        "static const uint32_t {name}_words[] MODEL_ALIGNED = {{"
    );
    for line in own.words.chunks(LINE) {
        let words: Vec<String> = line.iter().map(|word| format!("0x{word:08x}")).collect();
        let _ = writeln!(code, "    {},", words.join(", "));
    }
    let kernels = own.kernels.iter();
    let kernels: String = kernels
        .map(|kernel| match kernel {
            Some(symbol) => format!("    &{symbol},\n"),
            None => "    0,\n".into(),
        })
        .collect();
    let _ = write!(
        code,
        "}};\n\n/* Those that its steps need; no others are linked. */\n\
         static const kiln_kernel *const {name}_kernels[] = {{\n{kernels}}};\n"
    );
}
