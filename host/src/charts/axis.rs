//! From values to places along an axis, and the values that it names.

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are equally far apart; for values above 0.
    Log,
}

/// What the values of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Numbers.
    Plain,
    /// Whole numbers, such as epochs.
    Whole,
    /// Fractions of 1, told in percent.
    Percent,
}

/// An axis with the values it names.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    scale: Scale,
    unit: Unit,
    pub ticks: Vec<f64>,
}

/// About as many values are named.
const TICKS: f64 = 5.0;

impl Axis {
    /// An axis on which all finite `values` have a place.
    pub fn around(values: impl Iterator<Item = f64>, scale: Scale, unit: Unit) -> Self {
        let fit = |value: &f64| value.is_finite() && (scale == Scale::Linear || *value > 0.0);
        let bounds = values.filter(fit).fold(None, |bounds, value| {
            let (low, high) = bounds.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        });
        let (low, high) = bounds.unwrap_or(match scale {
            Scale::Linear => (0.0, 1.0),
            Scale::Log => (1.0, 10.0),
        });
        match scale {
            Scale::Linear => Self::linear(low, high, unit),
            Scale::Log => Self::log(low, high, unit),
        }
    }

    /// From a round value to a round value, but no further than the unit goes.
    fn linear(low: f64, high: f64, unit: Unit) -> Self {
        let within = |value: f64| match unit {
            Unit::Percent => value.clamp(0.0, 1.0),
            Unit::Plain | Unit::Whole => value,
        };
        let (mut low, mut high) = (within(low), within(high));
        if high - low <= 1e-9 * high.abs().max(1e-9) {
            let room = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            (low, high) = match unit {
                Unit::Whole => (low - 1.0, high + 1.0),
                Unit::Plain | Unit::Percent => (low - room, high + room),
            };
        }
        if unit == Unit::Plain && low > 0.0 && low < 0.4 * high {
            low = 0.0;
        }
        (low, high) = (within(low), within(high));
        let step = round_step((high - low) / TICKS, unit);
        let first = (low / step + 1e-6).floor();
        let last = (high / step - 1e-6).ceil();
        let mut ticks: Vec<f64> = (0..=(last - first) as u32)
            .map(|index| (first + f64::from(index)) * step)
            .collect();
        if unit == Unit::Whole {
            // Epochs end where they end: an axis to 60 for 50 of them looks unfinished.
            ticks.retain(|tick| (low..=high).contains(tick));
            return Self::new(low, high, Scale::Linear, unit, ticks);
        }
        Self::new(first * step, last * step, Scale::Linear, unit, ticks)
    }

    /// A little beyond the values on either side.
    fn log(low: f64, high: f64, unit: Unit) -> Self {
        let (low, high) = (low / 1.25, high * 1.25);
        let decades = (high / low).log10();
        let leading: &[f64] = match decades {
            decades if decades > 3.0 => &[1.0],
            decades if decades > 0.7 => &[1.0, 2.0, 5.0],
            _ => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        };
        let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let ticks = powers.flat_map(|power| {
            let power = 10_f64.powi(power);
            leading.iter().map(move |leading| leading * power)
        });
        let ticks = ticks.filter(|tick| (low..=high).contains(tick)).collect();
        Self::new(low, high, Scale::Log, unit, ticks)
    }

    fn new(low: f64, high: f64, scale: Scale, unit: Unit, ticks: Vec<f64>) -> Self {
        Self {
            low,
            high,
            scale,
            unit,
            ticks,
        }
    }

    /// Where a value lies: 0 at the axis's start, 1 at its end; nothing where it has no place.
    pub fn place(&self, value: f64) -> Option<f64> {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        place.is_finite().then_some(place)
    }

    /// Keeps of the ticks those whose names do not touch on an axis of so many letters; the round
    /// ones stay before others.
    pub fn spread_names(mut self, letters: f64) -> Self {
        // Half of both names, and the width of two letters between them.
        let room = |tick: f64| 0.5 * self.name(tick).chars().count() as f64 + 1.0;
        let mut ticks = self.ticks.clone();
        ticks.sort_by_key(|tick| self.roundness(*tick));
        let mut kept: Vec<f64> = Vec::new();
        for tick in ticks {
            let apart = |other: &f64| {
                let between = self.place(tick).zip(self.place(*other));
                between.is_some_and(|(one, two)| {
                    letters * (one - two).abs() >= room(tick) + room(*other)
                })
            };
            if kept.iter().all(apart) {
                kept.push(tick);
            }
        }
        kept.sort_by(f64::total_cmp);
        self.ticks = kept;
        self
    }

