//! What the layers of a TOML file read: values by their names.

use super::{LayerTable, NetworkFileError};
use kiln_core::{Layer, Network, NetworkError, Value};
use std::collections::HashMap;

/// The name of the network's input.
const INPUT: &str = "input";

/// A name, or a list of inputs, that does not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two layers have the same name.
    #[error(
        "layer {number} ({kind}): layer {first} is named {name:?} already; give it another name"
    )]
    NameTwice {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// The name.
        name: String,
        /// Number of the layer that has it.
        first: usize,
    },
    /// A layer is named as the network's input is, or not at all.
    #[error("layer {number} ({kind}): {name:?} is no name for a layer; choose another")]
    Name {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// The name.
        name: String,
    },
    /// A layer reads what no layer before it is named.
    #[error("layer {number} ({kind}): it reads {input:?}, {}", .later.map_or(
        "but no layer is named so".into(),
        |later| format!("which is layer {later}, not an earlier one; order the layers so that each reads only what is before it"),
    ))]
    Unknown {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// What it reads.
        input: String,
        /// Number of the later layer of that name, if there is one.
        later: Option<usize>,
    },
    /// A layer reads more or fewer values than its type takes.
    #[error("layer {number} ({kind}): it reads {found}, but takes {wanted}; list them in `inputs`")]
    Count {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// Values it takes.
        wanted: usize,
        /// Values it is given.
        found: usize,
    },
}

/// The values that each layer reads.
pub(super) fn inputs(tables: &[LayerTable]) -> Result<Vec<[Value; 2]>, GraphError> {
    let numbers = numbers(tables)?;
    let each = tables.iter().enumerate();
    each.map(|(index, table)| {
        let (number, kind) = (index + 1, || table.kind.clone());
        let wanted = if table.kind == "add" { 2 } else { 1 };
        let Some(names) = &table.inputs else {
            return match wanted {
                1 => Ok([Value::of_node(index); 2]),
                _ => Err(GraphError::Count {
                    number,
                    kind: kind(),
                    wanted,
                    found: 1,
                }),
            };
        };
        let [first, .., last] = names.as_slice() else {
            let one = names.first().filter(|_| wanted == 1);
            let name = one.ok_or_else(|| GraphError::Count {
                number,
                kind: kind(),
                wanted,
                found: names.len(),
            })?;
            return Ok([value(&numbers, name, number, table)?; 2]);
        };
        if names.len() != wanted {
            return Err(GraphError::Count {
                number,
                kind: kind(),
                wanted,
                found: names.len(),
            });
        }
        let read = |name| value(&numbers, name, number, table);
        Ok([read(first)?, read(last)?])
    })
    .collect()
}

/// The number of each named layer.
fn numbers(tables: &[LayerTable]) -> Result<HashMap<&str, usize>, GraphError> {
    let mut numbers = HashMap::from([(INPUT, 0)]);
    for (index, table) in tables.iter().enumerate() {
        let Some(name) = table.name.as_deref() else {
            continue;
        };
        let (number, kind) = (index + 1, table.kind.clone());
        if name.is_empty() || name == INPUT {
            let name = name.into();
            return Err(GraphError::Name { number, kind, name });
        }
        if let Some(first) = numbers.insert(name, number) {
            let name = name.into();
            return Err(GraphError::NameTwice {
                number,
                kind,
                name,
                first,
            });
        }
    }
    Ok(numbers)
}

/// The value of this name, for layer `number`.
fn value(
    numbers: &HashMap<&str, usize>,
    name: &str,
    number: usize,
    table: &LayerTable,
) -> Result<Value, GraphError> {
    match numbers.get(name) {
        Some(earlier) if *earlier < number => Ok(Value::of_node(*earlier)),
        found => Err(GraphError::Unknown {
            number,
            kind: table.kind.clone(),
            input: name.into(),
            later: found.copied(),
        }),
    }
}

/// The error with the name of the layer that it speaks of.
pub(super) fn named(error: NetworkError, tables: &[LayerTable]) -> NetworkFileError {
    let table = error.layer.checked_sub(1).and_then(|at| tables.get(at));
    NetworkFileError::Network {
        error,
        name: table.and_then(|table| table.name.clone()),
    }
}

/// A fault of a network, with the name of its layer: `layer 3 "a" (conv2d): …`.
pub(super) fn in_words(error: &NetworkError, name: Option<&str>) -> String {
    let text = error.to_string();
    match name {
        Some(name) => {
            let number = format!("layer {} ", error.layer);
            text.replacen(&number, &format!("{number}{name:?} "), 1)
        }
        None => text,
    }
}

/// The values that a layer with these inputs reads.
pub fn values_read<'v>(layer: &Layer, inputs: &'v [Value; 2]) -> &'v [Value] {
    match layer {
        Layer::Add => inputs,
        _ => &inputs[..1],
    }
}

/// What people call a value: the number of its layer, with its name where `names` has one.
pub fn value_name(names: &[Option<String>], value: Value) -> String {
    let before = value.number().checked_sub(1);
    let name = before.and_then(|index| names.get(index)).cloned().flatten();
    match (value.number(), name) {
        (0, _) => INPUT.into(),
        (number, Some(name)) => format!("{number} {name}"),
        (number, None) => number.to_string(),
    }
}

/// A layer as errors call it: its number, with its name in quotes where `names` has one.
pub fn quoted_layer(names: &[Option<String>], number: usize) -> String {
    let before = number.checked_sub(1);
    match before.and_then(|index| names.get(index)) {
        Some(Some(name)) => format!("{number} {name:?}"),
        _ => number.to_string(),
    }
}

/// The tables of a network; those that something else reads than the layer behind them are named by
/// their numbers.
pub(super) fn tables(network: &Network) -> Vec<LayerTable> {
    let mut tables: Vec<_> = network.layers().iter().map(LayerTable::from).collect();
    let name = |value: Value| match value.number() {
        0 => INPUT.to_string(),
        number => format!("layer{number}"),
    };
    for (index, inputs) in network.inputs().iter().enumerate() {
        let read = values_read(&network.layers()[index], inputs);
        if matches!(read, [value] if value.number() == index) {
            continue;
        }
        tables[index].inputs = Some(read.iter().map(|value| name(*value)).collect());
        for value in read {
            if let Some(before) = value.number().checked_sub(1) {
                tables[before].name = Some(name(*value));
            }
        }
    }
    tables
}
