//! A reference file, read into the network, batch and results it describes.

use kiln_core::{Conv2d, Layer, Linear, Network, Pool2d, Sgd};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where the files are, unless `KILN_GOLDEN` says otherwise.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");

/// One reference file.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub network: Network,
    pub images: Vec<f32>,
    pub labels: Vec<u16>,
    pub parameters: Vec<f32>,
    pub sgd: Sgd,
    pub steps: usize,
    pub logits: Vec<f32>,
    pub loss: f32,
    /// Expected gradients and expected parameters after the steps, in parameter order.
    pub gradient: Vec<f32>,
    pub after: Vec<f32>,
    /// Each trained tensor's name and where it lies among the parameters.
    pub tensors: Vec<(String, Range<usize>)>,
}

/// The folder to read: `KILN_GOLDEN`, or else the project's own.
pub fn folder() -> PathBuf {
    std::env::var_os("KILN_GOLDEN").map_or_else(|| FOLDER.into(), PathBuf::from)
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
    let bytes = fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let metadata = header.metadata().as_ref();
    let text = metadata.and_then(|entries| entries.get("case"));
    let text = text.unwrap_or_else(|| panic!("{name}: no metadata entry `case`"));
    let description: Value = serde_json::from_str(text).unwrap();
    let network = network(&description);
    network.check().unwrap_or_else(|e| panic!("{name}: {e}"));
    let file = File {
        name: &name,
        tensors: SafeTensors::deserialize(&bytes).unwrap(),
    };
    let number = |key: &str| description[key].as_f64().unwrap() as f32;
    let (parameters, tensors) = file.trained(&network, "");
    Case {
        images: file.floats("input"),
        labels: file.labels(),
        parameters,
        sgd: Sgd {
            rate: number("lr"),
            momentum: number("momentum"),
            weight_decay: number("weight_decay"),
            nesterov: false,
        },
        steps: description["steps"].as_u64().unwrap() as usize,
        logits: file.floats("logits"),
        loss: file.floats("loss")[0],
        gradient: file.trained(&network, "grad.").0,
        after: file.trained(&network, "after.").0,
        tensors,
        network,
        name: name.clone(),
    }
}

fn network(description: &Value) -> Network {
    let numbers = |list: &Value| -> Vec<u16> {
        let values = list.as_array().unwrap().iter();
        values
            .filter_map(Value::as_u64)
            .map(|n| u16::try_from(n).unwrap())
            .collect()
    };
    let input = numbers(&description["input"]);
    let mut network = Network::input(input[0].into(), input[1].into(), input[2].into());
    for layer in description["layers"].as_array().unwrap() {
        let layer = match (layer[0].as_str().unwrap(), &numbers(layer)[..]) {
            ("conv", &[filters, kernel, stride, padding, groups]) => Layer::Conv2d(
                Conv2d::new(filters, kernel)
                    .stride(stride)
                    .padding(padding)
                    .groups(groups),
            ),
            ("relu", []) => Layer::Relu,
            ("max_pool", &[window, stride]) => Layer::MaxPool2d(Pool2d::new(window).stride(stride)),
            ("avg_pool", &[window, stride]) => Layer::AvgPool2d(Pool2d::new(window).stride(stride)),
            ("linear", &[outputs]) => Layer::Linear(Linear { outputs }),
            _ => panic!("a layer of an unknown form: {layer}"),
        };
        network = network.layer(layer);
    }
    network
}

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

    /// The tensors of all layers with parameters, in parameter order, and where each lies.
    fn trained(&self, network: &Network, prefix: &str) -> (Vec<f32>, Vec<(String, Range<usize>)>) {
        let (mut values, mut tensors) = (vec![], vec![]);
        let mut input = network.input_shape();
        for (index, layer) in network.layers().iter().enumerate() {
            let (weights, biases) = layer.parameters(input);
            input = network.output_shape(index);
            for (kind, len) in [("weight", weights), ("bias", biases)] {
                if len == 0 {
                    continue;
                }
                let tensor = format!("{index}.{kind}");
                let own = self.floats(&format!("{prefix}{tensor}"));
                assert_eq!(own.len() as u64, len, "{}, {prefix}{tensor}", self.name);
                tensors.push((tensor, values.len()..values.len() + own.len()));
                values.extend(own);
            }
        }
        (values, tensors)
    }
}
