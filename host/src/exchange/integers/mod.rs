//! Networks of integers, as other programs' files say them.

mod draft;
mod imported;
mod nodes;
mod note;
mod sums;
#[cfg(test)]
pub mod testing;

pub use draft::{AddedFault, DraftFault, Int8Node, IntegerDraft};
pub use imported::ImportedInt8;
pub use nodes::{IntegerNode, WriteFault, WriteIntegersError, WrittenIntegers, integer_nodes};
pub use note::{INTEGERS_KEY, IntegersNote};
pub use sums::SumCodes;
