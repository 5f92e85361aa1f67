//! Points in a plane, such as accuracy over the number of parameters.

use super::Drawing;
use super::axis::{Axis, Scale, Unit};
use super::drawing::{number, visible};
use super::frame::{ChartFrame, LETTERS, Legend};
use super::labels::labels;
use super::style::colour_class;
use maud::{Markup, html};

/// Points in a plane.
#[derive(Clone, Debug)]
pub struct Scatter<'a> {
    /// What the points show.
    pub title: &'a str,
    /// What the horizontal axis is.
    pub x_label: &'a str,
    /// How the horizontal axis is spread.
    pub x_scale: Scale,
    /// What the horizontal values are.
    pub x_unit: Unit,
    /// What the vertical values are.
    pub y_unit: Unit,
    /// What points there are, each kind with a name in the legend.
    pub groups: Vec<PointGroup<'a>>,
    /// The points; those without a place, such as 0 on a logarithmic axis, are left out.
    pub points: Vec<Point<'a>>,
}

/// A kind of points.
#[derive(Clone, Debug)]
pub struct PointGroup<'a> {
    /// Its name in the legend; where it is empty, the group is not there.
    pub name: &'a str,
    /// Number of its colour.
    pub colour: usize,
    /// Whether its points are rings, as what is of less weight.
    pub hollow: bool,
    /// Whether a line joins its points, from left to right; these are rings that leave room for
    /// a point of another group in them.
    pub joined: bool,
}

/// A point.
#[derive(Clone, Debug)]
pub struct Point<'a> {
    /// Along the horizontal axis.
    pub x: f64,
    /// Along the vertical axis.
    pub y: f64,
    /// Index of its group; an index that is none leaves the point out.
    pub group: usize,
    /// What stands beside it; nothing if empty.
    pub label: &'a str,
    /// What it tells where the pointer rests on it.
    pub tooltip: &'a str,
}

/// Radius of a point.
const POINT: f64 = 4.0;
/// Radius of the ring around a point that a line joins to others.
const RING: f64 = 7.0;

impl Scatter<'_> {
    /// Draws it.
    pub fn draw(&self) -> Drawing {
        let mut legend = Legend::default();
        for group in self.groups.iter().filter(|group| !group.name.is_empty()) {
            legend.add(
                group.name,
                html! {
                    @if group.joined { path class=(group.line()) d="M-9 0H9" {} }
                    circle class=(group.mark()) r=(number(group.radius())) {}
                },
            );
        }
        let frame = ChartFrame {
            title: self.title,
            x_label: self.x_label,
            x: Axis::around(
                self.points.iter().map(|point| point.x),
                self.x_scale,
                self.x_unit,
            )
            .spread_names(LETTERS),
            y: Axis::around(
                self.points.iter().map(|point| point.y),
                Scale::Linear,
                self.y_unit,
            ),
            legend,
        };
        let content = html! {
            (frame.draw())
            @for (index, group) in self.groups.iter().enumerate() {
                @if group.joined { path class=(group.line()) d=(self.path(index, &frame)) {} }
            }
            @for label in labels(&self.labelled(&frame)) { (label.draw()) }
            @for point in &self.points { (self.point(point, &frame)) }
        };
        Drawing::new(self.title, frame.size(), content)
    }

    fn point(&self, point: &Point<'_>, frame: &ChartFrame<'_>) -> Markup {
        let place = frame.place(point.x, point.y);
        let (Some(group), Some([x, y])) = (self.groups.get(point.group), place) else {
            return html! {};
        };
        html! {
            circle class=(group.mark()) cx=(number(x)) cy=(number(y)) r=(number(group.radius())) {
                title { (visible(point.tooltip)) }
            }
        }
    }

    /// The labels there are, with the places of their points.
    fn labelled(&self, frame: &ChartFrame<'_>) -> Vec<(&str, [f64; 2])> {
        let labelled = self.points.iter().filter(|point| !point.label.is_empty());
        let known = labelled.filter(|point| point.group < self.groups.len());
        known
            .filter_map(|point| Some((point.label, frame.place(point.x, point.y)?)))
            .collect()
    }

    /// The line through a group's points.
    fn path(&self, group: usize, frame: &ChartFrame<'_>) -> String {
        let points = self.points.iter().filter(|point| point.group == group);
        let mut places: Vec<_> = points
            .filter_map(|point| frame.place(point.x, point.y))
            .collect();
        places.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let places = places
            .iter()
            .map(|[x, y]| format!("{} {}", number(*x), number(*y)));
        match places.collect::<Vec<_>>() {
            places if places.is_empty() => String::new(),
            places => format!("M{}", places.join("L")),
        }
    }
}

impl PointGroup<'_> {
    fn radius(&self) -> f64 {
        if self.joined { RING } else { POINT }
    }

    fn mark(&self) -> String {
        let fill = match (self.joined, self.hollow) {
            (true, _) => "ring",
            (false, true) => "hollow",
            (false, false) => "filled",
        };
        format!("mark {fill} {}", colour_class(self.colour))
    }

    fn line(&self) -> String {
        format!("line dashed {}", colour_class(self.colour))
    }
}
