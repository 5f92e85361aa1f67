//! The codes of weights, symmetric: a filter's lie evenly around 0.

/// The largest magnitude of a weight's code.
pub const WEIGHT_CODES: i8 = 127;

/// The distance between the numbers of neighbouring codes of a filter's weights: the largest weight has
/// the code 127. At least `least`, and above 0.
pub fn weight_scale(weights: &[f32], least: f64) -> f64 {
    let magnitudes = weights.iter().map(|weight| weight.abs());
    let largest = magnitudes.fold(0.0_f32, f32::max);
    let scale = (f64::from(largest) / f64::from(WEIGHT_CODES)).max(least);
    if scale == 0.0 { 1.0 } else { scale }
}

/// The code of a weight: the nearest one, of two the one further from 0; a NaN's is 0.
pub fn weight_code(weight: f32, scale: f64) -> i8 {
    let place = f64::from(weight) / scale;
    let magnitude = place.abs().clamp(0.0, f64::from(WEIGHT_CODES));
    let whole = magnitude as i8;
    // Exact, which an addition of a half would not be for all.
    let nearest = whole + i8::from(magnitude - f64::from(whole) >= 0.5);
    if place < 0.0 { -nearest } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::properties;
    use proptest::prelude::*;

    properties! {
        #[test]
        fn a_code_is_the_nearest(weight in -3.0_f32..3.0, scale in 1e-4_f64..0.05) {
            let exact = libm::round(f64::from(weight) / scale).clamp(-127.0, 127.0);
            prop_assert_eq!(f64::from(weight_code(weight, scale)), exact);
        }
    }

    #[test]
    fn the_largest_weight_has_the_largest_code() {
        let weights = [0.25, -1.5, 0.0];
        let scale = weight_scale(&weights, 0.0);
        assert_eq!(
            weights.map(|weight| weight_code(weight, scale)),
            [21, -127, 0]
        );
        assert_eq!(weight_scale(&weights, 3.0), 3.0);
        assert_eq!(weight_scale(&[0.0, -0.0], 0.0), 1.0);
        assert_eq!(weight_code(0.5, 1.0), 1);
        assert_eq!(weight_code(-0.5, 1.0), -1);
        assert_eq!(weight_code(f32::NAN, 1.0), 0);
    }
}
