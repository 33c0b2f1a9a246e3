//! What people give to be explained: a URL, a part of one, or a line of a web server's access log.

use std::net::IpAddr;

use crate::gateway::Method;
use crate::protocol::without_secrets;

/// A request as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) kind: Kind,
    /// The whole address, where that was given.
    pub(super) url: Option<String>,
    pub(super) method: Method,
    /// With escapes.
    pub(super) path: Vec<u8>,
    /// What follows the first `?`.
    pub(super) query: Vec<u8>,
    pub(super) from: Option<IpAddr>,
    pub(super) user_agent: Vec<u8>,
}

/// How it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole URL.
    Url,
    /// A path, with a query or not.
    Path,
    /// A query alone: of an announce.
    Query,
    /// A line of a log.
    LogLine {
        /// The time in it.
        time: String,
        /// The status of HTTP in it, as it stands there.
        status: String,
    },
}

impl Kind {
    /// The word for it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Path => "path",
            Self::Query => "query",
            Self::LogLine { .. } => "log_line",
        }
    }
}

/// Reads what was given.
///
/// # Errors
/// Why nothing can be made of it, in words.
pub(super) fn read(text: &[u8]) -> Result<Given, String> {
    let text = text.trim_ascii();
    if let Some((before, rest)) = split_at(text, b" [")
        && let Some((time, rest)) = split_at(rest, b"] \"")
    {
        return log_line(before, time, rest);
    }
    if text.contains(&b'"') {
        return Err(
            "this is no URL, and no line of an access log in the common or combined format \
             (ADDRESS - - [TIME] \"GET /announce?… HTTP/1.1\" STATUS BYTES …)"
                .into(),
        );
    }
    for scheme in [b"http://".as_slice(), b"https://"] {
        if text.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme)) {
            let url = Some(String::from_utf8_lossy(text).into_owned());
            return Ok(Given { url, ..get(Kind::Url, without_host(text)) });
        }
    }
    let (front, has_query) = match split_at(text, b"?") {
        Some((front, _)) => (front, true),
        None => (text, false),
    };
    if front.windows(3).any(|three| three == b"://") {
        return Err("requests come over http or https; give such a URL".into());
    }
    let is_query = front.is_empty() || front.contains(&b'=');
    match front.iter().position(|&byte| byte == b'/') {
        _ if text.is_empty() => Err("give a URL, a query, or a line of an access log".into()),
        _ if is_query => {
            let query = text.strip_prefix(b"?").unwrap_or(text).to_vec();
            Ok(Given { query, ..get(Kind::Query, b"/announce") })
        }
        Some(slash) => Ok(get(Kind::Path, text.get(slash..).unwrap_or_default())),
        None if has_query => Ok(get(Kind::Path, &[b"/", text].concat())),
        None => Err(format!(
            "nothing can be made of `{}`: give a URL, a path with its query, a query, or a line of an access log",
            without_secrets(&text.escape_ascii().to_string())
        )),
    }
}

/// A GET of a path and query, without a fragment.
fn get(kind: Kind, target: &[u8]) -> Given {
    let target = target.split(|&byte| byte == b'#').next().unwrap_or_default();
    let (path, query) = split_at(target, b"?").unwrap_or((target, b""));
    Given {
        kind,
        url: None,
        method: Method::Get,
        path: path.to_vec(),
        query: query.to_vec(),
        from: None,
        user_agent: Vec::new(),
    }
}

/// The path and query of a URL.
fn without_host(url: &[u8]) -> &[u8] {
    let (_, rest) = split_at(url, b"://").unwrap_or((b"", url));
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    rest.get(end.unwrap_or(rest.len())..).unwrap_or_default()
}

