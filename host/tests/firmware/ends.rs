//! However the program ends, QEMU ends.
#![cfg(target_os = "linux")]

use super::support::{asset, firmware};
use host::boards::BOARDS;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process may take to start or to end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a QEMU runs this program.
fn is_emulated(program: &Path) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
        .any(|line| {
            let mut arguments = line.split('\0');
            let is_qemu = arguments
                .next()
                .is_some_and(|name| name.contains("qemu-system"));
            is_qemu && arguments.any(|argument| OsStr::new(argument) == program)
        })
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Starts the program, which leaves signals ignored that whoever runs the tests has ignored.
fn start(arguments: &[&OsStr]) -> Child {
    Command::new("env")
        .args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_kiln")])
        .args(arguments)
        .env_remove("KILN_DATA")
        .env("KILN_CACHE", "no-cache")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn no_signal_leaves_an_emulator_behind() {
    let Some(firmware) = firmware(BOARDS[0], "serve") else {
        return;
    };
    let (program, weights) = (firmware.path(), asset("digits.kiln"));
    // Neither ends by itself within the time of the test: the first waits for bytes that never
    // come, the second has 1,000 images to go.
    let emulate = ["emulate".as_ref(), program.as_os_str()];
    let mut evaluate: Vec<&OsStr> = "device evaluate --dataset mnist --offline --weights"
        .split(' ')
        .map(OsStr::new)
        .collect();
    evaluate.extend([
        weights.as_os_str(),
        "--firmware".as_ref(),
        program.as_os_str(),
    ]);
    for arguments in [&emulate[..], &evaluate] {
        for (signal, code) in [
            (Signal::KILL, None),
            (Signal::TERM, Some(130)),
            (Signal::INT, Some(130)),
        ] {
            let mut kiln = start(arguments);
            wait_until("QEMU starts", || is_emulated(program));
            // It answers Ctrl-C a moment after it has started QEMU.
            thread::sleep(Duration::from_millis(300));
            let id = Pid::from_raw(kiln.id() as i32).unwrap();
            kill_process(id, signal).unwrap();
            let status = kiln.wait().unwrap();
            assert_eq!(status.code(), code, "{arguments:?}, {signal:?}");
            wait_until("QEMU ends", || !is_emulated(program));
        }
    }
}
