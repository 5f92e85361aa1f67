//! Networks with variables: `filters = "$width"`, or a multiple of it, `"$width*2"`.

use super::combine::Combination;
use super::file::line_of;
use super::value::SweepValue;
use crate::network_file::{NetworkTables, SyntaxError};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The network of a combination: `template` with the values of its variables.
///
/// # Errors
///
/// A variable that does not vary, a product that is no number, or what a network's file cannot
/// have, with its line in `text`.
pub fn filled(
    text: &str,
    template: &Spanned<DeTable<'_>>,
    combination: &Combination,
) -> Result<NetworkTables, SyntaxError> {
    let mut numbers = BTreeMap::new();
    for (written, place) in variables(template.get_ref()) {
        let number = product(&written, combination).map_err(|reason| SyntaxError {
            line: line_of(text, place),
            message: format!("{written}: {reason}"),
        })?;
        numbers.insert(written, number.to_string());
    }
    let mut document = template.clone();
    for (_, value) in document.get_mut().iter_mut() {
        fill(value, &numbers).map_err(|error| SyntaxError::new(text, &error))?;
    }
    NetworkTables::deserialize(toml::de::Deserializer::from(document))
        .map_err(|error| SyntaxError::new(text, &error))
}

/// Whether a network has a variable of this name.
pub fn uses(template: &DeTable<'_>, name: &str) -> bool {
    let all = variables(template);
    all.iter().any(|(written, _)| parts(written).0 == name)
}

/// The texts that name variables, and their places in the file.
fn variables(template: &DeTable<'_>) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    template.values().for_each(|value| collect(value, &mut all));
    all
}

fn collect(value: &Spanned<DeValue<'_>>, all: &mut Vec<(String, usize)>) {
    match value.get_ref() {
        DeValue::String(text) if text.starts_with('$') => {
            all.push((text.to_string(), value.span().start));
        }
        DeValue::Array(values) => values.iter().for_each(|value| collect(value, all)),
        DeValue::Table(table) => all.extend(variables(table)),
        _ => {}
    }
}

/// Puts numbers in the place of the texts that name variables.
fn fill<'n>(
    value: &mut Spanned<DeValue<'n>>,
    numbers: &'n BTreeMap<String, String>,
) -> Result<(), toml::de::Error> {
    match value.get_mut() {
        DeValue::Array(values) => values.iter_mut().try_for_each(|value| fill(value, numbers)),
        DeValue::Table(table) => table
            .iter_mut()
            .try_for_each(|(_, value)| fill(value, numbers)),
        inner => {
            let number = inner.as_str().and_then(|written| numbers.get(written));
            if let Some(number) = number {
                *inner = DeValue::parse(number)?.into_inner();
            }
            Ok(())
        }
    }
}

/// Variable and factor of a text that names one.
fn parts(written: &str) -> (&str, &str) {
    let text = written.strip_prefix('$').unwrap_or(written);
    let (name, factor) = text.split_once('*').unwrap_or((text, "1"));
    (name.trim(), factor.trim())
}

fn product(written: &str, combination: &Combination) -> Result<u64, String> {
    let (name, factor) = parts(written);
    let Some((_, value)) = combination.iter().find(|(other, _)| other == name) else {
        return Err(format!(
            "nothing named {name} varies; give it values in [grid] or [random]"
        ));
    };
    let SweepValue::Integer(number) = value else {
        return Err(format!("{name} is {value}, not a whole number"));
    };
    let factor: u64 = factor
        .parse()
        .map_err(|_| "write a variable, or one times a whole number, as $width*2".to_owned())?;
    let number = u64::try_from(*number).map_err(|_| format!("{name} is {number}, below 0"))?;
    // What is too large for TOML is too large for a network.
    number
        .checked_mul(factor)
        .filter(|product| i64::try_from(*product).is_ok())
        .ok_or_else(|| format!("{number} times {factor} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::combine::combinations;
    use crate::sweep::file::{SweepFile, SweepModel};

    fn network(value: &str) -> Result<String, String> {
        let text = format!(
            "dataset = 'd'\n[grid]\nwidth = [3]\nname = ['x']\n[model]\n\
             input = {{ channels = 1, height = 8, width = 8 }}\n[[model.layers]]\n\
             type = 'linear'\noutputs = {value}\n"
        );
        let file = SweepFile::parse(&text).unwrap();
        let Some(SweepModel::Tables(template)) = &file.model else {
            return Err("no tables".into());
        };
        let combination = &combinations(&file).unwrap()[0];
        let tables = filled(&text, template, combination).map_err(|error| error.to_string())?;
        Ok(format!("{:?}", tables.layers[0].outputs))
    }

    #[test]
    fn variables_become_numbers() {
        assert_eq!(network("'$width'").unwrap(), "Some(Count(3))");
        assert_eq!(network("'$width*20'").unwrap(), "Some(Count(60))");
        assert_eq!(network("4").unwrap(), "Some(Count(4))");
        assert_eq!(network("'classes'").unwrap(), "Some(Data(Classes))");
    }

    #[test]
    fn what_is_no_network_has_a_line() {
        for (value, expected) in [
            ("'$depth'", "line 9: $depth: nothing named depth varies"),
            ("'$name'", "line 9: $name: name is x, not a whole number"),
            ("'$width*a'", "line 9: $width*a: write a variable"),
            ("'$width*99999'", "line 9: expected a whole number"),
            ("'many'", "line 9: expected a whole number"),
            ("1\nrate = 2", "line 10: unknown field `rate`"),
        ] {
            let message = network(value).unwrap_err();
            assert!(message.starts_with(expected), "{value}: {message}");
        }
    }
}
