//! Points in a plane, such as accuracy over the number of parameters.

use super::Drawing;
use super::axis::{Axis, Scale, Unit};
use super::drawing::{number, shortened, visible};
use super::frame::{Frame, Legend, WIDTH};
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
    pub groups: Vec<Group<'a>>,
    /// The points; those without a place, such as 0 on a logarithmic axis, are left out.
    pub points: Vec<Point<'a>>,
}

/// A kind of points.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Its name in the legend; where it is empty, the group is not there.
    pub name: &'a str,
    /// Number of its colour.
    pub colour: usize,
    /// Whether its points are rings, as what is of less weight.
    pub hollow: bool,
    /// Whether a line joins its points, from left to right.
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

const LONGEST_LABEL: usize = 24;

impl Scatter<'_> {
    /// Draws it.
    pub fn draw(&self) -> Drawing {
        let mut legend = Legend::default();
        for group in self.groups.iter().filter(|group| !group.name.is_empty()) {
            legend.add(
                group.name,
                html! {
                    @if group.joined { path class=(group.line()) d="M-9 0H9" {} }
                    circle class=(group.mark()) r="4" {}
                },
            );
        }
        let frame = Frame {
            title: self.title,
            x_label: self.x_label,
            x: Axis::around(
                self.points.iter().map(|point| point.x),
                self.x_scale,
                self.x_unit,
            ),
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
            @for point in &self.points { (self.point(point, &frame)) }
        };
        Drawing::new(self.title, frame.size(), content)
    }

    fn point(&self, point: &Point<'_>, frame: &Frame<'_>) -> Markup {
        let place = frame.place(point.x, point.y);
        let (Some(group), Some([x, y])) = (self.groups.get(point.group), place) else {
            return html! {};
        };
        // On the side where there is room.
        let (side, anchor) = match x < 0.6 * WIDTH {
            true => (8.0, "start"),
            false => (-8.0, "end"),
        };
        html! {
            @if !point.label.is_empty() {
                text class="small halo" x=(number(x + side)) y=(number(y + 3.5)) text-anchor=(anchor) {
                    (shortened(point.label, LONGEST_LABEL))
                }
            }
            circle class=(group.mark()) cx=(number(x)) cy=(number(y)) r="4" {
                title { (visible(point.tooltip)) }
            }
        }
    }

    /// The line through a group's points.
    fn path(&self, group: usize, frame: &Frame<'_>) -> String {
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

impl Group<'_> {
    fn mark(&self) -> String {
        let fill = if self.hollow { "hollow" } else { "filled" };
        format!("mark {fill} {}", colour_class(self.colour))
    }

    fn line(&self) -> String {
        format!("line dashed {}", colour_class(self.colour))
    }
}
