use std::io::Cursor;

use super::*;
use crate::gateway::{Answer, Chore};

/// Answers with query and body; some queries do more.
struct Echo;

impl Handler for Echo {
    fn body_limit(&mut self, request: &Request<'_>) -> usize {
        match request.query {
            b"bodiless" => 0,
            b"large" => LARGE_BODY,
            _ => MAX_BODY,
        }
    }

    fn chores_log(&self) -> Option<std::path::PathBuf> {
        None
    }

    fn answer(&mut self, _request: &Request<'_>, _response: &mut Response) -> Answer {
        unreachable!("nobody else waits for this process")
    }

    fn answer_slowly(&mut self, _request: &Request<'_>, _response: &mut Response) -> Answer {
        unreachable!("nobody else waits for this process")
    }

    fn answer_patiently(&mut self, request: &Request<'_>, response: &mut Response) {
        assert_ne!(request.query, b"panic", "asked to");
        response.body.extend_from_slice(request.query);
        response.body.extend_from_slice(request.body);
    }

    fn refuse(&mut self, _request: &Request<'_>, _response: &mut Response) {}

    fn is_due(&mut self, _chore: Chore) -> bool {
        false
    }

    fn claim(&mut self, _chore: Chore) {}

    fn run_chore(&mut self, _chore: Chore) {}

    fn reload(&mut self) {}
}

const MAX_BODY: usize = 1000;
/// More than is kept in memory.
const LARGE_BODY: usize = 1024 * 1024;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

fn answered(variables: &[(&str, &str)], stdin: &[u8]) -> String {
    let mut stdout = Vec::new();
    let mut handler = Guarded::new(&|| Echo);
    answer(&mut handler, &environment(variables), stdin, &mut stdout).unwrap();
    String::from_utf8(stdout).unwrap()
}

fn posted(length: &str, body: &[u8]) -> String {
    let method = ("REQUEST_METHOD", "POST");
    answered(&[method, ("CONTENT_LENGTH", length), ("QUERY_STRING", "q ")], body)
}

#[test]
fn a_get_is_answered() {
    let text = answered(&[("REQUEST_METHOD", "GET"), ("QUERY_STRING", "hello")], b"");
    let expected = "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
                    Content-Length: 5\r\n\r\nhello";
    assert_eq!(text, expected);
}

#[test]
fn head_has_the_length_and_no_body() {
    let text = answered(&[("REQUEST_METHOD", "HEAD"), ("QUERY_STRING", "hello")], b"");
    assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn a_body_is_read_exactly_to_its_length() {
    let mut stdin = Cursor::new(b"body and what is none of our business");
    let variables = [("REQUEST_METHOD", "POST"), ("CONTENT_LENGTH", "4")];
    let mut stdout = Vec::new();
    let mut handler = Guarded::new(&|| Echo);
    answer(&mut handler, &environment(&variables), &mut stdin, &mut stdout).unwrap();
    assert!(stdout.ends_with(b"\r\n\r\nbody"));
    assert_eq!(stdin.position(), 4);
}

#[test]
fn a_body_without_a_length_is_none() {
    assert!(posted("", b"body").ends_with("\r\n\r\nq "));
    assert!(answered(&[("REQUEST_METHOD", "POST")], b"body").ends_with("\r\n\r\n"));
}

/// What is answered, and how much of standard input was read for it.
fn answered_after(variables: &[(&str, &str)], stdin: &[u8]) -> (String, u64) {
    let mut stdin = Cursor::new(stdin);
    let mut stdout = Vec::new();
    let mut handler = Guarded::new(&|| Echo);
    answer(&mut handler, &environment(variables), &mut stdin, &mut stdout).unwrap();
    (String::from_utf8(stdout).unwrap(), stdin.position())
}

#[test]
fn a_body_in_chunks_ends_with_the_stream() {
    let variables = [("REQUEST_METHOD", "POST"), ("HTTP_TRANSFER_ENCODING", "chunked")];
    assert!(answered(&variables, b"body").ends_with("\r\n\r\nbody"));
    let long = vec![b'x'; MAX_BODY + 1];
    assert!(answered(&variables, &long[..MAX_BODY]).starts_with("Status: 200 "));
    let (text, read) = answered_after(&variables, &long.repeat(3));
    assert!(text.starts_with("Status: 413 "), "{text}");
    assert_eq!(read, 3 * (1 + MAX_BODY as u64));
}

#[test]
fn a_body_of_a_get_is_read_and_forgotten() {
    let variables = [("REQUEST_METHOD", "GET"), ("CONTENT_LENGTH", "4")];
    let (text, read) = answered_after(&variables, b"body and more");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
    assert_eq!(read, 4);
}

#[test]
fn a_body_that_nobody_wants_is_read_and_forgotten() {
    let length = (10 * MAX_BODY).to_string();
    let variables =
        [("REQUEST_METHOD", "POST"), ("QUERY_STRING", "bodiless"), ("CONTENT_LENGTH", &length)];
    let (text, read) = answered_after(&variables, &vec![b'x'; 11 * MAX_BODY]);
    assert!(text.starts_with("Status: 200 ") && text.ends_with("\r\n\r\nbodiless"), "{text}");
    assert_eq!(read, 10 * MAX_BODY as u64);
}

#[test]
fn a_short_body_is_refused() {
    assert!(posted("5", b"body").starts_with("Status: 400 "));
}

/// Seen under mod_cgid: the refusal of a body that was left unread came out as a lost connection.
#[test]
fn a_long_body_is_read_and_refused() {
    let body = vec![b'x'; MAX_BODY + 1];
    let length = body.len().to_string();
    let variables = [("REQUEST_METHOD", "POST"), ("CONTENT_LENGTH", &*length)];
    let (text, read) = answered_after(&variables, &body);
    assert!(text.starts_with("Status: 413 "), "{text}");
    assert_eq!(read, body.len() as u64);
    assert!(posted(&MAX_BODY.to_string(), &body).starts_with("Status: 200 "));
}

#[test]
fn a_large_body_comes_whole_as_far_as_its_place_takes_it() {
    let body: Vec<u8> = (b'a'..=b'z').cycle().take(LARGE_BODY + 1).collect();
    let variables =
        |length| [("REQUEST_METHOD", "PUT"), ("QUERY_STRING", "large"), ("CONTENT_LENGTH", length)];
    let length = LARGE_BODY.to_string();
    let text = answered(&variables(&*length), &body);
    assert!(text.starts_with("Status: 200 "));
    assert!(text.as_bytes().ends_with(&[b"\r\n\r\nlarge", &body[..LARGE_BODY]].concat()));
    let longer = (LARGE_BODY + 1).to_string();
    assert!(answered(&variables(&*longer), &body).starts_with("Status: 413 "));
    assert!(answered(&variables(&*length), &body[1..LARGE_BODY]).starts_with("Status: 400 "));
}

#[test]
fn only_methods_that_take_a_body_bring_one() {
    let with = |method| answered(&[("REQUEST_METHOD", method), ("CONTENT_LENGTH", "4")], b"body");
    for method in ["POST", "PUT", "PATCH"] {
        assert!(with(method).ends_with("\r\n\r\nbody"), "{method}");
    }
    for method in ["GET", "DELETE", "OPTIONS", "BREW", "put"] {
        assert!(with(method).ends_with("\r\n\r\n"), "{method}");
    }
}

#[test]
fn a_length_that_is_no_number_is_refused() {
    assert!(posted("four", b"body").starts_with("Status: 400 "));
}

#[test]
fn a_panic_is_a_reply() {
    let text = answered(&[("QUERY_STRING", "panic")], b"");
    assert!(text.starts_with("Status: 500 ") && !text.contains("asked to"), "{text}");
}

#[test]
fn a_handler_that_cannot_be_made_is_a_reply() {
    let mut stdout = Vec::new();
    let make = || -> Echo { panic!("no configuration") };
    let mut handler = Guarded::new(&make);
    answer(&mut handler, &environment(&[]), &b""[..], &mut stdout).unwrap();
    assert!(stdout.starts_with(b"Status: 500 "));
}

#[test]
fn the_reply_is_one_write() {
    struct Counting(usize);
    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut stdout = Counting(0);
    let mut handler = Guarded::new(&|| Echo);
    let variables = environment(&[("QUERY_STRING", &"long ".repeat(50_000))]);
    answer(&mut handler, &variables, &b""[..], &mut stdout).unwrap();
    assert_eq!(stdout.0, 1);
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut handler = Guarded::new(&|| Echo);
    let error = answer(&mut handler, &environment(&[]), &b""[..], writer).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn variables_are_bytes() {
    let value = OsString::from_vec(b"\xff\xfe".to_vec());
    let environment = Environment::from_iter([(OsString::from("QUERY_STRING"), value)]);
    assert_eq!(environment.get("QUERY_STRING"), Some(&b"\xff\xfe"[..]));
    assert_eq!(environment.get("NO_SUCH"), None);
}
