//! A small HTTP client: one GET a connection, the reply as it came, and between which addresses it
//! went. HTTPS goes through `curl`: TLS of our own would make each CGI larger for doctor alone.

use std::io::{self, Read, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::protocol::HttpUrl;

/// How long a web server has to accept a connection, and then for its whole answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a reply that are read at most.
pub(super) const MOST_BYTES: u64 = 4 << 20;

/// What a web server answered.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) way: Option<Way>,
}

/// Between which addresses a reply went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
}

/// Why there is no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Nobody knows the host.
    #[error("{host} has no address ({reason})")]
    Unresolved { host: String, reason: String },
    /// Nobody listens there, or nothing leads there.
    #[error("no connection to {to} ({reason})")]
    Unreachable { to: String, reason: String },
    /// A connection, and no whole answer in time.
    #[error("{to} takes the request, and does not answer within {} seconds", PATIENCE.as_secs())]
    Silent { to: String },
    /// A connection, and something else than HTTP.
    #[error("no HTTP comes from {to} ({reason})")]
    NotHttp { to: String, reason: String },
    /// No TLS, or a certificate that no client accepts.
    #[error("{0}")]
    Tls(String),
    /// HTTPS, and no program that speaks it.
    #[error("the address is HTTPS, which doctor asks through curl: install curl")]
    NoCurl,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header has a word in it.
    pub(super) fn says(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Understands a reply that has come whole; `None` when it is not HTTP.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
        let mut lines = head.split("\r\n");
        let first = lines.next().filter(|line| line.starts_with("HTTP/1."))?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut reply =
            Self { status, headers, body: bytes.get(end + 4..)?.to_vec(), ..Self::default() };
        if reply.says("transfer-encoding", "chunked") {
            reply.body = without_chunks(&reply.body);
        }
        Some(reply)
    }
}

/// What the chunks of a body hold, as far as they came.
fn without_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = bytes.get(..end).and_then(|line| str::from_utf8(line).ok());
        let size = size.and_then(|line| line.split(';').next());
        let Some(size @ 1..) = size.and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok())
        else {
            break;
        };
        let rest = bytes.get(end + 2..).unwrap_or_default();
        body.extend_from_slice(rest.get(..size).unwrap_or(rest));
        bytes = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}

/// Fetches what is at an address. Redirects are not followed: some clients do not either.
pub(super) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Reply, Failed> {
    let no_address =
        || Failed::Unresolved { host: url.into(), reason: "it is not an address".into() };
    let url: HttpUrl = url.parse().map_err(|_| no_address())?;
    let port = url.port().ok_or_else(no_address)?;
    match url.scheme() {
        "https" => get_by_curl(&url, headers),
        _ => get_plainly(&url, port, headers),
    }
}

fn get_plainly(url: &HttpUrl, port: u16, headers: &[(&str, &str)]) -> Result<Reply, Failed> {
    let mut stream = connect(url.host(), port)?;
    let way = stream.local_addr().and_then(|from| Ok((from, stream.peer_addr()?)));
    let way = way
        .ok()
        .map(|(from, to)| Way { from: from.ip().to_canonical(), to: to.ip().to_canonical() });
    let slash = if url.target().starts_with('/') { "" } else { "/" };
    let mut head = format!(
        "GET {slash}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}",
        url.target(),
        url.authority(),
        header_line(("User-Agent", USER_AGENT))
    );
    headers.iter().for_each(|header| head.push_str(&header_line(*header)));
    head.push_str("\r\n");
    let mut bytes = Vec::new();
    let done = stream.write_all(head.as_bytes()).and_then(|()| read_reply(&mut stream, &mut bytes));
    let to = url.authority().to_owned();
    if done.as_ref().is_err_and(is_timeout) {
        return Err(Failed::Silent { to });
    }
    let reply = Reply::parse(&bytes).map(|reply| Reply { way, ..reply });
    reply.ok_or_else(|| match done {
        Err(problem) => Failed::NotHttp { to, reason: problem.to_string() },
        Ok(()) if bytes.is_empty() => {
            Failed::NotHttp { to, reason: "it closes the connection".into() }
        }
        Ok(()) => Failed::NotHttp { to, reason: "another protocol".into() },
    })
}

