//! How programs write their versions into the bytes after their code. Each has habits of its own, and some had
//! several; the letters after 9 are not the same ones for all.

use super::version::{Stage, Version, number};

/// How a program writes its version behind the three bytes `-XX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Four numbers of base 62.
    Four,
    /// The same, as libtorrent's function writes numbers.
    FourLinear,
    /// Three numbers of base 62; the fourth byte means something else.
    Three,
    /// The same, as libtorrent's function writes numbers.
    ThreeLinear,
    /// Two of base 62.
    Two,
    /// One of base 62.
    One,
    /// `0241` is 2.41.
    Decimal,
    /// `0105` is 1.5.
    Pairs,
    /// `2007` is 2.0.7, and `1234` is 1.2.34.
    OneOnePair,
    /// `1234` is 1.234.
    OneRest,
    /// `0332` is 0.3(32).
    TwoAndBuild,
    /// `0120` is 0.12.0.
    OnePairOne,
    /// `251Q` is 25.1-26.
    PairOneAndBuild,
    /// `9992` is 9.9.92, and `9990` is 9.9.9.
    OneOnePairOrOne,
    BitLord,
    BitsOnWheels,
    BtLibrary,
    Deluge,
    KTorrent,
    RakshasaLibtorrent,
    /// Text, up to a dash.
    Text,
    Transmission,
    UTorrent,
    /// None, or none that is known.
    None,
}

/// A digit of base 62: 0 to 9, A to Z, a to z.
pub(super) fn base_62(byte: u8) -> Option<u16> {
    Some(match byte {
        b'0'..=b'9' => u16::from(byte - b'0'),
        b'A'..=b'Z' => u16::from(byte - b'A') + 10,
        b'a'..=b'z' => u16::from(byte - b'a') + 36,
        _ => return None,
    })
}

/// A number as libtorrent's function for fingerprints writes it: from 10 on what is in ASCII after `A`, and on.
fn linear(byte: u8) -> Option<u16> {
    match byte {
        b'0'..=b'9' => Some(u16::from(byte - b'0')),
        b'A'.. => Some(u16::from(byte - b'A') + 10),
        _ => None,
    }
}

fn hexadecimal(byte: u8) -> Option<u16> {
    char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok())
}

fn decimal(byte: u8) -> Option<u16> {
    byte.is_ascii_digit().then(|| u16::from(byte - b'0'))
}

/// All bytes read as digits in this way.
fn each<const N: usize>(bytes: &[u8], digit: fn(u8) -> Option<u16>) -> Option<[u16; N]> {
    let bytes: &[u8; N] = bytes.first_chunk()?;
    let mut numbers = [0; N];
    for (number, byte) in numbers.iter_mut().zip(bytes) {
        *number = digit(*byte)?;
    }
    Some(numbers)
}

impl Scheme {
    /// The version in what follows the code.
    pub(super) fn version(self, rest: &[u8]) -> Option<Version> {
        let pairs = || each(rest, decimal).map(|[a, b, c, d]| (a * 10 + b, c * 10 + d));
        let digits = || each::<4>(rest, decimal);
        match self {
            Self::Four => each(rest, base_62).map(Version::of_four),
            Self::FourLinear => each(rest, linear).map(Version::of_four),
            Self::Three => each(rest, base_62).map(|it: [u16; 3]| Version::of(&it)),
            Self::ThreeLinear => each(rest, linear).map(|it: [u16; 3]| Version::of(&it)),
            Self::Two => each(rest, base_62).map(|it: [u16; 2]| Version::of(&it)),
            Self::One => each(rest, base_62).map(|it: [u16; 1]| Version::of(&it)),
            Self::Decimal => pairs().map(|(major, hundredths)| Version::decimal(major, hundredths)),
            Self::Pairs => pairs().map(|(major, minor)| Version::of(&[major, minor])),
            Self::OneOnePair => digits().map(|[a, b, c, d]| Version::of(&[a, b, c * 10 + d])),
            Self::OneRest => digits().map(|[a, b, c, d]| Version::of(&[a, b * 100 + c * 10 + d])),
            Self::TwoAndBuild => {
                digits().map(|[a, b, c, d]| Version::of(&[a, b]).with_parenthesis(c * 10 + d))
            }
            Self::OnePairOne => digits().map(|[a, b, c, d]| Version::of(&[a, b * 10 + c, d])),
            Self::PairOneAndBuild => {
                each(rest, base_62).map(|[a, b, c, d]| Version::of(&[a * 10 + b, c]).with_dash(d))
            }
            Self::OneOnePairOrOne => digits()
                .map(|[a, b, c, d]| Version::of(&[a, b, if d == 0 { c } else { c * 10 + d }])),
            Self::BitLord => bit_lord(rest),
            Self::BitsOnWheels => {
                let [a, b, c] = each(rest, base_62)?;
                Some(Version::of(&[a.checked_sub(9)?, b, c.checked_sub(6)?]))
            }
            Self::BtLibrary => {
                let [major, minor, ..] = *rest else { return None };
                Some(Version::of(&[major.into(), minor.into()]))
            }
            Self::Deluge => deluge(rest),
            Self::KTorrent => k_torrent(rest),
            Self::RakshasaLibtorrent => rakshasa_libtorrent(rest),
            Self::Text => Version::from_text(rest),
            Self::Transmission => transmission(rest),
            Self::UTorrent => u_torrent(rest),
            Self::None => None,
        }
    }
}

/// `246326` is 2.4.6-326.
fn bit_lord(rest: &[u8]) -> Option<Version> {
    let [a, b, c, d, e, f] = each(rest, decimal)?;
    Some(Version::of(&[a, b, c]).with_dash(d * 100 + e * 10 + f))
}

