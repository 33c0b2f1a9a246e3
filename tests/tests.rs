//! The tracker as its users meet it: through real web servers, with real BitTorrent clients and a
//! real browser. `scripts/test` installs the programs that these tests start.

// A test that cannot be set up has failed; clippy's exemption covers test functions only.
#![allow(clippy::expect_used)]

mod admin;
mod api;
mod clients;
mod command_line;
mod doctor;
mod examples;
mod external;
mod farm;
mod feeds;
mod first_request;
mod full_scrape;
mod harness;
mod health;
mod history;
mod house;
mod killed;
mod languages;
mod lists;
mod looks;
mod memory;
mod pages;
mod prometheus;
mod protocol;
mod reachability;
mod responder;
mod root;
mod rust;
mod scrape;
mod scripts;
mod servers;
mod snippets;
mod start;
mod static_pages;
mod strangers;
mod terminal;
mod torrents;
mod uploads;
mod waiting;
