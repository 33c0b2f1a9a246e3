//! The body of a request while it arrives and after: in memory, and past a limit in a file that
//! has no name, mapped once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;

use crate::platform::system;

/// Bytes kept in memory at most.
const MEMORY_LIMIT: usize = 256 * 1024;
/// Memory that is kept for the connection's next body.
const MEMORY_KEPT: usize = 16 * 1024;

/// A request's body.
#[derive(Debug)]
pub enum Body {
    /// Small enough for memory, growing or whole.
    Memory(Vec<u8>),
    /// Too large for memory and still growing: the file, and its length so far.
    Spooling(File, usize),
    /// Too large for memory, whole.
    Spooled(Mmap),
}

impl Default for Body {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl Body {
    /// Appends what arrived.
    ///
    /// # Errors
    /// When the temporary file cannot be made or written.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(memory) if memory.len() + bytes.len() <= MEMORY_LIMIT => {
                memory.extend_from_slice(bytes);
                Ok(())
            }
            Self::Memory(memory) => {
                let mut file = nameless_file(&std::env::temp_dir())?;
                file.write_all(memory)?;
                file.write_all(bytes)?;
                *self = Self::Spooling(file, memory.len() + bytes.len());
                Ok(())
            }
            Self::Spooling(file, length) => {
                file.write_all(bytes)?;
                *length += bytes.len();
                Ok(())
            }
            Self::Spooled(_) => Err(io::Error::other("the body is already whole")),
        }
    }

    /// Makes a whole body readable; nothing is appended any more.
    ///
    /// # Errors
    /// When the temporary file cannot be mapped.
    pub fn complete(&mut self) -> io::Result<()> {
        if let Self::Spooling(file, _) = self {
            *self = Self::Spooled(system::map_private_file(file)?);
        }
        Ok(())
    }

    /// How many bytes have arrived.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Spooling(_, length) => *length,
            Self::Memory(_) | Self::Spooled(_) => self.bytes().len(),
        }
    }

    /// The bytes of a complete body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(memory) => memory,
            Self::Spooling(..) => &[],
            Self::Spooled(mapping) => mapping,
        }
    }

    /// Makes it empty, keeping a little memory for the next.
    pub fn clear(&mut self) {
        match self {
            Self::Memory(memory) => {
                memory.clear();
                memory.shrink_to(MEMORY_KEPT);
            }
            Self::Spooling(..) | Self::Spooled(_) => *self = Self::default(),
        }
    }
}

/// A new file that only we can read and that vanishes with its descriptor.
fn nameless_file(folder: &Path) -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".gateway-body-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a process of the same number that was killed between making and removing.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_reads_the_same_on_either_side_of_the_memory_limit() {
        for length in [0, 1, MEMORY_LIMIT, MEMORY_LIMIT + 1, 3 * MEMORY_LIMIT + 17] {
            let expected: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut body = Body::default();
            for piece in expected.chunks(30_000) {
                body.append(piece).unwrap();
            }
            body.complete().unwrap();
            assert_eq!(matches!(body, Body::Spooled(_)), length > MEMORY_LIMIT);
            assert!(body.bytes() == expected, "{length}");
            body.clear();
            assert!(body.bytes().is_empty());
        }
    }

    #[test]
    fn a_spool_file_leaves_no_name_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = nameless_file(folder.path()).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(nameless_file(Path::new("/nonexistent/folder")).is_err());
    }
}
