//! `kiln summary`: what a network holds and costs, layer by layer.

mod device_training;
mod fit;
mod int8;
mod layers;

use crate::boards::{self, Board};
use crate::commands::arguments::subject::{is_model, model_file};
use crate::model::AnyModel;
use crate::network_file;
use crate::number;
use crate::output::{Output, counted, grouped};
use crate::weights::ModelBytes;
use anyhow::{Context, Result, ensure};
use device_training::ModeReport;
use fit::Fit;
use kiln_core::{Folding, Loss, Network, Program, Purpose};
use layers::{FoldedReport, LayerReport};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// Show what a network holds and costs, layer by layer.
///
/// MACs are multiply-accumulates of one sample's forward pass; a FLOP is a multiplication or an
/// addition, so there are two to a MAC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln summary network.toml
  kiln summary network.toml --classes 100 --board nrf52840
  kiln summary network.toml --flash 512K --ram 128K
  kiln summary runs/digits/model.kiln --json | jq .parameters
")]
pub struct SummaryArguments {
    /// A network as a TOML file, or a model file that a training run wrote
    #[arg(
        value_name = "FILE.toml|FILE.kiln",
        required_unless_present = "weights"
    )]
    file: Option<PathBuf>,
    /// The same: a model file or the folder of a run, as other commands take it
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    weights: Option<PathBuf>,
    /// Number of classes of a network whose outputs are those of the data
    /// [default: the `classes` of the file]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole::<u16>(1))]
    classes: Option<u16>,
    /// Say whether the network fits a board.
    #[arg(long, value_name = "NAME", value_parser = boards::parse,
        help = boards::help("Say whether the network fits a board"))]
    board: Option<Board>,
    /// The same of a part that has so much flash, in bytes or with a unit: 512K, 1M; with --ram
    #[arg(long, value_name = "SIZE", value_parser = boards::parse_memory, requires = "ram", conflicts_with = "board")]
    flash: Option<usize>,
    /// RAM of that part; with --flash
    #[arg(long, value_name = "SIZE", value_parser = boards::parse_memory, requires = "flash", conflicts_with = "board")]
    ram: Option<usize>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The network of a file, and what else a model file tells.
