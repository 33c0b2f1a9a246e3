//! The stores that are measured: what one is called, where its file is, how it is opened and filled.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tracker_cgi::store::shm::{ShmOptions, ShmStore};
use tracker_cgi::store::sqlite::{SqliteOptions, SqliteStore};

use crate::bitstorm::Bitstorm;
use crate::crowd::{Crowd, EXPIRY};
use crate::latency::Latencies;
use crate::lmdb::{self, Environment, Lmdb};
use crate::taker::Store;

/// Where the files are: memory.
const FOLDER: &str = "/dev/shm";

/// More than ten million peers need.
const MAX_SIZE: u64 = 8 << 30;

/// The kinds of stores.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Shm,
    /// With all that the contract of a store needs.
    Lmdb,
    /// Without an index of the silent peers: who expires is not found.
    BareLmdb,
    Sqlite,
    Bitstorm,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Shm, Self::Lmdb, Self::BareLmdb, Self::Sqlite, Self::Bitstorm];

    pub fn name(self) -> &'static str {
        match self {
            Self::Shm => "shm",
            Self::Lmdb => "lmdb",
            Self::BareLmdb => "bare-lmdb",
            Self::Sqlite => "sqlite",
            Self::Bitstorm => "bitstorm",
        }
    }

    pub fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.expect("the name of a store")
    }
}

/// A store's folder in memory, which goes when this does.
pub struct Home {
    kind: Kind,
    path: PathBuf,
    /// LMDB must not be open twice in one process.
    environment: Option<Environment>,
    _folder: Option<TempDir>,
}

impl Home {
    /// A new, empty one.
    pub fn new(kind: Kind) -> Self {
        let folder = tempfile::Builder::new().prefix("peers-").tempdir_in(FOLDER);
        let folder = folder.expect("a folder in memory");
        let home = Self::at(kind, &folder.path().join("peers"));
        Self { _folder: Some(folder), ..home }
    }

    /// One that another process made and clears away.
    pub fn at(kind: Kind, path: &Path) -> Self {
        let is_lmdb = matches!(kind, Kind::Lmdb | Kind::BareLmdb);
        let environment = is_lmdb.then(|| lmdb::environment(path));
        Self { kind, path: path.to_owned(), environment, _folder: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn open(&self) -> Box<dyn Store + '_> {
        match self.kind {
            Kind::Shm => Box::new(open_shm(&self.path)),
            Kind::Sqlite => {
                let options = SqliteOptions::new(self.path.clone(), EXPIRY);
                Box::new(SqliteStore::open(&options).expect("SQLite opens"))
            }
            Kind::Bitstorm => Box::new(Bitstorm::new(&self.path)),
            Kind::Lmdb | Kind::BareLmdb => {
                let environment = self.environment.as_ref().expect("it is open");
                Box::new(Lmdb::new(environment, self.kind == Kind::Lmdb))
            }
        }
    }

    /// Opens the store, and lets a crowd arrive.
    pub fn filled(&self, crowd: Crowd) -> (Box<dyn Store + '_>, Latencies) {
        let mut store = self.open();
        let latencies = store.fill(crowd);
        (store, latencies)
    }

    /// The memory that all files in the folder take.
    pub fn bytes(&self) -> u64 {
        let folder = self.path.parent().expect("a file is in a folder");
        let entries = std::fs::read_dir(folder).expect("the folder is read");
        let blocks = entries.map(|entry| entry.expect("a file").metadata().expect("it").blocks());
        blocks.sum::<u64>() * 512
    }

    /// The bytes of the pages that LMDB uses; the rest of its file waits to be used again.
    pub fn used_by_lmdb(&self) -> Option<usize> {
        let environment = self.environment.as_ref()?;
        Some(environment.unnamed_database_stat().non_free_page_size())
    }
}

/// Opens the store in shared memory.
pub fn open_shm(path: &Path) -> ShmStore {
    let usual = ShmOptions::new(path.to_owned(), EXPIRY);
    ShmStore::open(&ShmOptions { max_size: MAX_SIZE, ..usual }).expect("the store opens")
}
