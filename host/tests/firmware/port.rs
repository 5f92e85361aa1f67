//! `kiln device evaluate --port`, over a pseudo-terminal with the emulated device behind it.

use super::line::{self, Damage, carry};
use super::support::{asset, bits, firmware, images, serve};
use assert_cmd::Command;
use host::boards::BOARDS;
use host::emulator::{EmulatedProgram, EmulatedSerial, Emulation};
use host::link::LinkSession;
use host::platform::loopback;
use host::weights::ModelBytes;
use kiln_core::{ModelParts, ModelTask};
use serde_json::Value;
use serialport::{SerialPort, TTYPort};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// Runs the command on ten of the embedded digits; `None` where there is no device.
fn evaluate(weights: &Path, damage: Damage, further: &[&str]) -> Option<Output> {
    let served = serve(BOARDS[0])?;
    // The other side stays open, too, so that the terminal outlives what the command does.
    let (mut near, far) = TTYPort::pair().unwrap();
    near.set_timeout(Duration::from_millis(20)).unwrap();
    let device = served.port.try_clone().unwrap();
    carry(near.try_clone_native().unwrap(), device, damage);
    carry(served.port.try_clone().unwrap(), near, damage);
    let mut command = Command::cargo_bin("kiln").unwrap();
    command
        .args(
            "device evaluate --dataset mnist --offline --limit 10 --patience 0.5 --json".split(' '),
        )
        .env_remove("KILN_DATA")
        .env("KILN_CACHE", "no-cache")
        .args(["--port", &far.name().unwrap(), "--weights"])
        .arg(weights)
        .args(further)
        .timeout(Duration::from_secs(60));
    Some(command.output().unwrap())
}

fn report(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_device_behind_a_pseudo_terminal_gives_the_bits_of_the_desktop() {
    for (damage, repeats) in [(line::none as Damage, 0), (line::lossy, 3)] {
        let Some(output) = evaluate(&asset("digits.kiln"), damage, &[]) else {
            return;
        };
        let report = report(&output);
        assert_eq!(report["samples"], 10, "{report}");
        assert_eq!(report["equal_to_host"], 10, "{report}");
        assert_eq!(report["ticks"]["unit"], "instructions", "{report}");
        assert!(report["repeats"].as_u64().unwrap() >= repeats, "{report}");
    }
}

/// As on systems without Unix sockets.
#[test]
fn a_device_is_reached_by_the_machines_own_network() {
    let Some(firmware) = firmware(BOARDS[0], "serve") else {
        return;
    };
    let program = EmulatedProgram::read(firmware.path()).unwrap();
    let (listener, place) = loopback::listen(Path::new("")).unwrap();
    let serial = EmulatedSerial::Socket(&place);
    let _emulation = Emulation::start(&program, BOARDS[0], serial).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let pause = Some(Duration::from_millis(50));
    stream.set_read_timeout(pause).unwrap();
    let mut session = LinkSession::new(Box::new(stream), Duration::from_secs(10));
    let (image, logits) = images(1).remove(0);
    let (_, found) = session.infer(&image).unwrap();
    assert_eq!(bits(&found), logits);
}

#[test]
fn a_device_that_holds_another_model_is_refused() {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    let model = bytes.open().unwrap();
    let mut parameters = model.parameters().to_vec();
    parameters[0] = 0.25;
    let names: Vec<&str> = model.class_names().collect();
    let other = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: model.network(),
        scaling: model.scaling(),
        class_names: &names,
        notes: model.notes(),
        parameters: &parameters,
    });
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("other.kiln");
    fs::write(&weights, other.unwrap().as_slice()).unwrap();
    let Some(output) = evaluate(&weights, line::none, &[]) else {
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().last().unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        last.starts_with("error: the device holds another model"),
        "{errors}"
    );
    assert!(last.ends_with("flash it with this one"), "{errors}");
    assert!(output.stdout.is_empty());
}

/// Two parameters that follow each other with other bits, in a file of the same checksum: by a multiple of
/// its polynomial it does not change. The polynomial's bits are placed so that both stay finite.
fn changed_under_the_checksum(file: &mut [u8], parameters: &[f32]) {
    const POLYNOMIAL: u64 = 1 | 0xEDB8_8320 << 1;
    let pair = [parameters[0].to_le_bytes(), parameters[1].to_le_bytes()].concat();
    let at = file.windows(8).position(|bytes| bytes == pair).unwrap();
    let place: &mut [u8; 8] = file[at..].first_chunk_mut().unwrap();
    *place = (u64::from_le_bytes(*place) ^ (POLYNOMIAL << 1)).to_le_bytes();
}

/// What the desktop has is not what the device has, and neither can tell: the results do.
#[test]
fn a_device_whose_logits_differ_fails_the_check_and_passes_where_that_is_allowed() {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    let mut file = fs::read(asset("digits.kiln")).unwrap();
    changed_under_the_checksum(&mut file, bytes.open().unwrap().parameters());
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("changed.kiln");
    fs::write(&weights, file).unwrap();
    for (further, code) in [(&[][..], 1), (&["--allow-unequal"], 0)] {
        let Some(output) = evaluate(&weights, line::none, further) else {
            return;
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["samples"], 10, "{report}");
        assert_eq!(report["equal_to_host"], 0, "{report}");
        let says =
            errors.contains("error: the device's results are not the desktop's for 10 of 10");
        assert_eq!(says, code == 1, "{errors}");
    }
}
