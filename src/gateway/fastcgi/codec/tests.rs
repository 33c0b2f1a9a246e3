mod a_body;
mod while_the_answer_is_made;

use proptest::prelude::*;

use super::*;
use crate::gateway::fastcgi::testing::{
    KEEP, Sent, begin, drain, get, padded, pairs, post, record, request, sent, values,
};

const MAX_BODY: usize = 1024 * 1024;
const LIMITS: Limits = Limits { params: 64 * 1024, connections: 50 };

/// Names and values.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What the other side of a connection saw and caused.
#[derive(Clone, Debug, Default, PartialEq)]
struct Story {
    requests: Vec<(Pairs, Vec<u8>)>,
    others: Vec<Event>,
    error: Option<ProtocolError>,
    output: Vec<u8>,
}

/// All requests that may have a body are of use with it, but for one.
fn body_limit(request: &Request<'_>) -> usize {
    let is_of_use = request.method.takes_body() && request.query != b"bodiless";
    if is_of_use { MAX_BODY } else { 0 }
}

/// Gives the connection `pieces` one after the other, and answers each request at once with its
/// query and the length of its body.
fn tell<'a>(connection: &mut FastCgi, pieces: impl IntoIterator<Item = &'a [u8]>) -> Story {
    let mut story = Story::default();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() && story.error.is_none() {
            let room = connection.room();
            let length = rest.len().min(room.len());
            assert!(length > 0, "no room although nothing waits");
            room[..length].copy_from_slice(&rest[..length]);
            connection.filled(length);
            rest = &rest[length..];
            answer_all(connection, &mut story);
        }
    }
    story
}

fn answer_all(connection: &mut FastCgi, story: &mut Story) {
    let mut output = Output::default();
    loop {
        let event = connection.next(&mut output, &mut body_limit);
        story.output.extend(drain(&mut output));
        match event {
            Ok(Some(Event::Request)) => {
                let (params, body) = connection.request();
                let pairs = params.iter().flatten().map(|(n, v)| (n.to_vec(), v.to_vec()));
                story.requests.push((pairs.collect(), body.to_vec()));
                let mut response = Response::default();
                response.clear();
                response.body = params.get("QUERY_STRING").unwrap_or_default().to_vec();
                connection.reply(&mut response, &mut output);
            }
            Ok(Some(Event::Rejected(rejection))) => {
                story.others.push(Event::Rejected(rejection));
                let mut response = Response::default();
                rejection.fill(&mut response);
                connection.reply(&mut response, &mut output);
            }
            Ok(Some(other)) => story.others.push(other),
            Ok(None) => return,
            Err(error) => {
                story.error = Some(error);
                return;
            }
        }
    }
}

fn told(bytes: &[u8]) -> Story {
    tell(&mut FastCgi::new(LIMITS), [bytes])
}

/// The text of the reply to a request, when it ended well.
fn reply(records: &[Sent], id: u16) -> String {
    let of_request: Vec<_> = records.iter().filter(|record| record.request_id == id).collect();
    let Some((end, stream)) = of_request.split_last() else { panic!("no reply for {id}") };
    assert_eq!(**end, Sent::end(id, 0));
    assert!(stream.iter().all(|record| record.type_byte == Kind::Stdout as u8), "{stream:?}");
    let bytes = stream.iter().flat_map(|record| record.content.clone()).collect();
    String::from_utf8(bytes).unwrap()
}

fn rejected(bytes: &[u8]) -> (Rejection, Vec<Sent>) {
    let story = told(bytes);
    let [Event::Rejected(rejection)] = story.others[..] else { panic!("{:?}", story.others) };
    assert_eq!((story.requests.len(), story.error), (0, None));
    (rejection, sent(story.output))
}

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect()
}

mod the_examples_of_the_specification {
    use super::*;

    const PARAMS: &[u8] = b"\x0b\x02SERVER_PORT80\x0b\x0eSERVER_ADDR199.170.183.42";

