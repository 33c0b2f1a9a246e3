//! Durations as people write them on the command line.

use crate::protocol::Seconds;

/// Units and their seconds.
const UNITS: [(&str, u32); 5] =
    [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60), ("w", 7 * 24 * 60 * 60)];

/// Reads a number and a unit, such as `7d`.
///
/// # Errors
/// What there is to say about another text.
pub(super) fn parse(text: &str) -> Result<Seconds, String> {
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        text.trim().strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(*seconds)
    });
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Seconds(seconds)),
        _ => Err("write a number and s, m, h, d or w, such as 30m, 12h or 7d".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("45s", 45), ("30m", 1800), ("12h", 43_200), (" 7d ", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(parse(text), Ok(Seconds(seconds)), "{text}");
        }
        for text in ["", "7", "d", "-1d", "1.5h", "0d", "99999999w", "7 days"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
