//! How far a long command is, for a person who waits for it.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::tracker::Progress;

/// A progress bar on a terminal; nothing elsewhere, so that cron sends no mail.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar that shows nothing yet.
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// A bar that fills up as so many bytes are read; one of unknown length where that is not known.
    pub(super) fn of_bytes(length: Option<u64>) -> Self {
        let bar = Self::new();
        if let (Some(bar), Some(length)) = (&bar.0, length) {
            bar.set_length(length);
            if let Ok(style) =
                ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes} ({eta})")
            {
                bar.set_style(style);
            }
        }
        bar
    }

    /// So many of something are done.
    pub(super) fn show(&self, what: &'static str, count: usize) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
            bar.set_position(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    /// Takes it off the terminal.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// The same for a known number of bytes, told from several threads.
pub(super) struct ByteBar(Option<ProgressBar>);

impl ByteBar {
    /// A bar of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(bytes);
        let template =
            "{bar:30} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// So many bytes more are done.
    pub(super) fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    /// Takes it off the terminal.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn files(&mut self, count: usize) {
        self.show("files read", count);
    }

    fn swarms(&mut self, count: usize) {
        self.show("swarms counted", count);
    }

    fn peers(&mut self, count: usize) {
        self.show("peers taken over", count);
    }
}
