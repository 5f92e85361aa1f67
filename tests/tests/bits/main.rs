//! Random networks on random batches: at every width, logits, losses, gradients, updates and
//! running statistics equal those of the naive walk, bit for bit.

mod compact;
mod networks;

use kiln_core::{Conv2d, Layer, Loss, Network, Sgd, first_statistics};
use proptest::prelude::*;
use tests::fast::{Fast, Subject, at_every_width};
use tests::reference::{self, Training};
use tests::values::rough;

const SGD: Sgd = Sgd {
    rate: 0.1,
    momentum: 0.5,
    weight_decay: 0.01,
    nesterov: true,
};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A batch.
struct Samples {
    images: Vec<f32>,
    labels: Vec<u16>,
}

impl Samples {
    fn of(network: &Network, samples: usize, seed: u64) -> Self {
        let elements = network.input_shape().elements();
        let labels = (0..samples).map(|sample| (sample * 7 % network.classes()) as u16);
        Self {
            images: rough(samples * elements, seed),
            labels: labels.collect(),
        }
    }
}

/// What the naive walk makes of two steps on a batch.
struct Check<'a> {
    samples: &'a Samples,
    batches: [reference::Batch; 2],
    naive: Training<'a>,
    /// Outside of training, by the first parameters; of networks that have any without a batch.
    logits: Option<Vec<f32>>,
}

impl Check<'_> {
    fn run(&self, fast: &mut dyn Fast) {
        let (width, network) = (fast.width(), self.naive.network);
        let Samples { images, labels } = self.samples;
        if let Some(expected) = &self.logits {
            let logits = fast.logits(images);
            assert_eq!(
                bits(expected),
                bits(&logits),
                "logits, {width:?}, {network}"
            );
        }
        for batch in &self.batches {
            let outcome = fast.step(images, labels, &SGD).unwrap();
            let (found, expected) = (outcome.loss_sum, batch.loss_sum());
            assert_eq!(
                found.to_bits(),
                expected.to_bits(),
                "loss, {width:?}, {network}"
            );
            // Bits are those of finite numbers: where a zero meets infinity, a product that is left out would
            // have been NaN. What is not finite shows here, and nothing behind it is held to bits.
            if !batch.gradient.iter().all(|value| value.is_finite()) {
                let finite = fast.gradient().iter().all(|value| value.is_finite());
                assert!(!finite, "gradient, {width:?}, {network}");
                return;
            }
            let (found, expected) = (bits(fast.gradient()), bits(&batch.gradient));
            assert_eq!(found, expected, "gradient, {width:?}, {network}");
        }
        let (found, expected) = (bits(fast.parameters()), bits(&self.naive.parameters));
        assert_eq!(found, expected, "parameters, {width:?}, {network}");
        let (found, expected) = (bits(fast.statistics()), bits(&self.naive.statistics));
        assert_eq!(found, expected, "statistics, {width:?}, {network}");
    }
}

fn check_all(network: &Network, loss: Loss, samples: usize, seed: u64) {
    let parameters = rough(network.parameters(), seed);
    let mut statistics = vec![f32::NAN; network.statistics()];
    first_statistics(network, &mut statistics).unwrap();
    let samples = Samples::of(network, samples, seed + 1);
    let Samples { images, labels } = &samples;
    let mut naive = Training::new(network, loss, &parameters, &statistics);
    naive.seed = seed;
    let batches = [(); 2].map(|()| naive.step(images, labels, &SGD));
    let logits =
        (!network.has_batch_norm()).then(|| reference::logits(network, &parameters, images));
    let check = Check {
        samples: &samples,
        batches,
        naive,
        logits,
    };
    let subject = Subject {
        network,
        loss,
        parameters: &parameters,
        statistics: &statistics,
        seed,
    };
    at_every_width(&subject, |fast| check.run(fast));
}

/// The network made into an autoencoder of its input.
fn reconstructing(network: Network) -> Network {
    let outputs = network.input_shape().elements() as u16;
    network.linear(outputs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_width_equals_the_reference(
        network in networks::network(0),
        samples in 1..40_usize,
        seed: u32,
    ) {
        check_all(&network, Loss::CROSS_ENTROPY, samples, seed.into());
    }

    #[test]
    fn every_width_equals_the_reference_on_what_desktops_alone_train(
        network in networks::network(6),
        samples in 2..40_usize,
        seed: u32,
    ) {
        check_all(&network, Loss::CROSS_ENTROPY, samples, seed.into());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn every_loss_equals_the_reference(
        network in networks::network(2),
        samples in 2..20_usize,
        smoothing in 0.01..0.9_f32,
        seed: u32,
    ) {
        check_all(&network, Loss::CrossEntropy { smoothing }, samples, seed.into());
        let network = reconstructing(network);
        check_all(&network, Loss::MeanSquaredError, samples, seed.into());
    }
}

#[test]
fn the_two_networks_of_the_numbers_page_equal_the_reference() {
    let body = |input: Network, classes| {
        input
            .conv2d(8, 3)
            .relu()
            .max_pool2d(2)
            .conv2d(16, 3)
            .relu()
            .max_pool2d(2)
            .linear(128)
            .relu()
            .linear(classes)
    };
    let mnist = body(Network::input(1, 28, 28), 10);
    let rgb = body(Network::input(3, 32, 32), 100);
    check_all(&mnist, Loss::CROSS_ENTROPY, 21, 3);
    check_all(&rgb, Loss::CROSS_ENTROPY, 18, 4);
}

/// Two residual blocks, the second one strided, as ResNet-8 has them.
#[test]
fn residual_networks_equal_the_reference() {
    let conv = |filters, kernel, stride| {
        let conv = Conv2d::new(filters, kernel)
            .padding(kernel / 2)
            .stride(stride);
        Layer::Conv2d(conv.without_bias())
    };
    let stem = Network::input(3, 9, 10)
        .layer(conv(8, 3, 1))
        .batch_norm()
        .relu();
    let skip = stem.last();
    let block = stem.layer(conv(8, 3, 1)).batch_norm().relu();
    let block = block.layer(conv(8, 3, 1)).batch_norm().add(skip).relu();
    let skip = block.last();
    let projected = block.layer(conv(12, 1, 2));
    let projection = projected.last();
    let block = projected
        .from(skip)
        .layer(conv(12, 3, 2))
        .batch_norm()
        .relu();
    let block = block
        .layer(conv(12, 3, 1))
        .batch_norm()
        .add(projection)
        .relu();
    let network = block.global_avg_pool2d().linear(10);
    for samples in [2, 16, 33] {
        check_all(&network, Loss::CROSS_ENTROPY, samples, 5);
    }
    let folded = kiln_core::Folding::of(&network).network();
    for samples in [1, 16, 33] {
        check_all(&folded, Loss::CROSS_ENTROPY, samples, 6);
    }
}

/// The order of the readers shows in a value's gradient.
#[test]
fn values_with_many_readers_equal_the_reference() {
    let stem = Network::input(2, 6, 5).conv2d(4, 2).relu();
    let common = stem.last();
    let mut network = stem.layer(Layer::Conv2d(Conv2d::new(4, 3).padding(1)));
    for filter in [1, 3, 5] {
        let sum = network.last();
        let conv = Conv2d::new(4, filter).padding(filter / 2).without_bias();
        network = network.from(common).layer(Layer::Conv2d(conv)).add(sum);
    }
    let network = network.add(common).relu6().max_pool2d(2).linear(3);
    for samples in [1, 19] {
        check_all(&network, Loss::CROSS_ENTROPY, samples, 8);
    }
}
