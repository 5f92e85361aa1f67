//! Random networks on random batches: at every width, logits, losses, gradients and updates equal
//! those of the naive reference, bit for bit.

use kiln_core::{Conv2d, Layer, Network, Pool2d, Sgd};
use proptest::prelude::*;
use tests::fast::{Fast, at_every_width};
use tests::reference;

fn layer() -> impl Strategy<Value = Layer> {
    let conv = (1..9_u16, 1..4_u16, 1..4_u16, 1..3_u16, 0..3_u16, 0..3_u16);
    let pool = (1..4_u16, 1..4_u16);
    prop_oneof![
        6 => conv.prop_map(|(filters, rows, columns, stride, padding, groups)| {
            let groups = [1, 1, 2][usize::from(groups)];
            Layer::Conv2d(Conv2d::new(filters * groups, 1).kernel(rows, columns).stride(stride)
                .padding(padding).groups(groups))
        }),
        6 => (1..9_u16, 0..3_u16).prop_map(|(filters, padding)| {
            Layer::Conv2d(Conv2d::new(filters, 3).padding(padding))
        }),
        6 => Just(Layer::Relu),
        6 => Just(Layer::MaxPool2d(Pool2d::new(2))),
        1 => pool.clone().prop_map(|(w, s)| Layer::MaxPool2d(Pool2d::new(w).stride(s))),
        1 => pool.prop_map(|(w, s)| Layer::AvgPool2d(Pool2d::new(w).stride(s))),
    ]
}

/// Random layers, as many as fit one another, and a classifier.
fn network() -> impl Strategy<Value = Network> {
    let tail = (0..20_u16, any::<bool>(), any::<bool>(), 2..30_u16);
    let input = (1..4_u32, 1..14_u32, 1..14_u32);
    (input, prop::collection::vec(layer(), 0..6), tail).prop_map(
        |((channels, height, width), layers, (hidden, relu, global, classes))| {
            let mut network = Network::input(channels, height, width);
            for layer in layers {
                let longer = network.clone().layer(layer);
                if longer.check().is_ok() {
                    network = longer;
                }
            }
            if global {
                network = network.global_avg_pool2d();
            }
            if hidden > 0 {
                network = network.linear(hidden);
            }
            if relu {
                network = network.relu();
            }
            network.linear(classes)
        },
    )
}

/// Values with zeros and repetitions among them, so that pools meet ties and ReLUs meet zeros.
fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 8 {
            0 => 0.0,
            1 => -0.0,
            2 => ((state >> 32) % 5) as f32 - 2.0,
            _ => (state >> 40) as f32 / (1 << 23) as f32 - 1.0,
        }
    };
    (0..len).map(|_| next()).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A batch, and what the naive reference makes of it.
struct Check {
    parameters: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u16>,
    naive: reference::Batch,
}

impl Check {
    fn run(&self, fast: &mut dyn Fast) {
        let (naive, width) = (&self.naive, fast.width());
        let logits = fast.logits(&self.images);
        assert_eq!(bits(&naive.logits), bits(&logits), "logits, {width:?}");
        let sgd = Sgd {
            rate: 0.1,
            momentum: 0.5,
            weight_decay: 0.01,
            nesterov: true,
        };
        let outcome = fast.step(&self.images, &self.labels, &sgd).unwrap();
        let mut loss_sum = 0.0;
        for group in naive.losses.chunks(kiln_core::GROUP) {
            loss_sum += group.iter().fold(0.0, |sum, loss| sum + f64::from(*loss));
        }
        let found = outcome.loss_sum.to_bits();
        assert_eq!(found, loss_sum.to_bits(), "loss, {width:?}");
        let gradient = bits(fast.gradient());
        assert_eq!(bits(&naive.gradient), gradient, "gradient, {width:?}");
        let pairs = self.parameters.iter().zip(&naive.gradient);
        for ((w, g), updated) in pairs.zip(fast.parameters()) {
            let g = g + 0.01 * w;
            let v = 0.5 * 0.0 + g;
            let expected = w - 0.1 * (g + 0.5 * v);
            assert_eq!(updated.to_bits(), expected.to_bits(), "update, {width:?}");
        }
    }
}

fn check_all(network: &Network, samples: usize, seed: u64) {
    let elements = network.input_shape().elements();
    let parameters = values(network.parameters(), seed);
    let images = values(samples * elements, seed + 1);
    let labels: Vec<u16> = (0..samples)
        .map(|s| (s * 7 % network.classes()) as u16)
        .collect();
    let check = Check {
        naive: reference::batch(network, &parameters, &images, &labels),
        parameters,
        images,
        labels,
    };
    at_every_width(network, &check.parameters, |fast| check.run(fast));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_width_equals_the_reference(network in network(), samples in 1..40_usize, seed: u32) {
        check_all(&network, samples, seed.into());
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
    check_all(&body(Network::input(1, 28, 28), 10), 21, 3);
    check_all(&body(Network::input(3, 32, 32), 100), 18, 4);
}
