//! How a graph's axes lie over a value's channels, rows and columns.
//!
//! A value is kept as channels x rows x columns, whatever a graph says. What its Reshape, Transpose,
//! Squeeze and Flatten do is only another view of these: each axis is made of none, one or several parts.

mod lying;

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
