//! The only room with `unsafe` code.

pub(crate) mod bytes;
