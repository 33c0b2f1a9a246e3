//! Memory that will soon be needed, fetched ahead.

/// Bytes that a processor fetches at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Has the processor fetch these bytes while it does something else. A hint: it changes nothing but the time.
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(LINE).map(<[u8]>::as_ptr).chain(bytes.last().map(std::ptr::from_ref)) {
        // SAFETY: a prefetch reads nothing, and the address is within the bytes.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