/// Four numbers at first, three from 1.0 on; from 2.0 on the fourth byte is the stage.
fn deluge(rest: &[u8]) -> Option<Version> {
    let [a, b, c] = each(rest, linear)?;
    let last = *rest.get(3)?;
    if a == 0 {
        return Some(Version::of_four([a, b, c, linear(last)?]));
    }
    let stage = match last {
        b'D' => Stage::Development,
        b'a' => Stage::Alpha,
        b'b' => Stage::Beta,
        b'r' => Stage::Candidate,
        _ => Stage::Release,
    };
    Some(Version::of(&[a, b, c]).at(stage))
}

/// Three numbers and a 0 up to 5.x, where the third byte may be a stage; then the year, the month and one number,
/// without zeros before them up to 26.04.0, and with them since.
fn k_torrent(rest: &[u8]) -> Option<Version> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count().min(6);
    let written = rest.get(..length)?;
    let of_year = |year, month, micro: u16| {
        let stage = if micro >= 70 { Stage::Beta } else { Stage::Release };
        Version::of(&[year, month, micro]).at(stage)
    };
    match (length, each::<6>(written, decimal), each::<5>(written, decimal)) {
        (6, Some([a, b, c, d, e, f]), _) => {
            return Some(of_year(a * 10 + b, c * 10 + d, e * 10 + f));
        }
        (5, _, Some([a, b, 1, 2, e])) => return Some(of_year(a * 10 + b, 12, e)),
        (5, _, Some([a, b, c, d, e])) => return Some(of_year(a * 10 + b, c, d * 10 + e)),
        _ => {}
    }
    let [a, b] = each(written, base_62)?;
    let [.., third, fourth] = *written else { return None };
    let stage = match third {
        b'A' => Stage::Alpha,
        b'B' => Stage::Beta,
        b'R' => Stage::Candidate,
        b'D' => return Some(Version::of(&[a, b]).at(Stage::Development)),
        b'4' | b'8' if a == 2 && b <= 6 => {
            return Some(of_year(a * 10 + b, decimal(third)?, decimal(fourth)?));
        }
        _ => return Some(Version::of(&[a, b, base_62(third)?])),
    };
    Some(Version::of(&[a, b]).at(stage).numbered(base_62(fourth)?))
}

/// `0D80` is 0.13.8. From 0.14 on two hexadecimal bytes: `0F01` is 0.15.1, and `1014` 0.16.20. 1.0 is never to come;
/// from `1100` on the first digit is the first number.
fn rakshasa_libtorrent(rest: &[u8]) -> Option<Version> {
    let [a, b, c, d] = each(rest, hexadecimal)?;
    let patch = c * 16 + d;
    Some(match (a, b) {
        // One of them wrote 0.11.1 as `0B01`.
        (0, ..14) => Version::of(&[0, b, if c == 0 { d } else { c }]),
        (0, _) => Version::of(&[0, b, patch]),
        (1, 0) => Version::of(&[0, 16, patch]),
        _ => Version::of(&[a, b, patch]),
    })
}

/// `0006` is 0.6, `0072` is 0.72, `2940` is 2.94, `4060` is 4.0.6. The last byte tells the stage: up to 3.x `Z` is what
/// came after a version, from 4.x on what comes before it.
fn transmission(rest: &[u8]) -> Option<Version> {
    let [a, b, c] = each(rest, base_62)?;
    let last = *rest.get(3)?;
    if (a, b) == (0, 0) {
        let last = decimal(last)?;
        let is_short = c == 0;
        return Some(if is_short {
            Version::of(&[0, last])
        } else {
            Version::decimal(0, c * 10 + last)
        });
    }
    if a < 4 {
        let stage = match last {
            b'Z' => Stage::Later,
            b'X' | b'B' => Stage::Beta,
            _ => Stage::Release,
        };
        return Some(Version::decimal(a, b * 10 + c).at(stage));
    }
    let stage = match last {
        b'Z' => Stage::Development,
        b'X' | b'B' => Stage::Beta,
        _ => Stage::Release,
    };
    Some(Version::of(&[a, b, c]).at(stage))
}

/// Three hexadecimal digits and a letter; or, where no dash follows, two, one number of two digits, and a letter.
fn u_torrent(rest: &[u8]) -> Option<Version> {
    let [a, b] = each(rest, hexadecimal)?;
    let (third, fourth, fifth) = (*rest.get(2)?, *rest.get(3)?, *rest.get(4)?);
    let is_short = fourth == b'-' || fifth == b'-';
    let pair = || Some(decimal(third)? * 10 + decimal(fourth)?);
    let (last, stage) = match pair().filter(|_| !is_short) {
        Some(pair) => (pair, fifth),
        None => (hexadecimal(third)?, fourth),
    };
    let stage = match stage {
        b'A' => Stage::Alpha,
        b'B' => Stage::Beta,
        _ => Stage::Release,
    };
    Some(Version::of(&[a, b, last]).at(stage))
}

/// Numbers of one to three digits with dashes between them and one behind, all three of which must be there.
pub(super) fn dashed(rest: &[u8]) -> Option<Version> {
    let mut rest = rest;
    let mut numbers = [0; 3];
    for place in &mut numbers {
        let before = rest.len();
        *place = number(&mut rest).filter(|_| before - rest.len() <= 3)?;
        // Without a dash after it, the third number may run on into random digits.
        rest = rest.strip_prefix(b"-")?;
    }
    Some(Version::of(&numbers))
}
