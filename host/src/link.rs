//! The link to a device: requests are sent until they are answered whole.

mod answer;
mod session;
mod stream;

pub use session::{Description, LinkError, LinkSession, Trained};
pub use stream::{LinkStream, from_socket, open};
