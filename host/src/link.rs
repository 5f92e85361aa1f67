//! The link to a device: requests are sent until they are answered whole.

mod session;
mod stream;

pub use session::{Description, LinkError, Session};
pub use stream::{Stream, from_socket, open};
