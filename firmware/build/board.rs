//! The board built for: its name and how much memory it has.

use crate::error::Error;
use crate::files::Files;
use kiln_core::{ModelFile, Plan};
use std::env;
use std::fs;
use std::path::PathBuf;

/// Every board, by its feature.
pub const NAMES: [&str; 4] = ["mps2-an386", "mps2-an500", "mps2-an385", "nrf52840"];

/// Flash kept free for the program itself, in bytes; the linker knows what it takes exactly.
const PROGRAM: usize = 32 << 10;
/// RAM kept free for the stack, the link's buffers and what the log needs, in bytes.
const WORKING: usize = 16 << 10;

pub struct Board {
    name: &'static str,
    /// The linker's memory layout.
    memory: String,
    flash: usize,
    ram: usize,
}

impl Board {
    /// The board whose feature is set.
    pub fn chosen() -> Result<Self, Error> {
        let is_set = |name: &&str| {
            let feature = name.to_uppercase().replace('-', "_");
            env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
        };
        let set: Vec<&'static str> = NAMES.into_iter().filter(is_set).collect();
        let [name] = set[..] else {
            return Err(Error::Boards(set));
        };
        let path = PathBuf::from(format!("src/board/{}.x", name.replace('-', "_")));
        println!("cargo::rerun-if-changed={}", path.display());
        let memory = match fs::read_to_string(&path) {
            Ok(memory) => memory,
            Err(cause) => return Err(Error::Unreadable { path, cause }),
        };
        let length = |region| length(&memory, region).ok_or((region, path.clone()));
        match (length("FLASH"), length("RAM")) {
            (Ok(flash), Ok(ram)) => Ok(Self {
                name,
                flash,
                ram,
                memory,
            }),
            (Err((region, path)), _) | (_, Err((region, path))) => {
                Err(Error::Layout { path, region })
            }
        }
    }

    /// Whether a crate for the device names its interrupts for the linker.
    pub fn has_device_crate(&self) -> bool {
        self.name == "nrf52840"
    }

    /// The symbol that names the board in the program.
    pub fn symbol(&self) -> String {
        format!("kiln_board_{}", self.name.replace('-', "_"))
    }

    /// Whether model and samples fit the flash, and the model's arena the RAM.
    pub fn check(&self, files: &Files, model: &ModelFile<'_>) -> Result<(), Error> {
        self.check_flash(files, 0)?;
        let arena = size_of::<f32>() * Plan::of(model.network()).arena_packets();
        self.check_ram(&[("the arena", arena)])
    }

    /// Whether model, samples and so many bytes of storage fit the flash.
    pub fn check_flash(&self, files: &Files, storage: usize) -> Result<(), Error> {
        let [model, samples] = [files.model_bytes(), files.samples_bytes()].map(<[u8]>::len);
        let mut parts = vec![
            ("the model", model),
            ("samples", samples),
            ("program", PROGRAM),
        ];
        if storage > 0 {
            parts.push(("storage", storage));
        }
        self.check_memory("flash", self.flash, &parts)
    }

    /// Whether these parts and what every program needs fit the RAM.
    pub fn check_ram(&self, parts: &[(&str, usize)]) -> Result<(), Error> {
        let parts = [parts, &[("stack and buffers", WORKING)]].concat();
        self.check_memory("RAM", self.ram, &parts)
    }

    /// The linker's memory layout, with so many bytes at the flash's end kept from the program.
    pub fn memory(&self, storage: usize) -> String {
        let whole = format!("LENGTH = {}K", self.flash >> 10);
        let program = format!("LENGTH = {}", self.flash - storage);
        let memory = self.memory.replacen(&whole, &program, 1);
        format!("{memory}_kiln_storage = ORIGIN(FLASH) + LENGTH(FLASH);\n")
    }

    fn check_memory(
        &self,
        memory: &'static str,
        available: usize,
        parts: &[(&str, usize)],
    ) -> Result<(), Error> {
        let needed = parts.iter().map(|(_, bytes)| bytes).sum();
        if needed <= available {
            return Ok(());
        }
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(name, bytes)| format!("{name} ({bytes})"))
            .collect();
        Err(Error::TooLarge {
            board: self.name,
            memory,
            needed,
            available,
            parts: parts.join(", "),
        })
    }
}

/// Bytes of a region of the linker's memory layout, which is a multiple of 1 KiB.
fn length(memory: &str, region: &str) -> Option<usize> {
    let line = memory
        .lines()
        .find(|line| line.trim_start().starts_with(region))?;
    let kibibytes = line.split("LENGTH =").nth(1)?.trim().strip_suffix('K')?;
    Some(kibibytes.parse::<usize>().ok()? << 10)
}
