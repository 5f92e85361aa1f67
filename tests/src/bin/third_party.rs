//! Prints the notices that go with a program that is shipped: `third_party` those of `kiln` on this machine,
//! `third_party firmware PLATFORM` those of the firmware.

use std::path::Path;
use tests::dependencies::{dependencies, host_platform, notices};

fn main() -> Result<(), String> {
    let mut words = std::env::args().skip(1);
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let chosen = match words.next().as_deref() {
        None => dependencies(&top, &host_platform()?, Some("host")),
        Some("firmware") => {
            let platform = words.next().ok_or("give the firmware's platform")?;
            dependencies(&top.join("firmware"), &platform, Some("firmware"))
        }
        Some(other) => Err(format!(
            "{other:?} is no program; give none, or firmware PLATFORM"
        )),
    };
    print!("{}", notices(&chosen?).map_err(|error| error.to_string())?);
    Ok(())
}
