use super::*;
use crate::exchange::damage;
use crate::weights::ModelBytes;
use ::safetensors::serialize;
use kiln_core::{BatchNorm, Layer, Linear, ModelParts, ModelTask, Scaling};
use proptest::prelude::*;

const NETWORK: Network = Network::input(1, 4, 4)
    .conv2d(2, 3)
    .relu()
    .conv2d(2, 1)
    .conv2d(2, 1)
    .linear(3);

fn exported() -> Vec<u8> {
    let parameters: Vec<f32> = (0..NETWORK.parameters())
        .map(|value| value as f32)
        .collect();
    let model = ModelBytes::encode(&ModelParts {
        network: &NETWORK,
        task: ModelTask::Classification,
        scaling: &Scaling::uniform(1, 0.1, -0.3).unwrap(),
        class_names: &["a", "b", "c"],
        notes: "",
        parameters: &parameters,
    });
    write(&model.unwrap().open().unwrap()).unwrap()
}

/// The export with its modules named otherwise, or left out.
fn renamed(names: &[(&str, &str)]) -> Vec<u8> {
    let bytes = exported();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter().filter_map(|(name, tensor)| {
        let (module, part) = name.split_once('.').unwrap();
        let (_, to) = names.iter().find(|(from, _)| *from == module)?;
        Some((format!("{to}.{part}"), tensor))
    });
    serialize(tensors, None).unwrap()
}

fn read_renamed(names: &[(&str, &str)]) -> Result<Imported, SafetensorsError> {
    read(&renamed(names), Some(NETWORK), None)
}

#[test]
fn names_are_those_of_a_sequential() {
    let bytes = exported();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort_unstable();
    let expected = [
        "0.bias", "0.weight", "2.bias", "2.weight", "3.bias", "3.weight", "5.bias", "5.weight",
    ];
    assert_eq!(names, expected);
    assert_eq!(bytes, exported(), "the same bytes every time");
}

#[test]
fn modules_of_one_shape_are_taken_in_the_order_of_their_numbers() {
    let own = read(&exported(), None, None).unwrap();
    assert_eq!(own.network, NETWORK);
    let names = [
        ("0", "stem"),
        ("2", "net.block9"),
        ("3", "net.block10"),
        ("5", "head"),
    ];
    let found = read_renamed(&names).unwrap();
    assert_eq!(found.parameters, own.parameters);
    assert_eq!(found.remarks.len(), 4);
}

#[test]
fn what_is_not_clear_is_refused() {
    let cases: [(&[(&str, &str)], &str); 4] = [
        (
            &[("0", "stem"), ("2", "left"), ("3", "right"), ("5", "head")],
            "left, right are all 2x2x1x1",
        ),
        (
            &[("0", "stem"), ("2", "conv1"), ("5", "head")],
            "layer 4 (conv2d) needs a weight of 2x2x1x1, and no tensor that is left has this \
             shape; left is nothing",
        ),
        (
            &[("0", "a"), ("2", "b1"), ("3", "b2")],
            "layer 5 (linear) needs a weight of 3x8",
        ),
        (&[], "layer 1 (conv2d) needs a weight of 2x1x3x3"),
    ];
    for (names, expected) in cases {
        let message = read_renamed(names).unwrap_err().to_string();
        assert!(message.contains(expected), "{message} / {expected}");
    }
}

