use super::*;
use crate::data::ImageShape;
use crate::engine::EngineOptions;
use crate::settings::{ScheduleSetting, Settings};
use kiln_core::{Conv2d, Dropout, LaneWidth, Layer, Network, Scaling};

const NETWORK: Network = Network::input(1, 6, 6).conv2d(3, 3).relu().linear(4);

fn samples() -> Samples {
    let shape = ImageShape {
        channels: 1,
        height: 6,
        width: 6,
    };
    let pixels = (0..50 * 36).map(|i| (i * 7919 % 251) as u8);
    Samples::of_bytes(pixels.collect(), (0..50).map(|i| i % 4).collect(), shape)
}

/// An addition around a convolution, a batch normalisation that folds and one that does not, and a
/// dropout.
fn residual() -> Network {
    let network = Network::input(1, 6, 6).conv2d(3, 3).batch_norm().relu();
    let stem = network.last();
    let network = network.layer(Layer::Conv2d(Conv2d::new(3, 3).padding(1).without_bias()));
    let main = network.last();
    let network = network.node(Layer::Add, [main, stem]).batch_norm();
    let dropout = Layer::Dropout(Dropout { probability: 0.3 });
    network.layer(dropout).relu().linear(4)
}

fn trainer(samples: &Samples, parameters: Vec<f32>, threads: usize) -> DatasetTrainer<'_> {
    let lanes = (threads == 1).then_some(LaneWidth::X1);
    trainer_of(&NETWORK, samples, parameters, threads, lanes)
}

/// Three epochs of six steps, the last of which is smaller, at a rate that changes in each.
fn trainer_of<'s>(
    network: &Network,
    samples: &'s Samples,
    parameters: Vec<f32>,
    threads: usize,
    lanes: Option<LaneWidth>,
) -> DatasetTrainer<'s> {
    let settings = Settings {
        epochs: Some(3),
        batch: Some(7),
        schedule: Some(ScheduleSetting::Cosine { warmup: 0.5 }),
        augment: Some("flip,shift:1,rotate:5,erase:0.5".parse().unwrap()),
        ..Settings::default()
    };
    let settings = settings.resolve(1, 1).unwrap();
    let options = EngineOptions {
        threads,
        lanes,
        batch: 7,
        ..EngineOptions::default()
    };
    let scaling = Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap();
    let engine = Engine::new(network, &scaling, parameters, &options).unwrap();
    let split = Split::new(50, 0.2, 1).unwrap();
    DatasetTrainer::new(engine, samples, split, settings, false)
}

fn start() -> Vec<f32> {
    start_of(&NETWORK)
}

fn start_of(network: &Network) -> Vec<f32> {
    let value = |index: usize| (index * 37 % 101) as f32 * 0.004 - 0.2;
    (0..network.parameters()).map(value).collect()
}

/// Parameters, velocity, running statistics and folded parameters, as bits.
fn bits(trainer: &DatasetTrainer<'_>) -> [Vec<u32>; 4] {
    let folded = trainer.folded_parameters().unwrap();
    let all = [
        trainer.parameters(),
        trainer.velocity(),
        trainer.statistics(),
        &folded,
    ];
    all.map(|values| values.iter().map(|value| value.to_bits()).collect())
}

