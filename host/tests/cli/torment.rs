//! The script that disturbs everything at random moments, for some seconds.

use std::path::Path;
use std::process::Command;

#[test]
fn whatever_happens_comes_to_what_undisturbed_runs_leave() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: scripts/torment.sh needs python3");
        return;
    }
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
    let output = Command::new(scripts.join("torment.sh"))
        .args(["0.08", "1"])
        .env("KILN_PROGRAM", assert_cmd::cargo::cargo_bin!("kiln"))
        .output()
        .unwrap();
    let [told, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{told}{errors}");
    assert!(told.ends_with("no difference\n"), "{told}");
}
