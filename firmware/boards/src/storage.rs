//! What storage for trained parameters takes.

/// Bytes of a storage's page, which is erased at once; as many on every board that stores. Chips of other
/// makers may have larger ones, such as STM32's sectors of 16 to 128 KiB.
pub const PAGE_BYTES: usize = 4096;

/// Bytes of a storage's word, which is written at once; as many on every board that stores.
pub const WORD_BYTES: usize = 4;

/// Bytes before the values in a slot, a whole number of words.
pub const SLOT_HEADER_BYTES: usize = 32;

/// Flash for two sets of so many trained parameters, one of which is whole at any time, in bytes.
pub const fn storage_bytes(trained_values: usize) -> usize {
    let slot = SLOT_HEADER_BYTES + size_of::<f32>() * trained_values;
    2 * slot.next_multiple_of(PAGE_BYTES)
}
