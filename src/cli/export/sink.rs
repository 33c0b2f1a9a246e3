//! Where an export goes: the standard output, or a file that comes into being whole.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::cli::{CommandError, World};
use crate::platform::publication::TemporaryFile;
use crate::platform::terminal::Harmless;

/// Bytes that are gathered before they are written: line by line, each would be a system call.
const CHUNK: usize = 1 << 16;

/// Where an export goes.
pub(super) struct Sink<'a, 'w> {
    world: &'a mut World<'w>,
    file: Option<(TemporaryFile, PathBuf)>,
    gathered: String,
}

impl<'a, 'w> Sink<'a, 'w> {
    /// Begins to write a file, or to the standard output.
    pub(super) fn begin(
        file: Option<PathBuf>,
        world: &'a mut World<'w>,
    ) -> Result<Self, CommandError> {
        let file = match file {
            None => None,
            Some(path) => {
                let made =
                    TemporaryFile::beside(&path).map_err(|problem| failed(&path, &problem))?;
                Some((made, path))
            }
        };
        Ok(Self { world, file, gathered: String::new() })
    }

    /// Writes a text.
    pub(super) fn put(&mut self, text: impl fmt::Display) -> Result<(), CommandError> {
        // To write to a string never fails.
        let _ = write!(self.gathered, "{text}");
        if self.gathered.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), CommandError> {
        let gathered = std::mem::take(&mut self.gathered);
        match &mut self.file {
            None => self.world.print(gathered),
            Some((made, path)) => {
                made.file.write_all(gathered.as_bytes()).map_err(|problem| failed(path, &problem))
            }
        }
    }

    /// Has the file take its place.
    pub(super) fn finish(mut self) -> Result<(), CommandError> {
        self.flush()?;
        match self.file {
            None => Ok(()),
            Some((made, path)) => made.replace(&path).map_err(|problem| failed(&path, &problem)),
        }
    }
}

fn failed(path: &std::path::Path, problem: &io::Error) -> CommandError {
    CommandError::Failed(format!(
        "cannot write {}: {problem}; its folder must be writable for the user that the tracker runs as, with space left",
        Harmless(path.display())
    ))
}
