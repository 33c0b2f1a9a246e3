//! What the owner of a site sees in a browser while the tracker may not write: which folders to make, and which mode
//! to give them. Strangers see it too, so that it names nothing outside the site.

use std::path::Path;

use askama::Template;

use crate::config::{LoadedConfig, is_unguessable, written_folders};
use crate::gateway::{Response, Status};
use crate::platform::privilege::may_write;

#[derive(Template)]
#[template(path = "setup_page.html")]
struct SetupPage {
    style: &'static str,
    folders: Vec<Folder>,
}

/// A folder that the tracker cannot use as it is.
#[derive(Debug, PartialEq, Eq)]
struct Folder {
    /// As it is seen from the site's folder; nothing for one that is elsewhere.
    name: Option<String>,
    is_missing: bool,
}

/// The page; `None` when the tracker may write wherever it must.
pub(super) fn page(loaded: &LoadedConfig) -> Option<String> {
    let folders = unusable_folders(loaded);
    if folders.is_empty() {
        return None;
    }
    let style = include_str!("../../www/style.css");
    match (SetupPage { style, folders }).render() {
        Ok(page) => Some(page),
        Err(problem) => {
            crate::error!("cannot render the page about missing folders: {problem}");
            None
        }
    }
}

pub(super) fn show(page: &str, response: &mut Response) {
    response.status = Status::ServiceUnavailable;
    response.content_type = "text/html; charset=utf-8";
    response.headers.push(("Cache-Control", "no-store".into()));
    response.body.extend_from_slice(page.as_bytes());
}

fn unusable_folders(loaded: &LoadedConfig) -> Vec<Folder> {
    let site = loaded.folder.parent().unwrap_or(&loaded.folder);
    let unusable = written_folders(loaded).into_iter().filter(|folder| !is_usable(folder));
    let mut folders: Vec<Folder> = unusable
        .map(|folder| {
            let inside = folder.strip_prefix(site).ok().filter(|path| !is_secret(path));
            let name =
                inside.map(|path| path.display().to_string()).filter(|name| !name.is_empty());
            Folder { name, is_missing: !folder.exists() }
        })
        .collect();
    folders.dedup();
    folders
}

/// Whether the folder's name is one that nobody may learn.
fn is_secret(path: &Path) -> bool {
    path.iter().any(is_unguessable)
}

/// Whether the tracker may write to a folder, or make it where it is missing.
fn is_usable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|folder| folder.exists());
    there.is_some_and(|there| there.is_dir() && may_write(there))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn site(settings: &str) -> (tempfile::TempDir, LoadedConfig) {
        let home = tempfile::tempdir().unwrap();
        let loaded = LoadedConfig::parse(settings, &home.path().join("conf/tracker.toml")).unwrap();
        (home, loaded)
    }

    #[test]
    fn what_is_in_the_way_is_named_from_the_site_and_nothing_else() {
        let (home, loaded) = site("");
        assert_eq!(page(&loaded), None, "all can be made");
        // Not even root writes to a file as to a folder.
        fs::write(home.path().join("data"), "").unwrap();
        fs::write(home.path().join("www"), "").unwrap();
        let page = page(&loaded).unwrap();
        assert!(page.contains("<code>data</code>"), "{page}");
        assert!(page.contains("<code>www/torrents</code>"), "{page}");
        assert!(!page.contains(&home.path().display().to_string()), "{page}");
    }

    #[test]
    fn beside_hidden_data_the_torrents_folder_is_named_and_the_hidden_one_is_not() {
        let (home, mut loaded) = site("");
        fs::write(home.path().join(".htaccess"), "").unwrap();
        loaded.find_data();
        loaded.hide_new_data().unwrap();
        assert!(loaded.is_hidden());
        fs::write(home.path().join("www"), "").unwrap();
        let shown = page(&loaded).unwrap();
        assert!(shown.contains("<code>www/torrents</code>"), "{shown}");
        assert!(!shown.contains("private-") && !shown.contains("tracker.toml"), "{shown}");
    }

    #[test]
    fn a_folder_outside_the_site_is_not_named() {
        let elsewhere = tempfile::tempdir().unwrap();
        let secret = elsewhere.path().join("secret");
        fs::write(&secret, "no folder").unwrap();
        let catalog = secret.join("catalog.db");
        let (_home, loaded) = site(&format!("paths.catalog = {catalog:?}"));
        let folders = unusable_folders(&loaded);
        assert_eq!(folders, [Folder { name: None, is_missing: false }]);
        let page = page(&loaded).unwrap();
        assert!(!page.contains("secret") && page.contains("<code>catalog</code>"), "{page}");
    }
}
