//! All checksums that people compare files by, in one read of the file.

use std::fs::File;
use std::fs::Metadata;
use std::io::{self, Read as _};

use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::platform::FileMark;
use crate::protocol::Checksums;

/// Bytes that are read at once: they stay in the processor's cache for all of them.
const BLOCK: usize = 256 << 10;

/// Reads a file to its end, as it was found when it was opened. `on_block` sees all that is read, in order.
///
/// # Errors
/// When it cannot be read, or is changed meanwhile.
pub fn checksums_of(
    mut file: File,
    found: &Metadata,
    on_block: &mut dyn FnMut(&[u8]),
) -> io::Result<Checksums> {
    let mut crc32 = crc32fast::Hasher::new();
    let (mut md5, mut sha1, mut sha256) = (Md5::new(), Sha1::new(), Sha256::new());
    let mut block = vec![0; BLOCK];
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => block.get(..read).unwrap_or_default(),
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
            Err(problem) => return Err(problem),
        };
        crc32.update(read);
        md5.update(read);
        sha1.update(read);
        sha256.update(read);
        on_block(read);
    }
    if FileMark::from(&file.metadata()?) != FileMark::from(found) {
        return Err(io::Error::other("it was changed while it was read; try again"));
    }
    Ok(Checksums {
        crc32: Some(crc32.finalize()),
        md5: Some(md5.finalize().into()),
        sha1: Some(sha1.finalize().into()),
        sha256: Some(sha256.finalize().into()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::platform::files;
    use crate::protocol::{ChecksumList, ChecksumListKind};

    fn of(path: &Path, on_block: &mut dyn FnMut(&[u8])) -> io::Result<Checksums> {
        let (file, found) = files::open_linked(path, File::options().read(true))?;
        checksums_of(file, &found, on_block)
    }

    #[test]
    fn they_are_those_that_other_programs_print() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "abc").unwrap();
        let mut told = Vec::new();
        let found = of(&path, &mut |block| told.extend_from_slice(block)).unwrap();
        assert_eq!(told, b"abc");
        let printed = "CRC32 (x) = 352441C2\nMD5 (x) = 900150983cd24fb0d6963f7d28e17f72\n\
            SHA1 (x) = a9993e364706816aba3e25717850c26c9cd0d89d\n\
            SHA256 (x) = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
        let list = ChecksumList::read(printed.as_bytes(), ChecksumListKind::Digests).unwrap();
        assert_eq!(found, list.of("x"));
    }

    #[test]
    fn a_file_of_many_blocks_is_read_to_its_end_and_one_that_changes_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let content: Vec<u8> = (0..3 * BLOCK + 1).map(|at| at.to_le_bytes()[0]).collect();
        fs::write(&path, &content).unwrap();
        let found = of(&path, &mut |_| ()).unwrap();
        assert_eq!(found.sha1, Some(Sha1::digest(&content).into()));
        assert_eq!(found.crc32, Some(crc32fast::hash(&content)));
        let mut grow = |_: &[u8]| fs::write(&path, [&content, &content[..9]].concat()).unwrap();
        let refused = of(&path, &mut grow).unwrap_err();
        assert!(refused.to_string().contains("changed while it was read"), "{refused}");
    }
}
