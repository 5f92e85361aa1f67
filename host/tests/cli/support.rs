//! A folder to work in, small datasets to put there, and the program to run on them.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use tempfile::TempDir;

/// What the folder of a finished run holds, where there were samples to evaluate on.
pub const RUN_FILES: [&str; 7] = [
    "config.toml",
    "confusion.svg",
    "curves.svg",
    "evaluation.json",
    "metrics.csv",
    "model.kiln",
    "report.html",
];

/// An empty folder that the program runs in, without network, cache or other data.
pub struct Workspace(TempDir);

impl Workspace {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Names of what is in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The program with these arguments, separated by spaces.
    pub fn kiln(&self, arguments: &str) -> Command {
        Command::from_std(self.program(arguments))
    }

    fn program(&self, arguments: &str) -> process::Command {
        let mut command = process::Command::new(assert_cmd::cargo::cargo_bin!("kiln"));
        command
            .current_dir(self.0.path())
            .env_remove("KILN_DATA")
            .env("KILN_CACHE", self.path("no-cache"))
            .args(arguments.split_whitespace());
        command
    }

    /// What comes of the program, and the most bytes that it had in memory. One that has ended before it was looked at
    /// more than as it began is run again.
    #[cfg(target_os = "linux")]
    pub fn measured(&self, arguments: &str) -> (process::Output, u64) {
        const BEGUN: u64 = 1 << 20;
        let mut runs = std::iter::repeat_with(|| self.measured_once(arguments)).take(5);
        let first = runs.next().unwrap();
        match first.1 >= BEGUN {
            true => first,
            false => runs.find(|(_, peak)| *peak >= BEGUN).unwrap_or(first),
        }
    }

    #[cfg(target_os = "linux")]
    fn measured_once(&self, arguments: &str) -> (process::Output, u64) {
        let mut command = self.program(arguments);
        command.stdout(process::Stdio::piped());
        command.stderr(process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        // Looked at so often that what is taken, and touched, is seen before it is given back.
        while child.try_wait().unwrap().is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kibibytes = line.and_then(|line| line.split_whitespace().next());
            let kibibytes: Option<u64> = kibibytes.map(|number| number.parse().unwrap());
            peak = kibibytes.map_or(peak, |kibibytes| kibibytes * 1024);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        (child.wait_with_output().unwrap(), peak)
    }

    /// What the program prints on a terminal, with these variables set.
    #[cfg(target_os = "linux")]
    pub fn on_terminal(&self, arguments: &str, variables: &[(&str, &str)]) -> String {
        use rustix::fs::{Mode, OFlags, open};
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        use std::io::Read;

        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let controller = openpt(flags).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let mut command = self.program(arguments);
        command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .envs(variables.iter().copied())
            .stdout(terminal);
        let mut child = command.spawn().unwrap();
        // Reading ends when nobody has the terminal open: the command still does.
        drop(command);
        let mut printed = Vec::new();
        // It ends with an error, as Linux has it.
        let _ = std::fs::File::from(controller).read_to_end(&mut printed);
        assert!(child.wait().unwrap().success());
        String::from_utf8(printed).unwrap()
    }

    /// What the program prints on standard output, after success and without a word of error.
    pub fn text(&self, arguments: &str) -> String {
        let output = self.kiln(arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && errors.is_empty(),
            "{arguments}: {errors}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one JSON object that the program prints on standard output with `--json`.
    pub fn json(&self, arguments: &str) -> Value {
        let output = self.kiln(arguments).arg("--json").output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Asserts that the program exits with 2 and one line of error that holds all of `words`.
    pub fn refuses(&self, arguments: &str, words: &[&str]) {
        refused(&mut self.kiln(arguments), words);
    }

    /// Writes `each` grey images of 12x12 for each class, named by its number, that differ in
    /// the row of a bright bar.
    pub fn images(&self, folder: &str, classes: u32, each: u32) {
        for class in 0..classes {
            for number in 0..each {
                let image = image::GrayImage::from_fn(12, 12, |x, y| {
                    let noise = (x * 7 + y * 13 + number * 31) % 23;
                    image::Luma([(noise + if y / 2 == class { 200 } else { 0 }) as u8])
                });
                let path = self.path(&format!("{folder}/class{class}/image {number}.png"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                image.save(path).unwrap();
            }
        }
    }
}

/// Asserts that a command exits with 2 and one line of error that holds all of `words`.
pub fn refused(command: &mut Command, words: &[&str]) {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{command:?}: {errors}");
    assert!(errors.starts_with("error: "), "{command:?}: {errors}");
    for word in words {
        assert!(
            errors.contains(word),
            "{command:?}: no {word:?} in {errors}"
        );
    }
}

/// An IDX file of unsigned bytes.
pub fn idx(extents: &[u32], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, extents.len() as u8];
    bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
    bytes.extend(content);
    bytes
}

/// Content of a file.
pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).unwrap()
}
