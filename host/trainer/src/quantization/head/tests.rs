use super::*;
use crate::quantization::tests::{parameters, samples};
use crate::quantization::{Quantized, quantize};
use kiln_core::{Network, QuantizedNetwork};

const THREADS: usize = 1;

fn network() -> Network {
    Network::input(2, 8, 8)
        .conv2d(6, 3)
        .relu()
        .max_pool2d(2)
        .linear(12)
        .relu()
        .linear(5)
}

fn file(quantized: &Quantized, scaling: &Scaling) -> ModelBytes {
    ModelBytes::encode_int8(&Int8ModelParts {
        quantized: &quantized.tables.quantized().unwrap(),
        task: ModelTask::Classification,
        scaling,
        class_names: &[],
        notes: "",
    })
    .unwrap()
}

fn logits(network: QuantizedNetwork<'_>, scaling: &Scaling) -> Vec<f32> {
    let task = ModelTask::Classification;
    let mut engine = Int8Engine::of(network, scaling, task, THREADS, None).unwrap();
    engine
        .outputs(&samples(30), &Vec::from_iter(0..30))
        .unwrap()
}

#[test]
fn last_layers_go_out_as_numbers_and_come_back_as_integers() {
    let network = network();
    let scaling = Scaling::uniform(2, 1.0 / 128.0, -1.0).unwrap();
    let parameters = parameters(&network);
    let model = FloatModel {
        network: &network,
        parameters: &parameters,
        scaling: &scaling,
    };
    let before = quantize(&model, &samples(40)).unwrap();
    let bytes = file(&before, &scaling);
    let file = Int8ModelFile::open(bytes.as_slice()).unwrap();
    let expected = logits(file.quantized(), &scaling);
    let step = before.tables.values[6].scale;
    for (from, first, len) in [(6, 6, 12 * 5 + 5), (3, 4, 54 * 12 + 12 + 12 * 5 + 5)] {
        let head = LearningHead::of(&file, from).unwrap();
        assert_eq!(head.first_layer(), first);
        let features = head.features(&samples(30), THREADS).unwrap();
        let own = head.model().unwrap();
        let own = own.open().unwrap();
        assert_eq!(own.parameters().len(), len);
        let again = head
            .quantized(own.parameters(), &features, "again")
            .unwrap();
        let again = Int8ModelFile::open(again.as_slice()).unwrap();
        assert_eq!(again.notes(), "again");
        assert_eq!(again.network(), &network);
        // What learns not is as it was.
        let count = file.quantized().weights().len() - (len - if first == 6 { 5 } else { 17 });
        let trunk = |model: &Int8ModelFile<'_>| model.quantized().weights()[..count].to_vec();
        assert_eq!(trunk(&again), trunk(&file));
        assert_eq!(
            again.quantized().values()[..first],
            file.quantized().values()[..first]
        );
        let found = logits(again.quantized(), &scaling);
        for (one, other) in found.iter().zip(&expected) {
            assert!(
                (one - other).abs() < 4.0 * step,
                "{one} {other}, codes are {step} apart"
            );
        }
    }
}

#[test]
fn of_another_rule_only_linear_layers_become_integers_again() {
    let network = Network::input(2, 8, 8)
        .conv2d(6, 3)
        .relu()
        .conv2d(4, 3)
        .linear(5);
    let scaling = Scaling::uniform(2, 1.0 / 128.0, -1.0).unwrap();
    let model = FloatModel {
        network: &network,
        parameters: &parameters(&network),
        scaling: &scaling,
    };
    let mut integers = quantize(&model, &samples(8)).unwrap();
    integers.tables.rule = Int8Rule::TensorFlowLite;
    // Their convolutions' shifts go to the left, from a fraction of 2^31.
    for shifts in [12..18, 18 + 8..18 + 12] {
        for shift in &mut integers.tables.constants[shifts] {
            *shift = 31 - *shift;
        }
    }
    let bytes = file(&integers, &scaling);
    let file = Int8ModelFile::open(bytes.as_slice()).unwrap();
    assert!(LearningHead::of(&file, 4).unwrap().check_integers().is_ok());
    let head = LearningHead::of(&file, 2).unwrap();
    let refused = head.check_integers().unwrap_err().to_string();
    assert!(refused.starts_with("layer 3 (conv2d): "), "{refused}");
    assert!(matches!(
        LearningHead::of(&file, 1),
        Err(LearningHeadError::Cut(CutError::NoTrunk { layer: 1 }))
    ));
}
