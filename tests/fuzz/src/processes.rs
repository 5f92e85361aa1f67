//! All targets, each in a process of its own, two at a time.

use crate::arguments::{FuzzArguments, SearchEnd};
use crate::search;
use crate::targets::Target;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, thread};

/// Searches at a time.
const AT_ONCE: usize = 2;

/// Searches the targets, tells of each when it is done, and says whether none failed.
pub fn run(arguments: &FuzzArguments) -> bool {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let told = Mutex::new(());
    let work = || {
        while let Some(target) = arguments.targets.get(next.fetch_add(1, Ordering::SeqCst)) {
            let (text, is_sound) = searched(target, arguments);
            let _told = told.lock();
            print!("{text}");
            failed.fetch_add(usize::from(!is_sound), Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    failed.into_inner() == 0
}

/// What the search of a target says.
fn searched(target: &Target, arguments: &FuzzArguments) -> (String, bool) {
    let output = match output(target, arguments) {
        Ok(output) => output,
        Err(error) => return (format!("{}: cannot start: {error}\n", target.name), false),
    };
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => (text, true),
        Some(1) => (text, false),
        // The system ended it, or its watch.
        _ => {
            let kept = search::keep(&search::folder(target));
            let errors = String::from_utf8_lossy(&output.stderr);
            let last = errors.lines().last().unwrap_or_default().escape_debug();
            text += &format!(
                "{}: {}, {last}; kept as {kept}\n",
                target.name, output.status
            );
            (text, false)
        }
    }
}

fn output(target: &Target, arguments: &FuzzArguments) -> io::Result<Output> {
    let (end, amount) = match arguments.end {
        SearchEnd::Time(time) => ("--seconds", time.as_secs()),
        SearchEnd::Inputs(inputs) => ("--inputs", inputs),
    };
    Command::new(std::env::current_exe()?)
        .args(["--only", target.name, "--seed", &arguments.seed.to_string()])
        .args([end, &amount.to_string()])
        .stdin(Stdio::null())
        .output()
}
