//! Numbers, amounts, dates and durations as a language writes them.

use super::phrase::Plural;
use super::texts::Texts;
use crate::platform::date;
use crate::protocol::{Seconds, Timestamp};
use crate::site::format;

impl Texts {
    /// A number with its thousands apart: `41,208`.
    pub(in crate::site) fn number(&self, count: impl TryInto<u64>) -> String {
        format::grouped_by(count.try_into().unwrap_or(u64::MAX), self.conventions.thousands)
    }

    /// The word for so many things: `peers`.
    pub(in crate::site) fn word(&self, count: u64, thing: Plural) -> &'static str {
        thing.form((self.conventions.form)(count))
    }

    /// So many things: `41,208 peers`.
    pub(in crate::site) fn counted(&self, count: impl TryInto<u64>, thing: Plural) -> String {
        let count = count.try_into().unwrap_or(u64::MAX);
        format!("{} {}", self.number(count), self.word(count, thing))
    }

    /// A number of bytes in the unit that fits, with so many decimals from KiB on.
    pub(in crate::site) fn bytes(&self, count: u64, decimals: usize) -> String {
        let (value, unit) = format::in_unit(count, decimals);
        self.amount(&value, unit)
    }

    /// Bytes a second.
    pub(in crate::site) fn rate(&self, bytes_per_second: f64) -> String {
        let (value, unit) = format::rate_in_unit(bytes_per_second);
        format!("{}{}", self.amount(&value, unit), self.conventions.a_second)
    }

    /// Bytes a second, with so many decimals from KiB on.
    pub(in crate::site) fn speed(&self, bytes_per_second: u64, decimals: usize) -> String {
        format!("{}{}", self.bytes(bytes_per_second, decimals), self.conventions.a_second)
    }

    fn amount(&self, value: &str, unit: usize) -> String {
        let name = self.conventions.bytes.get(unit).copied().unwrap_or_default();
        format!("{} {name}", value.replace('.', self.conventions.decimal))
    }

    /// A share in percent, with one decimal: `12.5 %`.
    pub(in crate::site) fn percent(&self, percent: f64) -> String {
        format!("{percent:.1} %").replace('.', self.conventions.decimal)
    }

    /// A day: `6 Nov 1994`.
    pub(in crate::site) fn day(&self, at: Timestamp) -> String {
        let date = date::parts(at.0);
        let month = of_month(&self.conventions.months, date.month);
        format!("{} {month} {}", date.day, date.year)
    }

    /// A day of the year in a chart: `6 Nov`.
    pub(in crate::site) fn short_day(&self, at: Timestamp) -> String {
        format!("{} {}", date::parts(at.0).day, self.short_month(at))
    }

    /// A month of the year in a chart: `Nov`.
    pub(in crate::site) fn short_month(&self, at: Timestamp) -> &'static str {
        of_month(&self.conventions.short_months, date::parts(at.0).month)
    }

    /// A time of day: `08:49`.
    pub(in crate::site) fn time_of_day(&self, at: Timestamp) -> String {
        let date = date::parts(at.0);
        format!("{:02}:{:02}", date.hour, date.minute)
    }

    /// A date and a time of day: `6 Nov 1994, 08:49 UTC`.
    pub(in crate::site) fn moment(&self, at: Timestamp) -> String {
        format!("{}, {} UTC", self.day(at), self.time_of_day(at))
    }

    /// A duration in words, by its largest unit: `3 days`; as it stands behind "every" and in front of "ago".
    pub(in crate::site) fn duration(&self, duration: Seconds) -> String {
        let words = &self.durations;
        match format::in_largest_unit(duration) {
            None => words.less_than_a_minute.to_owned(),
            Some((count, unit)) => {
                let unit = match unit {
                    format::Unit::Year => words.years,
                    format::Unit::Month => words.months,
                    format::Unit::Day => words.days,
                    format::Unit::Hour => words.hours,
                    format::Unit::Minute => words.minutes,
                };
                self.counted(count, unit)
            }
        }
    }

    /// A duration in minutes, rounded up: `90 minutes`.
    pub(in crate::site) fn minutes(&self, duration: Seconds) -> String {
        self.counted(duration.in_minutes_rounded_up(), self.durations.minutes)
    }
}

/// What a month is called, 1 to 12.
fn of_month(names: &[&'static str; 12], month: u64) -> &'static str {
    let index = usize::try_from(month).unwrap_or(0).saturating_sub(1);
    names.get(index).copied().unwrap_or_default()
}