/// A line as Apache and nginx write it: `common`, `combined`, or either behind the name of a virtual host.
fn log_line(before: &[u8], time: &[u8], rest: &[u8]) -> Result<Given, String> {
    let (request, rest) = quoted(rest);
    let mut words = rest.trim_ascii().splitn(3, |&byte| byte == b' ');
    let status = words.next().unwrap_or_default();
    // Behind the number of bytes.
    let behind = words.nth(1).unwrap_or_default();
    let (_referer, behind) = quoted(behind.strip_prefix(b"\"").unwrap_or_default());
    let agent = behind.trim_ascii().strip_prefix(b"\"").map(|agent| quoted(agent).0);
    let (method, target) = request_line(&request).ok_or_else(|| {
        let shown = without_secrets(&request.escape_ascii().to_string());
        format!("the line's request is none of HTTP: `{shown}`")
    })?;
    let target = if target.starts_with(b"/") { target } else { without_host(target) };
    let kind = Kind::LogLine {
        time: time.escape_ascii().to_string(),
        status: status.escape_ascii().to_string(),
    };
    let mut words = before.split(|&byte| byte == b' ');
    let from = words.find_map(|word| address_in(std::str::from_utf8(word).ok()?));
    Ok(Given {
        method: Method::parse(method),
        from: from.map(|from| from.to_canonical()),
        user_agent: agent.filter(|agent| agent != b"-").unwrap_or_default(),
        ..get(kind, target)
    })
}

/// The address that a word is, or ends in: `grep` puts the name of the file before it.
fn address_in(word: &str) -> Option<IpAddr> {
    let behind_colons = word.match_indices(':').filter_map(|(at, _)| word.get(at + 1..));
    std::iter::once(word).chain(behind_colons).find_map(|text| text.parse().ok())
}

/// Method and target of a request line; some clients leave blanks in the target, and old ones the version out.
fn request_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (method, rest) = split_at(line, b" ")?;
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
    let end = rest.windows(6).rposition(|part| part == b" HTTP/").unwrap_or(rest.len());
    let target = rest.get(..end)?;
    let is_target = target.starts_with(b"/") || target.windows(3).any(|part| part == b"://");
    (is_method && is_target).then_some((method, target))
}

/// What stands before the next quote, without the escapes of web servers, and what is behind that quote.
fn quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut inner = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return (inner, rest),
            [b'"', behind @ ..] => return (inner, behind),
            [b'\\', b'x', high, low, behind @ ..] if is_hex(*high) && is_hex(*low) => {
                inner.push(hex(*high) << 4 | hex(*low));
                behind
            }
            [b'\\', escaped, behind @ ..] => {
                inner.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    b'b' => 0x08,
                    other => *other,
                });
                behind
            }
            [byte, behind @ ..] => {
                inner.push(*byte);
                behind
            }
        };
    }
}

fn is_hex(digit: u8) -> bool {
    digit.is_ascii_hexdigit()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a' - 10),
    }
}

