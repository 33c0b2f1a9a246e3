//! What people see at a replica's script: where the owner's site is. It has no pages, as it has no torrents.

use crate::config::LoadedConfig;
use crate::gateway::{Answer, Response, Status};

const NO_PAGES: &[u8] =
    b"This host answers BitTorrent clients only. Torrents and statistics are on another one.\n";

pub(super) fn show(loaded: &LoadedConfig, response: &mut Response) -> Answer {
    response.headers.push(("Cache-Control", "no-store".into()));
    match &loaded.config.farm.owner_url {
        None => {
            response.status = Status::NotFound;
            response.body.extend_from_slice(NO_PAGES);
        }
        Some(url) => {
            response.status = Status::Found;
            response.headers.push(("Location", url.to_string().into()));
        }
    }
    Answer::Ready
}