    fn expected_params() -> Pairs {
        owned(&[("SERVER_PORT", "80"), ("SERVER_ADDR", "199.170.183.42")])
    }

    #[test]
    fn one_simple_request() {
        let conversation = [
            begin(1, 0),
            record(Kind::Params, 1, PARAMS),
            record(Kind::Params, 1, b""),
            record(Kind::Stdin, 1, b""),
        ];
        let mut connection = FastCgi::new(LIMITS);
        let story = tell(&mut connection, [&conversation.concat()[..]]);
        assert_eq!(story.requests, [(expected_params(), vec![])]);
        assert!(reply(&sent(story.output), 1).starts_with("Status: 200 OK\r\n"));
        assert_eq!(connection.transport(), Transport::Close);
    }

    #[test]
    fn two_a_name_split_over_records_and_a_body() {
        let method = pairs(&[("REQUEST_METHOD", "POST")]);
        let conversation = [
            begin(1, 0),
            record(Kind::Params, 1, b"\x0b\x02SERVER_PORT80\x0b\x0eSER"),
            record(Kind::Params, 1, b"VER_ADDR199.170.183.42"),
            record(Kind::Params, 1, &method),
            record(Kind::Params, 1, b""),
            record(Kind::Stdin, 1, b"quantity=100&item=3047936"),
            record(Kind::Stdin, 1, b""),
        ];
        let mut params = expected_params();
        params.extend(owned(&[("REQUEST_METHOD", "POST")]));
        let story = told(&conversation.concat());
        assert_eq!(story.requests, [(params, b"quantity=100&item=3047936".to_vec())]);
    }

    #[test]
    fn four_a_second_request_before_the_first_has_ended() {
        let conversation = [
            begin(1, KEEP),
            record(Kind::Params, 1, PARAMS),
            record(Kind::Params, 1, b""),
            begin(2, KEEP),
            record(Kind::Params, 2, PARAMS),
            record(Kind::Stdin, 1, b""),
            record(Kind::Params, 2, b""),
            record(Kind::Stdin, 2, b""),
        ];
        let mut connection = FastCgi::new(LIMITS);
        let story = tell(&mut connection, [&conversation.concat()[..]]);
        assert_eq!(story.requests.len(), 1);
        let records = sent(story.output);
        assert_eq!(records[0], Sent::end(2, 1));
        reply(&records, 1);
        assert_eq!(connection.transport(), Transport::Open);
    }
}

#[test]
fn values_are_bytes_and_need_no_encoding() {
    let params = [("REQUEST_METHOD".as_bytes(), &b"GET"[..]), (b"QUERY_STRING", b"\xff\x00\xc3")];
    let conversation = [
        begin(1, 0),
        record(Kind::Params, 1, &pairs(&params)),
        record(Kind::Params, 1, b""),
        record(Kind::Stdin, 1, b""),
    ];
    let story = told(&conversation.concat());
    assert_eq!(story.requests[0].0[1].1, b"\xff\x00\xc3");
}

#[test]
fn the_last_of_several_values_counts() {
    let bytes = pairs(&[("A", "default"), ("B", ""), ("A", "own")]);
    let params = Params::new(&bytes);
    assert_eq!(params.get("A"), Some(&b"own"[..]));
    assert_eq!(params.get("B"), Some(&b""[..]));
    assert_eq!(params.get("C"), None);
}

#[test]
fn several_requests_in_one_read_are_answered_in_turn() {
    let conversation = [get(1, KEEP, "a"), get(1, KEEP, "b"), post(7, KEEP, "c", b"body")];
    let story = told(&conversation.concat());
    assert_eq!(story.requests.len(), 3);
    let replies = String::from_utf8_lossy(&story.output).into_owned();
    let place = |end: &str| replies.find(&format!("\r\n\r\n{end}")).unwrap();
    assert!(place("a") < place("b") && place("b") < place("c"));
}

