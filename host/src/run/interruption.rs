//! Ctrl-C and the signals that mean the same.

use crate::folder_lock::FolderLock;
use crate::platform;
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
    begun: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Interruption {
    /// From now on Ctrl-C, SIGTERM and SIGHUP end the program at once, without a trace where nothing was
    /// written yet; but for those that were ignored when the program began.
    pub fn watch() -> Self {
        let new = Self {
            begun: Arc::default(),
            asked: Arc::default(),
            deadline: None,
        };
        let Self { begun, asked, .. } = new.clone();
        let watched = platform::watch_end(move || {
            if !begun.load(Ordering::Relaxed) || asked.swap(true, Ordering::Relaxed) {
                FolderLock::release_all();
                process::exit(INTERRUPTED.into());
            }
        });
        // Without it an interruption costs the running epoch, as a crash does.
        drop(watched);
        new
    }

    /// From now on they ask for an end, which saves what is done, and end the program the second time.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
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
