use crate::browser;
use crate::support::{RUN_FILES, Workspace, read};
use serde_json::Value;
use std::fs;

/// Two classes, one of a name that is no text unless it is escaped.
const NASTY: &str = "<b>&\"";

fn two_classes(workspace: &Workspace) {
    workspace.images("two", 2, 20);
    let [from, to] = ["two/class1", &format!("two/{NASTY}")].map(|name| workspace.path(name));
    fs::rename(from, to).unwrap();
}

fn text(workspace: &Workspace, name: &str) -> String {
    String::from_utf8(read(workspace.path(name))).unwrap()
}

#[test]
#[cfg(unix)]
fn a_browser_shows_every_part_of_a_report() {
    let workspace = Workspace::new();
    two_classes(&workspace);
    workspace.images("hundred", 100, 4);
    // With a rate as low as this, it confuses them.
    workspace.text("train two --epochs 2 --lr 0.000001 --out runs/two");
    workspace.text("train hundred --epochs 2 --out runs/hundred");
    workspace.text("report runs/two runs/hundred --out both.html");
    let pages = [
        "runs/two/report.html",
        "runs/hundred/report.html",
        "both.html",
    ];
    let charts = ["two", "hundred"]
        .map(|run| ["curves", "confusion"].map(|chart| format!("runs/{run}/{chart}.svg")));
    let charts: Vec<&str> = charts.as_flattened().iter().map(String::as_str).collect();
    let Some(found) = browser::look(&workspace, &pages, &charts) else {
        return;
    };
    let views = found["pages"].as_array().unwrap();
    assert_eq!(views.len(), 9);
    for view in views {
        sound(view);
        match view["page"].as_str().unwrap() {
            "both.html" => parts(
                view,
                &["summary", "results", "curves", "settings", "commands"],
            ),
            page => whole(view, if page.contains("two") { 2 } else { 100 }),
        }
    }
    let widths: Vec<u64> = found["charts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    assert!(
        widths.len() == 4 && widths.iter().all(|width| *width > 100),
        "{widths:?}"
    );
}

/// No sideways scrolling, nothing from elsewhere, and the colours asked for.
fn sound(view: &Value) {
    assert_eq!(view["scrollWidth"], view["width"], "{view}");
    for nothing in ["broken", "scripts", "requests"] {
        assert_eq!(view[nothing], 0, "{nothing}: {view}");
    }
    let colours = match view["scheme"].as_str().unwrap() {
        "dark" => ["rgb(20, 24, 31)", "rgb(228, 232, 238)"],
        _ => ["rgb(255, 255, 255)", "rgb(28, 36, 48)"],
    };
    assert_eq!([&view["background"], &view["ink"]], colours, "{view}");
}

fn parts(view: &Value, expected: &[&str]) {
    let sections = view["sections"].as_object().unwrap();
    assert_eq!(sections.len(), expected.len(), "{view}");
    for part in expected {
        assert_eq!(sections[*part], true, "{part}: {view}");
    }
}

/// Every part of a report of `classes` classes.
fn whole(view: &Value, classes: usize) {
    parts(
        view,
        &[
            "summary",
            "curves",
            "confusion",
            "classes",
            "mistakes",
            "filters",
            "graph",
            "layers",
            "configuration",
            "hashes",
        ],
    );
    let number = |name: &str| view[name].as_u64().unwrap() as usize;
    // Two curves in each of two charts, and their marks in the legends.
    assert_eq!(number("lines"), 8, "{view}");
    assert!((1..=24).contains(&number("mistakes")), "{view}");
    assert_eq!(number("filters"), 8, "{view}");
    assert!(number("cells") > 1, "{view}");
    let numbers = if classes == 2 { number("cells") } else { 0 };
    assert_eq!(number("numbers"), numbers, "{view}");
    let names = view["classes"].as_array().unwrap();
    assert_eq!(names.len(), classes);
    if classes == 2 {
        assert_eq!(names[0], NASTY);
    }
    assert!(number("layers") > 5, "{view}");
    let command = view["command"].as_str().unwrap();
    assert!(
        command.starts_with("kiln train --config runs/"),
        "{command}"
    );
    assert_eq!(view["hashes"], serde_json::json!([64, 64]), "{view}");
}

