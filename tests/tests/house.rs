//! Rules of the house that the compiler does not hold.

mod house {
    pub mod dependencies;
    pub mod files;
    pub mod imports;
    pub mod names;
    pub mod sources;
    pub mod systems;
    pub mod targets;
}
