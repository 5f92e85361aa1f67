//! Helpers shared by the tests that cross rooms.

pub mod coverage;
pub mod dependencies;
pub mod fast;
pub mod reference;
pub mod values;
