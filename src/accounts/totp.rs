//! One-time codes of an app on a phone (RFC 6238): SHA-1, 6 digits, 30 seconds.

use std::{fmt, io};

use constant_time_eq::constant_time_eq;
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Secret};

use crate::platform::random;
use crate::protocol::Timestamp;

/// Seconds for which a code is shown.
const PERIOD: u64 = 30;

/// Digits of a code.
const DIGITS: usize = 6;

/// What RFC 3986 leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the app and the tracker share.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

/// Half a minute, counted since 1970; each has one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotpStep(pub u64);

impl TotpSecret {
    /// A new one that nobody can guess.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> io::Result<Self> {
        random::unguessable().map(Self)
    }

    /// The one that the catalogue has.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// For the catalogue.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// 32 characters to type in by hand, in groups of four.
    #[must_use]
    pub fn base32(&self) -> String {
        let plain = BASE32_NOPAD.encode(&self.0);
        let mut grouped = String::with_capacity(plain.len() + plain.len() / 4);
        for (place, character) in plain.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(character);
        }
        grouped
    }

    /// The address that apps read from a QR code: whose account it is, and where.
    #[must_use]
    pub fn address(&self, issuer: &str, account: &str) -> String {
        // A colon tells the two apart, however it is written.
        let [issuer, account] = [issuer, account].map(|part| {
            let part = part.replace(':', " ");
            utf8_percent_encode(&part, ENCODED).to_string()
        });
        let secret = BASE32_NOPAD.encode(&self.0);
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
        )
    }

    /// The step of a code that was typed, with spaces anywhere: of now, the one before or the one after, as clocks differ.
    /// A code is good once: steps up to `last_used` are past. The caller keeps the step as the last one used, in the
    /// transaction that accepts the code.
    #[must_use]
    pub fn check(
        &self,
        code: &str,
        now: Timestamp,
        last_used: Option<TotpStep>,
    ) -> Option<TotpStep> {
        let code: String = code.chars().filter(|typed| !typed.is_whitespace()).collect();
        if code.len() != DIGITS || !code.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let current = now.0 / PERIOD;
        // Each is computed, so that the time tells nothing.
        let steps = [current.saturating_sub(1), current, current.saturating_add(1)].map(TotpStep);
        let mut found = None;
        for step in steps {
            let is_same = constant_time_eq(self.code(step).as_bytes(), code.as_bytes());
            if is_same && last_used.is_none_or(|used| used < step) {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// The code of a step.
    #[must_use]
    pub fn code(&self, step: TotpStep) -> String {
        // It is that of the RFC unless told otherwise: SHA-1, 6 digits, 30 seconds.
        let totp = Builder::new().with_secret(Secret::new_stack(self.0)).build_noncompliant();
        totp.generate(step.0.saturating_mul(PERIOD)).to_string()
    }
}

/// A secret does not get into a log.
impl fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TotpSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret of the test vectors in RFC 6238, appendix B.
    const RFC: TotpSecret = TotpSecret(*b"12345678901234567890");

    const NOON: Timestamp = Timestamp(1_700_000_010);

    fn code_at(at: Timestamp) -> String {
        RFC.code(TotpStep(at.0 / PERIOD))
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(Timestamp(at)), code);
            assert_eq!(RFC.check(code, Timestamp(at), None), Some(TotpStep(at / 30)));
        }
    }

    #[test]
    fn a_clock_may_be_off_by_a_step() {
        let code = code_at(NOON);
        let step = Some(TotpStep(NOON.0 / 30));
        for (at, expected) in
            [(-31, None), (-30, step), (-1, step), (29, step), (59, step), (60, None)]
        {
            let now = Timestamp(NOON.0.checked_add_signed(at).unwrap());
            assert_eq!(RFC.check(&code, now, None), expected, "{at}");
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let code = code_at(NOON);
        let step = RFC.check(&code, NOON, None).unwrap();
        assert_eq!(RFC.check(&code, NOON, Some(step)), None);
        let before = code_at(Timestamp(NOON.0 - 30));
        assert_eq!(RFC.check(&before, NOON, Some(step)), None, "nor is one before it");
        let next = code_at(Timestamp(NOON.0 + 30));
        assert_eq!(RFC.check(&next, NOON, Some(step)), Some(TotpStep(step.0 + 1)));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        let code = code_at(NOON);
        let (first, last) = code.split_at(3);
        assert!(RFC.check(&format!(" {first} {last}\t"), NOON, None).is_some());
        for typed in
            ["", "000000", &code[..5], &format!("{code}0"), &format!("+{}", &code[1..]), "٣٤٥"]
        {
            assert_eq!(RFC.check(typed, NOON, None), None, "{typed}");
        }
        assert_eq!(
            RFC.check("123456", Timestamp(u64::MAX), None),
            None,
            "no panic at the end of time"
        );
        assert_eq!(RFC.check("", Timestamp(0), None), None);
    }

    #[test]
    fn an_app_is_told_whose_account_it_is() {
        let address = RFC.address("Träcker: A&B", "ada lovelace");
        assert_eq!(
            address,
            "otpauth://totp/Tr%C3%A4cker%20%20A%26B:ada%20lovelace?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Tr%C3%A4cker%20%20A%26B&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(RFC.base32(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{RFC:?}"), "TotpSecret(..)");
        assert_ne!(TotpSecret::generate().unwrap(), TotpSecret::generate().unwrap());
        assert_eq!(TotpSecret::from_bytes(*RFC.as_bytes()), RFC);
    }

    proptest! {
        #[test]
        fn no_step_is_accepted_again(seconds in prop::collection::vec(0..90_u64, 1..30)) {
            let (mut now, mut used, mut last) = (NOON, Vec::new(), None);
            for more in seconds {
                now = Timestamp(now.0 + more);
                for shift in [-30, 0, 30] {
                    let code = code_at(Timestamp(now.0.checked_add_signed(shift).unwrap()));
                    if let Some(step) = RFC.check(&code, now, last) {
                        prop_assert!(!used.contains(&step));
                        used.push(step);
                        last = Some(step);
                    }
                }
            }
        }
    }
}
