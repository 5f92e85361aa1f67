mod server;

use std::fs;
use std::path::Path;
use std::time::Duration;

pub(in crate::data) use server::{Fault, Server, closed};

use super::*;
use crate::data::places::Patience;
use indicatif::ProgressBar;

pub(in crate::data) const CONTENT: &[u8] = b"digits";
pub(in crate::data) const SHA256: &str =
    "cc6b6bad31a0ff4d6dfd4953a6346a1c463d884723898a2af964b998e5499e22";

pub(in crate::data) const FILE: RemoteFile = RemoteFile {
    name: "file.gz",
    length: 6,
    sha256: SHA256,
};

/// Short, but for answers that a busy machine may take long for.
pub(in crate::data) const IMPATIENT: Patience = Patience {
    connection: Duration::from_secs(5),
    bytes: Duration::from_secs(3),
    attempts: 3,
    pause: Duration::from_millis(1),
};

fn server(faults: impl IntoIterator<Item = Fault>) -> Server {
    Server::new(vec![("file.gz", CONTENT.into())], faults)
}

fn fetch_into(folder: &Path, mirrors: &[String]) -> Result<Vec<u8>, DownloadError> {
    fetch_with(IMPATIENT, folder, mirrors)
}

fn fetch_with(
    patience: Patience,
    folder: &Path,
    mirrors: &[String],
) -> Result<Vec<u8>, DownloadError> {
    let mut partial = Partial::open(Some(folder), FILE.name, FILE.length);
    Downloader::new(mirrors, patience, ProgressBar::hidden()).fetch(&FILE, &mut partial)?;
    Ok(partial.finish().0)
}

fn fetch(mirrors: &[String]) -> Result<Vec<u8>, DownloadError> {
    let folder = tempfile::tempdir().unwrap();
    let fetched = fetch_into(folder.path(), mirrors);
    assert_eq!(folder.path().join(FILE.name).exists(), fetched.is_ok());
    fetched
}

/// What fetching from a server with these faults leaves: the error, and the bytes in the partial
/// file, if there is one. No whole file may be there.
fn failure(faults: impl IntoIterator<Item = Fault>) -> (DownloadError, Option<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch_into(folder.path(), &[server(faults).url]).unwrap_err();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    let partial = fs::read(folder.path().join("file.gz.partial")).ok();
    assert_eq!(left.len(), usize::from(partial.is_some()), "{left:?}");
    (error, partial)
}

#[test]
fn the_first_good_mirror_serves() {
    let bad = server([Fault::Status("404 Not Found")]);
    let mirrors = [closed(), bad.url.clone(), server([]).url];
    assert_eq!(fetch(&mirrors).unwrap(), CONTENT);
    assert_eq!(
        bad.requests(),
        ["file.gz"],
        "what is not there is asked for once"
    );
}

#[test]
fn a_cut_connection_goes_on_where_it_broke() {
    let server = server([Fault::Cut(2), Fault::Cut(3)]);
    assert_eq!(fetch(std::slice::from_ref(&server.url)).unwrap(), CONTENT);
    assert_eq!(
        server.requests(),
        ["file.gz", "file.gz bytes=2-", "file.gz bytes=5-"]
    );
    assert_eq!(
        server.last_field("if-range").as_deref(),
        Some("\"version 1\"")
    );
}

#[test]
fn a_stalled_connection_goes_on_where_it_stopped() {
    let server = server([Fault::Stall(4)]);
    assert_eq!(fetch(std::slice::from_ref(&server.url)).unwrap(), CONTENT);
    assert_eq!(server.requests(), ["file.gz", "file.gz bytes=4-"]);
}

#[test]
fn another_mirror_goes_on_where_the_first_broke() {
    let broken = server([Fault::Cut(4), Fault::Status("404 Not Found")]);
    let good = server([]);
    assert_eq!(fetch(&[broken.url, good.url.clone()]).unwrap(), CONTENT);
    assert_eq!(good.requests(), ["file.gz bytes=4-"]);
    assert_eq!(
        good.last_field("if-range"),
        None,
        "tags are each mirror's own"
    );
}

#[test]
fn a_server_that_does_not_resume_begins_again() {
    let server = server([Fault::Cut(4), Fault::NoRange]);
    assert_eq!(fetch(std::slice::from_ref(&server.url)).unwrap(), CONTENT);
    assert_eq!(server.requests(), ["file.gz", "file.gz bytes=4-"]);
}