/// Reads until the reply is whole, as some servers keep the connection all the same, or is too long, or the
/// server closes. A server that sends a little now and then gets no more time for it.
fn read_reply(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    let mut piece = [0; 16 << 10];
    while (bytes.len() as u64) < MOST_BYTES && !is_whole(bytes) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => bytes.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// Whether a reply has come to the end that its own headers tell of.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let body = bytes.get(end + 4..).unwrap_or_default();
    let field = |name: &str| {
        let mut values = head.split("\r\n").filter_map(|line| line.strip_prefix(name));
        values.next().and_then(|rest| rest.trim_start().strip_prefix(':')).map(str::trim)
    };
    if field("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        return body.ends_with(b"0\r\n\r\n");
    }
    field("content-length")
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| body.len() >= length)
}

const USER_AGENT: &str = concat!("tracker-doctor/", env!("CARGO_PKG_VERSION"));

fn header_line((name, value): (&str, &str)) -> String {
    format!("{name}: {value}\r\n")
}

fn is_timeout(problem: &io::Error) -> bool {
    matches!(problem.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Connects to the first of the host's addresses that accepts, as clients do.
fn connect(host: &str, port: u16) -> Result<TcpStream, Failed> {
    let unresolved = |reason: String| Failed::Unresolved { host: host.into(), reason };
    let addresses = (host, port).to_socket_addrs();
    let addresses: Vec<SocketAddr> =
        addresses.map_err(|problem| unresolved(problem.to_string()))?.collect();
    let mut problem = unresolved("none is known".into());
    for address in addresses {
        let connected = TcpStream::connect_timeout(&address, PATIENCE).and_then(|stream| {
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok(stream),
            Err(source) => {
                let (to, reason) = (address.to_string(), source.to_string());
                problem = Failed::Unreachable { to, reason };
            }
        }
    }
    Err(problem)
}

/// What curl is to print after the reply, on its standard error.
const ADDRESSES: &str = "%{stderr}\n%{local_ip} %{remote_ip}";

/// Has curl fetch it, with the reply as raw as it came. A configuration of its own, or a proxy in the
/// environment, would show another way than a stranger's.
fn get_by_curl(url: &HttpUrl, headers: &[(&str, &str)]) -> Result<Reply, Failed> {
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--include", "--raw", "--http1.1"])
        .args(["--globoff", "--noproxy", "*", "--user-agent", USER_AGENT])
        .args(["--max-time", &PATIENCE.as_secs().to_string()])
        .args(["--max-filesize", &MOST_BYTES.to_string(), "--write-out", ADDRESSES]);
    for (name, value) in headers {
        curl.args(["--header", &format!("{name}: {value}")]);
    }
    let (bytes, errors, ended) =
        run(curl.args(["--url", url.as_str()])).map_err(|_| Failed::NoCurl)?;
    let status = ended.code().unwrap_or_default();
    let (said, addresses) = errors.trim_end().rsplit_once('\n').unwrap_or((&errors, ""));
    match Reply::parse(&bytes) {
        // Timed out in the middle.
        Some(_) if status == 28 && !is_whole(&bytes) => Err(failure_of_curl(status, url, said)),
        Some(reply) => Ok(Reply { way: way_of(addresses), ..reply }),
        None => Err(failure_of_curl(status, url, said)),
    }
}

/// What a command prints, its errors, and how it ended. Of a reply without an end no more is kept than doctor
/// reads, whatever the program itself would take.
fn run(command: &mut Command) -> io::Result<(Vec<u8>, String, ExitStatus)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (mut bytes, mut errors) = (Vec::new(), Vec::new());
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MOST_BYTES).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 == MOST_BYTES {
        // It would wait for somebody who reads on.
        child.kill()?;
    }
    if let Some(stderr) = child.stderr.take() {
        stderr.take(MOST_BYTES).read_to_end(&mut errors)?;
    }
    Ok((bytes, String::from_utf8_lossy(&errors).into_owned(), child.wait()?))
}

fn way_of(addresses: &str) -> Option<Way> {
    let (from, to) = addresses.split_once(' ')?;
    Some(Way { from: from.parse().ok()?, to: to.parse().ok()? })
}

/// What an exit status of curl means (see its manual).
fn failure_of_curl(status: i32, url: &HttpUrl, said: &str) -> Failed {
    let line = said.lines().find(|line| line.starts_with("curl: ")).unwrap_or(said);
    let reason = line.split_once(") ").map_or(line, |(_, reason)| reason).trim().to_owned();
    let (host, to) = (url.host(), url.authority());
    match status {
        6 => Failed::Unresolved { host: host.into(), reason },
        7 => Failed::Unreachable { to: to.into(), reason },
        28 => Failed::Silent { to: to.into() },
        35 | 51 | 53..=54 | 58..=60 | 66 | 77 | 80 | 83 | 90..=91 => Failed::Tls(reason),
        _ => Failed::NotHttp { to: to.into(), reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_with_its_chunks_as_far_as_it_came() {
        let reply = Reply::parse(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: A b \r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (200, "abcde"));
        assert!(reply.header("x") == Some("A b") && reply.says("x", "a b"));
        let cut = Reply::parse(b"HTTP/1.0 404 No\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab");
        assert_eq!(cut.map(|it| (it.status, it.body)), Some((404, b"ab".to_vec())));
        for other in [&b"SSH-2.0-x\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\n", b""] {
            assert!(Reply::parse(other).is_none());
        }
    }

    /// A server that sends this, then a byte now and then if it is to drip, and keeps the connection.
    fn server(reply: &'static [u8], drip: bool) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(reply);
            while drip && stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_secs(1));
            }
            // Until the client closes.
            let _ = stream.read(&mut request);
        });
        format!("http://{address}/")
    }

    #[test]
    fn a_reply_ends_where_it_says_although_the_connection_is_kept() {
        let started = Instant::now();
        for reply in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ] {
            assert_eq!(get(&server(reply, false), &[]).unwrap().text(), "ab");
        }
        assert!(started.elapsed() < PATIENCE);
    }

    #[test]
    fn a_server_that_never_comes_to_an_end_is_silent() {
        let started = Instant::now();
        let outcome = get(&server(b"HTTP/1.1 200 OK\r\n\r\n", true), &[]);
        assert!(matches!(outcome, Err(Failed::Silent { .. })), "{outcome:?}");
        assert!(started.elapsed() < PATIENCE * 2);
    }

    #[test]
    fn of_a_program_without_an_end_no_more_is_kept_than_is_read() {
        let (bytes, _, ended) = run(Command::new("yes").arg("x")).unwrap();
        assert!(bytes.len() as u64 == MOST_BYTES && !ended.success());
    }

    #[test]
    fn what_curl_says_is_told_without_its_name() {
        let url = "https://a.example:444/x".parse().unwrap();
        let said = |status, text: &str| failure_of_curl(status, &url, text).to_string();
        let expired = "\ncurl: (60) SSL certificate problem: certificate has expired\nMore: …\n";
        assert_eq!(said(60, expired), "SSL certificate problem: certificate has expired");
        assert!(said(7, "curl: (7) Failed").contains("no connection to a.example:444 (Failed)"));
        assert!(said(28, "curl: (28) Timeout").contains("does not answer within 10 seconds"));
        assert!(said(6, "curl: (6) Could not resolve").contains("a.example has no address"));
        let way = Way { from: [10, 0, 0, 1].into(), to: [192, 0, 2, 1].into() };
        assert_eq!(way_of("10.0.0.1 192.0.2.1"), Some(way));
        assert_eq!(way_of(" "), None);
    }
}
