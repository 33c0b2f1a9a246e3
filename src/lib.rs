//! tracker.cgi: the BitTorrent tracker for the web server you already run.
//!
//! One way through the house: `gateway` or `cli` at the front, `site` for the URL space, `tracker`
//! for the rules, `store` and `catalog` for state, `protocol` and `platform` at the bottom. A room uses only
//! what stands below it.

pub mod accounts;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod platform;
pub mod protocol;
pub mod site;
pub mod store;
pub mod tracker;
