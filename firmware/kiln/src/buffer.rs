//! Memory of a length that is known when a firmware is compiled.

/// An array of values that a network works in.
pub trait FixedBuffer<T>: AsRef<[T]> + AsMut<[T]> {
    /// Nothing but zeros, which takes no flash in a `static`.
    const EMPTY: Self;
}

impl<const LEN: usize> FixedBuffer<f32> for [f32; LEN] {
    const EMPTY: Self = [0.0; LEN];
}

impl<const LEN: usize> FixedBuffer<u32> for [u32; LEN] {
    const EMPTY: Self = [0; LEN];
}

impl<const LEN: usize> FixedBuffer<u8> for [u8; LEN] {
    const EMPTY: Self = [0; LEN];
}
