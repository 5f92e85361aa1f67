//! A model as C sources.

use super::{ExportArguments, c_samples, c_training, firmware};
use crate::commands::arguments::subject;
use crate::commands::describe_network;
use crate::exchange::c::{self, CLayout};
use crate::model::{AnyModel, ModelFacts};
use crate::output::Output;
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The result as JSON.
#[derive(Debug, Serialize)]
struct CReport {
    /// What the model is called in C.
    name: String,
    files: Vec<PathBuf>,
}

/// Writes the files.
///
/// # Errors
///
/// What was wrong with the arguments, the model or the disk, in one line.
pub fn run(arguments: &ExportArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let folder = arguments
        .out
        .clone()
        .context("--out is missing: the folder to write to")?;
    firmware::check_folder(&folder)?;
    let bytes = subject::read_any_model(&arguments.weights)?;
    let model = AnyModel::open(&bytes)?;
    let file = || arguments.weights.display().to_string();
    ensure!(
        !model.network().has_batch_norm(),
        "{}: it has batch normalisations without their statistics; export the model.kiln that a \
         run wrote, which has them folded",
        file()
    );
    let name = c::identifier(arguments.name.as_deref(), &arguments.weights)?;
    let training = c_training::of(arguments, &bytes, &model)?;
    let samples = match arguments.dataset {
        Some(_) => Some(c_samples::of(output, arguments, &model, training.as_ref())?),
        None => None,
    };
    let layout = arguments.layout.unwrap_or_default();
    let written = c::write(&model, &name, training.as_ref(), samples.as_ref(), layout);
    let written = written.with_context(file)?;
    let contents = written
        .iter()
        .map(|own| (&own.name, own.content.as_bytes()));
    whole_file::write_all(&folder, &contents.collect::<Vec<_>>())?;
    let files = written.iter().map(|own| folder.join(&own.name));
    let files: Vec<PathBuf> = files.collect();
    describe_network(output, model.network())?;
    if let Some(training) = &training {
        output.item(
            "learns",
            format_args!(
                "layers {} to {}",
                training.from,
                model.network().layers().len()
            ),
        )?;
    }
    for path in &files {
        output.item("wrote", path.display())?;
    }
    output.item("next", next(layout, &folder))?;
    output.object(&CReport { name, files })?;
    Ok(())
}

/// What is missing yet: the library.
fn next(layout: CLayout, folder: &Path) -> String {
    let library = folder.join(layout.library_folder());
    let library = library.display();
    let which = match layout {
        CLayout::Arduino => {
            ", where MCU is the board's {build.mcu}, and below it its {build.fpu}-{build.float-abi}"
        }
        _ => "",
    };
    format!("scripts/c_library.sh TARGET {library} builds libkiln.a for your processor{which}")
}
