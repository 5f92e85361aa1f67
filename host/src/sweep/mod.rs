//! Many trainings of one dataset: which, how many at once, and what they came to.
//!
//! A [`mod@file`] says what varies; [`combine`] makes the combinations, [`template`] their networks,
//! and [`plan`] the runs, all checked before anything trains. [`schedule`] runs as many at once as
//! a number and a memory allow. What is known of a sweep is in its [`folder`] at any time: the plan
//! in a file of its own, and each run in its own folder. [`result`], [`table`] and [`chart`] tell
//! what came of it.

pub mod chart;
pub mod combine;
pub mod file;
pub mod folder;
pub mod plan;
pub mod result;
pub mod schedule;
pub mod table;
pub mod template;
pub mod value;
