//! Days as databases write them, `2005-04-23`, taken as days of UTC.

use crate::protocol::Timestamp;

/// Seconds of a day.
pub(super) const SECONDS: u64 = 86_400;

/// When a day begins; `None` for what is no day since 1970, such as `0000-00-00`. A time of day behind it is ignored.
pub(super) fn begin(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text.get(..10)?).ok()?;
    let mut parts = text.split('-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    let length = *lengths.get(before)?;
    if !(1970..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    let days = days + lengths.iter().take(before).sum::<u64>() + day - 1;
    Some(Timestamp(days * SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::date;

    #[test]
    fn days_begin_when_they_do_and_what_is_none_is_none() {
        for day in
            ["1970-01-01", "2000-02-29", "2004-12-31", "2005-04-23", "2100-03-01", "9999-12-31"]
        {
            let begin = begin(day.as_bytes()).unwrap();
            assert_eq!(date::rfc_3339(begin.0), format!("{day}T00:00:00Z"));
        }
        assert_eq!(begin(b"2005-04-23 12:00:00"), begin(b"2005-04-23"));
        for none in
            ["0000-00-00", "2005-02-29", "2005-13-01", "2005-1-1", "", "tomorrow..", "1969-12-31"]
        {
            assert_eq!(begin(none.as_bytes()), None, "{none}");
        }
    }
}
