//! Hashing content on all cores: one thread at a time reads the next part of it, in order and in large blocks, and
//! hashes it while others read on. What is read is in memory once for each thread.

use std::fs::File;
use std::io::{self, Read as _};
use std::num::NonZeroU64;
use std::sync::Mutex;
use std::thread;

use super::{Content, ContentError};
use crate::platform::order::Order as _;
use crate::platform::{FileMark, files};
use crate::protocol::{ContentHashes, PieceLength, TorrentVersion, V1Hash, V2Hash};

/// Bytes that are read at once at least: short pieces go by the dozen.
const BLOCK: usize = 1 << 20;

/// Bytes of content in memory at most, unless one piece is longer.
const MEMORY: usize = 512 << 20;

impl Content {
    /// Reads and hashes everything. `progress` hears, from several threads, of each number of bytes that is done.
    ///
    /// # Errors
    /// When a file cannot be read, or is not as it was found.
    pub fn hash(
        &self,
        version: TorrentVersion,
        length: PieceLength,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<ContentHashes, ContentError> {
        let room = BLOCK.max(length.buffer());
        let pads_end = version.has_v2() && self.is_folder();
        let work = Work { version, length, room, pads_end, progress };
        let source = Mutex::new(Source::new(self, version));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let useful = usize::try_from(self.size().div_ceil(room as u64)).unwrap_or(usize::MAX);
        let threads = cores.min(useful).min(MEMORY / room).max(1);
        let mut pieces = side_by_side(threads, &|| work.run(&source))?;
        pieces.order_by_key(|piece| piece.number);
        Ok(self.in_order(&pieces, version, length))
    }

    fn in_order(
        &self,
        pieces: &[Piece],
        version: TorrentVersion,
        length: PieceLength,
    ) -> ContentHashes {
        let v1 = pieces.iter().filter_map(|piece| piece.v1).collect();
        let mut v2 = Vec::new();
        if version.has_v2() {
            let mut hashes = pieces.iter().filter_map(|piece| piece.v2);
            let of_file =
                |file: &super::File| hashes.by_ref().take(length.pieces(file.new.size)).collect();
            v2 = self.files.iter().map(of_file).collect();
        }
        ContentHashes { v1, v2 }
    }
}

/// The hashes of a piece.
struct Piece {
    number: usize,
    v1: Option<V1Hash>,
    v2: Option<V2Hash>,
}

/// Does the same in so many threads, this one among them, and puts together what they bring. Where the system gives
/// fewer threads, fewer do it.
fn side_by_side<T: Send>(
    threads: usize,
    work: &(dyn Fn() -> Result<Vec<T>, ContentError> + Sync),
) -> Result<Vec<T>, ContentError> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mine = work();
        let join = |other: thread::ScopedJoinHandle<'_, _>| {
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let outcomes: Vec<_> = others.into_iter().map(join).collect();
        let mut all = mine?;
        for outcome in outcomes {
            all.append(&mut outcome?);
        }
        Ok(all)
    })
}

/// What each thread does.
struct Work<'a> {
    version: TorrentVersion,
    length: PieceLength,
    /// Bytes that are read at once; whole pieces.
    room: usize,
    /// Whether padding follows the last file, too.
    pads_end: bool,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Work<'_> {
    fn run(&self, source: &Mutex<Source<'_>>) -> Result<Vec<Piece>, ContentError> {
        let mut part = Part { bytes: vec![0; self.room], ..Part::default() };
        let mut pieces = Vec::new();
        // A thread that panicked has broken it: then this one ends, too.
        while let Ok(mut source) = source.lock()
            && source.read(&mut part, self.length)?
        {
            drop(source);
            self.hash(&part, &mut pieces);
            (self.progress)(part.filled as u64);
        }
        Ok(pieces)
    }

    fn hash(&self, part: &Part, pieces: &mut Vec<Piece>) {
        let bytes = part.bytes.get(..part.filled).unwrap_or_default();
        let last = bytes.len().div_ceil(self.length.buffer());
        for (number, piece) in (1..).zip(bytes.chunks(self.length.buffer())) {
            let is_short = part.is_last && number == last && !self.pads_end;
            let v1 = || self.length.v1_hash(piece, is_short);
            let v2 = |file| self.length.v2_hash(piece, file);
            pieces.push(Piece {
                number: part.first + number,
                v1: self.version.has_v1().then(v1),
                v2: part.file.filter(|_| self.version.has_v2()).map(v2),
            });
        }
    }
}

