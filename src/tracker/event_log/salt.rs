//! The salt of the day: with it addresses of one day can be told apart, and once it is replaced nobody can find out
//! whose they were, nor tell them from those of another day.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::platform::{files, lock, random};

/// How long to wait for another process that makes today's.
const PATIENCE: Duration = Duration::from_millis(50);

/// Bytes of the digest that stand in a line.
const SHOWN: usize = 8;

/// The salt of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt {
    /// Days since 1970.
    day: u64,
    secret: [u8; 16],
}

impl Salt {
    /// The one that all processes share on a day; the first one makes it, in the place of the one before.
    pub(super) fn of_day(path: &Path, day: u64) -> io::Result<Self> {
        // Who comes late, around midnight, does not bring the day before back.
        let counts = |known: &Self| known.day == day || known.day == day.saturating_add(1);
        // Mostly it is there, and nobody has to wait for others who read it. What is half written is none.
        if let Ok((mut file, _)) = files::open(path, File::options().read(true))
            && let Some(known) = Self::read(&mut file)?.filter(counts)
        {
            return Ok(known);
        }
        let mut file = open(path)?;
        match Self::read(&mut file)?.filter(counts) {
            Some(known) => Ok(known),
            _ => {
                let salt = Self { day, secret: random::unguessable()? };
                file.set_len(0)?;
                file.write_all(&salt.written())?;
                Ok(salt)
            }
        }
    }

    /// Removes one that is of an earlier day.
    pub(super) fn forget_before(path: &Path, day: u64) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        let mut file = open(path)?;
        match Self::read(&mut file)? {
            Some(known) if known.day >= day => Ok(()),
            _ => file.set_len(0),
        }
    }

    /// What the bytes of an address or a peer id are in a log of the day.
    pub(super) fn hash(&self, bytes: &[u8]) -> String {
        let mut digest = Sha256::new();
        digest.update(self.secret);
        digest.update(bytes);
        let digest = digest.finalize();
        digest.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is no salt is none: one that was cut off is made anew.
    fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        file.take(100).read_to_end(&mut text)?;
        let parsed = || {
            let (day, secret) = str::from_utf8(&text).ok()?.strip_suffix('\n')?.split_once(' ')?;
            let secret = u128::from_str_radix(secret, 16).ok().filter(|_| secret.len() == 32)?;
            Some(Self { day: day.parse().ok()?, secret: secret.to_be_bytes() })
        };
        Ok(parsed())
    }

    fn written(&self) -> Vec<u8> {
        format!("{} {:032x}\n", self.day, u128::from_be_bytes(self.secret)).into_bytes()
    }
}

/// Opens the file and locks it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let (file, _) = files::open(path, options.read(true).append(true).create(true).mode(0o600))?;
    match lock::acquire(&file, lock::Kind::Exclusive, PATIENCE)? {
        true => Ok(file),
        false => Err(io::ErrorKind::WouldBlock.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_salt_and_the_next_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("salt");
        let first = Salt::of_day(&path, 20_000).unwrap();
        assert_eq!(Salt::of_day(&path, 20_000).unwrap(), first);
        let second = Salt::of_day(&path, 20_001).unwrap();
        assert_ne!(second.secret, first.secret);
        assert_eq!(Salt::of_day(&path, 20_000).unwrap(), second, "who comes late");
        assert_eq!(std::fs::read(&path).unwrap(), second.written(), "the first one is gone");
        assert_ne!(second.hash(b"one"), first.hash(b"one"));
        assert_ne!(second.hash(b"one"), second.hash(b"two"));
        Salt::forget_before(&path, 20_001).unwrap();
        assert_eq!(Salt::of_day(&path, 20_001).unwrap(), second);
        Salt::forget_before(&path, 20_002).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_salt_that_was_cut_off_or_is_none_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("salt");
        let whole = Salt::of_day(&path, 20_000).unwrap().written();
        for broken in [&whole[..20], b"\xff\n", b"", b"20000 12\n"] {
            std::fs::write(&path, broken).unwrap();
            let salt = Salt::of_day(&path, 20_000).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), salt.written());
        }
    }
}
