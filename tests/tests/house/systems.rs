//! One module of the host asks on which operating system it runs.

use super::sources::host_sources;

/// The module.
const ROOM: &str = "host/trainer/src/platform/";
/// What a condition of compilation asks of a system.
const CONDITIONS: [&str; 4] = ["unix", "windows", "target_os", "target_family"];
/// What there is on some systems only.
const ITEMS: [&str; 5] = [
    "std::os::",
    "rustix::",
    "signal_hook::",
    "ctrlc::",
    "libc::",
];

#[test]
fn systems_are_told_apart_in_one_module() {
    let mut inside = 0;
    for source in host_sources() {
        let name = source.path.to_string_lossy().replace('\\', "/");
        let found: Vec<&str> = particular(&source.text).collect();
        match name.starts_with(ROOM) {
            true => inside += found.len(),
            false => assert!(
                found.is_empty(),
                "{name} has {found:?}: use crate::platform"
            ),
        }
    }
    assert!(inside > 5, "{inside}");
}

#[test]
fn conditions_are_found_however_they_are_written() {
    for text in [
        "#[cfg(unix)]",
        "if cfg!(any(\n  windows,\n  test)) {",
        "#[cfg_attr(not(target_os = \"linux\"), allow(unused))]",
        "use std::os::fd::AsFd;",
    ] {
        assert_eq!(particular(text).count(), 1, "{text}");
    }
    for text in [
        "#[cfg(test)]",
        "let unix = cfg!(test) && windows();",
        "cfg(",
    ] {
        assert_eq!(particular(text).count(), 0, "{text}");
    }
}

/// What of a source is of some systems only.
fn particular(text: &str) -> impl Iterator<Item = &str> {
    let conditions = text.match_indices("cfg").filter_map(|(at, _)| {
        let condition = parenthesised(&text[at..])?;
        let asks = CONDITIONS.iter().any(|word| condition.contains(word));
        asks.then_some(condition)
    });
    let items = ITEMS.iter().filter(|item| text.contains(**item)).copied();
    conditions.chain(items)
}

/// A macro or an attribute with all between its parentheses; `None` where it has none.
fn parenthesised(text: &str) -> Option<&str> {
    let open = text.find('(')?;
    let is_one = text[..open]
        .chars()
        .all(|c| c.is_alphanumeric() || "_!".contains(c));
    let mut depth = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (c == ')' && depth == 0).then_some(at + 1)
    });
    end.filter(|_| is_one).map(|end| &text[..end])
}
