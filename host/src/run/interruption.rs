//! Ctrl-C and the signals that mean the same.

use crate::signals;
use std::ops::ControlFlow;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What a shell says of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// Whether someone wants the run to end, or its time is up.
#[derive(Clone, Debug)]
pub struct Interruption {
    asked: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Interruption {
    /// From now on Ctrl-C, SIGTERM and SIGHUP ask for an end, and end the program the second time; but
    /// for those that were ignored when the program began.
    pub fn watch() -> Self {
        let wanted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&wanted);
        let watched = signals::watch(move || {
            if flag.swap(true, Ordering::Relaxed) {
                process::exit(INTERRUPTED.into());
            }
        });
        // Without it an interruption costs the running epoch, as a crash does.
        drop(watched);
        Self {
            asked: wanted,
            deadline: None,
        }
    }

    /// Ends the run at `deadline`, too.
    pub fn until(self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self }
    }

    /// Asks for an end.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked for an end, be the time up or not.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether an end is wanted.
    pub fn wanted(&self) -> bool {
        self.asked()
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Breaks where an end is wanted.
    pub fn check(&self) -> ControlFlow<()> {
        if self.wanted() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