/// Some pieces of the content.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    /// How much of `bytes` is in use.
    filled: usize,
    /// How many pieces are before it.
    first: usize,
    /// Whether it is the end of everything.
    is_last: bool,
    /// The size of the file that it belongs to; in version 1 the last one of several.
    file: Option<NonZeroU64>,
}

/// What is still to be read.
struct Source<'a> {
    files: std::slice::Iter<'a, super::File>,
    open: Option<OpenFile<'a>>,
    /// Bytes of all files.
    left: u64,
    /// Pieces so far.
    pieces: usize,
    /// Whether a piece may go on in the next file.
    joins: bool,
}

struct OpenFile<'a> {
    it: &'a super::File,
    size: NonZeroU64,
    file: File,
    left: u64,
}

impl<'a> Source<'a> {
    fn new(content: &'a Content, version: TorrentVersion) -> Self {
        Self {
            files: content.files.iter(),
            open: None,
            left: content.size(),
            pieces: 0,
            joins: !version.has_v2(),
        }
    }

    /// Reads on; false at the end. After an error there is nothing left for others, either.
    fn read(&mut self, part: &mut Part, length: PieceLength) -> Result<bool, ContentError> {
        let outcome = self.fill(part);
        if outcome.is_err() {
            self.files = [].iter();
            self.open = None;
        }
        outcome?;
        part.first = self.pieces;
        part.is_last = self.left == 0;
        self.pieces += part.filled.div_ceil(length.buffer());
        Ok(part.filled > 0)
    }

    fn fill(&mut self, part: &mut Part) -> Result<(), ContentError> {
        part.filled = 0;
        while part.filled < part.bytes.len() {
            if self.open.is_none() {
                self.open = self.next_file()?;
            }
            let Some(open) = &mut self.open else { break };
            part.file = Some(open.size);
            let read = open.read(part.bytes.get_mut(part.filled..).unwrap_or_default())?;
            part.filled += read;
            self.left -= read as u64;
            if open.left == 0 {
                open.is_as_found()?;
                self.open = None;
                if !self.joins {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Opens the next file that is not empty.
    fn next_file(&mut self) -> Result<Option<OpenFile<'a>>, ContentError> {
        let mut sized =
            self.files.by_ref().filter_map(|it| Some((it, NonZeroU64::new(it.new.size)?)));
        let Some((it, size)) = sized.next() else { return Ok(None) };
        let read = |problem: files::OpenError| ContentError::Read {
            path: it.path.clone(),
            source: problem.into(),
        };
        let (file, _) = files::open_linked(&it.path, File::options().read(true)).map_err(read)?;
        let open = OpenFile { it, size, file, left: it.new.size };
        open.is_as_found()?;
        Ok(Some(open))
    }
}

impl OpenFile<'_> {
    /// Fills `room`, or as much of it as there is.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ContentError> {
        let wanted = usize::try_from(self.left).map_or(room.len(), |left| left.min(room.len()));
        let (room, _) = room.split_at_mut(wanted);
        self.file.read_exact(room).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => ContentError::Changed(self.it.path.clone()),
            _ => ContentError::Read { path: self.it.path.clone(), source },
        })?;
        self.left -= wanted as u64;
        Ok(wanted)
    }

    fn is_as_found(&self) -> Result<(), ContentError> {
        let path = || self.it.path.clone();
        let metadata =
            self.file.metadata().map_err(|source| ContentError::Read { path: path(), source })?;
        match FileMark::from(&metadata) == self.it.mark {
            true => Ok(()),
            false => Err(ContentError::Changed(path())),
        }
    }
}
