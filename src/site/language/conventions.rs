//! How a language writes figures: what differs from one to another (CLDR).

use super::phrase::Form;
use crate::site::format;

/// How a language writes figures.
pub(super) struct Conventions {
    /// What stands between thousands.
    pub(super) thousands: &'static str,
    /// What stands in front of decimals.
    pub(super) decimal: &'static str,
    /// What is behind an amount that comes in each second.
    pub(super) a_second: &'static str,
    /// Bytes, and their multiples by 1024.
    pub(super) bytes: [&'static str; format::UNITS],
    /// The months in dates, from January on.
    pub(super) months: [&'static str; 12],
    /// Which form a word has beside a number.
    pub(super) form: fn(u64) -> Form,
}
