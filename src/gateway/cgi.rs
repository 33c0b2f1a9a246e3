//! CGI (RFC 3875): one request from the environment and standard input, one response to standard
//! output, and what is left to do afterwards in a process of its own.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::guarded::{Guarded, log_panics};
use super::{Body, Handler, Method, Rejection, Request, Response, Variables, content_length};
use crate::platform::files;
use crate::platform::process::{Detached, OneThread, detach, give_way};

/// Bytes of a body that are read at once.
const PIECE: usize = 64 * 1024;

/// The variables of an environment.
#[derive(Debug)]
pub struct Environment {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Environment {
    /// The environment of this process, as it is now.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::from_iter(std::env::vars_os())
    }
}

impl Environment {
    /// A copy of the variables of a request that outlives them.
    pub(super) fn copy_of(variables: &dyn Variables) -> Self {
        let mut copies = Vec::new();
        variables.visit(&mut |name, value| copies.push((name.to_vec(), value.to_vec())));
        Self { variables: copies }
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let bytes = |(name, value): (OsString, OsString)| (name.into_vec(), value.into_vec());
        Self { variables: variables.into_iter().map(bytes).collect() }
    }
}

impl Variables for Environment {
    fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
        self.variables.iter().for_each(|(name, value)| visitor(name, value));
    }
}

/// Answers the request that this process was started for, and does due chores after the reply, in a process
/// that the web server does not wait for.
///
/// They get a new handler. The first one is dropped before, so that no open file or database is shared by the
/// two.
pub fn run<H: Handler>(
    one_thread: &OneThread,
    make_handler: impl Fn() -> H,
    environment: &Environment,
) {
    log_panics();
    let mut handler = Guarded::new(&make_handler);
    // Its own copy of the descriptor: the standard library's buffer would cut the reply in two.
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let written =
        stdout.and_then(|stdout| answer(&mut handler, environment, io::stdin().lock(), stdout));
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        crate::warning!("cannot write the reply to the web server: {error}");
    }
    handler.after_reply();
    let due = handler.chores_due();
    if due.is_empty() {
        // The process ends here, and the kernel takes back what it has at less cost than piece by piece.
        std::mem::forget(handler);
        return;
    }
    due.iter().for_each(|&chore| handler.claim(chore));
    let log = handler.chores_log();
    drop(handler);
    run_apart(one_thread, log.as_deref(), || {
        let mut handler = Guarded::new(&make_handler);
        due.iter().for_each(|&chore| handler.run_chore(chore));
    });
}

fn run_apart(one_thread: &OneThread, log: Option<&Path>, chores: impl FnOnce()) {
    if let Some(log) = log {
        pass_on(log);
    }
    match detach(one_thread, log) {
        Ok(Detached::Parent) => {}
        Ok(Detached::Child) => {
            give_way();
            chores();
        }
        Err(error) => crate::warning!("chores left for another time, cannot fork: {error}"),
    }
}

/// Shows the web server what earlier chores have logged; the next ones begin a new log.
fn pass_on(log: &Path) {
    if let Ok(lines) = files::read(log) {
        // As for any log line: there is nowhere to say that it cannot be written.
        let _ = io::stderr().lock().write_all(&lines);
    }
}

/// Answers one request from any environment and streams, with a single write.
fn answer<H: Handler>(
    handler: &mut Guarded<'_, H>,
    variables: &dyn Variables,
    stdin: impl Read,
    mut stdout: impl Write,
) -> io::Result<()> {
    let mut response = Response::default();
    let asked = Request::new(variables, &[]);
    let limit = handler.body_limit(&asked);
    match &read_body(variables, stdin, limit) {
        Ok(body) => {
            handler.answer_patiently(&Request { body: body.bytes(), ..asked }, &mut response);
        }
        Err(rejection) => handler.reject(&asked, *rejection, &mut response),
    }
    let head_only = asked.method == Method::Head;
    let mut reply = Vec::with_capacity(512 + response.body.len());
    response.write(head_only, &mut reply)?;
    stdout.write_all(&reply)?;
    stdout.flush()
}

/// Reads the body: exactly `CONTENT_LENGTH` bytes, for a web server need not end the stream after
/// them. One that was sent in chunks has no length; where the web server undoes the chunks (Apache),
/// it does end the stream.
///
/// What nobody wants (a limit of 0), or is more than wanted, is read too, and forgotten: mod_cgid and mod_cgi
/// read no reply before they have written all of the body, and see a lost connection when they cannot.
fn read_body(variables: &dyn Variables, stdin: impl Read, limit: usize) -> Result<Body, Rejection> {
    let in_chunks = variables.get("HTTP_TRANSFER_ENCODING").is_some();
    let announced = match content_length(variables)? {
        None if in_chunks => None,
        length => Some(length.unwrap_or(0)),
    };
    let length = announced.and_then(|length| u64::try_from(length).ok()).unwrap_or(u64::MAX);
    let mut stdin = stdin.take(length);
    let mut body = Body::default();
    let is_kept = limit > 0 && announced.is_none_or(|length| length <= limit);
    let kept = if is_kept { keep(&mut body, &mut stdin, limit) } else { Ok(()) };
    io::copy(&mut stdin, &mut io::sink()).map_err(|_| Rejection::BodyShort)?;
    kept?;
    match limit {
        0 => Ok(body),
        _ if announced.unwrap_or(body.length()) > limit => Err(Rejection::BodyTooLong),
        _ if announced.is_some_and(|length| body.length() < length) => Err(Rejection::BodyShort),
        _ => body.complete().map(|()| body).map_err(|error| Rejection::body_not_kept(&error)),
    }
}

/// Reads up to `limit` bytes into a body, and one more, which shows that there are more.
fn keep(body: &mut Body, stdin: &mut impl Read, limit: usize) -> Result<(), Rejection> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut wanted = stdin.take(most);
    let mut piece = vec![0; PIECE];
    loop {
        let length = match wanted.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(Rejection::BodyShort),
        };
        let bytes = piece.get(..length).unwrap_or_default();
        body.append(bytes).map_err(|error| Rejection::body_not_kept(&error))?;
    }
}

#[cfg(test)]
#[path = "cgi_tests.rs"]
mod tests;
