//! The report of a training run: a page of HTML that needs nothing else, and charts as files.
//!
//! A [`ReportedRun`] is what the files of a run folder say; the dataset is not needed again, since the
//! run's [`RunEvaluation`] keeps what was found on it. [`page`] and [`comparison`] make pages of one
//! run and of several, [`curves`] and [`confusion`] the charts. Whatever comes from outside
//! (names, paths, notes) is escaped where it enters the page.

mod charts;
mod comparison;
mod configuration;
mod document;
mod evaluation;
mod filters;
mod graph;
mod integers;
mod layers;
mod mistakes;
mod page;
mod picture;
mod run;

pub use charts::{chart_files, confusion, curves};
pub use comparison::comparison;
pub(crate) use document::{document, section};
pub use evaluation::{Evaluated, EvaluationScores, RunEvaluation, Samplings, ScoredPart};
pub use mistakes::Mistake;
pub use page::page;
pub use run::{EpochFigures, ReportedRun, RunError, RunFiles, RunPart, RunParts};
