use crate::support::{RUN_FILES, Workspace, read};
use host::run::checkpoint::Checkpoint;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

const UNFINISHED: [&str; 1] = ["checkpoint.kiln-run"];
const RUN: &str = "train bars --epochs 150 --batch 2 --lr 0.01 --out run";

/// A run that goes on while the test looks at what it prints.
pub struct Running {
    child: Child,
    /// What it printed so far.
    lines: Box<dyn Iterator<Item = String>>,
}

/// How a run ended, and what it said on standard error.
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub errors: String,
}

impl Running {
    pub fn start(workspace: &Workspace, arguments: &str) -> Self {
        Self::start_by(workspace, &[], arguments)
    }

    /// Starts it by `env` with these arguments.
    pub fn start_by(workspace: &Workspace, env: &[&str], arguments: &str) -> Self {
        let kiln = workspace.kiln("");
        // Signals that whoever runs the tests ignores would be ignored by the program, too.
        let mut command = Command::new("env");
        #[cfg(target_os = "linux")]
        command.arg("--default-signal=HUP,INT,TERM");
        let mut child = command
            .args(env)
            .arg(kiln.get_program())
            .args(arguments.split_whitespace())
            .current_dir(workspace.path("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines = Box::new(stdout.lines().map(Result::unwrap));
        Self { child, lines }
    }

    /// Waits for the row of an epoch; the head of the table is that of epoch 0.
    fn until(&mut self, epoch: u32) {
        let number = if epoch == 0 {
            "epoch".into()
        } else {
            epoch.to_string()
        };
        self.until_word(&number);
    }

    /// Waits for a line that begins with `word`.
    pub fn until_word(&mut self, word: &str) {
        let begins = |line: String| line.split_whitespace().next() == Some(word);
        assert!(self.lines.by_ref().any(begins), "no line of {word}");
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, script: &str) {
        let script = script.replace("PID", &self.child.id().to_string());
        let status = Command::new("sh").args(["-c", &script]).status();
        assert!(status.unwrap().success(), "{script}");
    }

    pub fn end(mut self) -> Ended {
        let mut errors = String::new();
        self.lines.by_ref().for_each(drop);
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        let status = self.child.wait().unwrap();
        Ended {
            code: status.code(),
            signal: status.signal(),
            errors,
        }
    }
}

fn bars() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 40);
    workspace
}

/// Starts the run, ends it after an epoch, and gives the state it left.
fn interrupt(workspace: &Workspace, arguments: &str, epoch: u32, signal: &str) -> Checkpoint {
    let mut running = Running::start(workspace, arguments);
    running.until(epoch);
    running.signal(&format!("kill -{signal} PID"));
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    assert_eq!(ended.errors.lines().count(), 1, "{}", ended.errors);
    let expected = "go on with: kiln train --resume run\n";
    assert!(ended.errors.ends_with(expected), "{}", ended.errors);
    assert_eq!(workspace.names("run"), UNFINISHED);
    Checkpoint::read(&workspace.path("run/checkpoint.kiln-run")).unwrap()
}

