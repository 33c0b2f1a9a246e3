//! What the operating system gives, without a word of the domain: files, locks, the clock, randomness, processes,
//! memory, the log, the terminal.

pub mod address_range;
#[cfg(test)]
mod cannot_run;
pub mod clock;
pub mod date;
pub mod file_mark;
pub mod file_system;
pub mod files;
pub mod folder;
pub mod lock;
pub mod log;
pub mod memory;
pub mod named_files;
pub mod nameless_file;
pub mod nearest;
pub mod network;
pub mod order;
pub mod prefetch;
pub mod privilege;
pub mod process;
pub mod program;
pub mod publication;
pub mod random;
pub mod reach;
pub mod scratch;
pub mod signals;
pub mod sockets;
pub mod special_addresses;
pub mod terminal;
pub mod threads;
pub mod toml_syntax;

#[cfg(test)]
pub(crate) use cannot_run::cannot_run;
pub use file_mark::FileMark;
