//! What the site's owner decided: which torrents there are.

mod folder;

pub use folder::{
    FolderError, FolderProblem, FolderScan, FoundTorrent, Problem, ScanRules, Watched, has_changed,
    modified_nanos, read_metainfo, scan_folder,
};