struct SummarySubject {
    network: Network,
    /// The name of each layer that has one.
    names: Vec<Option<String>>,
    class_names: Vec<String>,
    notes: String,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct SummaryReport {
    file: String,
    /// Channels, height and width.
    input: [u32; 3],
    layers: Vec<LayerReport>,
    parameters: u64,
    macs: u64,
    flops: u64,
    /// The network as it is evaluated, where that is not the one that is trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    folded: Option<FoldedReport>,
    /// Parameters as they are evaluated: folded.
    parameter_bytes: usize,
    /// Working memory of one sample's inference, the input in it, as a device lays it out.
    arena_bytes: usize,
    /// Working memory of training on the desktop, parameters, gradient and velocity not among it.
    training_bytes: usize,
    /// What each way of training on a device takes.
    device_training: Vec<ModeReport>,
    class_names: Vec<String>,
    notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<Fit>,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the file, in one line.
pub fn run(arguments: &SummaryArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    // One of them is there, or the arguments would have been refused.
    let file = arguments.file.as_ref().or(arguments.weights.as_ref());
    let file = file.context("no network is named")?;
    let name = || file.display().to_string();
    let path = model_file(file).with_context(name)?;
    let part = arguments.flash.zip(arguments.ram);
    let part = part.map(|(flash, ram)| boards::part(flash, ram));
    let board = arguments.board.or(part);
    if !is_model(&path) {
        let subject = read_tables(&path, arguments.classes).with_context(name)?;
        return describe(output, name(), subject, board);
    }
    ensure!(
        arguments.classes.is_none(),
        "{}: --classes: a model file has the number of its classes; leave it out",
        name()
    );
    let bytes = ModelBytes::read(&path).with_context(name)?;
    match AnyModel::open(&bytes).with_context(name)? {
        AnyModel::Int8(model) => int8::run(output, name(), &model, board),
        AnyModel::Float(model) => {
            let subject = SummarySubject {
                network: model.network().clone(),
                names: Vec::new(),
                class_names: model.class_names().map(String::from).collect(),
                notes: model.notes().into(),
            };
            describe(output, name(), subject, board)
        }
    }
}

/// Tells of a network of floating-point numbers.
fn describe(
    output: Output,
    file: String,
    subject: SummarySubject,
    board: Option<Board>,
) -> Result<()> {
    let mut report = report(file, subject);
    report.board = board.map(|board| Fit::of(&report, board));
    describe_head(output, report.input, &report.class_names, &report.notes)?;
    output.line(layers::table(&report))?;
    describe_memory(output, &report)?;
    if let Some(fit) = &report.board {
        fit.describe(output)?;
    }
    if !report.device_training.is_empty() {
        let verdicts = report
            .board
            .as_ref()
            .map(|fit| (fit.name, fit.verdicts().collect()));
        output.line("")?;
        output.line(device_training::table(&report.device_training, verdicts))?;
    }
    output.object(&report)?;
    Ok(())
}

/// Tells what stands above the layers.
fn describe_head(
    output: Output,
    input: [u32; 3],
    class_names: &[String],
    notes: &str,
) -> io::Result<()> {
    let [channels, height, width] = input;
    output.item("input", format_args!("{channels}x{height}x{width}"))?;
    if !class_names.is_empty() {
        output.item("classes", class_names.join(", "))?;
    }
    if !notes.is_empty() {
        // Each line of them below the first.
        let margin = format!("\n{:<11}", "");
        output.item("notes", notes.replace('\n', &margin))?;
    }
    Ok(())
}

/// Reads a network as a TOML file, whose number of classes may be given.
fn read_tables(path: &Path, classes: Option<u16>) -> Result<SummarySubject> {
    let tables = network_file::read_tables(path)?;
    ensure!(
        classes.is_none() || tables.takes_classes(),
        "--classes: the network says itself how many outputs it has; leave it out, or write \
         outputs = \"classes\""
    );
    Ok(SummarySubject {
        network: tables.network(classes.map(usize::from))?,
        names: tables.names(),
        class_names: Vec::new(),
        notes: String::new(),
    })
}

fn report(file: String, subject: SummarySubject) -> SummaryReport {
    let network = &subject.network;
    let cost = network.cost();
    let folded = Folding::of(network).network();
    let inference: Program = Program::of(&folded, Purpose::Inference);
    let training: Program = Program::of(network, Purpose::Group(Loss::CROSS_ENTROPY));
    let group_bytes = size_of::<f32>() * training.group_values();
    SummaryReport {
        file,
        input: layers::extents(network.input_shape()),
        layers: layers::reports(network, &subject.names),
        parameters: cost.parameters,
        macs: cost.macs,
        flops: cost.flops(),
        folded: (folded != *network).then(|| FoldedReport::of(&folded)),
        parameter_bytes: size_of::<f32>() * inference.parameters(),
        arena_bytes: inference.working_bytes(1),
        training_bytes: training.working_bytes(1) + group_bytes,
        device_training: device_training::modes(&folded),
        class_names: subject.class_names,
        notes: subject.notes,
        board: None,
    }
}

/// Says what the network needs where one sample is computed at a time.
fn describe_memory(output: Output, report: &SummaryReport) -> io::Result<()> {
    let parameters = grouped(report.parameter_bytes as u64);
    let [inference, training] =
        [report.arena_bytes, report.training_bytes].map(|bytes| grouped(bytes as u64));
    if let Some(folded) = &report.folded {
        output.item(
            "folded",
            format_args!(
                "{} of {}: {} parameters ({} bytes), {} MACs",
                counted(folded.layers.len(), "layer", "layers"),
                report.layers.len(),
                grouped(folded.parameters),
                grouped(folded.parameter_bytes as u64),
                grouped(folded.macs)
            ),
        )?;
    }
    output.item(
        "parameters",
        format_args!("{parameters} bytes, in flash for inference"),
    )?;
    output.item(
        "inference",
        format_args!("{inference} bytes of working memory, the input in it"),
    )?;
    output.item(
        "training",
        format_args!(
            "{training} bytes of working memory on the desktop, and {parameters} each for \
             parameters, gradient and velocity"
        ),
    )
}
