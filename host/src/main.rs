//! Kiln: train small convolutional networks and fire them into firmware.
fn main() {}
