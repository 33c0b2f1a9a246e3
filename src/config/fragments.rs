//! The key `fragments` of `[pages]`.

use serde::{Deserialize, Serialize};

/// Of what there are fragments for pages of the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FragmentsOf {
    /// All torrents together.
    All,
    /// Each category.
    Categories,
    /// Each group.
    Groups,
    /// Each torrent that has a static page.
    Torrents,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::LoadedConfig;

    #[test]
    fn a_word_that_is_none_of_them_is_told_which_there_are() {
        for (value, needs) in [
            ("['al']", r#"a list of "all", "categories", "groups", "torrents""#),
            ("'all'", r#"a list of texts, such as ["one", "two"]"#),
        ] {
            let text = format!("[pages]\nfragments = {value}");
            let problem = LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml"));
            let said = problem.unwrap_err().to_string();
            assert!(said.ends_with(&format!("; it must be {needs}")), "{said}");
        }
    }
}
