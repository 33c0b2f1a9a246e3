//! Figures as people read them.

use crate::protocol::Seconds;
use crate::tracker::Figures;

/// How many units bytes are told in: by 1024 each, from bytes on.
pub(super) const UNITS: usize = 5;

const UNIT_NAMES: [&str; UNITS] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// A number of bytes in the unit that fits, with so many decimals from KiB on.
#[must_use]
pub fn bytes(count: u64, decimals: usize) -> String {
    let (value, unit) = in_unit(count, decimals);
    format!("{value} {}", UNIT_NAMES[unit])
}

/// Bytes a second.
#[must_use]
pub fn rate(bytes_per_second: f64) -> String {
    let (value, unit) = rate_in_unit(bytes_per_second);
    format!("{value} {}/s", UNIT_NAMES[unit])
}

/// A number of bytes in the unit that fits, and which one that is, below [`UNITS`].
#[allow(clippy::cast_precision_loss)] // A few digits are shown.
pub(super) fn in_unit(count: u64, decimals: usize) -> (String, usize) {
    scaled(count as f64, if count < 1024 { 0 } else { decimals })
}

/// The same of bytes a second.
pub(super) fn rate_in_unit(bytes_per_second: f64) -> (String, usize) {
    scaled(bytes_per_second, 2)
}

fn scaled(count: f64, decimals: usize) -> (String, usize) {
    let mut value = count;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS {
        value /= 1024.0;
        unit += 1;
    }
    (format!("{value:.decimals$}"), unit)
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
}

/// A duration in whole ones of its largest unit; `None` below a minute. Below two months it is told in days and below two
/// years in months, as one of the larger unit would tell little.
pub(super) fn in_largest_unit(duration: Seconds) -> Option<(u32, Unit)> {
    /// From how many seconds on each unit is used, and its seconds.
    const UNITS: [(u32, u32, Unit); 5] = [
        (2 * 31_556_952, 31_556_952, Unit::Year),
        (2 * 2_629_746, 2_629_746, Unit::Month),
        (86_400, 86_400, Unit::Day),
        (3_600, 3_600, Unit::Hour),
        (60, 60, Unit::Minute),
    ];
    let fitting = UNITS.iter().find(|(from, ..)| duration.0 >= *from);
    fitting.map(|(_, seconds, unit)| (duration.0 / seconds, *unit))
}

/// A duration in words, by its largest unit: `3 days`.
#[must_use]
pub fn in_words(duration: Seconds) -> String {
    in_largest_unit(duration).map_or_else(
        || "less than a minute".into(),
        |(count, unit)| {
            let unit = match unit {
                Unit::Year => "year",
                Unit::Month => "month",
                Unit::Day => "day",
                Unit::Hour => "hour",
                Unit::Minute => "minute",
            };
            counted(count, unit)
        },
    )
}

/// A duration as TrackerCGI shows it: days, hours, minutes (`00d03h25m`).
#[must_use]
pub(super) fn age(duration: Seconds) -> String {
    let minutes = duration.0 / 60;
    format!("{:02}d{:02}h{:02}m", minutes / 1440, minutes / 60 % 24, minutes % 60)
}

/// So many things, whose word takes an s where there are several: `1 peer`, `2 peers`.
#[must_use]
pub fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart: `41,208`.
#[must_use]
pub(super) fn grouped(count: u64) -> String {
    grouped_by(count, ",")
}

/// A number with this between its thousands.
pub(super) fn grouped_by(count: u64, between: &str) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push_str(between);
        }
        text.push(digit);
    }
    text
}

/// A share of one, in percent with two decimals.
#[must_use]
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// How far those are who download; they who lack data have less than all of it.
#[must_use]
pub(super) fn progress(figures: &Figures) -> String {
    let is_known = figures.leechers > 0 && figures.left > 0;
    let percent = (figures.progress * 100.0).round().min(99.0);
    if is_known { format!("{percent} %") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_the_unit_that_says_most() {
        for (seconds, words) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (3 * 86_400 + 1, "3 days"),
            (60 * 86_400, "60 days"),
            (61 * 86_400, "2 months"),
            (730 * 86_400, "23 months"),
            (731 * 86_400, "2 years"),
            (u32::MAX, "136 years"),
        ] {
            assert_eq!(in_words(Seconds(seconds)), words, "{seconds}");
        }
    }

    #[test]
    fn thousands_stand_apart() {
        let told = [0, 999, 1_000, 41_208, 123_456, u64::MAX].map(grouped);
        let expected = ["0", "999", "1,000", "41,208", "123,456", "18,446,744,073,709,551,615"];
        assert_eq!(told, expected);
    }

    #[test]
    fn one_thing_is_not_several() {
        let told = [0_usize, 1, 2].map(|count| counted(count, "partial seed"));
        assert_eq!(told, ["0 partial seeds", "1 partial seed", "2 partial seeds"]);
    }

    #[test]
    fn bytes_take_the_largest_unit_that_fits() {
        assert_eq!(bytes(0, 2), "0 B");
        assert_eq!(bytes(1023, 2), "1023 B");
        assert_eq!(bytes(1536, 2), "1.50 KiB");
        assert_eq!(bytes(5 << 30, 3), "5.000 GiB");
        assert_eq!(bytes(u64::MAX, 2), "16777216.00 TiB");
    }

    #[test]
    fn an_age_has_days_hours_and_minutes() {
        assert_eq!(age(Seconds(0)), "00d00h00m");
        assert_eq!(age(Seconds(((26 * 60) + 3) * 60 + 59)), "01d02h03m");
        assert_eq!(age(Seconds(u32::MAX)), "49710d06h28m");
    }

    #[test]
    fn progress_is_absent_where_nobody_downloads_or_says_what_is_missing() {
        let downloading = Figures { leechers: 1, left: 40, progress: 0.6, ..Figures::default() };
        assert_eq!(progress(&downloading), "60 %");
        assert_eq!(progress(&Figures { progress: 0.9999, ..downloading }), "99 %");
        assert_eq!(progress(&Figures { progress: 0.0, ..downloading }), "0 %");
        for silent in [
            Figures::default(),
            Figures { leechers: 0, partial_seeds: 1, ..downloading },
            Figures { left: 0, ..downloading },
        ] {
            assert_eq!(progress(&silent), "");
        }
    }
}
