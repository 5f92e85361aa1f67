//! The header is what the interface says.

mod header;
mod misuse;