/// What stands before and behind the first of these.
fn split_at<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(separator.len()).position(|part| part == separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> (String, String, &'static str) {
        let given = read(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        let text = |bytes: Vec<u8>| bytes.escape_ascii().to_string();
        (text(given.path), text(given.query), given.kind.name())
    }

    #[test]
    fn urls_paths_and_queries_are_told_apart() {
        for (text, path, query, kind) in [
            ("http://t.example/announce?a=1", "/announce", "a=1", "url"),
            ("HTTPS://t.example:8080/x/announce?a=1#b", "/x/announce", "a=1", "url"),
            ("http://t.example?a=1", "", "a=1", "url"),
            ("http://t.example", "", "", "url"),
            ("/tracker.cgi/announce?a=1?b=2", "/tracker.cgi/announce", "a=1?b=2", "path"),
            ("t.example/announce?a=1", "/announce", "a=1", "path"),
            ("announce?a=1", "/announce", "a=1", "path"),
            ("/scrape", "/scrape", "", "path"),
            ("?a=1", "/announce", "a=1", "query"),
            (" a=1&b=2?c/d ", "/announce", "a=1&b=2?c/d", "query"),
        ] {
            assert_eq!(told(text), (path.into(), query.into(), kind), "{text}");
        }
    }

    #[test]
    fn what_nothing_can_be_made_of_says_what_can() {
        for (text, said) in [
            ("", "give a URL"),
            ("hello", "nothing can be made of `hello`"),
            ("udp://t.example/announce", "over http or https"),
            ("192.0.2.1 - - \"GET /announce", "no line of an access log"),
            ("192.0.2.1 - - [x] \"\\x16\\x03\\x01\" 400 0", "is none of HTTP: `\\x16\\x03\\x01`"),
            ("192.0.2.1 - - [x] \"-\" 408 -", "is none of HTTP: `-`"),
        ] {
            let problem = read(text.as_bytes()).unwrap_err();
            assert!(problem.contains(said), "{text}: {problem}");
        }
    }

    #[test]
    fn lines_of_apache_and_nginx_are_read() {
        let combined = "2001:db8::7 - bob [30/Nov/2026:03:22:45 +0000] \"GET /announce?a=%01\\x02\\\"&b=c d HTTP/1.1\" \
             200 312 \"-\" \"a \\\"b\\\"/\\xc3\\xa4\"";
        let given = read(combined.as_bytes()).unwrap();
        assert_eq!(given.query, b"a=%01\x02\"&b=c d");
        assert_eq!(given.from, Some("2001:db8::7".parse().unwrap()));
        assert_eq!(given.user_agent, "a \"b\"/ä".as_bytes());
        let time = "30/Nov/2026:03:22:45 +0000".to_owned();
        assert_eq!(given.kind, Kind::LogLine { time, status: "200".into() });
        for (line, from, method) in [
            (
                "logs/access.log:12:192.0.2.7 - - [x] \"GET /scrape HTTP/1.0\" 200 5",
                Some("192.0.2.7"),
                Method::Get,
            ),
            (
                "access.log:2001:db8::7 - - [x] \"GET /scrape HTTP/1.0\" 200 5",
                Some("2001:db8::7"),
                Method::Get,
            ),
            (
                "::ffff:192.0.2.7 - - [x] \"GET /scrape HTTP/1.0\" 200 5",
                Some("192.0.2.7"),
                Method::Get,
            ),
            (
                "t.example:443 192.0.2.7 - - [x] \"HEAD /scrape HTTP/1.0\" 200 -",
                Some("192.0.2.7"),
                Method::Head,
            ),
            (
                "host.example - - [x] \"POST http://t/scrape HTTP/1.0\" 405 5 \"-\" \"-\"",
                None,
                Method::Post,
            ),
            ("192.0.2.7 - - [x] \"GET /scrape\" 200 5", Some("192.0.2.7"), Method::Get),
        ] {
            let given = read(line.as_bytes()).unwrap();
            assert_eq!(
                (given.path.as_slice(), given.method),
                (b"/scrape".as_slice(), method),
                "{line}"
            );
            assert_eq!(given.from, from.map(|from| from.parse().unwrap()), "{line}");
            assert_eq!(given.user_agent, b"", "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_given_has_an_answer(text: Vec<u8>, more in "[ \\[\\]\"\\\\x?=/:a-f0-9-]{0,40}") {
            let _ = read(&text);
            let _ = read(more.as_bytes());
            let line = [b"192.0.2.7 - - [x] \"GET /".as_slice(), more.as_bytes()].concat();
            prop_assert!(read(&line).is_ok_and(|given| given.path.starts_with(b"/")));
        }

        #[test]
        fn what_a_web_server_escapes_is_read_back(bytes in prop::collection::vec(1_u8..255, 0..40)) {
            let escaped: Vec<u8> = bytes.iter().flat_map(|byte| match byte {
                b'"' | b'\\' => vec![b'\\', *byte],
                b' '..=b'~' => vec![*byte],
                _ => format!("\\x{byte:02X}").into_bytes(),
            }).collect();
            let line = [b"\"".as_slice(), &escaped, b"\" rest"].concat();
            prop_assert_eq!(quoted(&line[1..]), (bytes, b" rest".as_slice()));
        }
    }
}
