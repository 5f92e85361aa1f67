//! `kiln sweep`: many trainings of one dataset, and what came of them.

mod budget;
mod progress;
mod run;
mod subject;

use super::arguments::source;
use super::describe_dataset;
use crate::output::{self, Output, counted, grouped};
use crate::run::{INTERRUPTED, Interruption};
use crate::settings::ArithmeticSetting;
use crate::sweep::chart::{self, PAGE, SVG};
use crate::sweep::folder::{Stage, SweepFolder};
use crate::sweep::plan::SweepPlan;
use crate::sweep::result::{Row, rows};
use crate::sweep::schedule;
use crate::sweep::table::{CSV, csv, table};
use anyhow::{Context, Result};
use budget::SweepBudget;
use progress::SweepProgress;
use run::Runs;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use subject::SweepSubject;

/// Train many settings and networks, several at once, and compare them.
///
/// SWEEP.toml says what varies. Every combination is checked before anything trains; the dataset
/// is loaded once; each training takes one thread and leaves a run folder of its own, with the
/// same bits as `kiln train --config` on its config.toml.
///
/// The results are a table, sweep.csv, and charts of accuracy over bytes and over MACs, sweep.svg
/// and sweep.html. Runs are compared by their accuracy on the samples held out; that on the test
/// set is only told. A training that diverges is a result, too.
///
/// Ctrl-C, SIGTERM, SIGHUP, a budget of time, or a crash costs nothing but the epoch that a crash
/// falls in: `--resume DIR` goes on, to the same bits. The signals exit with 130. While it runs, the
/// folder is locked, by kiln.lock in it: a second sweep there is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln sweep sweep.toml
  kiln sweep sweep.toml --minutes 30 --memory 2GiB --out runs/widths
  kiln sweep --resume runs/widths

A sweep as a TOML file; all but `dataset` may be left out, and paths start where you are:
  dataset = \"mnist\"                  # what `kiln train` takes; validation_data, test_data
  board = \"mps2-an385\"               # tell which networks fit it
  [training]                         # settings of all runs, named as in a run's config.toml
  epochs = 5
  [grid]                             # each with each: settings, and variables of the network
  width = [4, 8, 16]
  lr = [0.02, 0.05]
  [budget]
  minutes = 30
  memory = \"2 GiB\"                   # of all trainings at one time, the dataset not among it
  parallel = 2                       # trainings at one time; one per core
  [model]                            # as a network's file, or model = \"network.toml\"
  input = { channels = 1, height = 28, width = 28 }
  [[model.layers]]
  type = \"conv2d\"
  filters = \"$width\"                 # or \"$width*2\"
  kernel = 3
  …

Several networks: model = [\"small.toml\", \"large.toml\"] in [grid], and no [model].

Instead of a [grid] or beside it, a random sample, each with every combination of the grid:
  [random]
  samples = 20
  seed = 1                           # the same seed draws the same sample
  lr = { min = 0.005, max = 0.2, scale = \"log\" }
  batch = [32, 64, 128]
")]
pub struct SweepArguments {
    /// What to train
    #[arg(value_name = "SWEEP.toml", required_unless_present = "resume")]
    file: Option<PathBuf>,
    /// Go on with the sweep in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "out"])]
    resume: Option<PathBuf>,
    /// Arithmetic of the training steps of all runs, instead of that in the file
    #[arg(long, value_name = "separate|fused", conflicts_with = "resume", hide_possible_values = true,
        help = format!("Arithmetic of the training steps, instead of that in the file: {}", ArithmeticSetting::HELP))]
    arithmetic: Option<ArithmeticSetting>,
    #[command(flatten)]
    budget: budget::BudgetArguments,
    /// Where the files of a dataset known by name come from.
    #[command(flatten)]
    source: source::SourceArguments,
    /// Folder to write [default: runs/sweep-NAME-TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct SweepReport<'a> {
    folder: String,
    dataset: &'a str,
    board: Option<&'a str>,
    finished: bool,
    seconds: f64,
    runs: &'a [Row],
}

/// Runs the command; gives 130 if it was interrupted, with its state saved.
///
/// # Errors
///
/// What was wrong with the sweep's file, a combination, the data or the folder, in one line.
pub fn run(arguments: &SweepArguments) -> Result<ExitCode> {
    let output = Output::patient(arguments.json);
    let interruption = Interruption::watch();
    let mut subject = SweepSubject::new(arguments)?;
    let dataset = subject.load(&arguments.source)?;
    describe_dataset(output, &dataset)?;
    let runs = Runs::new(&subject, &dataset, output)?;
    describe(output, &subject, &runs)?;
    interruption.begin();
    subject.begin()?;
    let start = Instant::now();
    let deadline = subject.budget.time.map(|time| start + time);
    let interruption = interruption.until(deadline);
    train(&subject, &runs, &interruption)?;
    let finished = tell(output, &subject, &runs, start.elapsed())?;
    if finished || !interruption.asked() {
        output.check_told()?;
        return Ok(ExitCode::SUCCESS);
    }
    let command = subject.folder.resume_command();
    output::notice(&format!("interrupted; go on with: {command}"));
    Ok(ExitCode::from(INTERRUPTED))
}

