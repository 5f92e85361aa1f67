//! How much each class counts in the loss.

/// What the gradient of a sample is multiplied by, for each of `classes`: samples / classes / samples of its
/// class, of those at `train` and the classes that they are of, so that every class counts the same in all and
/// a sample 1 in the mean. It follows from these counts alone.
pub fn class_weights(labels: &[u16], train: &[u32], classes: usize) -> Vec<f32> {
    let mut counts = vec![0_u64; classes];
    for index in train {
        if let Some(count) = counts.get_mut(usize::from(labels[*index as usize])) {
            *count += 1;
        }
    }
    let samples: u64 = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0).count() as u64;
    let weight = |count: &u64| match count {
        0 => 1.0,
        count => samples as f64 / (present * count) as f64,
    };
    counts.iter().map(|count| weight(count) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::class_weights;
    use crate::data::{ImageShape, Samples};
    use crate::engine::{Engine, EngineOptions};
    use kiln_core::{Network, Scaling, Sgd};

    /// The parameters after a step on two samples, of classes 0 and 1.
    fn stepped(indices: &[u32], rate: f32, class_weights: Vec<f32>) -> Vec<f32> {
        let network = Network::input(1, 4, 4).conv2d(2, 3).relu().linear(2);
        let shape = ImageShape {
            channels: 1,
            height: 4,
            width: 4,
        };
        let pixels = (0..32).map(|index| (index * 83 % 251) as u8).collect();
        let samples = Samples::of_bytes(pixels, vec![0, 1], shape);
        let parameters = (0..network.parameters()).map(|index| (index * 37 % 101) as f32 * 0.004);
        let options = EngineOptions {
            batch: 2,
            class_weights,
            ..EngineOptions::default()
        };
        let scaling = Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap();
        let mut engine = Engine::new(&network, &scaling, parameters.collect(), &options).unwrap();
        let sgd = Sgd {
            rate,
            momentum: 0.0,
            weight_decay: 0.0,
            nesterov: false,
        };
        engine.step(&samples, indices, &sgd).unwrap();
        engine.parameters().to_vec()
    }

    #[test]
    fn a_gradient_is_multiplied_by_its_classs_weight() {
        // Twos change no digit of a product.
        assert_eq!(
            stepped(&[0, 1], 0.25, vec![2.0, 2.0]),
            stepped(&[0, 1], 0.5, vec![])
        );
        // The mean is still over both.
        assert_eq!(
            stepped(&[0, 1], 0.5, vec![0.0, 1.0]),
            stepped(&[1], 0.25, vec![])
        );
        assert_ne!(
            stepped(&[0, 1], 0.5, vec![1.0, 2.0]),
            stepped(&[0, 1], 0.5, vec![])
        );
    }

    #[test]
    fn every_class_counts_the_same() {
        let labels = [0, 0, 0, 0, 1, 1, 3, 3];
        // Of class 1 one sample, of class 3 two, of class 2 none, of class 0 three.
        let weights = class_weights(&labels, &[0, 1, 2, 4, 6, 7], 4);
        assert_eq!(weights, [6.0 / 9.0, 2.0, 1.0, 1.0]);
        assert_eq!(class_weights(&labels, &[0, 4, 6], 4), [1.0; 4]);
    }
}
