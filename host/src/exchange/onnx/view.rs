//! How a graph's axes lie over a value's channels, rows and columns.
//!
//! A value is kept as channels x rows x columns, whatever a graph says. What its Reshape, Transpose,
//! Squeeze and Flatten do is only another view of these: each axis is made of none, one or several parts.

use super::error::Fault;
use super::held::Held;

/// What an axis may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisPart {
    Batch,
    Channels,
    Rows,
    Columns,
}

/// Most axes of a value.
const MAX_AXES: usize = 8;
/// Number of kinds of parts.
const PARTS: usize = 4;

/// The parts of one axis, the slowest first; behind the last is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct GraphAxis([Option<AxisPart>; PARTS]);

/// The axes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxesView {
    axes: [GraphAxis; MAX_AXES],
    rank: usize,
}

impl GraphAxis {
    const fn one(part: AxisPart) -> Self {
        Self([Some(part), None, None, None])
    }

    fn parts(&self) -> impl DoubleEndedIterator<Item = AxisPart> + '_ {
        self.0.iter().copied().flatten()
    }

    fn of(parts: impl IntoIterator<Item = AxisPart>) -> Self {
        let mut axis = Self::default();
        for (place, part) in axis.0.iter_mut().zip(parts) {
            *place = Some(part);
        }
        axis
    }
}

impl AxesView {
    /// N x channels x rows x columns.
    pub const MAPS: Self = Self::single([
        AxisPart::Batch,
        AxisPart::Channels,
        AxisPart::Rows,
        AxisPart::Columns,
    ]);
    /// N x rows x columns x channels.
    pub const CHANNELS_LAST: Self = Self::single([
        AxisPart::Batch,
        AxisPart::Rows,
        AxisPart::Columns,
        AxisPart::Channels,
    ]);

    /// N x rows x columns, of one channel.
    pub const PLANES: Self = Self {
        rank: 3,
        ..Self::CHANNELS_LAST
    };

    /// N x values, in the order that they are kept in.
    pub const ROW: Self = {
        let mut row = Self::MAPS;
        row.axes[1] = GraphAxis([
            Some(AxisPart::Channels),
            Some(AxisPart::Rows),
            Some(AxisPart::Columns),
            None,
        ]);
        row.rank = 2;
        row
    };

    const fn single([first, second, third, fourth]: [AxisPart; 4]) -> Self {
        let empty = GraphAxis([None; PARTS]);
        let mut axes = [empty; MAX_AXES];
        axes[0] = GraphAxis::one(first);
        axes[1] = GraphAxis::one(second);
        axes[2] = GraphAxis::one(third);
        axes[3] = GraphAxis::one(fourth);
        Self { axes, rank: 4 }
    }

    /// Number of axes.
    pub const fn rank(&self) -> usize {
        self.rank
    }

    fn axes(&self) -> &[GraphAxis] {
        &self.axes[..self.rank]
    }

    /// The parts of an axis.
    pub fn parts(&self, axis: usize) -> impl Iterator<Item = AxisPart> + '_ {
        self.axes[axis].parts()
    }

    fn with(axes: impl IntoIterator<Item = GraphAxis>) -> Option<Self> {
        let mut view = Self {
            axes: [GraphAxis::default(); MAX_AXES],
            rank: 0,
        };
        for axis in axes {
            *view.axes.get_mut(view.rank)? = axis;
            view.rank += 1;
        }
        Some(view)
    }

    /// The axes in another order.
    pub fn transposed(&self, order: &[i64]) -> Option<Self> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if sorted != (0..self.rank as i64).collect::<Vec<_>>() {
            return None;
        }
        Self::with(order.iter().map(|&axis| self.axes[axis as usize]))
    }

    /// Without these axes, or with nothing in them.
    pub fn reduced(&self, axes: &[i64], keeps: bool) -> Self {
        let all = self.axes().iter().enumerate();
        let left = all.filter_map(|(place, axis)| {
            let is_reduced = axes.contains(&(place as i64));
            match (is_reduced, keeps) {
                (true, true) => Some(GraphAxis::default()),
                (true, false) => None,
                (false, _) => Some(*axis),
            }
        });
        Self::with(left).unwrap_or(*self)
    }

    /// With axes of one value at these sorted places.
    pub fn unsqueezed(&self, places: &[i64]) -> Option<Self> {
        let mut axes = self.axes().to_vec();
        for &place in places {
            let place = usize::try_from(place).ok()?;
            if place > axes.len() || axes.len() == MAX_AXES {
                return None;
            }
            axes.insert(place, GraphAxis::default());
        }
        Self::with(axes)
    }

    /// With other channels as the last axis, and none elsewhere.
    pub fn with_channels_last(&self) -> Self {
        let mut view = *self;
        for axis in &mut view.axes {
            *axis = GraphAxis::of(axis.parts().filter(|part| *part != AxisPart::Channels));
        }
        if let Some(last) = view.rank.checked_sub(1) {
            view.axes[last] = GraphAxis::one(AxisPart::Channels);
        }
        view
    }
}

/// Gives an axis of one value beside the rows, or the columns, of maps the other part's name, if no axis
/// has it: there zeros may be added.
fn name_short_sides(axes: &mut [GraphAxis]) {
    let has = |axes: &[GraphAxis], part| axes.iter().any(|axis| axis.parts().any(|it| it == part));
    let [rows, columns] = [AxisPart::Rows, AxisPart::Columns];
    for place in 1..axes.len() {
        let pair = [axes[place - 1], axes[place]];
        let empty = GraphAxis::default();
        if pair == [empty, GraphAxis::one(columns)] && !has(axes, rows) {
            axes[place - 1] = GraphAxis::one(rows);
        } else if pair == [GraphAxis::one(rows), empty] && !has(axes, columns) {
            axes[place] = GraphAxis::one(columns);
        }
    }
}

