//! Lines over a common axis, such as a loss over epochs.

use super::Drawing;
use super::axis::{Axis, Scale, Unit};
use super::drawing::{number, visible};
use super::frame::{ChartFrame, Legend};
use super::style::colour_class;
use maud::{Markup, html};

/// Several lines in one plane.
#[derive(Clone, Debug)]
pub struct LineChart<'a> {
    /// What the lines show.
    pub title: &'a str,
    /// What the horizontal axis counts; its values are whole.
    pub x_label: &'a str,
    /// What the values are.
    pub unit: Unit,
    /// The lines.
    pub lines: Vec<Line<'a>>,
}

/// A line.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its points, from left to right; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Number of its colour.
    pub colour: usize,
    /// Whether it is dashed and thin, as what is of less weight.
    pub dashed: bool,
}

/// Beyond as many points a line, they are too close to be pointed at one by one.
const MOST_TARGETS: usize = 200;

impl LineChart<'_> {
    /// Draws it.
    pub fn draw(&self) -> Drawing {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let mut legend = Legend::default();
        for line in &self.lines {
            legend.add(
                line.name,
                html! { path class=(line.class()) d="M-9 0H9" {} },
            );
        }
        let frame = ChartFrame {
            title: self.title,
            x_label: self.x_label,
            x: Axis::around(points().map(|point| point.0), Scale::Linear, Unit::Whole),
            y: Axis::around(points().map(|point| point.1), Scale::Linear, self.unit),
            legend,
        };
        let content = html! {
            (frame.draw())
            @for line in &self.lines { (self.line(line, &frame)) }
        };
        Drawing::new(self.title, frame.size(), content)
    }

    fn line(&self, line: &Line<'_>, frame: &ChartFrame<'_>) -> Markup {
        let places: Vec<_> = line
            .points
            .iter()
            .filter_map(|&(x, y)| Some((x, y, frame.place(x, y)?)))
            .collect();
        let mut path = String::new();
        for (index, (.., [x, y])) in places.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            path += &format!("{command}{} {}", number(*x), number(*y));
        }
        let targets = if places.len() > MOST_TARGETS {
            &[]
        } else {
            places.as_slice()
        };
        html! {
            @if let [(.., [x, y])] = places.as_slice() {
                circle class=(format!("filled {}", colour_class(line.colour)))
                    cx=(number(*x)) cy=(number(*y)) r="3" {}
            } @else {
                path class=(line.class()) d=(path) {}
            }
            @for (x, y, [left, top]) in targets {
                circle class="target" cx=(number(*left)) cy=(number(*top)) r="5" {
                    title { (self.x_label) " " (x) ", " (visible(line.name)) ": " (self.value(*y)) }
                }
            }
        }
    }

    fn value(&self, value: f64) -> String {
        match self.unit {
            Unit::Percent => format!("{:.2}%", 100.0 * value),
            Unit::Plain => format!("{value:.4}"),
            Unit::Whole => value.to_string(),
        }
    }
}

impl Line<'_> {
    fn class(&self) -> String {
        let dashed = if self.dashed { " dashed" } else { "" };
        format!("line {}{dashed}", colour_class(self.colour))
    }
}
