//! What the site's owner decided: torrents and their totals, for years. Durable SQLite, never opened
//! on the announce path; announces read the policy snapshot that is published from it.

mod added;
mod address_list;
mod answered;
mod automatic_bans;
mod backup;
mod ban_format;
mod ban_search;
mod bans;
mod changes;
mod checksum_files;
mod client_rules;
mod count;
mod database;
mod dates;
mod decisions;
pub mod detail_values;
mod details;
mod explained;
mod external;
mod file_state;
mod folder;
mod groups;
mod hash_list;
mod history;
mod import;
mod layers;
mod list;
mod list_index;
mod logins;
mod migration;
pub mod natural;
mod opening;
mod policy;
mod reachability;
mod refreshes;
mod rows;
mod rules;
#[cfg(test)]
mod samples;
mod scan;
mod schema;
mod settings;
mod sidecar;
mod stored_files;
mod switches;
mod take_over;
mod tokens;
mod torrent;
mod torrent_search;
mod torrents;
mod totals;
mod unlisted;
mod user_id;
mod user_name;
mod user_passwords;
mod user_proofs;
mod users;

pub use added::{Added, TorrentByHash};
pub use address_list::{AddressList, AddressListError, MOST_BYTES as MOST_LIST_BYTES};
pub use answered::Answered;
pub use automatic_bans::AutomaticBan;
pub use backup::{BackupError, back_up, restore};
pub use ban_format::{BanFormat, BanListNameError, ban_list_name};
pub use ban_search::BanSearch;
pub use bans::{Ban, BanList};
pub use changes::{Author, Change, ChangeSearch};
pub use checksum_files::{ChecksumFile, ChecksumFileError, ReadChecksumFile};
pub use client_rules::{ClientRule, Place, Verdict};
pub use database::{Catalog, CatalogError};
pub use details::{Details, Retirement};
pub use explained::{ExplainedDetail, Layer};
pub use external::{External, ExternalFigures};
pub use file_state::{FileState, FileTime};
pub use folder::{
    AfterWriting, Detail, Fingerprints, FolderError, FolderProblem, FolderScan, FolderView,
    FoundTorrent, KnownFiles, Listing, Problem, ScanRules, Seen, SeenCompanions, Surroundings,
    Watched, has_changed, leads_to, read_open_torrent, read_torrent, scan_folder,
};
pub use groups::{Group, NoGroup, is_same_group};
pub use hash_list::HashList;
pub use history::{
    FoundFigures, History, HistoryError, Point, PointFigures, RefreshFigures, Sample, Series, Span,
    record_history,
};
pub use import::{
    Import, ImportError, ImportKind, ImportedBan, ImportedTorrent, MOST_TORRENTS, Skipped,
    SkippedEntry,
};
pub use layers::{Companions, DetailLayers, Sidecar};
pub use list::TorrentList;
pub use list_index::{
    HighLoad, Initial, ListEntry, ListFacts, ListHit, ListHits, ListIndex, ListIndexDraft,
    ListIndexError, ListOrder, ListPlace, ListSearch, words_of,
};
pub use logins::{Login, LoginOutcome};
pub use policy::{
    Arrival, Delivery, FolderChange, ListingChange, PolicyBan, PolicyClientRule, PolicyDraft,
    PolicyError, PolicySnapshot, PolicyTorrent, Publication, Refused, SeenClients, Sequence,
    publish,
};
pub use reachability::Tried;
pub use refreshes::RefreshRecord;
pub use rules::Rules;
pub use scan::ScanChanges;
pub use sidecar::{ReadSidecar, SidecarError};
pub use stored_files::StoredFile;
pub use switches::{Switch, Switches};
pub use take_over::{Keep, TakenOver};
pub use tokens::{NewToken, Token};
pub use torrent::{FilePlace, Torrent};
pub use torrent_search::{FoundOrder, FoundTorrents, Standing, TorrentSearch};
pub use totals::{Carried, Period, StoreCounters, Totals, carry};
pub use unlisted::{Unlisted, UnlistedCounts};
pub use user_id::UserId;
pub use user_name::{UserName, UserNameError};
pub use user_proofs::Digest;
pub use users::{Role, User, UserDetails, UserError};
