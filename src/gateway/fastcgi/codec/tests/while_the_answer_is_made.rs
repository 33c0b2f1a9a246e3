use super::*;

/// A connection that waits for the answer to request 1.
fn waiting() -> (FastCgi, Output<Records>) {
    let mut connection = FastCgi::new(LIMITS);
    feed(&mut connection, &post(1, KEEP, "q", b"body"));
    let mut output = Output::default();
    assert_eq!(connection.next(&mut output, &mut body_limit), Ok(Some(Event::Request)));
    (connection, output)
}

fn feed(connection: &mut FastCgi, bytes: &[u8]) {
    connection.room()[..bytes.len()].copy_from_slice(bytes);
    connection.filled(bytes.len());
}

#[test]
fn the_request_can_be_kept_by_another_thread() {
    let (mut connection, _) = waiting();
    let request = connection.take_request();
    feed(&mut connection, &record(Kind::AbortRequest, 1, b""));
    connection.reset();
    assert_eq!(request.request().query, b"q");
    assert_eq!(request.request().body, b"body");
}

#[test]
fn it_can_be_aborted() {
    let (mut connection, mut output) = waiting();
    feed(&mut connection, &record(Kind::AbortRequest, 1, b""));
    assert_eq!(connection.next(&mut output, &mut body_limit), Ok(Some(Event::Aborted)));
    connection.reply(&mut Response::default(), &mut output);
    assert_eq!(sent(drain(&mut output)), [Sent::end(1, 0)]);
}

#[test]
fn another_request_is_rejected() {
    let (mut connection, mut output) = waiting();
    feed(&mut connection, &begin(2, KEEP));
    assert_eq!(connection.next(&mut output, &mut body_limit), Ok(None));
    assert_eq!(sent(drain(&mut output)), [Sent::end(2, 1)]);
}

#[test]
fn the_next_one_of_the_same_number_waits() {
    let (mut connection, mut output) = waiting();
    feed(&mut connection, &get(1, KEEP, "next"));
    assert_eq!(connection.next(&mut output, &mut body_limit), Ok(None));
    assert_eq!(connection.request().1, b"body");
    connection.reply(&mut Response::default(), &mut output);
    assert_eq!(connection.next(&mut output, &mut body_limit), Ok(Some(Event::Request)));
    assert_eq!(connection.request().0.get("QUERY_STRING"), Some(&b"next"[..]));
}

#[test]
fn what_waits_does_not_make_the_buffer_grow() {
    let (mut connection, mut output) = waiting();
    let next = get(1, KEEP, "next");
    while !connection.room().is_empty() {
        let room = connection.room();
        let length = room.len().min(next.len());
        room[..length].copy_from_slice(&next[..length]);
        connection.filled(length);
        assert_eq!(connection.next(&mut output, &mut body_limit), Ok(None));
    }
    assert!(connection.buffer.len() <= BUFFER);
}
