//! Networks as text, and images.

use super::models::is_cheap;
use super::verdict;
use crate::measured::Verdict;
use host::data::{ImageShape, Samples, decoded_image, image_size};
use host::engine::{Engine, EngineOptions};
use host::network_file;
use kiln_core::{Loss, Network, Scaling, Sgd, he_uniform};

/// What images are brought to.
const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 9,
    width: 7,
};

pub fn network(input: &[u8]) -> Verdict {
    let text = std::str::from_utf8(input).map_err(|_| String::from("no text"));
    let parsed = text.and_then(|text| network_file::parse(text).map_err(|error| error.to_string()));
    verdict(parsed.map(|network| {
        let trained = trained(&network).unwrap_or("not trained");
        // A text is in memory as tables and as layers, which are much longer.
        (format!("{network} {trained}"), 64 * input.len())
    }))
}

/// Takes a step with a network that is small.
fn trained(network: &Network) -> Option<&'static str> {
    let shape = network.input_shape();
    let options = EngineOptions {
        threads: 1,
        batch: 2,
        loss: match network.classes() == shape.elements() {
            true => Loss::MeanSquaredError,
            false => Loss::CROSS_ENTROPY,
        },
        ..EngineOptions::default()
    };
    if !is_cheap(network, &options) {
        return None;
    }
    let mut parameters = vec![0.0; network.parameters()];
    let mut state = 1_u64;
    let source = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 32) as u32
    };
    he_uniform(network, &mut parameters, source).ok()?;
    let scaling = Scaling::uniform(shape.channels as usize, 1.0 / 255.0, 0.0).ok()?;
    let mut engine = Engine::new(network, &scaling, parameters, &options).ok()?;
    let pixels = (0..2 * shape.elements()).map(|index| index as u8).collect();
    let samples = Samples::of_bytes(pixels, vec![0, 0], shape.into());
    let sgd = Sgd {
        rate: 0.01,
        momentum: 0.9,
        weight_decay: 0.0,
        nesterov: false,
    };
    engine.step(&samples, &[0, 1], &sgd).ok()?;
    Some("trained")
}

pub fn image(input: &[u8]) -> Verdict {
    let decoded = decoded_image(input.to_vec(), SHAPE);
    let size = image_size(input.to_vec());
    let pixels = size.map_or(0, |(width, height)| width as usize * height as usize);
    let found = decoded.map(|samples| {
        assert_eq!(samples.len(), 1);
        (format!("an image that begins with {:?}", &input[..2]), 0)
    });
    Verdict {
        // Whatever comes of it: the picture is what the data are, of four samples, before and behind.
        need: 5 * pixels,
        ..verdict(found)
    }
}
