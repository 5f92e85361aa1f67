//! Connections by the machine's own network, for systems without Unix sockets: TCP that does not leave it.
//!
//! Other programs of the machine, of whichever user, could connect as well; the first one that does is heard.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

/// What a program of this machine, such as the emulator, connects to, and the connection.
pub use std::net::{TcpListener as LocalListener, TcpStream as LocalStream};

/// Listens for a program of this machine at a port that is free; gives also the place, as QEMU's options of a
/// socket have it.
///
/// # Errors
///
/// What the operating system says.
pub fn listen(_folder: &Path) -> io::Result<(LocalListener, String)> {
    let listener = LocalListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // Frames are short, and each is waited for: QEMU must not keep them back for more.
    let place = format!("host={},port={},nodelay=on", address.ip(), address.port());
    Ok((listener, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn who_is_told_the_place_reaches_the_listener() {
        let (listener, place) = listen(Path::new("")).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(place, format!("host=127.0.0.1,port={port},nodelay=on"));
        let mut far = LocalStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (mut near, from) = listener.accept().unwrap();
        assert!(from.ip().is_loopback());
        far.write_all(b"frame").unwrap();
        let mut bytes = [0; 5];
        near.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"frame");
    }
}
