//! Code that is for one kind of processor lies where such code belongs.

use super::sources::{HOST, sources, workspace};

/// Where it may be, and for which kinds: all where none is named. The first folder that fits counts.
const PLACES: [(&str, &[&str]); 6] = [
    // Packets, chosen in one place.
    ("core/src/lanes/", &[]),
    // Kernels may have loops for a Cortex-M, and ask whether it is one.
    ("core/src/", &["arm"]),
    ("firmware/src/board/", &[]),
    // Dependencies and the fault handler that only one kind of microcontroller has.
    ("firmware/src/lib.rs", &["riscv32"]),
    // What a build writes asks as core does.
    ("firmware/generate/src/int8_module.rs", &["arm"]),
    ("firmware/c/", &[]),
];

#[test]
fn only_packets_kernels_and_boards_know_the_processor() {
    let mut wrong = Vec::new();
    let mut found = 0;
    let rooms = ["core/src", "tests/src", "firmware"]
        .into_iter()
        .chain(HOST);
    for room in rooms {
        for source in sources(&workspace().join(room)) {
            let path = format!("{room}/{}", source.path.display());
            for kind in kinds(&source.text) {
                found += 1;
                if !is_allowed(&path, kind) {
                    wrong.push(format!("{path} asks for {kind:?}"));
                }
            }
        }
    }
    assert!(found > 20, "{found} places ask for the processor");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_place_outside_is_noticed() {
    let text = r#"#[cfg(not(target_arch = "x86_64"))] fn f() { cfg!(target_arch="arm") }"#;
    assert_eq!(kinds(text).collect::<Vec<_>>(), ["x86_64", "arm"]);
    assert!(!is_allowed("host/trainer/src/engine/mod.rs", "x86_64"));
    assert!(!is_allowed("core/src/ops/pool/mod.rs", "aarch64"));
    assert!(is_allowed("core/src/ops/pool/mod.rs", "arm"));
    assert!(is_allowed("core/src/lanes/mod.rs", "aarch64"));
}

fn is_allowed(path: &str, kind: &str) -> bool {
    let place = PLACES.iter().find(|(place, _)| path.starts_with(place));
    place.is_some_and(|(_, kinds)| kinds.is_empty() || kinds.contains(&kind))
}

/// The kinds of processor that a text asks for, by cfg or in words for others.
fn kinds(text: &str) -> impl Iterator<Item = &str> {
    let asks = text.split("target_arch").skip(1);
    asks.filter_map(|rest| {
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        let value = value.trim_start_matches('\\').strip_prefix('"')?;
        value.split(['"', '\\']).next()
    })
}
