//! Writes bencode into the caller's buffer (BEP 3). The caller opens and closes lists and dictionaries, and brings
//! the keys in byte order.

/// An integer.
pub fn integer(out: &mut Vec<u8>, number: impl Into<u64>) {
    out.push(b'i');
    out.extend_from_slice(itoa::Buffer::new().format(number.into()).as_bytes());
    out.push(b'e');
}

/// A string.
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// What stands before a string of so many bytes.
pub fn length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.push(b':');
}