#[test]
fn a_report_is_made_again_from_its_folder_alone() {
    let workspace = Workspace::new();
    two_classes(&workspace);
    let report = workspace.json("train two --epochs 2 --lr 0.000001 --out run");
    assert_eq!(report["report"], "run/report.html");
    fs::remove_dir_all(workspace.path("two")).unwrap();
    let files = ["report.html", "curves.svg", "confusion.svg"];
    let contents = || files.map(|name| text(&workspace, &format!("run/{name}")));
    let before = contents();
    for name in files {
        fs::remove_file(workspace.path(&format!("run/{name}"))).unwrap();
    }
    let again = workspace.json("report run");
    assert_eq!(contents(), before);
    assert_eq!(again["bytes"], before[0].len());
    assert_eq!(workspace.names("run"), RUN_FILES);
    let [page, ..] = before;
    let evaluation = text(&workspace, "run/evaluation.json");
    let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
    let file = evaluation["evaluated"]["mistakes"][0]["file"].as_str();
    let (class, name) = file.unwrap().split_once('/').unwrap();
    assert!(name.ends_with(".png"), "{name}");
    let class = class.replace(NASTY, "&lt;b&gt;&amp;&quot;");
    assert!(page.contains(&format!("<span class=\"file\">{class}/{name}</span>")));
    for absent in ["http:", "https:", "<script", "src=\"/", NASTY, "url("] {
        assert!(!page.contains(absent), "{absent}");
    }
    let hash = report["weights_sha256"].as_str().unwrap();
    for present in [
        hash,
        "&lt;b&gt;&amp;&quot;",
        "lr = 0.000001",
        "data:image/png;base64,",
    ] {
        assert!(page.contains(present), "{present}");
    }
    workspace.text("report run --out elsewhere.html");
    assert_eq!(text(&workspace, "elsewhere.html"), page);
}

#[test]
fn files_of_two_runs_are_no_report() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 2 --out run");
    workspace.text("train bars --epochs 2 --seed 2 --out other");
    let files = [
        "config.toml",
        "metrics.csv",
        "model.kiln",
        "evaluation.json",
    ];
    for name in files {
        let own = workspace.path(&format!("run/{name}"));
        let kept = read(&own);
        fs::copy(workspace.path(&format!("other/{name}")), &own).unwrap();
        // The weights are what an evaluation has always named.
        let (named, words) = match name {
            "config.toml" | "metrics.csv" => (name, "of another run than evaluation.json"),
            _ => ("evaluation.json", "of other weights"),
        };
        for command in ["report run", "report other run --out page.html"] {
            workspace.refuses(command, &[&format!("run/{named}"), words]);
        }
        fs::write(&own, kept).unwrap();
    }
    workspace.text("report run");
    let evaluation = text(&workspace, "run/evaluation.json");
    let (before, rest) = evaluation.split_once("\"parts\":{").unwrap();
    let (_, after) = rest.split_once("},").unwrap();
    workspace.write("run/evaluation.json", format!("{before}{after}"));
    workspace.refuses("report run", &["earlier versions of Kiln", "--config"]);
    fs::remove_file(workspace.path("run/evaluation.json")).unwrap();
    workspace.refuses("report run", &["run/evaluation.json", "earlier versions"]);
}

#[test]
fn what_is_not_known_is_said_so() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --validation 0 --out run");
    let page = text(&workspace, "run/report.html");
    assert_eq!(page.matches("--validation 0)").count(), 3, "{page}");
    assert!(!workspace.path("run/confusion.svg").exists());
}

#[test]
fn a_comparison_tells_what_differs() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 20);
    workspace.text("train bars --epochs 1 --out a");
    workspace.text("train bars --epochs 1 --lr 0.0625 --out b");
    let told = workspace.text("report a b");
    assert_eq!(told, "report     comparison.html\n");
    let page = text(&workspace, "comparison.html");
    let (_, differences) = page.split_once("Settings that differ").unwrap();
    for present in [">lr<", ">0.01<", ">0.0625<"] {
        assert!(differences.contains(present), "{present}");
    }
    assert!(!differences.contains(">seed<"), "{differences}");
    assert_eq!(workspace.names("a"), RUN_FILES);
    workspace.text("report a a --out same.html");
    assert!(text(&workspace, "same.html").contains("None: all runs have the same"));
}

#[test]
fn what_is_no_run_is_refused_in_a_line() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 20);
    workspace.text("train bars --epochs 1 --out run");
    workspace.refuses("report", &["<RUN>"]);
    workspace.refuses("report none", &["none", "no such folder"]);
    workspace.refuses("report run none", &["none", "no such folder"]);
    workspace.refuses("report run/model.kiln", &["this is a file"]);
    workspace.refuses("report bars", &["bars/config.toml", "cannot read it"]);
    workspace.refuses("report run --out bars", &["--out bars", "this is a folder"]);
    workspace.refuses("report run --out no/page.html", &["no/page.html", "--out"]);
    workspace.write("unfinished/checkpoint.kiln-run", "");
    workspace.refuses("report unfinished", &["kiln train --resume unfinished"]);
    let evaluation = text(&workspace, "run/evaluation.json");
    let refused = |name: &str, content: &str, words: &[&str]| {
        let before = read(workspace.path(name));
        workspace.write(name, content);
        workspace.refuses("report run", &[&[name], words].concat());
        workspace.write(name, before);
    };
    refused("run/evaluation.json", "{", &["EOF"]);
    let other = evaluation.replace("\"weights_sha256\":\"", "\"weights_sha256\":\"0");
    refused("run/evaluation.json", &other, &["of other weights"]);
    let other = evaluation.replace("\"confusion\":[[0,", "\"confusion\":[[7,");
    refused(
        "run/evaluation.json",
        &other,
        &["a class that the model does not have"],
    );
    refused("run/metrics.csv", "epoch\nx\n", &["run it again"]);
    refused("run/config.toml", "lr", &["config.toml"]);
    refused("run/model.kiln", "KILN", &["model.kiln"]);
}
