//! Dates as HTTP, programs and people write them, all in UTC, of seconds since 1970.

use std::time::{Duration, SystemTime};

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
    let [day, month, year, time] = parts_of(at);
    let (day, time) = (day.trim_start_matches('0'), time.get(..5).unwrap_or_default());
    format!("{day} {month} {year}, {time} UTC")
}

/// A date for programs, as RFC 3339 has it: `1994-11-06T08:49:37Z`.
#[must_use]
pub fn rfc_3339(at: u64) -> String {
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [day, month, year, time] = parts_of(at);
    let month = months.iter().position(|&name| name == month).map_or(0, |index| index + 1);
    format!("{year}-{month:02}-{day}T{time}Z")
}

/// Day of the month, month, year and time of day, as HTTP writes them.
fn parts_of(at: u64) -> [String; 4] {
    let text = http(at);
    let mut parts = text.split(' ').skip(1);
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_three_spellings() {
        let at = 784_111_777;
        assert_eq!(http(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(for_people(at), "6 Nov 1994, 08:49 UTC");
        assert_eq!(rfc_3339(at), "1994-11-06T08:49:37Z");
        assert_eq!(rfc_3339(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
