//! The memory of the process: where it comes from, and that SQLite's comes from there too.
//!
//! musl's own allocator has the kernel map and forget a page for many a small allocation: in a CGI, nearly
//! a third of all that an announce costs. That of glibc and the one that takes the place of musl's keep what
//! they got for large blocks: so those are the kernel's, one by one, and it has them back at once.

use std::alloc::{GlobalAlloc, Layout, alloc, dealloc, realloc};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Once;

use rusqlite::ffi;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Where small blocks come from.
#[cfg(target_env = "musl")]
static SMALL: small::Small = small::Small::new();
#[cfg(not(target_env = "musl"))]
static SMALL: std::alloc::System = std::alloc::System;

/// Blocks from this size on are mapped one by one. No announce needs such a block.
const LARGE: usize = 128 * 1024;

/// What mapped blocks are aligned to.
const PAGE: usize = 4096;

/// Takes small blocks from `SMALL` and has large ones mapped.
struct Allocator;

// SAFETY: a block's layout alone says where it comes from, and so it always goes back there. What the
// kernel maps is as long as asked for, starts on a page, is nobody else's, and is all zeros.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is that of `SMALL` too.
        if is_large(layout) { map(layout.size()) } else { unsafe { SMALL.alloc(layout) } }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        if is_large(layout) { map(layout.size()) } else { unsafe { SMALL.alloc_zeroed(layout) } }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block comes from where its layout says, by the caller's contract whole and unused.
        unsafe {
            if is_large(layout) {
                libc::munmap(block.cast(), layout.size());
            } else {
                SMALL.dealloc(block, layout);
            }
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller says that the size fits the alignment. The block comes from where its layout
        // says, and what is copied lies in both blocks.
        unsafe {
            let wanted = Layout::from_size_align_unchecked(size, layout.align());
            match (is_large(layout), is_large(wanted)) {
                (false, false) => SMALL.realloc(block, layout, size),
                (true, true) => {
                    or_null(libc::mremap(block.cast(), layout.size(), size, libc::MREMAP_MAYMOVE))
                }
                _ => {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(target_env = "musl")]
mod small {
    //! An allocator in the place of musl's, behind a lock.

    use std::alloc::{GlobalAlloc, Layout};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use dlmalloc::Dlmalloc;

    /// The package locks with the C library's mutex, which takes three times as long as what it guards. This one asks for
    /// no memory, and is one instruction while nobody else holds it.
    pub(super) struct Small(Mutex<Dlmalloc>);

    impl Small {
        pub(super) const fn new() -> Self {
            Self(Mutex::new(Dlmalloc::new()))
        }

        #[inline]
        fn lock(&self) -> MutexGuard<'_, Dlmalloc> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    // SAFETY: the allocator behind the lock fulfils this contract for one thread at a time.
    unsafe impl GlobalAlloc for Small {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's contract is that of the allocator, here and below.
            unsafe { self.lock().malloc(layout.size(), layout.align()) }
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above.
            unsafe { self.lock().calloc(layout.size(), layout.align()) }
        }

        #[inline]
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as above.
            unsafe { self.lock().free(block, layout.size(), layout.align()) }
        }

        #[inline]
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: as above.
            unsafe { self.lock().realloc(block, layout.size(), layout.align(), size) }
        }
    }
}

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

fn map(size: usize) -> *mut u8 {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: it asks for memory of its own and changes none that there is.
    or_null(unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) })
}

fn or_null(mapped: *mut c_void) -> *mut u8 {
    if mapped == libc::MAP_FAILED { ptr::null_mut() } else { mapped.cast() }
}

/// Before each block of SQLite's: its size, which SQLite does not say when it gives it back.
const HEADER: usize = size_of::<usize>();

/// What SQLite expects of a block's address.
const ALIGNMENT: usize = 8;

/// Has SQLite take its memory from where the rest of the program does. To be called before a connection is
/// opened; where SQLite is in use already, it stays with the C library's.
pub fn share_with_sqlite() {
    static SHARED: Once = Once::new();
    SHARED.call_once(|| {
        let methods = ffi::sqlite3_mem_methods {
            xMalloc: Some(take),
            xFree: Some(give_back),
            xRealloc: Some(resize),
            xSize: Some(size_of_block),
            xRoundup: Some(round_up),
            xInit: Some(begin),
            xShutdown: Some(end),
            pAppData: ptr::null_mut(),
        };
        // SAFETY: SQLite copies the methods, which do what it wants of such ones. Each opening of a
        // connection comes after this, which `SHARED` lets only one thread do.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) };
    });
}

/// The layout of a block with its header; none for sizes that SQLite never asks for.
fn layout(size: c_int) -> Option<Layout> {
    let size = usize::try_from(size).ok()?.checked_add(HEADER)?;
    Layout::from_size_align(size, ALIGNMENT).ok()
}

