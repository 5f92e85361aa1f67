//! Rules of the house that the compiler does not hold.

mod house {
    pub mod imports;
    pub mod names;
    pub mod sources;
}