/// The epochs that are left, without their times, until `steps` steps are done.
fn run(trainer: &mut DatasetTrainer<'_>, mut steps: u32) -> Vec<[Option<MeanScore>; 2]> {
    let mut epochs = Vec::new();
    while steps > 0 && trainer.position().epochs < 3 {
        let epoch = trainer.epoch(|_| {
            steps -= 1;
            if steps == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        epochs.extend(epoch.unwrap().map(|epoch| [epoch.train, epoch.validation]));
    }
    epochs
}

#[test]
fn a_training_stopped_after_any_step_goes_on_to_the_same_bits() {
    let samples = samples();
    let mut whole = trainer(&samples, start(), 2);
    let expected = run(&mut whole, u32::MAX);
    assert_eq!((expected.len(), whole.steps_per_epoch()), (3, 6));
    for steps in 0..=18 {
        let mut first = trainer(&samples, start(), 1 + steps as usize % 2);
        let mut epochs = run(&mut first, steps);
        let mut second = trainer(&samples, first.parameters().to_vec(), 2);
        let position = *first.position();
        assert_eq!(6 * position.epochs + position.steps, steps);
        second
            .resume(position, first.velocity(), first.statistics(), None)
            .unwrap();
        epochs.extend(run(&mut second, u32::MAX));
        assert_eq!(epochs, expected, "{steps}");
        assert_eq!(second.parameters(), whole.parameters(), "{steps}");
        assert_eq!(second.velocity(), whole.velocity(), "{steps}");
    }
}

#[test]
fn a_normalised_residual_training_goes_on_to_the_same_bits_on_any_machine() {
    let (samples, network) = (samples(), residual());
    let start = start_of(&network);
    let trainer =
        |threads, lanes, parameters| trainer_of(&network, &samples, parameters, threads, lanes);
    let mut whole = trainer(2, None, start.clone());
    let expected = run(&mut whole, u32::MAX);
    let expected_bits = bits(&whole);
    assert!(
        expected_bits[2]
            .iter()
            .any(|value| *value != expected_bits[2][0])
    );
    let widths: Vec<LaneWidth> = LaneWidth::available().collect();
    for (steps, lanes) in (0..=18_u32).zip(widths.into_iter().cycle()) {
        let threads = 1 + steps as usize % 2;
        let mut first = trainer(threads, Some(lanes), start.clone());
        let mut epochs = run(&mut first, steps);
        let mut second = trainer(3 - threads, None, first.parameters().to_vec());
        let position = *first.position();
        second
            .resume(position, first.velocity(), first.statistics(), None)
            .unwrap();
        epochs.extend(run(&mut second, u32::MAX));
        assert_eq!(epochs, expected, "{steps}");
        assert!(bits(&second) == expected_bits, "{steps}");
    }
}

#[test]
fn without_the_statistics_only_the_statistics_are_others() {
    let (samples, network) = (samples(), residual());
    let start = start_of(&network);
    let trainer = |parameters| trainer_of(&network, &samples, parameters, 1, None);
    let mut whole = trainer(start.clone());
    run(&mut whole, u32::MAX);
    let mut first = trainer(start);
    run(&mut first, 8);
    let fresh = vec![0.0; first.statistics().len()];
    let mut second = trainer(first.parameters().to_vec());
    second
        .resume(*first.position(), first.velocity(), &fresh, None)
        .unwrap();
    run(&mut second, u32::MAX);
    assert_eq!(second.parameters(), whole.parameters());
    assert_ne!(second.statistics(), whole.statistics());
}

#[test]
fn without_the_velocity_the_bits_are_others() {
    let samples = samples();
    let mut whole = trainer(&samples, start(), 1);
    run(&mut whole, u32::MAX);
    let mut first = trainer(&samples, start(), 1);
    run(&mut first, 8);
    let mut second = trainer(&samples, first.parameters().to_vec(), 1);
    let none = vec![0.0; NETWORK.parameters()];
    second.resume(*first.position(), &none, &[], None).unwrap();
    run(&mut second, u32::MAX);
    assert_ne!(second.parameters(), whole.parameters());
}

#[test]
fn positions_of_other_trainings_are_refused() {
    let samples = samples();
    let velocity = vec![0.0; NETWORK.parameters()];
    let refused = |position: Position, velocity: &[f32]| {
        let error = trainer(&samples, start(), 1).resume(position, velocity, &[], None);
        error.unwrap_err().to_string()
    };
    let at = |epochs, steps, samples| Position {
        epochs,
        steps,
        samples,
        ..Position::default()
    };
    for position in [at(4, 0, 0), at(3, 1, 7), at(0, 7, 40), at(1, 2, 13)] {
        let message = refused(position, &velocity);
        assert!(
            message.contains("of a run of 3 epochs of 6 steps"),
            "{message}"
        );
    }
    let message = refused(at(1, 2, 14), &velocity[1..]);
    assert!(message.contains("velocity"), "{message}");
}