#[test]
fn any_padding_is_skipped() {
    for padding in 0..=255 {
        let params = pairs(&[("REQUEST_METHOD", "POST"), ("CONTENT_LENGTH", "4")]);
        let (half, rest) = params.split_at(10);
        let conversation = [
            padded(1, 1, &[0, 1, KEEP, 0, 0, 0, 0, 0], padding),
            padded(4, 1, half, padding),
            padded(4, 1, rest, padding),
            padded(4, 1, b"", padding),
            padded(5, 1, b"body", padding),
            padded(5, 1, b"", padding),
        ];
        let story = told(&conversation.concat());
        assert_eq!(story.requests.len(), 1, "{padding}");
        assert_eq!(story.requests[0].1, b"body");
    }
}

#[test]
fn head_is_answered_without_a_body() {
    let params = [("REQUEST_METHOD", "HEAD"), ("QUERY_STRING", "hello")];
    let text = reply(&sent(told(&request(1, 0, &params, b"")).output), 1);
    assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn a_kept_connection_stays_and_another_closes() {
    for (flags, transport) in [(KEEP, Transport::Open), (0, Transport::Close)] {
        let mut connection = FastCgi::new(LIMITS);
        tell(&mut connection, [&get(1, flags, "")[..]]);
        assert_eq!(connection.transport(), transport);
    }
}

#[test]
fn what_follows_a_closing_reply_is_not_looked_at() {
    let story = told(&[get(1, 0, "a"), get(1, 0, "b")].concat());
    assert_eq!(story.requests.len(), 1);
}

mod too_many_parameters {
    use super::*;

    fn with_params(bytes: usize) -> Vec<u8> {
        let stream = vec![0; bytes];
        let mut conversation = begin(1, KEEP);
        for piece in stream.chunks(40_000) {
            conversation.extend(record(Kind::Params, 1, piece));
        }
        conversation.extend(record(Kind::Params, 1, b""));
        conversation.extend(record(Kind::Stdin, 1, b"rest"));
        conversation.extend(record(Kind::Stdin, 1, b""));
        conversation
    }

    #[test]
    fn are_rejected_and_the_connection_goes_on() {
        let conversation = [with_params(LIMITS.params + 1), get(1, KEEP, "next")].concat();
        let story = told(&conversation);
        assert_eq!(story.others, [Event::Rejected(Rejection::ParamsTooLong)]);
        assert_eq!((story.requests.len(), story.error), (1, None));
        let output = String::from_utf8_lossy(&story.output).into_owned();
        assert!(output.contains("Status: 431 ") && output.contains("parameters are too long"));
    }

    #[test]
    fn are_those_beyond_the_limit() {
        // Pairs of empty names and values: two bytes each.
        assert_eq!(told(&with_params(LIMITS.params)).requests.len(), 1);
    }

    #[test]
    fn on_a_connection_that_closes_are_read_to_the_end() {
        let mut connection = FastCgi::new(LIMITS);
        let mut conversation = with_params(200_000);
        conversation[..16].copy_from_slice(&begin(1, 0));
        let story = tell(&mut connection, [&conversation[..]]);
        assert_eq!(story.others, [Event::Rejected(Rejection::ParamsTooLong)]);
        assert_eq!(connection.transport(), Transport::DrainAndClose);
    }
}

#[test]
fn cut_off_pairs_are_rejected() {
    let conversation =
        [begin(1, KEEP), record(Kind::Params, 1, b"\x05\x05abc"), record(Kind::Params, 1, b"")];
    let (rejection, records) = rejected(&conversation.concat());
    assert_eq!(rejection, Rejection::ParamsMalformed);
    assert!(reply(&records, 1).starts_with("Status: 400 "));
}

#[test]
fn an_aborted_request_ends_at_any_stage() {
    let whole = post(3, KEEP, "", b"body");
    let stages =
        [begin(3, KEEP), whole[..whole.len() - 8 - 12].to_vec(), whole[..whole.len() - 8].to_vec()];
    for so_far in stages {
        let conversation =
            [so_far, record(Kind::AbortRequest, 3, b""), get(4, KEEP, "next")].concat();
        let story = told(&conversation);
        assert_eq!(story.others, [Event::Aborted]);
        assert_eq!(sent(story.output.clone())[0], Sent::end(3, 0));
        assert_eq!(story.requests.len(), 1);
    }
}

#[test]
fn another_role_is_unknown() {
    for role in [0, 2, 3, 255] {
        let mut connection = FastCgi::new(LIMITS);
        let other = record(Kind::BeginRequest, 5, &[0, role, KEEP, 0, 0, 0, 0, 0]);
        let params = record(Kind::Params, 5, b"ignored");
        let story = tell(&mut connection, [&[other, params, get(6, KEEP, "")].concat()[..]]);
        assert_eq!(sent(story.output)[0], Sent::end(5, 3));
        assert_eq!(story.requests.len(), 1);
        assert_eq!(connection.transport(), Transport::Open);
    }
}

#[test]
fn records_of_requests_that_have_not_begun_are_ignored() {
    let strays: Vec<u8> = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200]
        .into_iter()
        .flat_map(|type_byte| padded(type_byte, 9, b"stray", 3))
        .collect();
    let whole = get(1, KEEP, "");
    let (one, two) = whole.split_at(16);
    let story = told(&[&strays, one, &strays, two, &strays].concat());
    assert_eq!((story.requests.len(), story.error, story.others.len()), (1, None, 0));
    assert!(sent(story.output).iter().all(|record| record.request_id == 1));
}

