//! What is wrong with the syntax of a TOML file, in words for people who do not know TOML.

/// Bytes of a value at most that is repeated.
const LONGEST: usize = 60;

const BACKSLASH: &str =
    "between \" and \" a backslash has a meaning of its own; put the text between ' and '";

/// What is wrong, and what to write instead. An error that has no plain words here is told in the parser's.
#[must_use]
pub fn in_words(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    if let Some(slip) = error.span().and_then(|span| slip(text, span.start)) {
        return slip;
    }
    let at = error.span().and_then(|span| text.get(span)).unwrap_or_default().trim();
    if message.starts_with("string values must be quoted") {
        return unquoted(at);
    }
    if message == "duplicate key" {
        return format!("`{at}` is there twice; keep one of them");
    }
    match meaning(message.split(", expected ").next().unwrap_or_default()) {
        Some(meaning) => meaning.to_owned(),
        None => message.replace('\n', ", "),
    }
}

/// A usual slip in the line where the parser stops, which takes it for something else.
fn slip(text: &str, stop: usize) -> Option<String> {
    let start = text.get(..stop)?.rfind('\n').map_or(0, |line_break| line_break + 1);
    let (_, value) = text.get(start..)?.lines().next()?.split_once('=')?;
    let value = value.trim();
    let is_value = |value: &str| toml::de::DeTable::parse(&format!("a = {value}")).is_ok();
    for (mark, name) in [(';', ";"), (',', "comma")] {
        if value.strip_suffix(mark).is_some_and(is_value) {
            return Some(format!("there is no {name} at the end of a line; remove it"));
        }
    }
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let parts: Vec<&str> = value.split('.').take(4).take_while(is_number).collect();
    if let [day, month, year] = parts.as_slice()
        && (day.len() <= 2 && month.len() <= 2 && year.len() == 4)
        && value.len() == day.len() + month.len() + year.len() + 2
    {
        return Some(format!("a date is written as {year}-{month:0>2}-{day:0>2}"));
    }
    let inner = value.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let items: Vec<&str> = inner.unwrap_or(value).split(',').map(str::trim).collect();
    if value.len() > LONGEST || !items.iter().all(|item| is_address(item)) {
        return None;
    }
    let quoted = items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
    let quoted = if inner.is_some() { format!("[{quoted}]") } else { quoted };
    Some(format!("text stands in quotes; write {quoted}"))
}

/// Whether it looks like an address, a range of them or a version.
fn is_address(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_hexdigit() || ".:/".contains(letter);
    let has_parts = text.matches('.').count() > 1 || text.matches(':').count() > 1;
    has_parts && text.chars().all(is_part)
}

/// What it means that the parser says this, and what that asks for.
fn meaning(said: &str) -> Option<&'static str> {
    Some(match said {
        "key with no value" => "there is no `=` in it; write KEY = VALUE, and # before a comment",
        "unquoted keys cannot be empty" => "there is no key before `=`; write KEY = VALUE",
        "invalid unquoted key" => "a key has only letters from a to z, digits, `_` and `-`",
        "invalid basic string" => "the text does not end in its line; close it with \"",
        "invalid literal string" => "the text does not end in its line; close it with '",
        "unexpected key or value" => {
            "something stands behind the value; text that has ' in it belongs between \" and \", a comment behind #"
        }
        "unclosed table" => "`[` is not closed; write ] behind the name",
        "unclosed array" => "`[` is not closed; write ] behind the last value",
        "unclosed inline table" => "`{` is not closed; write } behind the last value",
        "too few unicode value digits" | "missing escaped value" => BACKSLASH,
        "invalid boolean" => "write true or false, in small letters and without quotes",
        "invalid date" => "there is no such date; write it as 2027-01-31",
        "unexpected leading zero" => {
            "a number does not begin with 0; put what is no number in quotes"
        }
        _ => return None,
    })
}

/// A value that is none.
fn unquoted(value: &str) -> String {
    let is_quote =
        |letter: char| "\u{201c}\u{201d}\u{201e}\u{2018}\u{2019}\u{201a}".contains(letter);
    let words = value.trim_matches(is_quote);
    match value {
        "" => "there is no value behind `=`; write one, text in quotes".to_owned(),
        "yes" | "no" | "on" | "off" => {
            format!("`{value}` is no value; write true or false, or put text in quotes")
        }
        _ if value.len() > LONGEST || value.contains(['"', '\\']) => {
            "text stands in quotes: write ' before it and behind it".to_owned()
        }
        _ if words != value => format!("typographic quotes do not count; write \"{words}\""),
        _ => format!("text stands in quotes; write \"{value}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_mistakes_are_told_in_plain_words() {
        for (text, expected) in [
            ("title = A title", "text stands in quotes; write \"A title\""),
            (
                "title = \u{201c}A title\u{201d}",
                "typographic quotes do not count; write \"A title\"",
            ),
            ("hidden = yes", "`yes` is no value; write true or false"),
            ("hidden = True", "write true or false, in small letters"),
            ("title = A\\B title", "write ' before it and behind it"),
            ("title =", "there is no value behind `=`"),
            ("title 'a'", "there is no `=` in it; write KEY = VALUE"),
            ("title: 'a'", "there is no `=` in it"),
            ("title = 'a", "does not end in its line; close it with '"),
            ("title = \"a", "does not end in its line; close it with \""),
            ("title = 'it's'", "text that has ' in it belongs between \" and \""),
            ("= 3", "there is no key before `=`"),
            ("t\u{fc} = 1", "a key has only letters"),
            ("[a", "`[` is not closed; write ] behind the name"),
            ("a = [1", "`[` is not closed; write ] behind the last value"),
            ("a = {b = 1", "`{` is not closed"),
            ("path = \"C:\\Users\"", "a backslash has a meaning of its own"),
            ("path = \"C:\\data\"", "a backslash has a meaning of its own"),
            ("a = [192.0.2.1]", "text stands in quotes; write [\"192.0.2.1\"]"),
            ("a = [192.0.2.0/24, ::1]", "write [\"192.0.2.0/24\", \"::1\"]"),
            ("a = 192.0.2.1", "write \"192.0.2.1\""),
            ("b = 1\na = 31.1.2027\nc = 2", "a date is written as 2027-01-31"),
            ("a = 0;", "there is no ; at the end of a line; remove it"),
            ("a = 0,\nb = 1", "there is no comma at the end of a line; remove it"),
            ("a = 'b';", "there is no ; at the end"),
            ("a = true,", "there is no comma at the end"),
            ("a = 2027-13-01", "there is no such date"),
            ("a = 01", "a number does not begin with 0"),
            ("title = 'a'\ntitle = 'b'", "`title` is there twice; keep one of them"),
        ] {
            let error = toml::de::DeTable::parse(text).expect_err(text);
            let told = in_words(text, &error);
            assert!(told.contains(expected), "{text}: {told} ({})", error.message());
        }
    }
}
