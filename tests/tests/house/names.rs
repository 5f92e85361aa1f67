//! One name for one thing: no two types or traits of the workspace are called the same.

use super::sources::{Source, sources, workspace};
use std::collections::BTreeMap;

/// Names that several things still have, at least one of them in the firmware, where no other is
/// in sight.
const SHARED: [&str; 7] = [
    "Board", "Content", "Failure", "Memory", "Region", "Tally", "Training",
];

#[test]
fn no_two_types_have_the_same_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for room in ["core/src", "host/src", "host/trainer/src", "firmware"] {
        for source in sources(&workspace().join(room)) {
            for name in declared(&source) {
                let place = format!("{room}/{}", source.path.display());
                places.entry(name.into()).or_default().push(place);
            }
        }
    }
    assert!(places.len() > 100, "{places:?}");
    places.retain(|_, places| places.len() > 1);
    places.retain(|name, _| !SHARED.contains(&name.as_str()));
    assert!(places.is_empty(), "{places:#?}");
}

/// Names of the types and traits that a source declares.
fn declared(source: &Source) -> impl Iterator<Item = &str> {
    let kinds = ["struct", "enum", "trait", "union"];
    source.text.lines().filter_map(move |line| {
        let mut words = line.split_whitespace().peekable();
        words.next_if(|word| word.starts_with("pub"));
        words.next_if(|word| word.ends_with(')'));
        words.next_if(|word| *word == "unsafe");
        kinds.contains(&words.next()?).then_some(())?;
        let name = words.next()?;
        let name = name
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        // What a macro declares has the name that its callers give.
        name.filter(|name| !name.is_empty())
    })
}