/// The report but for times, what tells of the machine, and the folder's whole path.
fn bits(report: &Value) -> Value {
    let mut report = report.clone();
    let times = [
        "seconds",
        "samples_per_second",
        "load_seconds",
        "threads",
        "lanes",
        "source",
    ];
    let remove = |value: &mut Value| {
        let object = value.as_object_mut().unwrap();
        times.iter().for_each(|name| drop(object.remove(*name)));
    };
    remove(&mut report);
    report["epochs"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(remove);
    report
}

#[test]
fn a_run_stopped_again_and_again_reaches_the_same_bits() {
    let workspace = bars();
    let whole = workspace.json(RUN);
    let model = read(workspace.path("run/model.kiln"));
    fs::remove_dir_all(workspace.path("run")).unwrap();

    let mut stops = vec![
        interrupt(&workspace, RUN, 0, "INT"),
        interrupt(&workspace, "train --resume run", 20, "TERM"),
        interrupt(&workspace, "train --resume run --threads 1", 40, "INT"),
    ];
    // Such short epochs are over before a signal comes, more often than not on a busy machine.
    let done = |stops: &[Checkpoint]| stops[stops.len() - 1].position.epochs;
    while stops.iter().all(|stop| stop.position.steps == 0) {
        let next = done(&stops) + 1;
        assert!(next < 140, "none was stopped within an epoch");
        stops.push(interrupt(&workspace, "train --resume run", next, "INT"));
    }
    let done = done(&stops);

    let mut running = Running::start(&workspace, "train --resume run --lanes 1");
    running.until(done + 2);
    running.signal("kill -KILL PID");
    assert_eq!(running.end().signal, Some(9));
    let left = Checkpoint::read(&workspace.path("run/checkpoint.kiln-run")).unwrap();
    assert!(left.position.epochs > done, "{:?}", left.position);
    // As a crash in the middle of writing leaves it.
    workspace.write("run/.kiln-stale", "half");

    let resumed = workspace.json("train --resume run");
    assert_eq!(resumed["weights_sha256"], whole["weights_sha256"]);
    assert!(bits(&resumed) == bits(&whole), "{resumed}, not {whole}");
    assert_eq!(workspace.names("run"), RUN_FILES);
    assert_eq!(read(workspace.path("run/model.kiln")), model);
    let metrics = String::from_utf8(read(workspace.path("run/metrics.csv"))).unwrap();
    assert_eq!(metrics.lines().count(), 151);
    workspace.refuses(
        "train --resume run",
        &["--resume run", "the run is finished"],
    );
}

#[test]
fn a_second_interruption_ends_at_once() {
    let workspace = Workspace::new();
    // One step that takes long.
    let mut running = Running::start(
        &workspace,
        "train mnist --offline --batch 3600 --threads 1 --lanes 1 --out run",
    );
    running.until(0);
    running.signal("sleep 0.05; kill -INT PID; sleep 0.05; kill -INT PID");
    let ended = running.end();
    assert_eq!((ended.code, &*ended.errors), (Some(130), ""));
    assert!(workspace.names(".").is_empty());
}

#[test]
fn an_unfinished_run_is_neither_overwritten_nor_changed_on_the_way() {
    let workspace = bars();
    interrupt(&workspace, RUN, 1, "INT");
    workspace.refuses(
        "train bars --out run",
        &[
            "--out run",
            "unfinished run",
            "`kiln train --resume run`",
            "another folder",
        ],
    );
    workspace.refuses(
        "train bars --resume run",
        &["--resume <RUN>", "cannot be used with"],
    );
    workspace.refuses(
        "train --resume run --out other",
        &["--resume <RUN>", "--out"],
    );
    workspace.refuses(
        "train --resume run --config a.toml",
        &["--resume <RUN>", "--config"],
    );
    workspace.refuses(
        "train --resume run --model a.toml",
        &["--resume <RUN>", "--model"],
    );
    workspace.refuses(
        "train --resume run --lr 1",
        &["--resume run", "its own settings"],
    );
    workspace.images("bars", 3, 41);
    workspace.refuses(
        "train --resume run",
        &[
            "--resume run",
            "bars has other samples than the run began with",
        ],
    );
    assert_eq!(workspace.names("run"), UNFINISHED);
}

#[test]
fn a_divergence_takes_the_checkpoint_back() {
    let workspace = bars();
    let run = "train bars --epochs 3 --schedule step:1:1e30 --out runs/run";
    workspace.refuses(run, &["diverged in epoch 2, step "]);
    assert_eq!(workspace.names("."), ["bars"]);
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let workspace = bars();
    interrupt(&workspace, RUN, 1, "INT");
    let whole = read(workspace.path("run/checkpoint.kiln-run"));
    let changed = |index: usize| {
        let mut bytes = whole.clone();
        bytes[index] ^= 0x40;
        bytes
    };
    let longer = [&whole[..], b"more"].concat();
    let cases = [
        (vec![], "no checkpoint of Kiln"),
        (changed(0), "no checkpoint of Kiln"),
        (changed(8), "format 67"),
        (changed(12), "checksum"),
        (changed(22), "bytes long"),
        (changed(30), "checksum"),
        (changed(whole.len() - 1), "checksum"),
        (whole[..20].to_vec(), "bytes long"),
        (whole[..whole.len() / 2].to_vec(), "bytes long"),
        (longer, "bytes long"),
    ];
    for (bytes, expected) in cases {
        workspace.write("run/checkpoint.kiln-run", bytes);
        workspace.refuses(
            "train --resume run",
            &["run/checkpoint.kiln-run: ", expected],
        );
    }
}

#[test]
fn what_is_no_unfinished_run_is_told() {
    let workspace = bars();
    workspace.write("file", "");
    workspace.refuses(
        "train --resume none",
        &["--resume none", "there is no such folder"],
    );
    workspace.refuses("train --resume file", &["--resume file", "this is a file"]);
    workspace.refuses(
        "train --resume bars",
        &["--resume bars", "no unfinished run"],
    );
}

#[test]
fn an_earlier_run_stays_until_the_new_one_is_done() {
    let workspace = bars();
    workspace.text("train bars --epochs 1 --seed 2 --out run");
    let earlier = RUN_FILES.map(|name| read(workspace.path(&format!("run/{name}"))));
    let mut running = Running::start(&workspace, RUN);
    running.until(1);
    running.signal("kill -INT PID");
    assert_eq!(running.end().code, Some(130));
    assert_eq!(
        workspace.names("run"),
        [&UNFINISHED[..], &RUN_FILES].concat()
    );
    assert_eq!(
        RUN_FILES.map(|name| read(workspace.path(&format!("run/{name}")))),
        earlier
    );
    workspace.text("train --resume run");
    assert_eq!(workspace.names("run"), RUN_FILES);
    assert_ne!(read(workspace.path("run/model.kiln")), earlier[2]);
}
