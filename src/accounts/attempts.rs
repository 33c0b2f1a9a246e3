//! How guessing is slowed down: failed sign-ins are counted for each account, address and known device, in a file of
//! fixed size, `admin.attempts` beside the catalogue, that all processes of a host share.
//!
//! A try counts as failed before the password is looked at, so that many at once cannot all try; success takes it back.

mod slots;

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::slots::{Counted, Slots};
use super::device::Device;
use crate::platform::files;
use crate::platform::lock::{self, Kind};
use crate::protocol::{Seconds, Timestamp};

/// How long to wait for others that count; each takes some microseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// After so long without a failure, earlier ones are forgotten: a day.
const FORGOTTEN: Seconds = Seconds(24 * 60 * 60);

/// Somebody who wants to sign in.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The name as it was typed, also of nobody. Capital letters count as small ones.
    pub account: &'a str,
    /// From where.
    pub address: IpAddr,
    /// The device, when it is one that is known for that account; it is slowed down for its own failures only.
    pub device: Option<&'a Device>,
}

/// Where failed sign-ins are counted.
#[derive(Clone, Debug)]
pub struct Attempts {
    path: PathBuf,
}

/// Why somebody may not try.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// There were too many failures.
    #[error("too many sign-ins have failed; try again in {0} seconds")]
    Wait(Seconds),
    /// What is counted cannot be read or written; nobody may try uncounted.
    #[error("cannot count sign-ins in {}: {source}; let the tracker's user write there, and see that there is space left", path.display())]
    Uncounted {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What failures of one kind cost.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// So many cost nothing.
    free: u32,
    /// Each further one doubles a wait of one second, up to this.
    longest: Seconds,
}

const ACCOUNT: Rule = Rule { free: 5, longest: Seconds(15 * 60) };
const ADDRESS: Rule = Rule { free: 10, longest: Seconds(5 * 60) };

impl Rule {
    /// How long somebody must wait after so many failures.
    fn wait(self, failures: u32) -> Seconds {
        match failures.checked_sub(self.free) {
            None | Some(0) => Seconds(0),
            Some(more) => {
                Seconds(1_u32.checked_shl(more - 1).unwrap_or(u32::MAX)).min(self.longest)
            }
        }
    }

    /// How long somebody must still wait.
    fn left(self, counted: Counted, now: Timestamp) -> Seconds {
        Seconds(self.wait(counted.failures).0.saturating_sub(now.since(counted.last).0))
    }
}

impl Attempt<'_> {
    /// What is counted for: the known device, or else the account and the address.
    fn subjects(&self) -> Vec<(Vec<u8>, Rule)> {
        if let Some(device) = self.device {
            return vec![([b"device".as_slice(), &device.id].concat(), ACCOUNT)];
        }
        let account = self.account.to_lowercase();
        vec![
            ([b"account", account.as_bytes()].concat(), ACCOUNT),
            ([b"address".as_slice(), &network(self.address)].concat(), ADDRESS),
        ]
    }
}

/// What addresses have in common that are one: an IPv4 address is one, and so are those of an IPv6 network of 64 bits.
fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => (u128::from(v6) >> 64 << 64).to_be_bytes(),
    }
}

impl Attempts {
    /// Those of the site with a catalogue.
    #[must_use]
    pub fn beside(catalog: &Path) -> Self {
        Self { path: catalog.with_file_name("admin.attempts") }
    }

    /// Whether somebody could try now; counts nothing.
    ///
    /// # Errors
    /// How long they must wait, or that nothing can be counted.
    pub fn may_try(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<(), NotNow> {
        self.with_slots(|slots| wait(slots, &attempt.subjects(), now))
    }

    /// Lets somebody try, and counts a failure ahead. What follows is [`Self::succeeded`], or nothing.
    ///
    /// # Errors
    /// How long they must wait, or that nothing can be counted. Then nothing was counted.
    pub fn begin(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<(), NotNow> {
        self.with_slots(|slots| count_failure(slots, &attempt.subjects(), now))
    }

    /// Counts that a token of programs was shown from an address that is none of ours. Those that are ours are never
    /// slowed down: nobody can guess one, and whoever shows wrong ones must not lock others out.
    ///
    /// # Errors
    /// How long that address must wait before it shows another, or that nothing can be counted. Then nothing was counted.
    pub fn token_failed(&self, address: IpAddr, now: Timestamp) -> Result<(), NotNow> {
        let subject = [b"token".as_slice(), &network(address)].concat();
        self.with_slots(|slots| count_failure(slots, &[(subject, ADDRESS)], now))
    }

    /// Forgets the failures of somebody who has signed in, also those that others had with their name.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn succeeded(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<(), NotNow> {
        self.with_slots(|slots| {
            let without_device = Attempt { device: None, ..*attempt };
            let subjects = [without_device.subjects(), attempt.subjects()].concat();
            for (subject, _) in &subjects {
                slots.put(subject, Counted::default(), now)?;
            }
            Ok(None)
        })
    }

    /// Does something with the file while no other process does.
    fn with_slots(
        &self,
        work: impl FnOnce(&Slots) -> io::Result<Option<Seconds>>,
    ) -> Result<(), NotNow> {
        let done = || {
            let mut how = File::options();
            how.read(true).write(true).create(true).truncate(false).mode(0o600);
            let (file, metadata) = files::open(&self.path, &mut how)?;
            if !lock::acquire(&file, Kind::Exclusive, PATIENCE)? {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let slots = match Slots::open(file)? {
                Ok(slots) => slots,
                Err(file) => {
                    if metadata.len() > 0 {
                        let path = self.path.display();
                        crate::warning!("{path} was damaged; failed sign-ins are counted anew");
                    }
                    Slots::begin(file)?
                }
            };
            work(&slots)
        };
        match done() {
            Ok(None) => Ok(()),
            Ok(Some(seconds)) => Err(NotNow::Wait(seconds)),
            Err(source) => Err(NotNow::Uncounted { path: self.path.clone(), source }),
        }
    }
}

/// Counts a failure of each subject, unless one of them must wait; then says how long.
fn count_failure(
    slots: &Slots,
    subjects: &[(Vec<u8>, Rule)],
    now: Timestamp,
) -> io::Result<Option<Seconds>> {
    if let Some(seconds) = wait(slots, subjects, now)? {
        return Ok(Some(seconds));
    }
    for (subject, _) in subjects {
        let mut counted = slots.find(subject, now)?;
        counted.failures = counted.failures.saturating_add(1);
        counted.last = now;
        slots.put(subject, counted, now)?;
    }
    Ok(None)
}

/// The longest wait of several subjects, if any.
fn wait(
    slots: &Slots,
    subjects: &[(Vec<u8>, Rule)],
    now: Timestamp,
) -> io::Result<Option<Seconds>> {
    let mut longest = Seconds(0);
    for (subject, rule) in subjects {
        longest = longest.max(rule.left(slots.find(subject, now)?, now));
    }
    Ok(Some(longest).filter(|longest| *longest > Seconds(0)))
}

#[cfg(test)]
mod tests;
