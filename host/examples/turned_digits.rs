//! Writes digits as somebody else might hold the page: turned by an angle.
//!
//! `cargo run -p host --example turned_digits -- DATASET DEGREES SAMPLES FOLDER` turns a dataset's
//! images, takes `SAMPLES` of its training set, spread evenly, and all of its test set, and writes
//! the four IDX files of a dataset. `scripts/personalise.sh` has a device learn them.

use anyhow::{Context, Result, bail, ensure};
use host::commands::arguments::subject::spread;
use host::data::{self, Samples};
use host::whole_file;
use std::env;
use std::fs;
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [dataset, degrees, count, folder] = &arguments[..] else {
        bail!("four arguments are needed: DATASET DEGREES SAMPLES FOLDER");
    };
    let degrees: f64 = degrees.parse().with_context(|| degrees.clone())?;
    ensure!(degrees.is_finite(), "{degrees} degrees: give a number");
    let count: usize = count.parse().with_context(|| count.clone())?;
    let options = data::Options {
        threads: 1,
        ..data::Options::default()
    };
    let dataset = data::load(dataset, &options)?;
    let test = dataset
        .test
        .with_context(|| format!("{} has no test set", dataset.name))?;
    let folder = Path::new(folder);
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let train = dataset.train.chosen(&spread(&dataset.train, Some(count)));
    write(folder, "train", &data::rotated(&train, degrees)?)?;
    write(folder, "t10k", &data::rotated(&test, degrees)?)
}

/// Writes images and labels as IDX files.
fn write(folder: &Path, set: &str, samples: &Samples) -> Result<()> {
    let sizes = [samples.len(), samples.shape.height, samples.shape.width];
    let images = idx(0x0803, &sizes, samples.bytes()?.pixels().iter().copied());
    let labels = samples.labels.iter().map(|label| *label as u8);
    for (name, content) in [
        (format!("{set}-images-idx3-ubyte"), images),
        (
            format!("{set}-labels-idx1-ubyte"),
            idx(0x0801, &sizes[..1], labels),
        ),
    ] {
        let path = folder.join(name);
        whole_file::write(&path, &content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn idx(magic: u32, sizes: &[usize], values: impl Iterator<Item = u8>) -> Vec<u8> {
    let header = [magic]
        .into_iter()
        .chain(sizes.iter().map(|size| *size as u32));
    header.flat_map(u32::to_be_bytes).chain(values).collect()
}
