//! The time in front of a line, where nobody else writes one. Web servers and the journal, which read a pipe or a
//! socket, write their own; in a file (a CGI's refresh after its reply, a responder whose output goes to one) it is ours.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 60 * 60;

/// The time with a space after it where standard error is a file; else nothing.
pub(super) fn stamp() -> String {
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().map(File::from);
    match stderr.and_then(|stderr| stderr.metadata()) {
        Ok(metadata) if metadata.is_file() => format!("{} ", rfc_3339(SystemTime::now())),
        _ => String::new(),
    }
}

/// A time of UTC as RFC 3339 has it, to the second.
fn rfc_3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, second) = (since / DAY, since % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day after 1970-01-01. Years begin with March here, so that a leap day is their last, and
/// 400 of them always have as many days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (era * 400 + year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_says() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (784_111_777, "1994-11-06T08:49:37Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc_3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn each_day_has_the_date_that_http_gives_it() {
        for day in (0..2_932_896).step_by(97) {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(day * DAY);
            let (year, _, number) = date(day);
            let http = httpdate::fmt_http_date(time);
            assert_eq!(&http[5..7], format!("{number:02}"), "{day}");
            assert_eq!(&http[12..16], format!("{year:04}"), "{day}");
        }
    }
}
