use super::*;

/// Reads lines, and shows the ranges and the numbers of the bad lines.
#[track_caller]
fn assert_read(lines: &[&str], ranges: &[&str], bad: &[usize]) {
    // Enough good ones, so that the list is one.
    let enough = "198.18.0.1\n".repeat(20);
    let list = AddressList::read(format!("{}\n{enough}", lines.join("\n")).as_bytes()).unwrap();
    let mut shown: Vec<_> = list.ranges.iter().map(ToString::to_string).collect();
    shown.retain(|range| range != "198.18.0.1");
    assert_eq!(shown, ranges);
    assert_eq!(list.shown.iter().map(|(number, _)| *number).collect::<Vec<_>>(), bad);
    assert_eq!(list.bad, bad.len());
}

#[test]
fn addresses_networks_and_ranges_are_read_and_merged() {
    assert_read(
        &[
            "# a comment",
            "192.0.2.0/25",
            "192.0.2.200/25 ; SBL1",
            "198.51.100.8/32  # behind it",
            "198.51.100.9",
            "203.0.113.64 - 203.0.113.67",
            "203.0.113.9-203.0.113.1",
            "192.0.2.0/255.255.255.0",
            "2001:DB8::/33",
            "2001:db8:8000::/33",
            "::ffff:10.0.0.0/104",
            " 010.001.000.007\t",
            "",
            "// another comment",
        ],
        &[
            "10.0.0.0/8",
            "192.0.2.0/24",
            "198.51.100.8/31",
            "203.0.113.1-203.0.113.9",
            "203.0.113.64/30",
            "2001:db8::/32",
        ],
        &[],
    );
}

#[test]
fn the_forms_of_others_are_read() {
    assert_read(
        &[
            "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\"}",
            "{\"type\":\"metadata\",\"size\":1}",
            "Start\tEnd\tNetmask\tAttacks\tName",
            "198.51.100.0\t198.51.100.255\t24\t99\tA-NET",
            "203.000.113.008 - 203.000.113.015 , 000 , a name, with a comma",
            "203.000.113.016 - 203.000.113.023 , 128 , allowed",
            "203.0.113.32-203.0.113.39,127,without spaces",
            "203.0.113.48 - 203.0.113.55",
            "TCP:443 and - dashes:10.0.0.1-10.0.0.2",
            ":10.0.0.8-10.0.0.9",
            "Six: 2001:db8::1 - 2001:db8::2",
        ],
        &[
            "10.0.0.1-10.0.0.2",
            "10.0.0.8/31",
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.8/29",
            "203.0.113.32/29",
            "203.0.113.48/29",
            "2001:db8::1-2001:db8::2",
        ],
        &[],
    );
}

#[test]
fn what_cannot_be_understood_is_counted_and_shown_with_its_line() {
    let bad = [
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0-255.255.255.255",
        "192.0.2.0/33",
        "192.0.2.1/",
        "192.0.2.1/+8",
        "192.0.2.*",
        "fe80::1%eth0",
        "example.org",
        "name:192.0.2.1-",
        "192.0.2.256",
        "!192.0.2.5",
        "\u{a0}192.0.2.1",
        "192.0.2.1-2001:db8::1",
        "192.0.2.1 , 000 , no range",
        "1.2.3.4 - 1.2.3.5 , x",
    ];
    let enough = "198.18.0.1\n".repeat(20);
    let list = AddressList::read(format!("{}\n{enough}", bad.join("\n")).as_bytes()).unwrap();
    assert_eq!((list.entries, list.bad, list.ranges.len()), (20, bad.len(), 1));
    assert_eq!(list.shown.len(), SHOWN);
    assert_eq!(list.shown[3], (4, "192.0.2.0/33".to_owned()));
    let most = AddressList::read("192.0.2.1\nhm\n".as_bytes());
    assert_eq!(most, Err(AddressListError::NoList));
    for nothing in ["", "\n\n", "# only a comment\n"] {
        assert_eq!(AddressList::read(nothing.as_bytes()), Err(AddressListError::Empty));
    }
    let page = AddressList::read(b"<!DOCTYPE html>\n<title>404</title>\n");
    assert_eq!(page, Err(AddressListError::NoList));
}

#[test]
fn a_list_of_two_halves_of_all_addresses_is_refused() {
    for halves in ["0.0.0.0/1\n128.0.0.0/1\n", "::/1\n192.0.2.1\n8000::/1\n"] {
        assert_eq!(AddressList::read(halves.as_bytes()), Err(AddressListError::Everybody));
    }
}

fn p2b(version: u8, content: &[&[u8]]) -> Vec<u8> {
    [b"\xff\xff\xff\xffP2B".as_slice(), &[version], &content.concat()].concat()
}

#[test]
fn binary_lists_are_read_whole_or_not_at_all() {
    let range = [192, 0, 2, 0, 192, 0, 2, 63];
    let other = [198, 51, 100, 9, 198, 51, 100, 8];
    let named = p2b(2, &[b"a name\0", &range, b"\0", &other]);
    let table = p2b(3, &[&[0, 0, 0, 1], b"n\0", &[0, 0, 0, 2], &[0; 4], &range, &[0; 4], &other]);
    for bytes in [&named, &table] {
        let list = AddressList::read(bytes).unwrap();
        let shown: Vec<_> = list.ranges.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.0.2.0/26", "198.51.100.8/31"]);
        for end in 9..bytes.len() {
            let cut = AddressList::read(&bytes[..end]);
            // Between two entries of the older form, nobody can tell.
            assert!(
                cut == Err(AddressListError::Binary) || (bytes == &named && end == 23),
                "{end}"
            );
        }
    }
    let beyond = p2b(3, &[&[0, 0, 0, 1], b"n\0", &[0, 0, 0, 1], &[0, 0, 0, 1], &range]);
    assert_eq!(AddressList::read(&beyond), Err(AddressListError::Binary));
    let huge = p2b(3, &[&[0xff; 4], b"a\0"]);
    assert_eq!(AddressList::read(&huge), Err(AddressListError::Binary));
    assert_eq!(AddressList::read(&p2b(4, &[])), Err(AddressListError::BinaryVersion(4)));
}

#[test]
fn packed_lists_are_unpacked_and_never_beyond_the_limit() {
    use std::io::Write as _;
    let pack = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let packed = pack(b"\xef\xbb\xbf192.0.2.0/24\r\n");
    assert_eq!(AddressList::read(&packed).unwrap().ranges.len(), 1);
    let cut = &packed[..packed.len() - 9];
    assert_eq!(AddressList::read(cut), Err(AddressListError::Packed));
    let bomb = pack(&vec![b'\n'; 65 << 20]);
    assert_eq!(AddressList::read(&bomb), Err(AddressListError::TooLarge));
    assert_eq!(AddressList::read(b"PK\x03\x04..."), Err(AddressListError::Zip));
}
