//! Groups of arguments that several commands take.

pub mod machine;
pub mod source;
pub mod subject;