mod management {
    use super::*;

    #[test]
    fn values_are_told_at_any_time() {
        let asked = pairs(&[("FCGI_MPXS_CONNS", ""), ("NO_SUCH", ""), ("FCGI_MAX_CONNS", "")]);
        let question = record(Kind::GetValues, 0, &asked);
        let whole = post(1, KEEP, "", b"body");
        for place in [0, 16, whole.len() - 8, whole.len()] {
            let (before, after) = whole.split_at(place);
            let story = told(&[before, &question, after].concat());
            assert_eq!(story.requests.len(), 1);
            let records = sent(story.output);
            let result = records.iter().find(|record| record.request_id == 0).unwrap();
            assert_eq!(result.type_byte, 10);
            let mut told = values(&result.content);
            told.sort();
            let expected = [("FCGI_MAX_CONNS", "50"), ("FCGI_MPXS_CONNS", "0")];
            assert_eq!(told, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        }
    }

    #[test]
    fn unknown_types_are_named() {
        for type_byte in [0, 1, 5, 8, 11, 12, 77, 255] {
            let story = told(&padded(type_byte, 0, b"anything", 0));
            let expected = Sent::new(Kind::UnknownType, 0, &[type_byte, 0, 0, 0, 0, 0, 0, 0]);
            assert_eq!(sent(story.output), [expected]);
        }
    }
}

mod no_way_on {
    use super::*;

    #[test]
    fn after_another_version() {
        let story = told(&[get(1, KEEP, ""), b"GET / HTTP/1.1\r\n\r\n".to_vec()].concat());
        assert_eq!((story.requests.len(), story.error), (1, Some(ProtocolError::Version(b'G'))));
    }

    #[test]
    fn after_a_begin_without_content() {
        let error = told(&record(Kind::BeginRequest, 1, b"")).error;
        assert_eq!(error, Some(ProtocolError::ShortBegin));
    }

    #[test]
    fn after_a_second_begin_of_the_same_request() {
        let error = told(&[begin(1, KEEP), begin(1, KEEP)].concat()).error;
        assert_eq!(error, Some(ProtocolError::BegunAgain(1)));
    }

