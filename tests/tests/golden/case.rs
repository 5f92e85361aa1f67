//! A reference file, read into the network, batch and results it describes.

mod network;
mod options;

use kiln_core::{Layer, Loss, Network, Sgd};
use network::Described;
use options::Options;
use safetensors::{Dtype, SafeTensors};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where the files are, unless `KILN_GOLDEN` says otherwise: chains, and graphs.
const FOLDERS: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/golden"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/golden/graphs"),
];

/// One reference file.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub network: Network,
    pub loss: Loss,
    pub images: Vec<f32>,
    pub labels: Vec<u16>,
    pub sgd: Sgd,
    pub steps: usize,
    pub tolerance: Tolerance,
    pub before: State,
    pub logits: Vec<f32>,
    /// Mean loss of the first step.
    pub mean_loss: f32,
    /// Expected gradient of the first step, in parameter order.
    pub gradient: Vec<f32>,
    pub after: State,
    /// The logits of the batch by the parameters and running statistics after the steps.
    pub eval_logits: Option<Vec<f32>>,
    /// Each trained tensor's name and where it lies among the parameters.
    pub parameters: Tensors,
    /// Each running tensor's name and where it lies among the statistics.
    pub statistics: Tensors,
}

/// Names of tensors, and where each lies.
pub type Tensors = Vec<(String, Range<usize>)>;

/// What a step of training changes.
#[derive(Clone)]
pub struct State {
    pub parameters: Vec<f32>,
    /// As [`Network::statistics`] orders them.
    pub statistics: Vec<f32>,
}

/// How far a value may be off: `share` of its tensor's largest magnitude, or of `least` where that
/// is larger.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub share: f32,
    pub least: f32,
}

/// Every case of the folder in `KILN_GOLDEN`, or else of the project's own.
pub fn read_given() -> Vec<Case> {
    match std::env::var_os("KILN_GOLDEN") {
        Some(folder) => read_all(Path::new(&folder)),
        None => read_own(),
    }
}

/// Every case of the project's own.
pub fn read_own() -> Vec<Case> {
    let folders = FOLDERS.iter();
    folders
        .flat_map(|folder| read_all(Path::new(folder)))
        .collect()
}

/// One of the project's own cases.
pub fn read_one(file: &str) -> Case {
    read(&Path::new(FOLDERS[0]).join(file))
}

/// Every reference file in a folder, by name.
///
/// # Panics
///
/// Where there is none, or one cannot be read: no vectors must never look like agreement.
pub fn read_all(folder: &Path) -> Vec<Case> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "safetensors"));
    paths.sort();
    assert!(
        !paths.is_empty(),
        "{}: no .safetensors files",
        folder.display()
    );
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Case {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let metadata = header.metadata().as_ref();
    let text = metadata.and_then(|entries| entries.get("case"));
    let text = text.unwrap_or_else(|| panic!("{name}: no metadata entry `case`"));
    let file = File {
        name: &name,
        tensors: SafeTensors::deserialize(&bytes).unwrap(),
    };
    case(&file, Options::parse(&name, text))
}

/// The network that a description tells.
pub fn network_of(place: &str, text: &str) -> Network {
    network::describe(&mut Options::parse(place, text)).network
}

fn case(file: &File<'_>, mut options: Options) -> Case {
    let described = network::describe(&mut options);
    let network = &described.network;
    network
        .check()
        .unwrap_or_else(|e| panic!("{}: {e}", file.name));
    let (before, tolerance) = match described.is_graph {
        true => (
            "before.",
            Tolerance {
                share: 5e-5,
                least: 0.01,
            },
        ),
        false => (
            "",
            Tolerance {
                share: 2e-5,
                least: 0.0,
            },
        ),
    };
    let images = file.floats("input");
    let samples = images.len() / network.input_shape().elements();
    if let Some(batch) = options.take("batch") {
        assert_eq!(batch.as_u64(), Some(samples as u64), "{}: batch", file.name);
    }
    let loss = described.loss;
    let case = Case {
        name: file.name.to_owned(),
        labels: match loss {
            Loss::CrossEntropy { .. } => file.labels(),
            Loss::MeanSquaredError => vec![0; samples],
        },
        images,
        sgd: Sgd {
            rate: options.number("lr"),
            momentum: options.number("momentum"),
            weight_decay: options.number("weight_decay"),
            nesterov: options.flag("nesterov", false),
        },
        steps: options.whole("steps"),
        tolerance,
        before: file.state(&described, before),
        logits: file.floats("logits"),
        mean_loss: file.floats("loss")[0],
        gradient: file.values(&described, "grad.", PARAMETERS).0,
        after: file.state(&described, "after."),
        eval_logits: described.is_graph.then(|| file.floats("after.eval_logits")),
        parameters: file.values(&described, before, PARAMETERS).1,
        statistics: file.values(&described, before, STATISTICS).1,
        loss,
        network: described.network,
    };
    // Says which version made the file.
    options.take("torch");
    options.finish();
    case
}

const PARAMETERS: [&str; 2] = ["weight", "bias"];
const STATISTICS: [&str; 2] = ["running_mean", "running_var"];

/// The tensors of a file.
struct File<'a> {
    name: &'a str,
    tensors: SafeTensors<'a>,
}

impl File<'_> {
    fn bytes(&self, tensor: &str, kind: Dtype) -> &[u8] {
        let found = self.tensors.tensor(tensor);
        let found = found.unwrap_or_else(|e| panic!("{}, {tensor}: {e}", self.name));
        assert_eq!(found.dtype(), kind, "{}, {tensor}", self.name);
        found.data()
    }

    fn floats(&self, tensor: &str) -> Vec<f32> {
        let (values, _) = self.bytes(tensor, Dtype::F32).as_chunks();
        values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }

    fn labels(&self) -> Vec<u16> {
        let (values, _) = self.bytes("labels", Dtype::I64).as_chunks();
        let values = values.iter().map(|bytes| i64::from_le_bytes(*bytes));
        values.map(|label| u16::try_from(label).unwrap()).collect()
    }

    fn state(&self, described: &Described, prefix: &str) -> State {
        State {
            parameters: self.values(described, prefix, PARAMETERS).0,
            statistics: self.values(described, prefix, STATISTICS).0,
        }
    }

    /// The tensors of these kinds of all nodes that have them, in order, and where each lies.
    fn values(&self, described: &Described, prefix: &str, kinds: [&str; 2]) -> (Vec<f32>, Tensors) {
        let (mut values, mut tensors) = (vec![], vec![]);
        let nodes = described.network.layers().iter().zip(&described.names);
        for (index, (layer, node)) in nodes.enumerate() {
            let input = described.network.input_shape_of(index);
            let (weights, biases) = match (layer, kinds) {
                (_, PARAMETERS) => layer.parameters(input),
                (Layer::BatchNorm(_), _) => (input.channels.into(), input.channels.into()),
                _ => (0, 0),
            };
            for (kind, len) in kinds.into_iter().zip([weights, biases]) {
                let tensor = format!("{node}.{kind}");
                let place = format!("{}, {prefix}{tensor}", self.name);
                if len == 0 {
                    let found = self.tensors.tensor(&format!("{prefix}{tensor}"));
                    assert!(found.is_err(), "{place}: the node has none");
                    continue;
                }
                let own = self.floats(&format!("{prefix}{tensor}"));
                assert_eq!(own.len() as u64, len, "{place}");
                tensors.push((tensor, values.len()..values.len() + own.len()));
                values.extend(own);
            }
        }
        (values, tensors)
    }
}
