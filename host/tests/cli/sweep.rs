use crate::resume::Running;
use crate::support::{Workspace, read, refused};
use serde_json::Value;
use std::fs;

const MODEL: &str = "
[model]
input = { channels = 1, height = 12, width = 12 }
[[model.layers]]
type = 'linear'
outputs = '$width'
[[model.layers]]
type = 'relu'
[[model.layers]]
type = 'linear'
outputs = 3
";

/// A folder with small images, and a sweep of them with these tables.
fn sweep(tables: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write("sweep.toml", format!("dataset = 'bars'\n{tables}{MODEL}"));
    workspace
}

/// What the names of runs have in common that take a second, not a few milliseconds.
const LONG: &str = "epochs=600";

fn text(workspace: &Workspace, name: &str) -> String {
    String::from_utf8(read(workspace.path(name))).unwrap()
}

fn outcomes(report: &Value) -> Vec<&str> {
    let runs = report["runs"].as_array().unwrap();
    let outcomes = runs.iter().map(|run| run["outcome"].as_str().unwrap());
    outcomes.collect()
}

/// Waits until a run in the folder `run` that is long enough to be stopped is under way.
fn wait_for_long_run(workspace: &Workspace) {
    let mut tries = 0..30_000;
    let under_way = |name: &String| {
        if !name.contains(LONG) {
            return false;
        }
        let checkpoint = format!("run/{name}/checkpoint.kiln-run");
        workspace.path(&checkpoint).is_file()
    };
    while !workspace.names("run").iter().any(under_way) {
        assert!(tries.next().is_some(), "no run came under way");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn a_sweep_ranks_its_runs_and_each_is_an_ordinary_one() {
    let workspace = sweep(
        "board = 'mps2-an386'\n[training]\nepochs = 2\nbatch = 4\n\
         [grid]\nwidth = [2, 8, 2000]\nlr = [0.05, 0.0001]\n[random]\nsamples = 1\n\
         momentum = { min = 0.5, max = 0.9 }\n",
    );
    let report = workspace.json("sweep sweep.toml --parallel 3 --out out");
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(outcomes(&report), ["trained"; 6]);
    let accuracies = runs.iter().map(|run| run["validation_accuracy"].as_f64());
    assert!(accuracies.is_sorted_by(|one, two| one >= two), "{report}");
    assert_eq!(report["finished"], true);
    for run in runs {
        let wide = run["values"]["width"] == 2000;
        assert_eq!(run["fits"], !wide, "{run}");
        assert_eq!(run["missing"].as_str().unwrap().is_empty(), !wide);
        assert!(run["values"]["momentum"].as_f64().unwrap() >= 0.5);
        assert_eq!(run["bytes"], 4 * run["parameters"].as_u64().unwrap());
    }
    let smallest = runs.iter().filter(|run| run["values"]["width"] == 2);
    assert_eq!(
        smallest.filter(|run| run["pareto_bytes"] == true).count(),
        1
    );

    let name = workspace.names("out")[1].clone();
    assert!(
        name.starts_with("002-width=2,lr=0.0001,momentum=0."),
        "{name}"
    );
    workspace.text(&format!(
        "train --config out/{name}/config.toml --out again"
    ));
    for file in ["model.kiln", "config.toml"] {
        let ours = read(workspace.path(&format!("out/{name}/{file}")));
        let theirs = read(workspace.path(&format!("again/{file}")));
        // The config tells of threads.
        assert!(ours == theirs || file == "config.toml", "{file}");
    }

    assert_eq!(text(&workspace, "out/sweep.csv").lines().count(), 7);
    for file in ["out/sweep.svg", "out/sweep.html"] {
        let text = text(&workspace, file);
        assert!(text.contains("does not fit mps2-an386"), "{file}");
        assert!(text.contains("Accuracy over MACs"), "{file}");
    }
    let table = workspace.text("sweep --resume out");
    for words in [
        "width",
        "validation",
        "bytes of flash too many",
        "6 done before",
    ] {
        assert!(table.contains(words), "no {words} in {table}");
    }
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn a_sweep_stopped_again_and_again_comes_to_the_same() {
    let workspace =
        sweep("[training]\nlr = 0.01\nbatch = 2\n[grid]\nepochs = [20, 600]\nwidth = [3, 4, 5]\n");
    let whole = workspace.json("sweep sweep.toml --out whole");
    let mut running = Running::start(&workspace, "sweep sweep.toml --parallel 2 --out run");
    running.until_word("1/6");
    wait_for_long_run(&workspace);
    running.signal("kill -INT PID");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    let expected = "interrupted; go on with: kiln sweep --resume run\n";
    assert!(ended.errors.ends_with(expected), "{}", ended.errors);
    let out_of_time = workspace.json("sweep --resume run --minutes 0.000001");
    assert_eq!(out_of_time["finished"], false);
    let left = outcomes(&out_of_time);
    for outcome in ["trained", "unfinished", "waiting"] {
        assert!(left.contains(&outcome), "{left:?}");
    }
    let open = left.iter().filter(|outcome| **outcome != "trained").count();
    let mut running = Running::start(&workspace, "sweep --resume run --parallel 2");
    running.until_word(&format!("1/{open}"));
    wait_for_long_run(&workspace);
    running.signal("kill -KILL PID");
    assert_eq!(running.end().signal, Some(9));
    // As a crash in the middle of writing leaves them.
    workspace.write("run/.kiln-stale/model.kiln", "half");
    workspace.write("run/.kiln-file", "half");
    let resumed = workspace.json("sweep --resume run");
    assert_eq!(resumed["runs"], whole["runs"]);
    assert_eq!(workspace.names("run"), workspace.names("whole"));
    for name in workspace.names("run") {
        let model = format!("{name}/model.kiln");
        if workspace.path(&format!("run/{model}")).is_file() {
            let [ours, theirs] = ["run", "whole"].map(|run| read(workspace.path(run).join(&model)));
            assert!(ours == theirs, "{model}");
        }
    }
    assert_eq!(
        text(&workspace, "run/sweep.csv"),
        text(&workspace, "whole/sweep.csv")
    );
}

#[test]
fn what_diverges_and_what_cannot_be_is_a_result() {
    let workspace = sweep("[training]\nepochs = 2\n[grid]\nlr = [0.01, 1e30]\nwidth = [0, 2]\n");
    let report = workspace.json("sweep sweep.toml --out run");
    let expected = ["trained", "impossible", "impossible", "diverged"];
    assert_eq!(outcomes(&report), expected);
    assert_eq!(report["finished"], true);
    let table = workspace.text("sweep --resume run");
    for words in [
        "diverged in epoch 1",
        "2 of them without a possible network",
        "2 done before",
    ] {
        assert!(table.contains(words), "no {words} in {table}");
    }
    // It was not trained again.
    assert!(!table.contains("1/1"), "{table}");
}

#[test]
fn several_networks_can_be_given_by_their_files() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let network = |outputs: u32, size: u32| {
        format!(
            "input = {{ channels = 1, height = {size}, width = {size} }}\n\
             [[layers]]\ntype = 'linear'\noutputs = {outputs}\n"
        )
    };
    workspace.write("nets/a.toml", network(3, 12));
    workspace.write(
        "nets/b.toml",
        network(3, 12).replace("\n[", "\n[[layers]]\ntype = 'relu'\n["),
    );
    workspace.write("nets/four.toml", network(4, 12));
    workspace.write("nets/large.toml", network(3, 16));
    let file = |models: &str| {
        let text =
            format!("dataset = 'bars'\n[training]\nepochs = 1\n[grid]\nmodel = [{models}]\n");
        workspace.write("sweep.toml", text);
    };
    file("'nets/a.toml', 'nets/b.toml'");
    let report = workspace.json("sweep sweep.toml --out run");
    assert_eq!(outcomes(&report), ["trained"; 2]);
    assert_eq!(workspace.names("run")[..2], ["001-model=a", "002-model=b"]);
    file("'nets/a.toml', 'nets/four.toml'");
    workspace.refuses(
        "sweep sweep.toml --out other",
        &[
            "sweep.toml: 002-model=four: ",
            "tells 4 classes apart, but bars has 3",
        ],
    );
    file("'nets/a.toml', 'nets/large.toml'");
    workspace.refuses(
        "sweep sweep.toml --out other",
        &["001-model=a takes images of 1x12x12 and 002-model=large of 1x16x16"],
    );
    assert!(!workspace.path("other").exists());
}

#[test]
fn what_cannot_be_swept_is_one_line_and_leaves_nothing() {
    let workspace =
        sweep("[training]\nepochs = 1\n[grid]\nwidth = [2]\n[budget]\nmemory = '1 GB'\n");
    let whole = text(&workspace, "sweep.toml");
    for (from, to, expected) in [
        (
            "epochs",
            "epoch",
            "sweep.toml: line 3: unknown field `epoch`",
        ),
        ("1 GB", "lots", "sweep.toml: memory is \"lots\"; it must be"),
        (
            "1 GB",
            "1 kB",
            "sweep.toml: 001-width=2: its training takes about",
        ),
        (
            "memory = '1 GB'",
            "minutes = 0",
            "sweep.toml: minutes is 0; it must be",
        ),
        (
            "memory = '1 GB'",
            "parallel = 0",
            "sweep.toml: parallel is 0; it must be",
        ),
        (
            "epochs = 1",
            "validation = 0.9999",
            "leave none to train on",
        ),
        ("'bars'", "'none'", "none"),
    ] {
        workspace.write("sweep.toml", whole.replacen(from, to, 1));
        workspace.refuses("sweep sweep.toml --out out", &[expected]);
    }
    workspace.write("sweep.toml", &whole);
    workspace.refuses("sweep none.toml", &["none.toml: cannot read it"]);
    workspace.refuses("sweep", &["<SWEEP.toml>"]);
    workspace.refuses(
        "sweep sweep.toml --resume out",
        &["--resume <DIR>", "cannot be used with"],
    );
    workspace.refuses(
        "sweep --resume bars",
        &["--resume bars: the folder holds no sweep"],
    );
    workspace.refuses(
        "sweep --resume none",
        &["--resume none: there is no such folder"],
    );
    workspace.refuses("sweep --resume sweep.toml", &["sweep.toml: this is a file"]);
    workspace.refuses(
        "sweep sweep.toml --out bars",
        &["--out bars: the folder holds other files"],
    );
    workspace.refuses("sweep sweep.toml --out sweep.toml", &["this is a file"]);
    assert_eq!(workspace.names("."), ["bars", "sweep.toml"]);

    workspace.text("sweep sweep.toml --out out");
    workspace.refuses(
        "sweep sweep.toml --out out",
        &[
            "--out out: the folder holds a sweep",
            "`kiln sweep --resume out`",
        ],
    );
    workspace.images("bars", 3, 21);
    workspace.refuses(
        "sweep --resume out",
        &["other samples than the sweep began with"],
    );
    let damaged = [
        ("out/001-width=2/result.json", "{}"),
        ("out/plan.toml", "runs = 3\n"),
    ];
    for (file, content) in damaged {
        fs::remove_dir_all(workspace.path("bars")).unwrap();
        workspace.images("bars", 3, 20);
        workspace.write(file, content);
        refused(
            &mut workspace.kiln("sweep --resume out"),
            &[file, "cannot go on from it"],
        );
    }
}
