//! The body of a request while it arrives and after: in memory, and past a limit in a file that
//! has no name, mapped once it is whole.

use std::io;

use memmap2::Mmap;

use crate::platform::nameless_file::NamelessFile;

/// Bytes kept in memory at most.
const MEMORY_LIMIT: usize = 256 * 1024;
/// Memory that is kept for the connection's next body.
const MEMORY_KEPT: usize = 16 * 1024;

/// A request's body.
#[derive(Debug)]
pub enum Body {
    /// Small enough for memory, growing or whole.
    Memory(Vec<u8>),
    /// Too large for memory and still growing.
    Spooling(NamelessFile),
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
                let mut file = NamelessFile::new(&std::env::temp_dir())?;
                file.append(memory)?;
                file.append(bytes)?;
                *self = Self::Spooling(file);
                Ok(())
            }
            Self::Spooling(file) => file.append(bytes),
            Self::Spooled(_) => Err(io::Error::other("the body is already whole")),
        }
    }

    /// Makes a whole body readable; nothing is appended any more.
    ///
    /// # Errors
    /// When the temporary file cannot be mapped.
    pub fn complete(&mut self) -> io::Result<()> {
        if matches!(self, Self::Spooling(_))
            && let Self::Spooling(file) = std::mem::take(self)
        {
            *self = Self::Spooled(file.map()?);
        }
        Ok(())
    }

    /// How many bytes have arrived.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Spooling(file) => file.length(),
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
}
