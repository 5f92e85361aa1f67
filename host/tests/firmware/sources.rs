//! The program finds the firmware's sources where they are named, wherever it is run.

use super::support::{asset, firmware};
use assert_cmd::Command;
use host::boards::BOARDS;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// A folder of sources whose script takes a firmware that was built before, so that nothing is compiled.
#[test]
fn firmware_is_built_from_the_folder_that_is_named_and_gives_the_bits_of_the_desktop() {
    let Some(firmware) = firmware(BOARDS[0], "serve") else {
        return;
    };
    let repository = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = repository.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    };
    for part in [
        "firmware/Cargo.toml",
        "scripts/cross_cargo.sh",
        "core/Cargo.toml",
    ] {
        write(part, "");
    }
    let built = format!("target/{}/release", BOARDS[0].target);
    let program = firmware.path().display();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = folder ]; then echo {built}; exit; fi\n\
         cd \"$(dirname \"$0\")\" && mkdir -p {built} && cp {program} {built}/serve\n"
    );
    let script = write("firmware/build.sh", &script);
    fs::set_permissions(script, Permissions::from_mode(0o755)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::cargo_bin("kiln")
        .unwrap()
        .current_dir(elsewhere.path())
        .env_remove("KILN_DATA")
        .env("KILN_CACHE", "no-cache")
        .args("device evaluate --dataset mnist --offline --limit 10 --json --weights".split(' '))
        .arg(asset("digits.kiln"))
        .arg("--firmware")
        .arg(repository.path().join("firmware"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["equal_to_host"], 10, "{report}");
}