    #[test]
    fn after_a_body_before_the_end_of_the_parameters() {
        let error = told(&[begin(1, KEEP), record(Kind::Stdin, 1, b"x")].concat()).error;
        assert_eq!(error, Some(ProtocolError::BodyFirst(1)));
    }
}

#[test]
fn a_used_connection_is_like_a_new_one() {
    let conversation = get(1, KEEP, "q");
    let expected = told(&conversation);
    let mut connection = FastCgi::new(LIMITS);
    for cut in 0..conversation.len() {
        tell(&mut connection, [&conversation[..cut]]);
        connection.reset();
        assert_eq!(tell(&mut connection, [&conversation[..]]), expected);
        connection.reset();
    }
}

#[test]
fn a_large_buffer_is_given_back() {
    let mut connection = FastCgi::new(LIMITS);
    let long = "x".repeat(60_000);
    let params = [("REQUEST_METHOD", "POST"), ("LONG", &*long)];
    tell(&mut connection, [&request(1, KEEP, &params, &[0; 65_000])[..]]);
    assert_eq!(connection.buffer.len(), BUFFER);
}

/// A conversation with something of everything.
fn whole_conversation() -> Vec<u8> {
    let params =
        pairs(&[("REQUEST_METHOD", "POST"), ("QUERY_STRING", "b"), ("CONTENT_LENGTH", "9")]);
    [
        record(Kind::GetValues, 0, &pairs(&[("FCGI_MAX_REQS", "")])),
        get(1, KEEP, "a"),
        begin(2, KEEP),
        padded(4, 2, &params[..20], 5),
        padded(77, 0, b"", 1),
        padded(4, 2, &params[20..30], 250),
        begin(3, KEEP),
        record(Kind::Params, 2, &params[30..]),
        record(Kind::Params, 2, b""),
        record(Kind::Stdin, 9, b"stray"),
        padded(5, 2, b"bod", 7),
        record(Kind::Stdin, 2, b"y-part"),
        record(Kind::Stdin, 2, b""),
        begin(4, KEEP),
        record(Kind::AbortRequest, 4, b""),
        request(5, KEEP, &[("REQUEST_METHOD", "POST"), ("CONTENT_LENGTH", "3")], b"no"),
        get(6, 0, "last"),
    ]
    .concat()
}

#[test]
fn every_way_to_cut_a_conversation_in_two_tells_the_same() {
    let conversation = whole_conversation();
    let expected = told(&conversation);
    assert_eq!(expected.requests.len(), 3);
    assert_eq!(expected.others, [Event::Aborted, Event::Rejected(Rejection::BodyShort)]);
    for cut in 0..=conversation.len() {
        let (one, two) = conversation.split_at(cut);
        assert_eq!(tell(&mut FastCgi::new(LIMITS), [one, two]), expected, "cut at {cut}");
    }
    assert_eq!(tell(&mut FastCgi::new(LIMITS), conversation.chunks(1)), expected);
}

#[test]
fn a_cut_off_conversation_waits() {
    let conversation = whole_conversation();
    let expected = told(&conversation);
    for cut in 0..conversation.len() {
        let story = told(&conversation[..cut]);
        assert_eq!(story.error, None);
        assert!(expected.output.starts_with(&story.output), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn every_way_to_cut_a_conversation_tells_the_same(
        cuts in prop::collection::vec(1_usize..300, 1..40)
    ) {
        let conversation = whole_conversation();
        let mut pieces = Vec::new();
        let mut rest = &conversation[..];
        for length in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(tell(&mut FastCgi::new(LIMITS), pieces), told(&conversation));
    }

    #[test]
    fn any_bytes_leave_it_standing(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        told(&bytes);
    }

    #[test]
    fn any_records_leave_it_standing(
        records in prop::collection::vec(
            (0_u8..13, 0_u16..3, prop::collection::vec(any::<u8>(), 0..40), any::<u8>()),
            0..60,
        )
    ) {
        let conversation: Vec<u8> = records
            .iter()
            .flat_map(|(type_byte, id, content, padding)| padded(*type_byte, *id, content, *padding))
            .collect();
        let story = told(&conversation);
        sent(story.output);
    }
}
