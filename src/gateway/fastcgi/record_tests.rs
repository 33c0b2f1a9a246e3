use proptest::prelude::*;

use super::*;
use crate::gateway::fastcgi::testing::{Sent, pairs, sent, values};

#[test]
fn a_header_is_eight_bytes_in_network_order() {
    let bytes = [1, 4, 0x12, 0x34, 0xab, 0xcd, 7, 0];
    let header =
        Header { type_byte: 4, request_id: 0x1234, content_length: 0xabcd, padding_length: 7 };
    assert_eq!(Header::parse(bytes), Ok(header));
    assert_eq!(header.encode(), bytes);
    assert_eq!(header.record_length(), 8 + 0xabcd + 7);
}

#[test]
fn another_version_is_told() {
    assert_eq!(Header::parse(*b"GET / HT"), Err(b'G'));
    assert_eq!(Header::parse([0; 8]), Err(0));
}

#[test]
fn begin_has_a_role_and_a_flag() {
    let begin = Begin::parse(&[0, 1, 0xff, 0, 0, 0, 0, 0]);
    assert_eq!(begin, Some(Begin { role: RESPONDER, keep_connection: true }));
    let begin = Begin::parse(&[1, 0, 0xfe, 0, 0, 0, 0, 0]);
    assert_eq!(begin, Some(Begin { role: 256, keep_connection: false }));
    assert_eq!(Begin::parse(&[0, 1, 0, 0, 0, 0, 0]), None);
}

#[test]
fn pairs_come_in_four_forms() {
    let long = "x".repeat(128);
    for (name, value) in [("n", "v"), ("n", &*long), (&*long, "v"), (&*long, &*long), ("", "")] {
        let bytes = pairs(&[(name, value)]);
        let found: Vec<_> = Pairs::new(&bytes).collect();
        assert_eq!(found, [Ok((name.as_bytes(), value.as_bytes()))]);
    }
}

#[test]
fn a_short_value_may_have_a_long_length() {
    let found: Vec<_> = Pairs::new(b"\x01\x80\x00\x00\x02nvv").collect();
    assert_eq!(found, [Ok((&b"n"[..], &b"vv"[..]))]);
}

#[test]
fn a_cut_off_pair_ends_the_walk() {
    for bytes in [&b"\x01"[..], b"\x01\x01n", b"\x80\x00", b"\x01\xff\xff\xff\xffn", b"\x05\x00abc"]
    {
        assert_eq!(Pairs::new(bytes).collect::<Vec<_>>(), [Err(Truncated)], "{bytes:?}");
    }
}

#[test]
fn a_reply_is_one_record_then_the_end_of_the_request() {
    let mut out = Vec::new();
    let mut stdout = Stdout::new(&mut out, 9);
    stdout.write_all(b"head\r\n").unwrap();
    stdout.write_all(b"body").unwrap();
    stdout.finish();
    assert_eq!(out.len(), 8 + 10 + 16, "no padding");
    assert_eq!(sent(out), [Sent::new(Kind::Stdout, 9, b"head\r\nbody"), Sent::end(9, 0)]);
}

#[test]
fn an_empty_reply_still_has_a_stream() {
    let mut out = Vec::new();
    Stdout::new(&mut out, 9).finish();
    assert_eq!(sent(out), [Sent::new(Kind::Stdout, 9, b""), Sent::end(9, 0)]);
}

#[test]
fn a_long_reply_is_cut_into_records() {
    for length in [MAX_CONTENT - 1, MAX_CONTENT, MAX_CONTENT + 1, 3 * MAX_CONTENT, 200_000] {
        let body: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut out = b"before".to_vec();
        let mut stdout = Stdout::new(&mut out, 1);
        stdout.write_all(&body).unwrap();
        stdout.finish();
        let records = sent(out.split_off(6));
        let (end, contents) = records.split_last().unwrap();
        assert_eq!(*end, Sent::end(1, 0));
        assert!(contents.iter().all(|record| !record.content.is_empty()));
        let joined: Vec<u8> = contents.iter().flat_map(|record| record.content.clone()).collect();
        assert!(joined == body, "{length}");
        assert_eq!(contents.len(), length.div_ceil(MAX_CONTENT));
    }
}

#[test]
fn values_are_pairs() {
    let mut out = Vec::new();
    write_get_values_result(&mut out, &[("FCGI_MPXS_CONNS", "0"), ("FCGI_MAX_REQS", "50")]);
    let [record] = &sent(out)[..] else { panic!("one record") };
    assert_eq!((record.type_byte, record.request_id), (10, 0));
    let expected = [("FCGI_MPXS_CONNS", "0"), ("FCGI_MAX_REQS", "50")];
    assert_eq!(values(&record.content), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
}

proptest! {
    #[test]
    fn any_pairs_come_back(
        given in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec(any::<u8>(), 0..200)),
            0..20,
        )
    ) {
        let bytes = pairs(&given);
        let found: Vec<_> = Pairs::new(&bytes)
            .map(|pair| pair.map(|(name, value)| (name.to_vec(), value.to_vec())))
            .collect::<Result<_, _>>()
            .unwrap();
        prop_assert_eq!(found, given);
    }

    #[test]
    fn any_bytes_are_walked_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let count = Pairs::new(&bytes).count();
        prop_assert!(count <= bytes.len());
    }
}
