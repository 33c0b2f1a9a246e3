//! Where the pages for visitors may be: not among what is private, nor among the torrents.

use std::path::Path;

use super::{Impossible, Key};
use crate::config::Config;
use crate::config::locate::is_within;

const PAGES: Key = ("paths", "pages");

/// Checks the folder of the pages, where there is one.
pub(super) fn validate(config: &Config) -> Result<(), Impossible> {
    let Some(pages) = &config.paths.pages else { return Ok(()) };
    shows_nothing_private(config, pages)?;
    is_apart_from_the_torrents(config, pages)
}

/// Whoever can read the pages can read what lies in their folder.
fn shows_nothing_private(config: &Config, pages: &Path) -> Result<(), Impossible> {
    let paths = &config.paths;
    let secrets: [(Key, &Path); 3] = [
        (("paths", "catalog"), &paths.catalog),
        (("paths", "policy"), &paths.policy),
        (("store", "path"), &config.store.path),
    ];
    for (key, secret) in secrets {
        let folder = secret.parent().unwrap_or(secret);
        if is_within(secret, pages) || is_within(pages, folder) {
            return Err(Impossible::between(
                PAGES,
                key,
                format!(
                    "everybody may read the pages in {}, and `{}` in [{}] has private files there or \
                     around it; choose a folder that has nothing to do with them",
                    pages.display(),
                    key.1,
                    key.0
                ),
            ));
        }
    }
    Ok(())
}

/// What is written there must not look like a change of the torrents, and must be able to link to them.
fn is_apart_from_the_torrents(config: &Config, pages: &Path) -> Result<(), Impossible> {
    let paths = &config.paths;
    if is_within(pages, &paths.torrents) {
        return Err(Impossible::between(
            PAGES,
            ("paths", "torrents"),
            format!(
                "{} is in the folder of .torrent files; choose one beside or above it",
                pages.display()
            ),
        ));
    }
    if paths.torrents_url.is_none() && !is_within(&paths.torrents, pages) {
        return Err(Impossible::new(
            PAGES,
            "nothing says how to link from there to the .torrent files; set `torrents_url` in [paths], or \
             name a folder that the torrents folder is in"
                .into(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::LoadedConfig;

    fn refusal(text: &str) -> String {
        let file = std::path::Path::new("/srv/conf/tracker.toml");
        LoadedConfig::parse(text, file).map(|_| "accepted".into()).unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn pages_lie_apart_from_what_is_private_and_from_torrents() {
        for (pages, expected) in [
            ("../data", "choose a folder that has nothing to do with them"),
            ("../data/www", "choose a folder that has nothing to do with them"),
            ("..", "choose a folder that has nothing to do with them"),
            ("../www/torrents", "choose one beside or above it"),
            ("../www/torrents/pages", "choose one beside or above it"),
            ("../public", "or name a folder that the torrents folder is in"),
        ] {
            let text = refusal(&format!("paths.pages = '{pages}'"));
            assert!(text.ends_with(expected), "{pages}: {text}");
        }
    }

    #[test]
    fn pages_may_be_the_owners_web_root_or_none() {
        for text in [
            "paths.pages = ''",
            "paths.pages = '../www'",
            "paths.pages = '../www/'",
            "[paths]\npages = '../public'\ntorrents_url = 'https://a.example/torrents'",
        ] {
            assert_eq!(refusal(text), "accepted", "{text}");
        }
    }

    #[test]
    fn the_folder_of_the_pages_is_made_absolute() {
        let file = std::path::Path::new("/srv/conf/tracker.toml");
        let loaded = LoadedConfig::parse("paths.pages = '../www'", file).unwrap();
        assert_eq!(loaded.config.paths.pages.as_deref(), Some("/srv/www".as_ref()));
    }
}
