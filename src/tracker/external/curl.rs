//! HTTPS through the program `curl`.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::failed::Failed;
use super::reply::{Incoming, Reply, Way};
use super::request::Request;
use crate::protocol::HttpUrl;

/// What curl is to print after the reply, on its standard error.
const WAY: &str = "%{stderr}\n%{local_ip} %{remote_ip}";

/// Bytes of what curl says that are read.
const MOST_SAID: u64 = 64 << 10;

/// Has curl fetch it from this very address, with the reply as raw as it came. A configuration of its own, or a proxy
/// in the environment, would show another way than a stranger's.
pub(super) fn get(
    get: &Request<'_>,
    from: SocketAddr,
    to_connect: Duration,
) -> Result<Reply, Failed> {
    let left = get.deadline.left().map_err(|_| get.silent())?;
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--include", "--raw", "--http1.1"])
        .args(["--globoff", "--path-as-is", "--noproxy", "*", "--proto", "=https"])
        // The end of chunks that are left as they are is unknown to it, but for that of the connection.
        .args(["--header", "Connection: close"])
        // Whatever curl takes for the host: no name is looked up once more.
        .args(["--connect-to", &format!("::{}:{}", bracketed(from), from.port())])
        .args(["--connect-timeout", &seconds(to_connect), "--max-time", &seconds(left)])
        .args(["--write-out", WAY]);
    for (name, value) in get.headers {
        curl.args(["--header", &format!("{name}: {value}")]);
    }
    curl.args(["--url", &format!("https://{}{}", get.url.authority(), get.target())]);
    let (incoming, errors, ended) = run(&mut curl, get.bounds.bytes).map_err(|_| Failed::NoCurl)?;
    let status = ended.code().unwrap_or_default();
    let (said, way) = errors.trim_end().rsplit_once('\n').unwrap_or((&errors, ""));
    let way = way_of(way);
    match status {
        28 if way.is_some() && !incoming.is_whole() => Err(get.silent()),
        28 if way.is_none() => {
            Err(Failed::Unreachable { to: from.to_string(), reason: reason(said) })
        }
        _ if incoming.is_empty() => Err(failure(status, get.url, said)),
        _ => Ok(Reply { way, ..get.reply(incoming, &reason(said))? }),
    }
}

fn bracketed(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64().max(0.001))
}

/// What a command prints, its errors, and how it ended. Of a reply without an end no more is kept than is read,
/// whatever the program itself would take.
fn run(command: &mut Command, most: usize) -> io::Result<(Incoming, String, ExitStatus)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (mut incoming, mut errors) = (Incoming::default(), Vec::new());
    if let Some(mut stdout) = child.stdout.take() {
        let read = incoming.read(&mut stdout, most, |_| Ok(()));
        // Else it ends by itself.
        if read.is_err() || incoming.is_longer_than(most) {
            child.kill()?;
        }
    }
    if let Some(stderr) = child.stderr.take() {
        stderr.take(MOST_SAID).read_to_end(&mut errors)?;
    }
    Ok((incoming, String::from_utf8_lossy(&errors).into_owned(), child.wait()?))
}

fn way_of(way: &str) -> Option<Way> {
    let (from, to) = way.split_once(' ')?;
    Some(Way { from: from.parse().ok()?, to: to.parse().ok()? })
}

/// What curl says, without its name.
fn reason(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("curl: ")).unwrap_or(said);
    line.split_once(") ").map_or(line, |(_, reason)| reason).trim().to_owned()
}

/// What an exit status of curl means (see its manual).
fn failure(status: i32, url: &HttpUrl, said: &str) -> Failed {
    let (reason, to) = (reason(said), url.authority());
    match status {
        6 => Failed::Unresolved { host: url.host().into(), reason },
        7 => Failed::Unreachable { to: to.into(), reason },
        35 | 51 | 53..=54 | 58..=60 | 66 | 77 | 80 | 83 | 90..=91 => Failed::Tls(reason),
        _ => Failed::NotHttp { to: to.into(), reason },
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn of_a_program_without_an_end_no_more_is_kept_than_is_read() {
        let (incoming, _, ended) = run(Command::new("yes").arg("x"), 1000).unwrap();
        assert!(incoming.into_reply(1000).is_none() && !ended.success());
        let endless = "printf 'HTTP/1.1 200 OK\\r\\n\\r\\n'; exec yes";
        let (incoming, _, ended) = run(Command::new("sh").args(["-c", endless]), 100_000).unwrap();
        let length = incoming.into_reply(100_000).unwrap().body.len();
        assert!((100_000 - 19..130_000).contains(&length) && !ended.success(), "{length}");
    }

    #[test]
    fn what_curl_says_is_told_without_its_name() {
        let url = "https://a.example:444/x".parse().unwrap();
        let said = |status, text: &str| failure(status, &url, text).to_string();
        assert_eq!(
            said(60, "curl: (60) SSL: no subject matches\nMore details here: x\n"),
            "SSL: no subject matches"
        );
        let closed = said(7, "curl: (7) Failed to connect\n");
        assert_eq!(closed, "no connection to a.example:444 (Failed to connect)");
        assert!(said(6, "").contains("a.example has no address"));
        assert!(matches!(failure(35, &url, "x"), Failed::Tls(_)));
        assert!(matches!(failure(52, &url, "x"), Failed::NotHttp { .. }));
    }

    #[test]
    fn a_way_is_one_once_there_was_a_connection() {
        let way = way_of("192.0.2.1 192.0.2.2").unwrap();
        assert_eq!(way.to, IpAddr::from([192, 0, 2, 2]));
        assert!(way_of(" ").is_none() && way_of("").is_none());
    }
}
