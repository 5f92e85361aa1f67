//! The header is what the interface says.

mod header;
mod learning;
mod misuse;