    /// On a logarithmic axis, powers of 10 come first.
    fn roundness(&self, tick: f64) -> u8 {
        if self.scale == Scale::Linear {
            return 0;
        }
        let leading = tick / 10_f64.powf((tick.log10() + 1e-9).floor());
        match (2.0 * leading).round() as i64 {
            2 => 0,
            4 | 10 => 1,
            _ => 2,
        }
    }

    /// A named value, with as many digits as tell it from its neighbours.
    pub fn name(&self, tick: f64) -> String {
        let step = match self.ticks.as_slice() {
            [first, second, ..] if self.scale == Scale::Linear => second - first,
            _ => tick.abs(),
        };
        match self.unit {
            Unit::Percent => {
                let digits = (-(100.0 * step).log10() - 1e-9).ceil().clamp(0.0, 6.0);
                format!("{:.*}%", digits as usize, 100.0 * tick)
            }
            Unit::Plain | Unit::Whole => plain(tick, step),
        }
    }
}

/// 12.5k for 12,500: axes have little room.
fn plain(value: f64, step: f64) -> String {
    let (unit, letter) = match value.abs() {
        size if size >= 1e9 => (1e9, "G"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let digits = |step: f64| {
        let exact = |digits: &usize| {
            let shifted = step * 10_f64.powi(*digits as i32);
            (shifted - shifted.round()).abs() < 1e-6 * shifted.abs().max(1.0) && shifted >= 0.5
        };
        (0..8).find(exact).unwrap_or(8)
    };
    format!("{:.*}{letter}", digits(step / unit), value / unit)
}

/// The smallest of 1, 2 and 5 with zeros behind or before that is not below `step`.
fn round_step(step: f64, unit: Unit) -> f64 {
    let power = 10_f64.powi(step.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|leading| leading * power)
        .find(|round| *round >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    match unit {
        Unit::Whole => step.max(1.0),
        Unit::Plain | Unit::Percent => step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(values: [f64; 2], scale: Scale, unit: Unit) -> Vec<String> {
        let axis = Axis::around(values.into_iter(), scale, unit);
        axis.ticks.iter().map(|tick| axis.name(*tick)).collect()
    }

    #[test]
    fn round_values_are_named() {
        use {Scale::*, Unit::*};
        assert_eq!(
            names([0.02, 1.07], Linear, Plain),
            ["0.0", "0.5", "1.0", "1.5"]
        );
        assert_eq!(
            names([0.881, 0.9625], Linear, Percent),
            ["88%", "90%", "92%", "94%", "96%", "98%"]
        );
        assert_eq!(names([0.97, 1.0], Linear, Percent).last().unwrap(), "100%");
        assert_eq!(
            names([1.0, 10.0], Linear, Whole),
            ["2", "4", "6", "8", "10"]
        );
        assert_eq!(names([1.0, 1.0], Linear, Whole), ["0", "1", "2"]);
        assert_eq!(
            names([9e3, 120e3], Log, Plain),
            ["10k", "20k", "50k", "100k"]
        );
        assert_eq!(names([1.0, 1e6], Log, Plain).len(), 7);
    }

    #[test]
    fn names_that_would_touch_are_left_out() {
        let axis = Axis::around([40e3, 110e3].into_iter(), Scale::Log, Unit::Plain);
        let names = |axis: &Axis| -> Vec<String> {
            axis.ticks.iter().map(|tick| axis.name(*tick)).collect()
        };
        let all = "40k 50k 60k 70k 80k 90k 100k";
        assert_eq!(names(&axis).join(" "), all);
        assert_eq!(names(&axis.clone().spread_names(500.0)).join(" "), all);
        let few = axis.spread_names(50.0);
        assert_eq!(names(&few).join(" "), "40k 50k 60k 70k 100k");
    }

    #[test]
    fn every_value_has_a_place_on_its_axis() {
        let cases: [&[f64]; 5] = [&[], &[0.0], &[3.5], &[-2.0, 1e-7, 5.0], &[1.0, 1e9]];
        for values in cases {
            for (scale, unit) in [
                (Scale::Linear, Unit::Plain),
                (Scale::Linear, Unit::Percent),
                (Scale::Log, Unit::Plain),
            ] {
                let axis = Axis::around(values.iter().copied(), scale, unit);
                assert!((1..20).contains(&axis.ticks.len()), "{axis:?}");
                let fractions = unit == Unit::Percent;
                let has_place = |value: f64| match scale {
                    Scale::Linear => !fractions || (0.0..=1.0).contains(&value),
                    Scale::Log => value > 0.0,
                };
                for value in values.iter().copied().filter(|value| has_place(*value)) {
                    let place = axis.place(value).unwrap();
                    assert!((0.0..=1.0).contains(&place), "{value} on {axis:?}");
                }
            }
        }
    }
}
