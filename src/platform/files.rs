//! Opening files in whose place others may have put something: never waiting, following no link, and taking
//! nothing but a regular file.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What stands in the place of a file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A symbolic link.
    #[error("it is a link")]
    Link,
    /// A pipe, a device, a folder.
    #[error("it is not a regular file")]
    NotAFile,
    /// Nothing, or what the kernel does not let this process open.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io(source) => source,
            other => Self::new(io::ErrorKind::InvalidInput, other),
        }
    }
}

/// Opens a regular file at the path itself, and says what it is.
///
/// # Errors
/// What stands there instead, or the kernel's refusal.
pub fn open(path: &Path, how: &mut OpenOptions) -> Result<(File, Metadata), OpenError> {
    open_with(path, how, libc::O_NOFOLLOW)
}

/// The same for a file of the owner's, which may be a link to one.
///
/// # Errors
/// As of [`open`].
pub fn open_linked(path: &Path, how: &mut OpenOptions) -> Result<(File, Metadata), OpenError> {
    open_with(path, how, 0)
}

fn open_with(
    path: &Path,
    how: &mut OpenOptions,
    more: libc::c_int,
) -> Result<(File, Metadata), OpenError> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | more;
    let file = how.custom_flags(flags).open(path).map_err(reason)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(OpenError::NotAFile) }
}

fn reason(source: io::Error) -> OpenError {
    match source.raw_os_error() {
        Some(libc::ELOOP) => OpenError::Link,
        // A pipe that nobody reads; a device that is not there; a socket.
        Some(libc::ENXIO | libc::ENODEV) => OpenError::NotAFile,
        _ => OpenError::Io(source),
    }
}

/// The content of a regular file at the path itself.
///
/// # Errors
/// As of [`open`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, _) = open(path, File::options().read(true))?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// The content of a regular file of the owner's, or of one that a link leads to, of at most so many bytes.
///
/// # Errors
/// As of [`open`], and when the file is larger.
pub fn read_linked(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = open_linked(path, File::options().read(true))?;
    let mut content = Vec::new();
    if metadata.len() <= most {
        file.take(most.saturating_add(1)).read_to_end(&mut content)?;
    }
    if metadata.len().max(content.len() as u64) > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {most} bytes"),
        ));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn only_a_file_is_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nothing"), at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        let started = Instant::now();
        for write in [false, true] {
            let open = |name: &str| {
                let mut how = File::options();
                how.read(!write).write(write).create(write);
                super::open(&at(name), &mut how)
            };
            assert_eq!(open("file").unwrap().1.len(), 4);
            for name in ["link", "dangling"] {
                assert!(matches!(open(name), Err(OpenError::Link)), "{name}");
            }
            for name in ["socket", "pipe"] {
                assert!(matches!(open(name), Err(OpenError::NotAFile)), "{name}");
            }
            assert!(open("folder").is_err());
        }
        for name in ["link", "folder", "pipe"] {
            assert!(read(&at(name)).is_err(), "{name}");
        }
        assert_eq!(read(&at("file")).unwrap(), b"text");
        for name in ["folder", "pipe", "dangling"] {
            assert!(read_linked(&at(name), 10).is_err(), "{name}");
        }
        for name in ["file", "link"] {
            assert_eq!(read_linked(&at(name), 4).unwrap(), b"text");
            assert!(read_linked(&at(name), 3).is_err());
        }
        assert!(read_linked(Path::new("/dev/zero"), 10).is_err());
        assert!(started.elapsed() < Duration::from_secs(1));
        assert!(!at("nothing").exists());
    }
}
