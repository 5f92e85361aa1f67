//! A module of a model file of either kind.

use crate::aligned::AlignedFile;
use crate::error::GenerateError;
use crate::options::ModuleOptions;
use crate::{float_module, int8_module};
use kiln_core::{Int8ModelFile, ModelError, Network, Program, Purpose};
use std::fs;

/// The Rust of a module that holds a model file, for a crate that depends on `kiln`: an item.
///
/// # Errors
///
/// A file that cannot be read or is no sound model, a network that does not run on a device, a training
/// that it has not, or memory beyond what is allowed.
pub fn module(options: &ModuleOptions<'_>) -> Result<String, GenerateError> {
    let path = options.path.to_path_buf();
    let content = match fs::read(&path) {
        Ok(content) => content,
        Err(cause) => return Err(GenerateError::Unreadable { path, cause }),
    };
    let file = AlignedFile::new(&content);
    let body = match Int8ModelFile::is_int8(file.bytes()) {
        Ok(true) => int8_module::body(options, file.bytes())?,
        Ok(false) => float_module::body(options, file.bytes())?,
        Err(error) => return Err(failed(options, error)),
    };
    let name = options.name;
    let file = options
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    Ok(format!(
        "#[doc = {:?}]\n\
         #[allow(long_running_const_eval, dead_code, unused_imports)]\n\
         pub mod {name} {{\n\
         use ::kiln::core as kiln_core;\n\
         {body}}}\n",
        format!("The model of {file}.")
    ))
}

/// The refusal of a file.
pub(crate) fn failed(options: &ModuleOptions<'_>, error: ModelError) -> GenerateError {
    GenerateError::Model {
        path: options.path.into(),
        error,
    }
}

/// The program of a network.
pub(crate) fn program(
    options: &ModuleOptions<'_>,
    network: &Network,
    purpose: Purpose,
) -> Result<Program, GenerateError> {
    Program::try_of(network, purpose).map_err(|error| GenerateError::Program {
        path: options.path.into(),
        error,
    })
}

/// The path as a string literal of Rust.
pub(crate) fn path_literal(options: &ModuleOptions<'_>) -> Result<String, GenerateError> {
    match options.path.to_str() {
        Some(path) => Ok(format!("{path:?}")),
        None => Err(GenerateError::Path {
            path: options.path.into(),
        }),
    }
}

/// The CRC-32 that ends a model file.
pub(crate) fn file_crc(file: &[u8]) -> u32 {
    u32::from_le_bytes(file.last_chunk().copied().unwrap_or_default())
}

/// Names of the classes: an expression of type `&[&str]`. Where the file names none, their numbers do.
pub(crate) fn class_names<'n>(classes: usize, names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names.map(String::from).collect();
    if names.is_empty() {
        names = (0..classes).map(|class| class.to_string()).collect();
    }
    format!("&{names:?}")
}

/// Refuses parts that are longer in all than is allowed.
pub(crate) fn check_memory(
    options: &ModuleOptions<'_>,
    memory: &'static str,
    parts: &[(&'static str, usize)],
) -> Result<(), GenerateError> {
    let most = match memory {
        "RAM" => options.most_ram,
        _ => options.most_flash,
    };
    let needed: usize = parts.iter().map(|(_, bytes)| bytes).sum();
    match most {
        Some(most) if needed > most => Err(GenerateError::TooLarge {
            path: options.path.into(),
            memory,
            parts: parts.to_vec(),
            most,
        }),
        _ => Ok(()),
    }
}
