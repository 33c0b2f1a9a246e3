use super::*;

fn post_with(params: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut all = vec![("REQUEST_METHOD", "POST")];
    all.extend(params);
    request(1, KEEP, &all, body)
}

#[test]
fn is_whole_also_when_it_is_long() {
    // More than one record, in any case; Miri takes minutes for ten of them.
    let length = if cfg!(miri) { 70_000 } else { 700_000 };
    let body: Vec<u8> = (0..=250).cycle().take(length).collect();
    let story = told(&post(1, KEEP, "", &body));
    assert!(story.requests[0].1 == body);
}

#[test]
fn comes_with_other_methods_that_take_one() {
    for method in ["PUT", "PATCH"] {
        let params = [("REQUEST_METHOD", method), ("CONTENT_LENGTH", "4")];
        assert_eq!(told(&request(1, KEEP, &params, b"body")).requests[0].1, b"body");
    }
}

#[test]
fn is_what_the_stream_brings_when_no_length_is_told() {
    for params in [&[][..], &[("CONTENT_LENGTH", "")]] {
        assert_eq!(told(&post_with(params, b"body")).requests[0].1, b"body");
    }
}

#[test]
fn ends_with_the_length_that_was_told() {
    let story = told(&post_with(&[("CONTENT_LENGTH", "4")], b"body and more"));
    assert_eq!(story.requests[0].1, b"body");
}

#[test]
fn shorter_than_told_is_rejected() {
    let (rejection, records) = rejected(&post_with(&[("CONTENT_LENGTH", "5")], b"body"));
    assert_eq!(rejection, Rejection::BodyShort);
    assert!(reply(&records, 1).starts_with("Status: 400 "));
}

#[test]
fn told_longer_than_allowed_is_rejected_before_it_comes() {
    let length = (MAX_BODY + 1).to_string();
    let (rejection, records) = rejected(&post_with(&[("CONTENT_LENGTH", &length)], b"body"));
    assert_eq!(rejection, Rejection::BodyTooLong);
    assert!(reply(&records, 1).starts_with("Status: 413 "));
}

#[test]
fn longer_than_allowed_without_a_length_is_rejected() {
    let (rejection, _) = rejected(&post_with(&[], &vec![0; MAX_BODY + 1]));
    assert_eq!(rejection, Rejection::BodyTooLong);
    assert_eq!(told(&post_with(&[], &vec![0; MAX_BODY])).requests.len(), 1);
}

#[test]
fn with_a_length_that_is_no_number_is_rejected() {
    for length in ["-1", "+4", "four", "4 "] {
        let (rejection, _) = rejected(&post_with(&[("CONTENT_LENGTH", length)], b"body"));
        assert_eq!(rejection, Rejection::LengthMalformed, "{length}");
    }
    let (rejection, _) = rejected(&post_with(&[("CONTENT_LENGTH", &"9".repeat(40))], b""));
    assert_eq!(rejection, Rejection::BodyTooLong);
}

#[test]
fn that_nobody_wants_is_not_kept_however_long_it_is() {
    for length in ["5", "1000000000", ""] {
        let mut connection = FastCgi::new(LIMITS);
        let params =
            [("REQUEST_METHOD", "POST"), ("QUERY_STRING", "bodiless"), ("CONTENT_LENGTH", length)];
        let whole = request(1, KEEP, &params, &vec![b'x'; 2 * MAX_BODY]);
        let end = whole.len() - HEADER_LENGTH;
        assert_eq!(tell(&mut connection, [&whole[..end]]), Story::default());
        assert_eq!(connection.body.length(), 0);
        assert!(connection.buffer.len() <= BUFFER_KEPT);
        let story = tell(&mut connection, [&whole[end..]]);
        assert_eq!((story.requests.len(), &story.others), (1, &vec![]), "{length}");
        assert!(story.requests[0].1.is_empty());
    }
}

#[test]
fn of_a_get_is_ignored() {
    for method in ["GET", "DELETE"] {
        let params = [("REQUEST_METHOD", method), ("CONTENT_LENGTH", "99999999")];
        assert_eq!(told(&request(1, KEEP, &params, b"body")).requests[0].1, b"");
    }
}

#[test]
fn of_one_request_is_not_seen_by_the_next() {
    let story = told(&[post(1, KEEP, "", b"secret"), post(1, KEEP, "", b"")].concat());
    assert_eq!(story.requests[1].1, b"");
}
