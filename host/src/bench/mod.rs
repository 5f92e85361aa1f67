//! How fast networks are trained and evaluated, beside what the machine could do at most: in all
//! ([`measure`]), layer by layer ([`layers`]), and on an emulated board (`board`).
//!
//! What takes its time is the rest of the program as it is: the engine, a program's walk, a firmware.

#[cfg(feature = "device")]
pub mod board;
pub mod layers;
mod limit;
mod models;
mod networks;
mod speeds;
mod subject;

pub use models::BenchModel;
pub use networks::BenchNetwork;
pub use speeds::{BenchPlan, Limit, Measurement, Speed, SpeedReport, WidthLimit, measure};
