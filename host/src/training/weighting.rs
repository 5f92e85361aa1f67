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

    #[test]
    fn every_class_counts_the_same() {
        let labels = [0, 0, 0, 0, 1, 1, 3, 3];
        // Of class 1 one sample, of class 3 two, of class 2 none, of class 0 three.
        let weights = class_weights(&labels, &[0, 1, 2, 4, 6, 7], 4);
        assert_eq!(weights, [6.0 / 9.0, 2.0, 1.0, 1.0]);
        assert_eq!(class_weights(&labels, &[0, 4, 6], 4), [1.0; 4]);
    }
}
