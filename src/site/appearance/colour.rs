//! Colours as stylesheets write them, and how well one is seen on another.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::site) struct Colour([u8; 3]);

/// Not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write # and six hexadecimal digits")]
pub(in crate::site) struct NotAColour;

/// The colours of the stylesheet, in light and dark surroundings.
pub(in crate::site) const USUAL: [(&str, Colour, Colour); 8] = [
    ("paper", Colour([0xfc, 0xfb, 0xf8]), Colour([0x14, 0x17, 0x1a])),
    ("ink", Colour([0x1d, 0x22, 0x26]), Colour([0xe5, 0xe7, 0xe9])),
    ("quiet", Colour([0x58, 0x5f, 0x66]), Colour([0xa2, 0xaa, 0xb2])),
    ("link", Colour([0x0a, 0x57, 0x96]), Colour([0x86, 0xb9, 0xf4])),
    ("seed", Colour([0x12, 0x74, 0x5a]), Colour([0x53, 0xc7, 0x9f])),
    ("leech", Colour([0xad, 0x4f, 0x08]), Colour([0xf0, 0xa4, 0x63])),
    ("done", Colour([0x45, 0x56, 0xa6]), Colour([0xa3, 0xaf, 0xf3])),
    ("tint", Colour([0xf3, 0xf1, 0xeb]), Colour([0x20, 0x25, 0x2a])),
];

/// What counts in dark surroundings for colours that are set in light ones only.
pub(super) fn usual_dark<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, Colour> {
    let usual = |name: &'a String| {
        let (_, _, dark) = USUAL.iter().find(|(known, ..)| known == name)?;
        Some((name.clone(), *dark))
    };
    names.filter_map(usual).collect()
}

impl Colour {
    /// How light it is, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// How well one is seen on another, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(in crate::site) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or(NotAColour)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_six_digits() {
        assert_eq!(" #0A5796 ".parse::<Colour>().unwrap().to_string(), "#0a5796");
        for wrong in ["", "#fff", "0a5796", "#0a579g", "#+a5796", "red", "#0a57960"] {
            assert_eq!(wrong.parse::<Colour>(), Err(NotAColour), "{wrong}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let colour = |text: &str| text.parse::<Colour>().unwrap();
        let (black, white) = (colour("#000000"), colour("#ffffff"));
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!((white.contrast(colour("#767676")) - 4.54).abs() < 0.01);
    }

    #[test]
    fn the_usual_colours_are_those_of_the_stylesheet() {
        let style = include_str!("../templates/pages/tracker.css");
        let (light, dark) = style.split_once("@media screen").unwrap();
        for (name, in_light, in_dark) in USUAL {
            let short = |colour: Colour| colour.to_string();
            assert!(light.contains(&format!("--{name}: {}", short(in_light))), "{name}");
            assert!(dark.contains(&format!("--{name}: {}", short(in_dark))), "{name}");
        }
    }
}
