//! The naive losses, one sample at a time. They define the bits.

use libm::{expf, logf};

/// Loss of one sample; turns its logits into `(softmax - onehot(label)) * mean`.
pub fn softmax_cross_entropy(logits: &mut [f32], label: usize, mean: f32) -> f32 {
    smoothed_cross_entropy(logits, label, mean, 0.0)
}

/// Loss of one sample, its label smoothed as PyTorch does: all classes share `smoothing`, at least
/// 0 and below 1, in equal parts. Turns the logits into `(softmax - target) * mean`, where the
/// target is `(1 - smoothing) + part` for the label and `part` elsewhere, `part` being
/// `smoothing / classes`.
///
/// A class's own loss is `log(sum of the exponentials) - (logit - highest)`. The sample's is the
/// label's where nothing is smoothed; else
/// `(1 - smoothing) * (the label's) + part * (the sum of all, from +0 in order)`.
pub fn smoothed_cross_entropy(logits: &mut [f32], label: usize, mean: f32, smoothing: f32) -> f32 {
    let part = smoothing / logits.len() as f32;
    let highest = logits[highest_class(logits)];
    let labelled = logits[label] - highest;
    let mut all = 0.0;
    let logarithm = logf(exponentials(logits, highest));
    for logit in logits.iter() {
        all += logarithm - (logit - highest);
    }
    softmax(logits);
    for (class, value) in logits.iter_mut().enumerate() {
        let target = match class == label {
            true => (1.0 - smoothing) + part,
            false => part,
        };
        *value = (*value - target) * mean;
    }
    let loss = logarithm - labelled;
    match smoothing == 0.0 {
        true => loss,
        false => (1.0 - smoothing) * loss + part * all,
    }
}

/// Turns the logits of one sample, at least one, into probabilities; gives the sum of the
/// exponentials that they were divided by.
pub fn softmax(logits: &mut [f32]) -> f32 {
    let highest = logits[highest_class(logits)];
    let sum = exponentials(logits, highest);
    for value in logits.iter_mut() {
        *value = expf(*value - highest) / sum;
    }
    sum
}

/// The sum of the exponentials of the logits' distances from the highest, from +0 in order.
fn exponentials(logits: &[f32], highest: f32) -> f32 {
    let mut sum = 0.0;
    for logit in logits {
        sum += expf(logit - highest);
    }
    sum
}

/// The class with the highest logit; the first of equals.
pub fn highest_class(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, value) in logits.iter().enumerate().skip(1) {
        if *value > logits[best] {
            best = class;
        }
    }
    best
}

/// Loss of one sample: the sum of the squared distances from its target, from +0 in the outputs'
/// order, divided by their number. Writes `((output - target) * (2 / outputs)) * mean`.
pub fn mean_squared_error(output: &[f32], target: &[f32], mean: f32, gradient: &mut [f32]) -> f32 {
    let factor = 2.0 / output.len() as f32;
    let mut sum = 0.0;
    for (at, gradient) in gradient.iter_mut().enumerate() {
        let distance = output[at] - target[at];
        sum += distance * distance;
        *gradient = (distance * factor) * mean;
    }
    sum / output.len() as f32
}
