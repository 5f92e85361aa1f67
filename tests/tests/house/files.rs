//! Files are opened to be read in one place, which knows what is a file and where it ends.

use super::sources::host_sources;

/// What opens or reads a file without that.
const UNCHECKED: [&str; 3] = ["File::open(", "fs::read(", "fs::read_to_string("];
/// The place itself, and what reads nothing but its own build.
const EXEMPT: [&str; 2] = ["host/trainer/src/plain_file.rs", "host/src/firmware.rs"];

#[test]
fn files_are_opened_in_one_place() {
    for source in host_sources() {
        let name = source.path.to_string_lossy().replace('\\', "/");
        if EXEMPT.contains(&&*name) {
            continue;
        }
        for call in UNCHECKED {
            // `ModelFile::open` opens bytes.
            let is_call = |(at, _)| !source.text[..at].ends_with(char::is_alphanumeric);
            let found = source.text.match_indices(call).any(is_call);
            assert!(
                !found,
                "{name} has {call}: use plain_file::open or plain_file::read"
            );
        }
    }
}
