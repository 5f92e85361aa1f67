//! What stands beside points, so that every label can be read.

use super::drawing::{number, shortened};
use super::frame::WIDTH;
use maud::{Markup, html};

/// A label.
#[derive(Clone, Debug)]
pub(super) struct Label {
    text: String,
    /// The middle of its line, where it begins or ends.
    at: [f64; 2],
    /// Whether it is on the point's right side, and begins there.
    right: bool,
}

/// Longest label of a point, and of several.
const LONGEST: usize = 24;
const LONGEST_TOGETHER: usize = 48;
/// Points as near as this have one label.
const NEAR: f64 = 8.0;
/// From a point to its label.
const SIDE: f64 = 10.0;
/// About the width of a letter, and the height of a line.
const LETTER: f64 = 5.4;
const LINE: f64 = 11.0;
/// How far a label is moved to be clear of others: below, above, and farther.
const MOVES: [f64; 5] = [0.0, LINE, -LINE, 2.0 * LINE, -2.0 * LINE];

/// The labels of points at these places: those at about one place joined, and moved where one
/// would lie over another.
pub(super) fn labels(points: &[(&str, [f64; 2])]) -> Vec<Label> {
    let mut groups: Vec<(Vec<String>, [f64; 2])> = Vec::new();
    for (label, [x, y]) in points {
        let label = shortened(label, LONGEST);
        let near = |at: &[f64; 2]| (at[0] - x).abs() < NEAR && (at[1] - y).abs() < NEAR;
        match groups.iter_mut().find(|(_, at)| near(at)) {
            Some((names, _)) => names.push(label),
            None => groups.push((vec![label], [*x, *y])),
        }
    }
    let mut placed: Vec<Label> = Vec::new();
    for (names, at) in groups {
        let label = Label::beside(shortened(&names.join(", "), LONGEST_TOGETHER), at);
        let moved = MOVES.iter().map(|by| label.moved(*by));
        let clear = moved
            .into_iter()
            .find(|label| !placed.iter().any(|other| label.overlaps(other)));
        placed.push(clear.unwrap_or(label));
    }
    placed
}

impl Label {
    /// On the side where there is room.
    fn beside(text: String, [x, y]: [f64; 2]) -> Self {
        let right = x < 0.6 * WIDTH;
        let x = if right { x + SIDE } else { x - SIDE };
        let at = [x, y];
        Self { text, at, right }
    }

    fn moved(&self, by: f64) -> Self {
        Self {
            at: [self.at[0], self.at[1] + by],
            ..self.clone()
        }
    }

    fn ends(&self) -> [f64; 2] {
        let width = LETTER * self.text.chars().count() as f64;
        match self.right {
            true => [self.at[0], self.at[0] + width],
            false => [self.at[0] - width, self.at[0]],
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let [[left, right], [other_left, other_right]] = [self.ends(), other.ends()];
        left < other_right && other_left < right && (self.at[1] - other.at[1]).abs() < LINE
    }

    pub fn draw(&self) -> Markup {
        let [x, y] = self.at;
        html! {
            text class="small halo" x=(number(x)) y=(number(y + 3.5))
                text-anchor=(if self.right { "start" } else { "end" }) { (self.text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_lie_over_one_another() {
        let points = [
            ("one", [100.0, 100.0]),
            ("two", [102.0, 101.0]),
            ("three", [120.0, 104.0]),
            ("four", [400.0, 100.0]),
        ];
        let labels = labels(&points);
        let texts: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(texts, ["one, two", "three", "four"]);
        assert!(!labels[1].overlaps(&labels[0]), "{labels:?}");
        assert_eq!(labels[1].at, [130.0, 104.0 + LINE]);
        assert_eq!(labels[2].ends()[1], 390.0);
    }
}
