//! How a product is added to a sum.

use super::{LaneWidth, vectors};

/// The rounding of a product and its sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The product is rounded, then the sum: defined on every machine, and what models are
    /// evaluated in.
    #[default]
    Separate,
    /// One rounding for both, in the same order: faster where the processor gains by it, and the same at every width
    /// that has the instruction.
    Fused,
}

impl Arithmetic {
    /// Whether this processor, under this operating system, has packets of this width for it.
    pub fn is_available_at(self, width: LaneWidth) -> bool {
        match (self, width) {
            (Self::Separate, LaneWidth::X1) => true,
            _ => vectors::has(width, self),
        }
    }

    /// The widths that this processor has for it, narrowest first; for the fused one there may be
    /// none.
    pub fn widths(self) -> impl DoubleEndedIterator<Item = LaneWidth> {
        let widths = LaneWidth::ALL.into_iter();
        widths.filter(move |width| self.is_available_at(*width))
    }
}
