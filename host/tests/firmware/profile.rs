//! `kiln bench --board`: what a network takes in the emulator, piece by piece.

use crate::support::{asset, thorough};
use host::bench::board::{BoardNetwork, PassLog, profile, profile_int8};
use host::bench::{BenchModel, BenchNetwork};
use host::boards::BOARDS;
use host::firmware::{CompilerProgress, FirmwareSources};
use host::weights::ModelBytes;
use kiln_core::Network;

/// A network with a branch, which runs in six steps.
fn network() -> BenchNetwork {
    let stem = Network::input(1, 10, 9).conv2d(4, 3).relu();
    let skip = stem.last();
    let main = stem.layer(kiln_core::Layer::Conv2d(
        kiln_core::Conv2d::new(4, 3).padding(1),
    ));
    let both = main.add(skip).relu();
    BenchNetwork::of("graph", both.max_pool2d(2).linear(9).linear(3)).unwrap()
}

fn sources() -> FirmwareSources {
    FirmwareSources::find(None, CompilerProgress::Hidden).unwrap()
}

/// Whether the pieces of a pass make up the whole: each is counted to 40 instructions.
fn assert_whole(log: &PassLog) {
    let pieces = 2 + log.forward.len() + log.backward.len();
    let most = log.passes * 100 * pieces as u64;
    let difference = log.pieces().abs_diff(log.whole);
    assert!(difference <= most, "{log:?}");
}

#[test]
fn pieces_of_an_inference_and_of_a_training_step_make_up_the_whole() {
    if !thorough() {
        return;
    }
    let network = network();
    let result = profile((BOARDS[0], &sources()), &network).unwrap();
    assert_eq!(result.note, None);
    let (inference, training) = (result.inference.as_ref(), result.training.as_ref());
    for log in [inference.unwrap(), training.unwrap()] {
        assert_eq!((log.passes, log.forward.len()), (2, 6));
        assert!(log.forward.iter().all(|step| *step > 0), "{log:?}");
        assert_whole(log);
    }
    assert!(inference.unwrap().backward.is_empty());
    let backward = &training.unwrap().backward;
    assert_eq!(backward.len(), 6);
    assert!(backward.iter().all(|step| *step > 0), "{backward:?}");

    let report = BoardNetwork::of(&network, &result);
    let (inference, training) = (report.inference.unwrap(), report.training.unwrap());
    let macs = 4 * 9 * 56 + 4 * 4 * 9 * 56 + 9 * 48 + 27;
    assert_eq!(inference.macs, macs);
    let ratio = inference.per_mac.unwrap();
    assert!((1.0..100.0).contains(&ratio), "{ratio}");
    let sum: u64 = inference.layers.iter().map(|layer| layer.macs).sum();
    assert_eq!(sum, macs);
    let there_and_back = training.layers.iter();
    let sum: u64 = there_and_back
        .map(|layer| layer.forward.macs + layer.backward.macs)
        .sum();
    assert_eq!((sum, training.macs), (3 * macs - 4 * 9 * 56, sum));
}

#[test]
fn pieces_of_an_inference_in_integers_make_up_the_whole() {
    if !thorough() {
        return;
    }
    let bytes = ModelBytes::read(&asset("digits-int8.kiln")).unwrap();
    let model = BenchModel::new("digits".into(), bytes).unwrap();
    let report = profile_int8((BOARDS[0], &sources()), &model).unwrap();
    assert_eq!(report.note, None);
    assert!(report.training.is_none());
    let inference = report.inference.unwrap();
    assert!(inference.int8 && inference.packing > 0);
    assert_eq!((inference.macs, inference.ram), (240_544, 2_448));
    assert_eq!(inference.layers.len(), 4);
    let sum: u64 = inference
        .layers
        .iter()
        .map(|layer| layer.instructions)
        .sum();
    // The pass that is looked at is compiled apart from the one that is counted whole.
    let apart = sum.abs_diff(inference.instructions);
    assert!(apart * 200 <= inference.instructions, "{inference:?}");
    // CMSIS-NN takes 1,235,360.
    assert!(inference.instructions <= 325_000, "{inference:?}");
}
