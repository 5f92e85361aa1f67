//! Which tensor of a file belongs to which layer.
//!
//! 1. Names that are given decide.
//! 2. A file with exactly the names of a `Sequential` is taken by these names.
//! 3. Else the shape of the weight decides. Several of one shape are taken in the order of the
//!    numbers in their names, if the names differ in nothing else (`conv2` and `conv10`).

use super::{LayerTensors, SafetensorsError, Tensors, extents};
use std::collections::BTreeMap;

/// Tensors shown in a message, at most.
const SHOWN: usize = 4;

/// The names of a layer's tensors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Names {
    /// What both begin with.
    pub prefix: String,
    pub weight: String,
    /// Nothing for a layer without a bias.
    pub bias: Option<String>,
}

/// The modules of a file, and of each its names and the shape of its weight.
type Modules = BTreeMap<String, (Names, Vec<usize>)>;

/// The names of each layer's tensors, in the order of `layers`; each tensor is taken once.
pub(super) fn find(
    layers: &[LayerTensors],
    tensors: &Tensors<'_>,
    names: Option<&[String]>,
) -> Result<Vec<Names>, SafetensorsError> {
    let modules = modules(tensors)?;
    let sequential: Vec<String> = layers.iter().map(|layer| layer.prefix.clone()).collect();
    let is_sequential = sequential.len() == modules.len()
        && sequential.iter().all(|prefix| modules.contains_key(prefix));
    match names {
        Some(names) => by_names(layers, modules, names),
        None if is_sequential => by_names(layers, modules, &sequential),
        None => by_shapes(layers, modules),
    }
}

/// The tensors in pairs.
fn modules(tensors: &Tensors<'_>) -> Result<Modules, SafetensorsError> {
    let mut modules = Modules::new();
    for (weight, tensor) in tensors {
        let Some(stem) = weight.strip_suffix("weight").filter(|stem| is_stem(stem)) else {
            continue;
        };
        let bias = format!("{stem}bias");
        let names = Names {
            prefix: stem.trim_end_matches('.').into(),
            weight: weight.clone(),
            bias: tensors.contains_key(&bias).then_some(bias),
        };
        modules.insert(names.prefix.clone(), (names, tensor.shape().to_vec()));
    }
    for tensor in tensors.keys().filter(|name| !name.ends_with("weight")) {
        let tensor = tensor.clone();
        let Some(stem) = tensor.strip_suffix("bias").filter(|stem| is_stem(stem)) else {
            return Err(SafetensorsError::Foreign { tensor });
        };
        if !tensors.contains_key(&format!("{stem}weight")) {
            return Err(SafetensorsError::Alone { tensor });
        }
    }
    Ok(modules)
}

/// A module's name ends in a dot; a module that is saved by itself has none.
fn is_stem(stem: &str) -> bool {
    stem.is_empty() || stem.ends_with('.')
}

fn by_names(
    layers: &[LayerTensors],
    mut modules: Modules,
    names: &[String],
) -> Result<Vec<Names>, SafetensorsError> {
    if names.len() != layers.len() {
        let layers: Vec<String> = layers
            .iter()
            .map(|layer| format!("{} ({})", layer.number, layer.kind))
            .collect();
        return Err(SafetensorsError::Names {
            found: names.len(),
            expected: layers.len(),
            layers: layers.join(", "),
        });
    }
    let mut found = Vec::new();
    for name in names {
        let module = modules.remove(name);
        let (module, _) = module.ok_or_else(|| SafetensorsError::UnknownName {
            name: name.clone(),
            available: left(&modules),
        })?;
        found.push(module);
    }
    none_left(found, &modules)
}

fn by_shapes(
    layers: &[LayerTensors],
    mut modules: Modules,
) -> Result<Vec<Names>, SafetensorsError> {
    let mut found = vec![None; layers.len()];
    for (index, layer) in layers.iter().enumerate() {
        if found[index].is_some() {
            continue;
        }
        let alike: Vec<usize> = (index..layers.len())
            .filter(|&other| layers[other].weight == layer.weight)
            .collect();
        let candidates = of_shape(&modules, &layer.weight)?;
        for (&index, name) in alike.iter().zip(candidates) {
            found[index] = modules.remove(&name).map(|(names, _)| names);
        }
    }
    let mut complete = Vec::new();
    for (layer, names) in layers.iter().zip(found) {
        complete.push(names.ok_or_else(|| SafetensorsError::Missing {
            number: layer.number,
            kind: layer.kind,
            expected: extents(&layer.weight),
            left: left(&modules),
        })?);
    }
    none_left(complete, &modules)
}

/// The modules whose weight has this shape, in the order of the numbers in their names.
fn of_shape(modules: &Modules, shape: &[usize]) -> Result<Vec<String>, SafetensorsError> {
    let alike = modules.iter().filter(|(_, (_, found))| found == shape);
    let mut names: Vec<String> = alike.map(|(name, _)| name.clone()).collect();
    let without_digits = |name: &String| name.replace(|c: char| c.is_ascii_digit(), "");
    let first = names.first().map(without_digits);
    if names.iter().any(|name| Some(without_digits(name)) != first) {
        return Err(SafetensorsError::Ambiguous {
            tensors: names.join(", ").escape_debug().to_string(),
            shape: extents(shape),
        });
    }
    alphanumeric_sort::sort_str_slice(&mut names);
    Ok(names)
}

fn none_left(found: Vec<Names>, modules: &Modules) -> Result<Vec<Names>, SafetensorsError> {
    match modules.is_empty() {
        true => Ok(found),
        false => Err(SafetensorsError::Left {
            left: left(modules),
        }),
    }
}

/// What no layer has taken, for people to read.
fn left(modules: &Modules) -> String {
    let shown = modules.values().take(SHOWN);
    let mut shown: Vec<String> = shown
        .map(|(names, shape)| format!("{} ({})", names.weight.escape_debug(), extents(shape)))
        .collect();
    if modules.is_empty() {
        return "nothing".into();
    }
    if modules.len() > SHOWN {
        shown.push(format!("and {} more", modules.len() - SHOWN));
    }
    shown.join(", ")
}
