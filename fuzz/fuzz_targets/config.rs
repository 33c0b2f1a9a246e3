//! Configurations as owners may write them: whatever is wrong gets an answer with its line.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tracker_cgi::config::{ConfigError, LoadedConfig};

fuzz_target!(|text: &str| {
    match LoadedConfig::parse(text, Path::new("/srv/tracker/conf/tracker.toml")) {
        Ok(loaded) => assert!(loaded.config.paths.catalog.is_absolute()),
        Err(ConfigError::Wrong { line, ref flaw, .. }) => {
            assert!((1..=text.lines().count().max(1) + 1).contains(&line), "line {line}");
            assert!(!flaw.to_string().is_empty());
        }
        Err(other) => panic!("{other}"),
    }
});