#[test]
fn a_range_that_was_not_asked_for_is_not_used() {
    let server = server([Fault::Cut(4), Fault::OtherRange]);
    assert_eq!(fetch(std::slice::from_ref(&server.url)).unwrap(), CONTENT);
    assert_eq!(
        server.requests(),
        ["file.gz", "file.gz bytes=4-", "file.gz"]
    );
}

#[test]
fn the_next_run_goes_on_where_the_last_one_ended() {
    let folder = tempfile::tempdir().unwrap();
    let broken = server(vec![Fault::Cut(1); 3]);
    let error = fetch_into(folder.path(), std::slice::from_ref(&broken.url)).unwrap_err();
    assert!(error.to_string().contains("after 3 of 6 bytes"), "{error}");
    assert_eq!(
        broken.requests(),
        ["file.gz", "file.gz bytes=1-", "file.gz bytes=2-"],
        "attempts are bounded"
    );
    let good = server([]);
    let fetched = fetch_into(folder.path(), std::slice::from_ref(&good.url));
    assert_eq!(fetched.unwrap(), CONTENT);
    assert_eq!(good.requests(), ["file.gz bytes=3-"]);
    assert_eq!(fs::read(folder.path().join("file.gz")).unwrap(), CONTENT);
}

#[test]
fn a_wrong_beginning_is_found_out_and_fetched_again() {
    for beginning in [&b"dog"[..], b"doggie", b"doggies"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file.gz.partial"), beginning).unwrap();
        let server = server([]);
        let fetched = fetch_into(folder.path(), std::slice::from_ref(&server.url));
        assert_eq!(fetched.unwrap(), CONTENT);
        assert_eq!(server.requests().last().unwrap(), "file.gz");
    }
}

#[test]
fn a_beginning_that_is_whole_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.gz.partial"), CONTENT).unwrap();
    assert_eq!(fetch_into(folder.path(), &[closed()]).unwrap(), CONTENT);
    assert!(folder.path().join("file.gz").exists());
}

#[test]
fn a_mirror_that_sends_elsewhere_is_followed() {
    let other = server([Fault::Cut(2)]);
    let elsewhere = format!("{}file.gz", other.url);
    let mirror = server([
        Fault::Redirect(elsewhere.clone()),
        Fault::Redirect(elsewhere),
    ]);
    assert_eq!(fetch(std::slice::from_ref(&mirror.url)).unwrap(), CONTENT);
    assert_eq!(other.requests(), ["file.gz", "file.gz bytes=2-"]);
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = server([Fault::Status("503 Service Unavailable")]);
    assert_eq!(fetch(std::slice::from_ref(&server.url)).unwrap(), CONTENT);
}

#[test]
fn a_wrong_hash_is_refused_and_nothing_is_left() {
    let (error, left) = failure([Fault::Other(b"digitz")]);
    let message = error.to_string();
    assert!(matches!(error, DownloadError::Hash { .. }), "{message}");
    for word in [
        "/file.gz sent a file with the SHA-256",
        SHA256,
        &sha256(b"digitz"),
    ] {
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(left, None);
}

#[test]
fn a_file_of_another_length_is_refused_and_nothing_is_left() {
    for other in [&b"digits..."[..], b"dig"] {
        let (error, left) = failure([Fault::Other(other)]);
        assert!(matches!(error, DownloadError::Length { .. }), "{error}");
        assert_eq!(left, None);
    }
}

#[test]
fn a_connection_that_stays_cut_leaves_its_bytes_as_a_part() {
    let (error, left) = failure(vec![Fault::Cut(1); 3]);
    assert!(matches!(error, DownloadError::Failed { .. }), "{error}");
    assert_eq!(left.as_deref(), Some(&b"dig"[..]));
}

#[test]
fn a_connection_that_stays_stalled_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let patience = Patience {
        bytes: Duration::from_secs(1),
        ..IMPATIENT
    };
    let stalling = server(vec![Fault::Stall(0); 3]);
    let error = fetch_with(patience, folder.path(), &[stalling.url]).unwrap_err();
    assert!(error.to_string().contains("too slow"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let (error, left) = failure([Fault::Status("404 Not Found")]);
    assert!(matches!(error, DownloadError::Failed { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("/file.gz: ") && message.contains("404"),
        "{message}"
    );
    assert_eq!(left, None);
}

#[test]
fn a_refused_connection_counts_as_no_network() {
    let error = fetch(&[closed(), closed()]).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}
