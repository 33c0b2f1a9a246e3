//! Dates as HTTP, programs and people write them, all in UTC, of seconds since 1970.

use std::time::{Duration, SystemTime};

/// The months as HTTP writes them.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date that HTTP and RSS write: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http(at: u64) -> String {
    // Later than the year 9999 is no date that HTTP can write.
    let since_1970 = Duration::from_secs(at.min(253_402_300_799));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_1970)
}

/// A date and time of day for people: `6 Nov 1994, 08:49 UTC`.
#[must_use]
pub fn for_people(at: u64) -> String {
    let [day, month, year, time] = written(at);
    let (day, time) = (day.trim_start_matches('0'), time.get(..5).unwrap_or_default());
    format!("{day} {month} {year}, {time} UTC")
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// The date and the time of day, for those who write them in another language.
#[must_use]
pub fn parts(at: u64) -> Parts {
    let text = http(at);
    let number = |from: usize, to: usize| text.get(from..to).and_then(|it| it.parse().ok());
    let part = |from| number(from, from + 2).and_then(|it| u8::try_from(it).ok()).unwrap_or(0);
    let month = MONTHS.iter().position(|&name| text.get(8..11) == Some(name));
    Parts {
        year: number(12, 16).unwrap_or(0),
        month: month.and_then(|index| u8::try_from(index + 1).ok()).unwrap_or(0),
        day: part(5),
        hour: part(17),
        minute: part(20),
    }
}

/// A date for programs, as RFC 3339 has it: `1994-11-06T08:49:37Z`.
#[must_use]
pub fn rfc_3339(at: u64) -> String {
    let [day, month, year, time] = written(at);
    let month = MONTHS.iter().position(|&name| name == month).map_or(0, |index| index + 1);
    format!("{year}-{month:02}-{day}T{time}Z")
}

/// The same without the time of day at its beginning, as [`parse`] takes it: `1994-11-06`.
#[must_use]
pub fn shortest(at: u64) -> String {
    let date = rfc_3339(at);
    date.strip_suffix("T00:00:00Z").map(str::to_owned).unwrap_or(date)
}

/// Day of the month, month, year and time of day, as HTTP writes them.
fn written(at: u64) -> [String; 4] {
    let text = http(at);
    let mut parts = text.split(' ').skip(1);
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADate {
    /// Another text, or a date that no calendar has.
    #[error("it is no date; write 2027-01-31, or 2027-01-31T18:00:00Z")]
    Unclear,
    /// A time of day of nobody knows which zone.
    #[error(
        "it does not say in which time zone; write Z at its end for UTC, or an offset such as +01:00"
    )]
    NoZone,
    /// Before 1970.
    #[error("it lies before 1970")]
    TooEarly,
}

/// Seconds since 1970 at a date as RFC 3339 has it; without a time of day, at its beginning in UTC.
pub fn parse(text: &str) -> Result<u64, NotADate> {
    let parsed = parts_in(text)?;
    if parsed.date.is_some() && parsed.time.is_some() && parsed.offset.is_none() {
        return Err(NotADate::NoZone);
    }
    since_1970(parsed)
}

/// The same, where a time of day without a zone is one in UTC.
pub fn parse_as_utc(text: &str) -> Result<u64, NotADate> {
    since_1970(parts_in(text)?)
}

fn parts_in(text: &str) -> Result<toml::value::Datetime, NotADate> {
    text.trim().parse().map_err(|_| NotADate::Unclear)
}

fn since_1970(parsed: toml::value::Datetime) -> Result<u64, NotADate> {
    let date = parsed.date.ok_or(NotADate::Unclear)?;
    let minutes = match parsed.offset {
        Some(toml::value::Offset::Custom { minutes }) => i64::from(minutes),
        Some(toml::value::Offset::Z) | None => 0,
    };
    let seconds = parsed.time.map_or(0, |time| {
        i64::from(time.hour) * 3600
            + i64::from(time.minute) * 60
            + i64::from(time.second.unwrap_or(0))
    });
    let days = days_since_1970(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    u64::try_from(days * 86_400 + seconds - minutes * 60).map_err(|_| NotADate::TooEarly)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years begin with March, so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (century, of_century) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + of_year - 719_468
}

/// The day of the month, from 1 on: for those who look at many and write few.
#[must_use]
pub fn day_of_month(at: u64) -> u64 {
    // The way back from `days_since_1970`.
    let of_era = (at / 86_400 + 719_468) % 146_097;
    let leap_days = of_era / 1_460 - of_era / 36_524 + of_era / 146_096;
    let year = (of_era - leap_days) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    of_year - (153 * month + 2) / 5 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_date_that_is_written_is_read_back(at in 0..253_402_300_799_u64) {
            prop_assert_eq!(parse(&rfc_3339(at)), Ok(at));
            prop_assert_eq!(parse(&shortest(at)), Ok(at));
            prop_assert_eq!(Ok(day_of_month(at)), rfc_3339(at)[8..10].parse());
            let day = at / 86_400 * 86_400;
            prop_assert_eq!((parse(&shortest(day)), shortest(day).len()), (Ok(day), 10));
        }
    }

    #[test]
    fn dates_need_a_zone_with_a_time_of_day() {
        assert_eq!(parse("1994-11-06T09:49:37+01:00"), Ok(784_111_777));
        assert_eq!(parse("1970-01-02"), Ok(86_400));
        assert_eq!(parse("2027-01-31T18:00:00"), Err(NotADate::NoZone));
        assert_eq!(parse_as_utc("2027-01-31T18:00:00"), parse("2027-01-31T18:00:00Z"));
        assert_eq!(parse_as_utc("1994-11-06 09:49:37+01:00"), Ok(784_111_777));
        assert_eq!(parse_as_utc("18:00:00"), Err(NotADate::Unclear));
        assert_eq!(parse("1969-12-31"), Err(NotADate::TooEarly));
        for text in ["", "18:00:00", "2027-02-30", "2027-13-01", "tomorrow", "31.1.2027"] {
            assert_eq!(parse(text), Err(NotADate::Unclear), "{text}");
        }
    }

    #[test]
    fn one_instant_has_three_spellings() {
        let at = 784_111_777;
        assert_eq!(http(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(for_people(at), "6 Nov 1994, 08:49 UTC");
        assert_eq!(rfc_3339(at), "1994-11-06T08:49:37Z");
        assert_eq!(rfc_3339(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
