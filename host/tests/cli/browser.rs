//! Pages in a real browser, without a window: Chromium or one of its kin.

use crate::support::Workspace;
use serde_json::{Value, json};
use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

/// The first that is there; Ubuntu's `chromium` may be a snap, which sees no temporary files.
const PROGRAMS: [&str; 3] = ["google-chrome", "chromium", "chromium-browser"];

/// What a browser finds on pages, at the widths and colour schemes of `probe.html`, and the widths
/// of charts; paths are in the workspace. Says so and gives nothing where there is no browser.
pub fn look(workspace: &Workspace, pages: &[&str], charts: &[&str]) -> Option<Value> {
    let program = find()?;
    let subjects = json!({ "pages": pages, "charts": charts });
    let probe = include_str!("probe.html").replace("SUBJECTS", &subjects.to_string());
    let probe = workspace.write("probe.html", probe);
    let profile = workspace.path("profile");
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            // The probe is another file than the pages it looks into.
            "--allow-file-access-from-files",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", probe.display()))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let found = page.split_once("<pre id=\"result\">");
    let found = found.and_then(|(_, rest)| rest.split_once("</pre>"));
    let errors = String::from_utf8_lossy(&output.stderr);
    let (found, _) = found.unwrap_or_else(|| panic!("no result from the browser: {errors}"));
    let found = decoded(found);
    Some(serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}{errors}")))
}

/// The browser; says that the test is skipped where there is none, and fails where nothing may be.
fn find() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&folders).collect();
    let found = PROGRAMS
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|program| program.is_file());
    if found.is_none() {
        let message = "a browser test was SKIPPED: no Chromium in PATH; to run it: apt-get install \
                       chromium";
        let all = env::var_os("KILN_TEST_BROWSER").is_some_and(|value| value == "all");
        assert!(!all, "{message}");
        // Not by `eprintln!`, which is shown for tests that fail only.
        io::stderr()
            .write_all(format!("{message}\n").as_bytes())
            .unwrap();
    }
    found
}

/// What `encodeURIComponent` made of a text.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.extend(hex::decode(digits).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