/// Trains what is not done.
fn train(subject: &SweepSubject, runs: &Runs<'_>, interruption: &Interruption) -> Result<()> {
    let open = runs.open();
    let bytes: Vec<usize> = open.iter().map(|index| runs.bytes(*index)).collect();
    let progress = SweepProgress::start(runs);
    let failed = std::sync::Mutex::new(None);
    schedule::run(
        subject.budget.limits,
        &bytes,
        || interruption.wanted(),
        |piece| {
            if let Err(error) = runs.train(open[piece], interruption, &progress) {
                // The others save their state.
                interruption.ask();
                let mut failed = failed.lock().unwrap_or_else(|error| error.into_inner());
                failed.get_or_insert(error);
            }
        },
    );
    progress.finish();
    let failed = failed.into_inner();
    match failed.unwrap_or_else(|error| error.into_inner()) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Writes and prints the results; whether all is done.
fn tell(output: Output, subject: &SweepSubject, runs: &Runs<'_>, time: Duration) -> Result<bool> {
    let SweepSubject { plan, folder, .. } = subject;
    let stages = subject.stages()?;
    let rows = rows(&plan.runs, &stages, &runs.costs());
    let board = plan.board.as_deref();
    let table = table(&plan.varying, board, &rows);
    folder.write(CSV, &csv(&plan.varying, &rows).context(CSV)?)?;
    folder.write(SVG, chart::svg(board, &rows).as_bytes())?;
    let title = format!("Sweep of {}", runs.dataset());
    let page = chart::page(&title, &plan.varying, board, &rows);
    folder.write(PAGE, page.as_bytes())?;
    output.line("")?;
    output.line(&table)?;
    output.line("")?;
    let open = [Stage::Begun, Stage::Waiting].map(|open| {
        let all = plan.runs.iter().zip(&stages);
        all.filter(|(run, stage)| run.impossible.is_none() && **stage == open)
            .count()
    });
    let finished = open == [0, 0];
    if !finished {
        output.item(
            "left",
            format_args!(
                "{} unfinished, {} not begun, as the time was up or the sweep interrupted; go on with: {}",
                open[0],
                open[1],
                folder.resume_command()
            ),
        )?;
    }
    let path = folder.path().display().to_string();
    output.item(
        "saved",
        format_args!(
            "{path}/{PAGE}, {SVG} and {CSV} after {:.1} s",
            time.as_secs_f64()
        ),
    )?;
    output.object(&SweepReport {
        folder: path,
        dataset: runs.dataset(),
        board,
        finished,
        seconds: time.as_secs_f64(),
        runs: &rows,
    })?;
    Ok(finished)
}

fn describe(output: Output, subject: &SweepSubject, runs: &Runs<'_>) -> Result<()> {
    let SweepSubject { plan, budget, .. } = subject;
    let all = plan.runs.len();
    let impossible = plan.runs.iter().filter(|run| run.impossible.is_some());
    let impossible = match impossible.count() {
        0 => String::new(),
        count => format!(", {count} of them without a possible network"),
    };
    let done = all
        - plan
            .runs
            .iter()
            .filter(|run| run.impossible.is_some())
            .count()
        - runs.open().len();
    let done = match done {
        0 => String::new(),
        done => format!(", {done} done before"),
    };
    output.item(
        "sweep",
        format_args!(
            "{} of {}{impossible}{done}",
            counted(all, "combination", "combinations"),
            match plan.varying.is_empty() {
                true => "nothing that varies".into(),
                false => plan.varying.join(", "),
            }
        ),
    )?;
    let most = runs.open().into_iter().map(|index| runs.bytes(index)).max();
    output.item(
        "budget",
        format_args!(
            "{} at once, one thread each; {}; {}, at most {} for a training",
            counted(budget.limits.parallel, "training", "trainings"),
            match budget.time {
                Some(time) => match time.as_secs_f64() / 60.0 {
                    1.0 => "1 minute".into(),
                    minutes => format!("{minutes} minutes"),
                },
                None => "no limit of time".into(),
            },
            match budget.limits.memory {
                Some(bytes) => format!("{} bytes of memory", grouped(bytes as u64)),
                None => "no limit of memory".into(),
            },
            grouped(most.unwrap_or(0) as u64)
        ),
    )?;
    Ok(())
}
