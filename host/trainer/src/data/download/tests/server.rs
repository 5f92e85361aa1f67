//! An HTTP server on a port of this machine, with the faults that servers and networks have.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub(in crate::data) enum Fault {
    /// Nothing does.
    None,
    /// The connection breaks after so many bytes of the body.
    Cut(usize),
    /// Nothing comes after so many bytes of the body, but the connection stays.
    Stall(usize),
    /// The whole file comes, whatever range was asked for.
    NoRange,
    /// The range is not the one asked for.
    OtherRange,
    /// Another content comes, as if it were the file's.
    Other(&'static [u8]),
    /// There is no body, but this status.
    Status(&'static str),
    /// The file is elsewhere: at this URL.
    Redirect(String),
}

/// Serves files by their names, a connection a request.
pub(in crate::data) struct Server {
    /// With a slash at the end.
    pub(in crate::data) url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `faults` befall the first requests, one each.
    pub(in crate::data) fn new(
        files: Vec<(&'static str, Vec<u8>)>,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        let mut faults: VecDeque<Fault> = faults.into_iter().collect();
        thread::spawn(move || {
            let mut stalled = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head = head(&stream);
                seen.lock().unwrap().push(head.clone());
                let fault = faults.pop_front().unwrap_or(Fault::None);
                // The client may be gone.
                let _ = answer(&mut stream, &head, &files, &fault);
                if let Fault::Stall(_) = fault {
                    stalled.push(stream);
                }
            }
        });
        Self { url, heads }
    }

    /// The file asked for in each request so far, with the range if there was one.
    pub(in crate::data) fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let summary = |head: &String| {
            let range = field(head, "range").map_or(String::new(), |range| format!(" {range}"));
            format!("{}{range}", name(head))
        };
        heads.iter().map(summary).collect()
    }

    /// A field of the last request.
    pub(in crate::data) fn last_field(&self, name: &str) -> Option<String> {
        let heads = self.heads.lock().unwrap();
        field(heads.last()?, name).map(String::from)
    }
}

/// A URL that refuses connections.
pub(in crate::data) fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines();
    let lines = lines.map_while(Result::ok);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn name(head: &str) -> &str {
    let path = head.split(' ').nth(1).unwrap_or_default();
    path.trim_start_matches('/')
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn answer(
    stream: &mut TcpStream,
    head: &str,
    files: &[(&str, Vec<u8>)],
    fault: &Fault,
) -> std::io::Result<()> {
    let file = files.iter().find(|(file, _)| *file == name(head));
    let content = match (fault, file) {
        (Fault::Status(status), _) => return send(stream, status, "", b"", 0),
        (Fault::Redirect(url), _) => {
            let location = format!("Location: {url}\r\n");
            return send(stream, "302 Found", &location, b"moved", 5);
        }
        (_, None) => return send(stream, "404 Not Found", "", b"", 0),
        (Fault::Other(content), _) => content,
        (_, Some((_, content))) => content.as_slice(),
    };
    let (total, asked) = (content.len(), first_byte(head));
    let (status, range, body) = match asked {
        Some(first) if first >= total => ("416 Range Not Satisfiable", String::new(), &[][..]),
        Some(first) if !matches!(fault, Fault::NoRange) => {
            let first = first - usize::from(matches!(fault, Fault::OtherRange));
            let range = format!("Content-Range: bytes {first}-{}/{total}\r\n", total - 1);
            ("206 Partial Content", range, &content[first..])
        }
        _ => ("200 OK", String::new(), content),
    };
    let sent = match fault {
        Fault::Cut(count) | Fault::Stall(count) => &body[..(*count).min(body.len())],
        _ => body,
    };
    send(stream, status, &range, sent, body.len())
}

/// Of `Range: bytes=FIRST-`.
fn first_byte(head: &str) -> Option<usize> {
    let range = field(head, "range")?.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

fn send(
    stream: &mut TcpStream,
    status: &str,
    field: &str,
    sent: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"version 1\"\r\n{field}\
         Connection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), sent].concat())
}