#[test]
fn tensors_that_no_layer_has_are_refused() {
    let data = [0; 32];
    let view = |shape: &[usize]| {
        let length = 4 * shape.iter().product::<usize>();
        TensorView::new(Dtype::F32, shape.to_vec(), &data[..length]).unwrap()
    };
    let network = Network::input(1, 1, 2).linear(2);
    let weight = ("fc.weight", view(&[2, 2]));
    let cases = [
        (("fc.gain", view(&[2])), "\"fc.gain\" ends neither"),
        (("other.bias", view(&[2])), "\"other.bias\" has no weight"),
        (("norm.weight", view(&[2])), "no layer for norm.weight (2)"),
        (
            ("fc.bias", view(&[3])),
            "\"fc.bias\" is 3, but layer 1 (linear) needs 2",
        ),
    ];
    for (tensor, expected) in cases {
        let bytes = serialize([weight.clone(), tensor], None).unwrap();
        let message = read(&bytes, Some(network.clone()), None)
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message} / {expected}");
    }
    let infinite = f32::INFINITY.to_le_bytes().repeat(4);
    let tensor = TensorView::new(Dtype::F32, vec![2, 2], &infinite).unwrap();
    let bytes = serialize([("weight", tensor)], None).unwrap();
    let error = read(&bytes, Some(network), None).unwrap_err();
    assert!(
        matches!(error, SafetensorsError::NotFinite { .. }),
        "{error}"
    );
}

/// A file with two rows of weights and a batch normalisation, and these tensors of two values.
fn normalised(others: &[(&str, [f32; 2])]) -> Vec<u8> {
    let bytes = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let weights = bytes(&[1.0, 2.0, 3.0, 4.0]);
    let others: Vec<(&str, Vec<u8>)> = others
        .iter()
        .map(|(name, values)| (*name, bytes(values)))
        .collect();
    let view = |shape: &[usize], data| TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap();
    let mut tensors = vec![("fc.weight", view(&[2, 2], &weights))];
    tensors.extend(others.iter().map(|(name, data)| (*name, view(&[2], data))));
    let count = TensorView::new(Dtype::I64, Vec::new(), &[7, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    tensors.push(("bn.num_batches_tracked", count));
    serialize(tensors, None).unwrap()
}

#[test]
fn batch_norms_are_folded_with_the_epsilon_of_the_network() {
    let layer = Layer::Linear(Linear::new(2).without_bias());
    let norm = Layer::BatchNorm(BatchNorm {
        epsilon: 0.25,
        momentum: 0.1,
    });
    let network = Network::input(2, 1, 1).layer(layer).layer(norm);
    let own = [
        ("bn.weight", [1.0, 3.0]),
        ("bn.bias", [0.5, -1.0]),
        ("bn.running_mean", [2.0, 4.0]),
        ("bn.running_var", [3.75, 0.0]),
    ];
    let read = |others: &[(&str, [f32; 2])], network: &Network| {
        read(&normalised(others), Some(network.clone()), None)
    };
    let imported = read(&own, &network).unwrap();
    assert_eq!(imported.network, Network::input(2, 1, 1).linear(2));
    // Scales of 1/2 and 6, shifts of 1/2 - 2/2 and -1 - 4 * 6.
    let expected = [0.5, 1.0, 18.0, 24.0, -0.5, -25.0];
    assert_eq!(imported.parameters, expected);
    let without = |name: &str| {
        let mut others = own.to_vec();
        others.retain(|(other, _)| *other != name);
        read(&others, &network).unwrap_err().to_string()
    };
    let message = without("bn.running_var");
    let words = "\"bn.running_var\" is nothing, but layer 2 (batch_norm) needs 2";
    assert!(message.contains(words), "{message}");
    let more = |more: (&str, [f32; 2])| read(&[&own[..], &[more]].concat(), &network);
    let message = more(("fc.running_mean", [0.0; 2])).unwrap_err().to_string();
    assert!(
        message.contains("\"fc.running_mean\" is of a BatchNorm"),
        "{message}"
    );
    let message = more(("fc.bias", [0.0; 2])).unwrap_err().to_string();
    let words = "\"fc.bias\" is a bias, but layer 1 (linear) is said to have none";
    assert!(message.contains(words), "{message}");
    let mut negative = own;
    negative[3].1 = [-1.0, 0.0];
    let error = read(&negative, &network).unwrap_err();
    assert!(matches!(error, SafetensorsError::Folded), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_damage_is_a_panic(bytes in damage::to_one_of(vec![exported()])) {
        if let Ok(imported) = read(&bytes, None, None) {
            prop_assert_eq!(imported.parameters.len(), imported.network.parameters());
        }
    }
}