impl Held {
    /// Length of a part, zeros around included; `None` for the batch.
    pub fn length(&self, part: AxisPart) -> Option<u32> {
        let [rows, columns] = self.padded();
        match part {
            AxisPart::Batch => None,
            AxisPart::Channels => Some(self.shape.channels),
            AxisPart::Rows => Some(rows),
            AxisPart::Columns => Some(columns),
        }
    }

    /// The parts of an axis that are longer than one.
    pub fn long_parts(&self, axis: usize) -> Vec<AxisPart> {
        let parts = self.view.parts(axis);
        parts.filter(|part| self.length(*part) != Some(1)).collect()
    }

    /// The long parts of all axes, in order.
    fn all_long_parts(&self) -> Vec<Vec<AxisPart>> {
        (0..self.view.rank())
            .map(|axis| self.long_parts(axis))
            .collect()
    }

    /// Values along an axis; `None` where the batch is part of it.
    pub fn axis_length(&self, axis: usize) -> Option<usize> {
        let lengths = self.view.parts(axis).map(|part| self.length(part));
        lengths
            .map(|length| length.map(|it| it as usize))
            .try_fold(1_usize, |product, length| product.checked_mul(length?))
    }

    /// Whether an axis has several parts that are longer than one.
    pub fn has_joined_axes(&self) -> bool {
        self.all_long_parts().iter().any(|parts| parts.len() > 1)
    }

    /// Whether the axes are these, but for parts of one value.
    pub fn lies_as(&self, view: &AxesView) -> bool {
        let other = Self {
            view: *view,
            ..*self
        };
        self.all_long_parts() == other.all_long_parts()
    }

    /// Whether each image's values come in the order that they are kept in.
    pub fn is_in_order(&self) -> bool {
        let parts: Vec<AxisPart> = self.all_long_parts().concat();
        let order = [
            AxisPart::Batch,
            AxisPart::Channels,
            AxisPart::Rows,
            AxisPart::Columns,
        ];
        let places = parts
            .iter()
            .map(|part| order.iter().position(|it| it == part));
        places.is_sorted()
    }

    /// Steps along channels, rows and columns within one axis; 0 of what is no part of it.
    pub fn steps(&self, axis: usize) -> [usize; 3] {
        let mut steps = [0; 3];
        let mut step = 1;
        let parts: Vec<AxisPart> = self.view.parts(axis).collect();
        for part in parts.into_iter().rev() {
            let place = match part {
                AxisPart::Batch => continue,
                AxisPart::Channels => 0,
                AxisPart::Rows => 1,
                AxisPart::Columns => 2,
            };
            steps[place] = step;
            step *= self.length(part).unwrap_or(1) as usize;
        }
        steps
    }

    /// The axes in words.
    pub fn lie(&self) -> String {
        let name = |part: &AxisPart| match part {
            AxisPart::Batch => "N",
            AxisPart::Channels => "channels",
            AxisPart::Rows => "rows",
            AxisPart::Columns => "columns",
        };
        let axes = self.all_long_parts().into_iter().map(|parts| {
            let names: Vec<&str> = parts.iter().map(name).collect();
            match names.as_slice() {
                [] => "1".into(),
                names => names.join("*"),
            }
        });
        axes.collect::<Vec<String>>().join(" x ")
    }

    /// The value with axes of these lengths, of which the first is the batch's unless it was taken out.
    pub fn regrouped(&self, lengths: &[i64], has_batch: bool) -> Option<Self> {
        let mut parts = self.all_long_parts().concat().into_iter().peekable();
        let mut axes = Vec::new();
        let mut lengths = lengths.iter();
        if parts.next_if_eq(&AxisPart::Batch).is_some() && has_batch {
            lengths.next()?;
            axes.push(GraphAxis::one(AxisPart::Batch));
        }
        for &length in lengths {
            let (mut own, mut product) = (Vec::new(), 1_i64);
            while product != length {
                let part = parts.next()?;
                own.push(part);
                product = product.checked_mul(self.length(part)?.into())?;
                if length % product != 0 {
                    return None;
                }
            }
            axes.push(GraphAxis::of(own));
        }
        name_short_sides(&mut axes);
        match parts.next() {
            None => Some(Self {
                view: AxesView::with(axes)?,
                ..*self
            }),
            Some(_) => None,
        }
    }

    /// Refuses anything but N x channels x rows x columns.
    pub fn maps(&self) -> Result<(), Fault> {
        if self.lies_as(&AxesView::MAPS) {
            return Ok(());
        }
        match self.is_row() {
            true => Err(Fault::Row {
                found: self.shape.elements(),
            }),
            false => Err(Fault::Lies { found: self.lie() }),
        }
    }

    /// Whether it is a row of values in the order that they are kept in.
    pub fn is_row(&self) -> bool {
        self.lies_as(&AxesView::ROW)
    }

    /// Refuses anything but such a row.
    pub fn row(&self) -> Result<(), Fault> {
        match self.is_row() {
            true => Ok(()),
            false if self.lies_as(&AxesView::MAPS) => Err(Fault::Maps {
                found: self.shape.to_string(),
            }),
            false => Err(Fault::Lies { found: self.lie() }),
        }
    }
}