/// Writes a header, and returns the block after it.
///
/// # Safety
/// `start` must be null or the start of that many bytes that are nobody else's.
unsafe fn block(start: *mut u8, layout: Layout) -> *mut c_void {
    if start.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: there is room for a header, and `ALIGNMENT` suits it.
    unsafe {
        start.cast::<usize>().write(layout.size());
        start.add(HEADER).cast()
    }
}

/// The start of a block with its header, and its layout.
///
/// # Safety
/// It must come from `block`, and not have been given back.
unsafe fn whole(block: *mut c_void) -> (*mut u8, Layout) {
    // SAFETY: `block` has written a header there, of a layout that was a valid one.
    unsafe {
        let start = block.cast::<u8>().sub(HEADER);
        let size = start.cast::<usize>().read();
        (start, Layout::from_size_align_unchecked(size, ALIGNMENT))
    }
}

unsafe extern "C" fn take(size: c_int) -> *mut c_void {
    let Some(layout) = layout(size) else { return ptr::null_mut() };
    // SAFETY: the size is not 0, as it has the header in it.
    unsafe { block(alloc(layout), layout) }
}

unsafe extern "C" fn give_back(given: *mut c_void) {
    // SAFETY: SQLite gives back what it took, once.
    unsafe {
        let (start, layout) = whole(given);
        dealloc(start, layout);
    }
}

unsafe extern "C" fn resize(given: *mut c_void, size: c_int) -> *mut c_void {
    let Some(wanted) = layout(size) else { return ptr::null_mut() };
    // SAFETY: SQLite resizes what it took; when there is no memory, the block stays as it was.
    unsafe {
        let (start, layout) = whole(given);
        block(realloc(start, layout, wanted.size()), wanted)
    }
}

unsafe extern "C" fn size_of_block(given: *mut c_void) -> c_int {
    // SAFETY: SQLite asks about what it took.
    let (_, layout) = unsafe { whole(given) };
    c_int::try_from(layout.size() - HEADER).unwrap_or(c_int::MAX)
}

unsafe extern "C" fn round_up(size: c_int) -> c_int {
    size.saturating_add(7) & !7
}

unsafe extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn end(_: *mut c_void) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_size_and_keeps_its_content_when_it_is_resized() {
        // SAFETY: blocks are used within their sizes, and given back once.
        unsafe {
            let mut given = take(24);
            assert_eq!((size_of_block(given), given.align_offset(ALIGNMENT)), (24, 0));
            given.cast::<[u8; 24]>().write([7; 24]);
            for size in [24, 4096, 1 << 20, 8] {
                given = resize(given, size);
                assert_eq!((size_of_block(given), given.align_offset(ALIGNMENT)), (size, 0));
                assert_eq!(given.cast::<[u8; 8]>().read(), [7; 8]);
            }
            give_back(given);
        }
    }

    #[test]
    fn a_block_keeps_its_content_when_it_becomes_large_and_small_again() {
        let sizes = [100, LARGE - 1, LARGE, 10 * LARGE, LARGE, LARGE - 1, 5 * LARGE, 100];
        let layout = |size| Layout::from_size_align(size, 16).unwrap();
        // SAFETY: blocks are used within their sizes, and given back once.
        unsafe {
            let mut block = ALLOCATOR.alloc(layout(sizes[0]));
            block.write_bytes(7, 100);
            for pair in sizes.windows(2) {
                block = ALLOCATOR.realloc(block, layout(pair[0]), pair[1]);
                assert!(!block.is_null());
                block.add(pair[1] - 1).write(9);
                assert!((0..99).all(|at| block.add(at).read() == 7), "{pair:?}");
            }
            ALLOCATOR.dealloc(block, layout(100));
            let zeroed = ALLOCATOR.alloc_zeroed(layout(LARGE));
            assert!((0..LARGE).all(|at| zeroed.add(at).read() == 0));
            ALLOCATOR.dealloc(zeroed, layout(LARGE));
        }
    }

    #[test]
    fn sizes_that_make_no_sense_get_nothing() {
        // SAFETY: no block is made of the first; the second stays as it was.
        unsafe {
            assert!(take(-1).is_null());
            let given = take(8);
            assert!(resize(given, -1).is_null());
            assert_eq!(size_of_block(given), 8);
            give_back(given);
        }
    }

    #[test]
    fn sizes_are_rounded_up_to_the_alignment() {
        // SAFETY: it takes a number.
        let rounded = [1, 8, 9, 4096].map(|size| unsafe { round_up(size) });
        assert_eq!(rounded, [8, 8, 16, 4096]);
    }

    #[test]
    fn sqlite_works_with_it() {
        share_with_sqlite();
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let fill = "CREATE TABLE t AS WITH RECURSIVE n(x) AS \
                    (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10000) \
                    SELECT x, hex(randomblob(x % 100 + 1)) AS text FROM n; CREATE INDEX i ON t(text)";
        connection.execute_batch(fill).unwrap();
        let sum = "SELECT sum(x) FROM t WHERE length(text) = 2 * (x % 100 + 1)";
        let sum: i64 = connection.query_row(sum, [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 50_005_000);
    }
}
