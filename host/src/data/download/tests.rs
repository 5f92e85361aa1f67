use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

pub(in crate::data) const CONTENT: &[u8] = b"digits";
pub(in crate::data) const SHA256: &str =
    "cc6b6bad31a0ff4d6dfd4953a6346a1c463d884723898a2af964b998e5499e22";

pub(in crate::data) const FILE: RemoteFile = RemoteFile {
    name: "file.gz",
    length: 6,
    sha256: SHA256,
};

/// Serves one response after another, one a connection, on a port of this machine.
pub(in crate::data) fn mirror(responses: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(stream.try_clone().unwrap());
            let _ = request
                .lines()
                .find(|line| line.as_ref().is_ok_and(String::is_empty));
            let _ = stream.write_all(&response);
        }
    });
    url
}

pub(in crate::data) fn response(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(in crate::data) fn good() -> Vec<u8> {
    response("200 OK", CONTENT.len(), CONTENT)
}

/// A URL that refuses connections.
pub(in crate::data) fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn fetch(mirrors: &[String]) -> Result<Vec<u8>, DownloadError> {
    Downloader::new(mirrors, ProgressBar::hidden()).fetch(&FILE)
}

#[test]
fn the_first_good_mirror_serves() {
    let bad = mirror(vec![response("404 Not Found", 0, b"")]);
    let mirrors = [closed(), bad, mirror(vec![good()])];
    assert_eq!(fetch(&mirrors).unwrap(), CONTENT);
}

#[test]
fn a_wrong_hash_is_refused() {
    let error = fetch(&[mirror(vec![response("200 OK", 6, b"digitz")])]).unwrap_err();
    assert!(matches!(error, DownloadError::Hash { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("/file.gz sent a file with the SHA-256")
    );
}

#[test]
fn a_longer_file_is_refused() {
    let error = fetch(&[mirror(vec![response("200 OK", 9, b"digits...")])]).unwrap_err();
    assert!(matches!(error, DownloadError::Hash { .. }), "{error}");
}

#[test]
fn a_cut_connection_is_an_error() {
    let error = fetch(&[mirror(vec![response("200 OK", 6, b"dig")])]).unwrap_err();
    assert!(matches!(error, DownloadError::Failed { .. }), "{error}");
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let error = fetch(&[mirror(vec![response("404 Not Found", 0, b"")])]).unwrap_err();
    assert!(matches!(error, DownloadError::Failed { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("/file.gz: ") && message.contains("404"),
        "{message}"
    );
}

#[test]
fn a_refused_connection_counts_as_no_network() {
    let error = fetch(&[closed(), closed()]).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}
