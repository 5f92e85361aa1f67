//! The link to a device: requests are sent until they are answered whole.

mod answer;
mod asking;
mod error;
mod session;
mod stream;

pub use error::LinkError;
pub use session::{Description, Int8Sample, LinkSession, Trained};
pub use stream::{LinkStream, from_socket, open};
