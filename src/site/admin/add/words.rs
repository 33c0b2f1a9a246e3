//! What became of something that was given, in the words of a language.

use crate::catalog::Problem;
use crate::config::UploadPlace;
use crate::protocol::MagnetError;
use crate::site::language::AddTexts;
use crate::tracker::upload::{ArchiveError, KnownState, LeftOut, Verdict};

/// How a verdict looks.
pub(super) fn class(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Added { .. } => "good",
        Verdict::Known { .. } | Verdict::LeftOut(LeftOut::NoTorrentFile) => "warn",
        _ => "bad",
    }
}

impl AddTexts {
    /// What became of it.
    pub(super) fn verdict(&self, verdict: &Verdict) -> String {
        let text = match verdict {
            Verdict::Added { kept_in: None, .. } => self.tracked,
            Verdict::Added { kept_in: Some(place), is_rewritten, .. } => {
                self.added(*place, *is_rewritten)
            }
            Verdict::Known { state, .. } => self.known(*state),
            Verdict::Refused(problem) => return self.problem(problem),
            Verdict::NotRewritten => self.not_rewritten,
            Verdict::NoMagnet(problem) => self.magnet(problem),
            Verdict::NoHash => self.no_hash,
            Verdict::NoArchive(problem) => self.archive(*problem),
            Verdict::LeftOut(why) => self.left_out(*why),
            Verdict::NameTaken { .. } => self.name_taken,
            Verdict::NotStored { source, .. } => return self.not_stored.with(source),
            Verdict::Failed(problem) => return self.failed.with(problem),
            Verdict::NotReached => self.not_reached,
        };
        text.to_owned()
    }

    fn added(&self, place: UploadPlace, is_rewritten: bool) -> &'static str {
        match (place, is_rewritten) {
            (UploadPlace::Folder, false) => self.in_folder,
            (UploadPlace::Folder, true) => self.rewritten,
            (UploadPlace::Database, false) => self.in_database,
            (UploadPlace::Database, true) => self.rewritten_in_database,
        }
    }

    fn known(&self, state: KnownState) -> &'static str {
        match state {
            KnownState::Tracked => self.known_tracked,
            KnownState::Hidden => self.known_hidden,
            KnownState::Retired => self.known_retired,
            KnownState::Kept => self.known_kept,
            KnownState::InFolder => self.known_in_folder,
            KnownState::Twice => self.known_twice,
        }
    }

    fn problem(&self, problem: &Problem) -> String {
        match problem {
            Problem::TooBig { limit } => self.too_big.with(limit),
            Problem::Metainfo(problem) => self.no_torrent.with(problem),
            Problem::Foreign { announce } => self.foreign_tracker.with(announce),
            Problem::NoAnnounce => self.no_announce.to_owned(),
            other => self.refused.with(other),
        }
    }

    fn magnet(&self, problem: &MagnetError) -> &'static str {
        match problem {
            MagnetError::NotAMagnet | MagnetError::NoTorrent => self.magnet_of_nothing,
            MagnetError::TooLong => self.magnet_too_long,
            MagnetError::InfoHash(_) => self.magnet_damaged,
            MagnetError::SeveralTorrents => self.magnet_of_several,
        }
    }

    fn archive(&self, problem: ArchiveError) -> &'static str {
        match problem {
            ArchiveError::Damaged => self.archive_damaged,
            ArchiveError::TooManyEntries => self.archive_too_many,
            ArchiveError::Overlapping => self.archive_overlapping,
        }
    }

    fn left_out(&self, why: LeftOut) -> &'static str {
        match why {
            LeftOut::NoTorrentFile => self.no_torrent_file,
            LeftOut::Nested => self.nested,
            LeftOut::LeadsOut => self.leads_out,
            LeftOut::Encrypted => self.encrypted,
            LeftOut::Method => self.method,
            LeftOut::Damaged => self.damaged,
            LeftOut::TooMuch => self.too_much,
        }
    }
}
