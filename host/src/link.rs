//! The link to a device: requests are sent until they are answered whole.

mod answer;
mod session;
mod stream;

pub use session::{Description, LinkError, Session, Trained};
pub use stream::{Stream, from_socket, open};
