//! `include/kiln.h` is made from the interface, and the kernels of core are all there.

use crate::kernels;
use cbindgen::{Builder, Config, EnumConfig, Language, RenameRule, Style};
use kiln_core::{SingleGradientKernel, SingleInt8Kernel, SingleKernel};
use std::collections::HashMap;
use std::path::Path;
use std::{env, fs};

/// What comes before the interface's own types.
const PREAMBLE: &str = "\
/* A kernel and what runs a kind of model: named by exported models alone. */
typedef struct kiln_kernel kiln_kernel;
typedef struct kiln_runner kiln_runner;
";

fn config() -> Config {
    let names = [
        ("ForeignModel", "kiln_model"),
        ("ForeignClassifier", "kiln_classifier"),
        ("Status", "kiln_status"),
        ("ForeignKernel", "kiln_kernel"),
        ("Runner", "kiln_runner"),
    ];
    let mut config = Config {
        language: Language::C,
        style: Style::Both,
        cpp_compat: true,
        usize_is_size_t: true,
        no_includes: true,
        sys_includes: vec!["stddef.h".into(), "stdint.h".into()],
        include_guard: Some("KILN_H".into()),
        header: Some(
            "/* Kiln for firmware in C. Made from firmware/c/src/interface.rs; firmware/README.md \
             says how to use it. */"
                .into(),
        ),
        after_includes: Some(format!("\n{PREAMBLE}\n{}", kernels())),
        enumeration: EnumConfig {
            rename_variants: RenameRule::QualifiedScreamingSnakeCase,
            ..EnumConfig::default()
        },
        ..Config::default()
    };
    config.export.include = vec!["Status".into()];
    config.export.exclude = vec!["ForeignKernel".into()];
    config.export.rename = HashMap::from(names.map(|(own, c)| (own.into(), c.into())));
    config
}

/// The kernels, which a macro makes.
fn kernels() -> String {
    let floats = kernels::FLOAT_NAMES.iter().chain(kernels::GRADIENT_NAMES);
    let kernels = floats.chain(kernels::INT8_NAMES);
    let lines = kernels.map(|(_, symbol)| format!("extern const kiln_kernel {symbol};\n"));
    let lines: String = lines.collect();
    format!(
        "/* Their kernels. */\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n{lines}#ifdef __cplusplus\n}}\n#endif"
    )
}

/// `KILN_WRITE_HEADER=1` writes it instead.
#[test]
fn the_header_is_made_of_the_interface() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut made = Vec::new();
    let sources =
        ["interface.rs", "learning.rs", "status.rs"].map(|file| root.join("src").join(file));
    let builder = sources
        .iter()
        .fold(Builder::new().with_config(config()), |own, file| {
            own.with_src(file)
        });
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let path = root.join("include/kiln.h");
    if env::var_os("KILN_WRITE_HEADER").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert_eq!(
        found, made,
        "include/kiln.h has drifted; KILN_WRITE_HEADER=1 cargo test writes it"
    );
}

#[test]
fn every_kernel_of_core_has_a_symbol() {
    let own = |names: &'static [(&str, &str)]| names.iter().map(|(name, _)| *name);
    assert!(own(kernels::FLOAT_NAMES).eq(SingleKernel::names()));
    assert!(own(kernels::GRADIENT_NAMES).eq(SingleGradientKernel::names()));
    assert!(own(kernels::INT8_NAMES).eq(SingleInt8Kernel::names()));
}
