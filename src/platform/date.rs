//! Dates as HTTP, programs and people write them, all in UTC, of seconds since 1970.

use std::time::{Duration, SystemTime};

/// The end of the year 9999: what is later is no date that HTTP and RFC 3339 can write.
const LATEST: u64 = 253_402_300_799;

/// The months in English.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date that HTTP and RSS write: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http(at: u64) -> String {
    let since_1970 = Duration::from_secs(at.min(LATEST));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_1970)
}

/// A date and time of day for people: `6 Nov 1994, 08:49 UTC`.
#[must_use]
pub fn for_people(at: u64) -> String {
    let Parts { year, month, day, hour, minute, .. } = parts(at);
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or_default();
    format!("{day} {month} {year}, {hour:02}:{minute:02} UTC")
}

/// A date for programs, as RFC 3339 has it: `1994-11-06T08:49:37Z`.
#[must_use]
pub fn rfc_3339(at: u64) -> String {
    let Parts { year, month, day, hour, minute, second } = parts(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same without the time of day at its beginning, as [`parse`] takes it: `1994-11-06`.
#[must_use]
pub fn shortest(at: u64) -> String {
    let date = rfc_3339(at);
    date.strip_suffix("T00:00:00Z").map(str::to_owned).unwrap_or(date)
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

/// A date of the Gregorian calendar and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The year, to 9999.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59.
    pub second: u64,
}

/// The date and the time of day: the way back from `days_since_1970`. It writes nothing, for those who look at many dates.
#[must_use]
pub fn parts(at: u64) -> Parts {
    let at = at.min(LATEST);
    let days = at / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let leap_days = of_era / 1_460 - of_era / 36_524 + of_era / 146_096;
    let of_400 = (of_era - leap_days) / 365;
    let of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    // Counted from March.
    let month = (5 * of_year + 2) / 153;
    let is_next_year = month >= 10;
    Parts {
        year: 400 * era + of_400 + u64::from(is_next_year),
        month: if is_next_year { month - 9 } else { month + 3 },
        day: of_year - (153 * month + 2) / 5 + 1,
        hour: at / 3_600 % 24,
        minute: at / 60 % 60,
        second: at % 60,
    }
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
            let written = http(at);
            let Parts { year, day, .. } = parts(at);
            prop_assert!(written.contains(&format!(" {year:04} ")), "{written}");
            prop_assert_eq!(Ok(day), written[5..7].parse());
            prop_assert_eq!(&rfc_3339(at)[11..19], &written[17..25]);
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
