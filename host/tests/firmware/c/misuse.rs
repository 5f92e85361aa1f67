//! What C can do wrong, under the sanitizers of a desktop.

use super::super::support::{repository, skip, thorough};
use std::process::Command;

/// The script's exit code where the compiler has no sanitizers.
const NO_SANITIZERS: i32 = 3;
/// Seconds that it goes on.
const SECONDS: &str = "5";

#[test]
fn misuse_of_the_c_library_is_refused_under_sanitizers() {
    if !thorough() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(repository().join("firmware/c/sanitizer/run.sh"))
        .args([SECONDS, "1"])
        .arg(folder.path())
        .env("KILN_PROGRAM", env!("CARGO_BIN_EXE_kiln"))
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let reason = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_SANITIZERS) {
        skip(&reason);
        return;
    }
    assert!(output.status.success(), "{}: {said}{reason}", output.status);
    assert!(said.contains("calls accepted"), "{said}");
}
