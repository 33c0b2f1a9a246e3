//! QR codes as pictures that a page may hold under the strictest policy: no script, no style.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules around the code that ISO/IEC 18004 wants empty.
const QUIET: i32 = 4;

/// Pixels of a module, where no style sheet says otherwise.
const PIXELS: i32 = 4;

/// The SVG element of a text's QR code, with what it shows for those who do not see it; `None` when the text is too
/// long, at more than 2,331 bytes.
#[must_use]
pub fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET;
    let pixels = size * PIXELS;
    let (label, path) = (escaped(label), path(&code));
    Some(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/><path fill="#000" d="{path}"/></svg>"##
    ))
}

/// The dark modules: a rectangle for each run of a row.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for row in 0..code.size() {
        let mut column = 0;
        while column < code.size() {
            let run = (column..code.size()).take_while(|&at| code.get_module(at, row)).count();
            let Ok(run) = i32::try_from(run) else { return path };
            if run > 0 {
                let (left, top) = (column + QUIET, row + QUIET);
                // Text goes into memory, which does not fail.
                let _ = write!(path, "M{left} {top}h{run}v1h-{run}z");
            }
            column += run.max(1);
        }
    }
    path
}

/// A text as the value of an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    /// Elements with their attributes.
    fn elements(svg: &str) -> Vec<(String, Vec<(String, String)>)> {
        let (mut reader, mut found) = (Reader::from_str(svg), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(element) | Event::Empty(element) => {
                    let attributes = element.attributes().map(|attribute| {
                        let attribute = attribute.unwrap();
                        (attribute.key.as_ref().to_owned(), attribute.value.to_string())
                    });
                    found.push((element.name().as_ref().to_owned(), attributes.collect()));
                }
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    /// Which modules a path darkens, without the quiet zone.
    fn dark(path: &str, size: i32) -> Vec<(i32, i32)> {
        let mut dark = Vec::new();
        for run in path.split_terminator('z') {
            let (at, shape) = run[1..].split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let (length, back) = shape.split_once("v1h-").unwrap();
            assert_eq!(length, back);
            for x in x..x + length.parse::<i32>().unwrap() {
                assert!((QUIET..QUIET + size).contains(&x) && (QUIET..QUIET + size).contains(&y));
                dark.push((x - QUIET, y - QUIET));
            }
        }
        dark
    }

    #[test]
    fn a_picture_has_nothing_that_a_policy_forbids() {
        let svg = svg("otpauth://totp/x", r#"A "code" <of> A&B"#).unwrap();
        let elements = elements(&svg);
        let names: Vec<&str> = elements.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["svg", "rect", "path"]);
        let attributes: Vec<&str> = elements
            .iter()
            .flat_map(|(_, attributes)| attributes)
            .map(|(name, _)| &**name)
            .collect();
        let no = |name: &&str| *name == "style" || name.starts_with("on") || name.contains("href");
        assert!(!attributes.iter().any(no), "{attributes:?}");
        assert!(svg.contains(r#"aria-label="A &quot;code&quot; &lt;of&gt; A&amp;B""#), "{svg}");
        assert!(svg.contains(r#"role="img""#));
    }

    #[test]
    fn a_text_that_is_too_long_has_none() {
        assert!(svg(&"a".repeat(2331), "").is_some());
        assert!(svg(&"a".repeat(2332), "").is_none());
    }

    proptest! {
        #[test]
        fn the_path_darkens_what_the_code_does(text in "\\PC{0,60}") {
            let code = QrCode::encode_text(&text, QrCodeEcc::Medium).unwrap();
            let size = code.size();
            let mut expected: Vec<(i32, i32)> = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).collect();
            expected.retain(|&(x, y)| code.get_module(x, y));
            let svg = svg(&text, "code").unwrap();
            let elements = elements(&svg);
            let (_, attributes) = &elements[2];
            let (_, path) = attributes.iter().find(|(name, _)| name == "d").unwrap();
            prop_assert_eq!(dark(path, size), expected);
            let view = format!("0 0 {0} {0}", size + 8);
            prop_assert!(elements[0].1.contains(&("viewBox".to_owned(), view)));
        }
    }
}
