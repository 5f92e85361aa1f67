//! `kiln report`: the report of a run again, or several runs in one page.

use crate::folder_lock::FolderLock;
use crate::output::Output;
use crate::report::{self, ReportedRun};
use crate::run::folder::{CHECKPOINT, CONFIG, REPORT};
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Make the report of a training run again, or compare several.
///
/// A run that is not done is shown as far as it has come; one that is still going on, in another
/// place, by --out. Of one run, report.html, curves.svg and confusion.svg in its folder are written
/// again, from what the folder holds; the dataset is not needed. Of several runs, one page holds them
/// against each other: results, curves of validation, and the settings that differ. Files that are
/// not of one run are refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln report runs/digits
  kiln report runs/digits --out digits.html
  kiln report runs/* --out comparison.html
")]
pub struct ReportArguments {
    /// Run folders that `kiln train` wrote
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Page to write [default: report.html in the run folder; of several, comparison.html here]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct PageReport {
    runs: usize,
    /// The page.
    report: String,
    /// Its length.
    bytes: usize,
}

/// The page of several runs, unless another is named.
const COMPARISON: &str = "comparison.html";

/// Runs the command.
///
/// # Errors
///
/// What was wrong with a run, or could not be written, in one line.
pub fn run(arguments: &ReportArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let _lock = lock(arguments)?;
    let read = arguments.runs.iter().map(|path| ReportedRun::read(path));
    let runs: Vec<ReportedRun> = read.collect::<Result<_, _>>()?;
    for run in &runs {
        if let Some(unfinished) = &run.unfinished {
            output.item("note", format_args!("{}: {unfinished}", run.path.display()))?;
        }
    }
    let page = match runs.as_slice() {
        [run] => report::page(run),
        runs => report::comparison(runs),
    };
    let path = match (&arguments.out, runs.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [run]) => run.path.join(REPORT),
        _ => COMPARISON.into(),
    };
    match (&arguments.out, runs.as_slice()) {
        (None, [run]) => write_into(run, &page)?,
        _ => write(&path, &page)?,
    }
    let report = PageReport {
        runs: runs.len(),
        report: path.display().to_string(),
        bytes: page.len(),
    };
    output.item("report", &report.report)?;
    output.object(&report)?;
    Ok(())
}

/// Holds the run folder that is written to: a training there writes a report of its own at its end.
fn lock(arguments: &ReportArguments) -> Result<Option<FolderLock>> {
    match (arguments.runs.as_slice(), &arguments.out) {
        ([run], None)
            if [CONFIG, CHECKPOINT]
                .iter()
                .any(|name| run.join(name).is_file()) =>
        {
            let lock = FolderLock::take(run).with_context(|| {
                let run = run.display();
                format!("{run}: its report cannot be written now; name another place by --out")
            })?;
            Ok(Some(lock))
        }
        _ => Ok(None),
    }
}

/// Writes the page and the charts into the run's folder, all or none.
fn write_into(run: &ReportedRun, page: &str) -> Result<()> {
    let charts = report::chart_files(run);
    let charts = charts.iter().map(|(name, chart)| (*name, chart.as_bytes()));
    let files: Vec<_> = charts.chain([(REPORT, page.as_bytes())]).collect();
    let written = whole_file::write_all(&run.path, &files);
    written.context("nothing was changed; make room, or name another place by --out")
}

fn write(path: &Path, text: &str) -> Result<()> {
    ensure!(
        !path.is_dir(),
        "--out {}: this is a folder; name a file in it",
        path.display()
    );
    whole_file::write(path, text.as_bytes()).with_context(|| {
        format!(
            "cannot write {}; name another place by --out",
            path.display()
        )
    })
}
