//! Tests of names and versions. The peer ids are from captures, from the tests of other programs, or made by the rule
//! of the program itself.

use proptest::prelude::*;

use super::codes::CODES;
use super::*;

/// What follows a beginning does not matter, but where it is random bytes of the program's own.
fn name(prefix: &[u8]) -> String {
    let mut id = [0xf7; 20];
    id[..prefix.len()].copy_from_slice(prefix);
    ClientName::from(PeerId(id)).to_string()
}

#[track_caller]
fn assert_names(expected: &[(&[u8], &str)]) {
    for (prefix, client) in expected {
        assert_eq!(name(prefix), *client, "{}", prefix.escape_ascii());
    }
}

#[test]
fn peer_ids_in_use_are_named_with_their_versions() {
    assert_names(EXAMPLES);
}

#[test]
fn versions_that_were_read_wrongly_once() {
    assert_names(&[
        (b"-BT7a5S-", "BitTorrent 7.10.5"),
        (b"-LT12J0-", "libtorrent 1.2.19"),
        (b"-TR072Z-", "Transmission 0.72+"),
        (b"-TR300Z-", "Transmission 3.00+"),
        (b"-TR410B-", "Transmission 4.1.0 beta"),
        (b"M7-2-0--", "Mainline 7.2.0"),
        (b"-lt1100-", "libTorrent (rTorrent) 1.1.0"),
        (b"-KT26380-", "KTorrent 26.3.80 beta"),
        (b"-AR1000-", "Ares 1.0.0"),
        (b"-BM0001-", "bitmagnet"),
        (b"-SP4000-", "BitSpirit 4.0.0"),
        (b"XBT-----", "XBT Client"),
        (b"O12345---", "Osprey Permaseed 1.2.3.4.5"),
    ]);
}

#[test]
fn a_known_client_with_an_unknown_version_is_named_without_one() {
    assert_names(&[
        (b"-qB\x01\x02\x03\x04-", "qBittorrent"),
        (b"-TR00?0-", "Transmission"),
        (b"-DE?", "Deluge"),
        (b"-UTzzz", "uTorrent"),
        (b"-KT~~~~-", "KTorrent"),
    ]);
}

#[test]
fn look_alikes_are_not_mistaken_for_a_client() {
    assert_names(&[
        (b"M12345-12345-1234567", "M12345-1"),
        (b"Mozart12", "Mozart12"),
        (b"M7-+2-0-", "M7-"),
        (b"M7-2-1234-", "M7-2-123"),
        (b"S58Babcde", "S58Babcd"),
        (b"S58B-abcd", "S58B-abc"),
        (b"TA100----", "TA100---"),
        (b"T-----", "T-----"),
    ]);
}

#[test]
fn an_unknown_client_is_its_plain_prefix() {
    assert_names(&[
        (b"-YY1234-abc", "-YY1234-"),
        (b"my.bt_1<b>", "my.bt_1"),
        (b"ab", "unknown"),
        (b"\0\0\0", "unknown"),
        (b"\x1b[31mred", "unknown"),
    ]);
}

#[test]
fn codes_are_in_order_and_stand_once() {
    assert!(CODES.is_sorted_by(|(one, ..), (next, ..)| one < next));
}

proptest! {
    #[test]
    fn a_name_is_short_and_printable(
        id in any::<[u8; 20]>(),
        code in proptest::sample::select(&CODES[..]).prop_map(|(code, ..)| code),
        example in proptest::sample::select(EXAMPLES).prop_map(|(prefix, _)| prefix),
        kept in 0..20_usize,
        letter in proptest::sample::select(b"ABMOQRSTU-".as_slice()),
    ) {
        let mut coded = id;
        coded[0] = b'-';
        coded[1..3].copy_from_slice(&code);
        let mut like_another = id;
        let kept = kept.min(example.len());
        like_another[..kept].copy_from_slice(&example[..kept]);
        let mut lettered = id;
        lettered[0] = letter;
        for id in [id, coded, like_another, lettered] {
            let name = ClientName::from(PeerId(id)).to_string();
            prop_assert!(name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            prop_assert!((2..=50).contains(&name.len()), "{}", name);
        }
    }

    #[test]
    fn who_is_named_by_the_front_is_named_so_whatever_follows(
        code in proptest::sample::select(&CODES[..]).prop_map(|(code, ..)| code),
        version in prop_oneof!["[0-9A-Za-z-]{4}", "[0-9]{4}"], ends in any::<[[u8; 12]; 2]>(),
        copied in proptest::option::of(proptest::sample::select(&["UDP0", "HTTPBT", "-00000000000"][..])),
    ) {
        let front = [b"-", &code[..], version.as_bytes(), b"-"].concat();
        let [one, other] = ends.map(|mut end| {
            let copied = copied.unwrap_or_default();
            end[12 - copied.len()..].copy_from_slice(copied.as_bytes());
            let id = [&front[..], &end].concat();
            SeenClient::new(PeerId(id.try_into().unwrap()), b"")
        });
        prop_assert_eq!(one.front(), other.front());
        prop_assert_eq!(one.front().is_none(), copied.is_some_and(|end| !end.starts_with('-')));
        if one.is_named_by_front() {
            prop_assert_eq!(one.name(), other.name());
        }
    }
}

const EXAMPLES: &[(&[u8], &str)] = &[
    (b"-qB5220-)z4kY3g.1ijv", "qBittorrent 5.2.2"),
    (b"-qB5040-6CdLzJpk(Zrn", "qBittorrent 5.0.4"),
    (b"-qB4670-", "qBittorrent 4.6.7"),
    (b"-qB4431-", "qBittorrent 4.4.3.1"),
    (b"-qB33G0-", "qBittorrent 3.3.16"),
    (b"-qB43A0-", "qBittorrent 4.3.10"),
    (b"-qB467A-", "qBittorrent 4.6.7.10"),
    (b"-LT20C0-", "libtorrent 2.0.12"),
    (b"-LT2100-", "libtorrent 2.1.0"),
    (b"-LT10B0-~2KwgouEKLVz", "libtorrent 1.0.11"),
    (b"-LT0D00-eZ0PwaDDr-~v", "libtorrent 0.13.0"),
    (b"-DE211s-", "Deluge 2.1.1"),
    (b"-DE203s-TQaEVc.-mzuO", "Deluge 2.0.3"),
    (b"-DE13F0-", "Deluge 1.3.15"),
    (b"-DE2B0b-", "Deluge 2.11.0 beta"),
    (b"-DE201r-", "Deluge 2.0.1 rc"),
    (b"-DE24CD-", "Deluge 2.4.12 dev"),
    (b"-DE0587-", "Deluge 0.5.8.7"),
    (b"-FW6830-", "FrostWire 6.8.3"),
    (b"-FW6853-", "FrostWire 6.8.5.3"),
    (b"-Lr10X0-", "LibreTorrent 1.0.33"),
    (b"-Lr4110-", "LibreTorrent 4.1.1"),
    (b"-PI0120-", "PicoTorrent 0.12.0"),
    (b"-PI0091-", "PicoTorrent 0.9.1"),
    (b"-PI0150-9aa757efd5be", "PicoTorrent 0.15.0"),
    (b"-FL1490-", "Flud 1.4.9"),
    (b"-FL51FF-", "Folx 5"),
    (b"-FL09\xc6\xf2-_Cgh", "Folx 0.9"),
    (b"-FD51R\xff-", "Free Download Manager 5.1.27"),
    (b"-FD51]\xc7-", "Free Download Manager 5.1.38"),
    (b"FD6k4SYy9BOU4U4rk3-J", "Free Download Manager 6"),
    (b"-TL0000-", "Tribler"),
    (b"-lt0D80-a\xd4\x10\x19", "libTorrent (rTorrent) 0.13.8"),
    (b"-lt0D20-s\x081\x8e", "libTorrent (rTorrent) 0.13.2"),
    (b"-lt0B20-\x0ds\x9b\x93", "libTorrent (rTorrent) 0.11.2"),
    (b"-lt0B01-", "libTorrent (rTorrent) 0.11.1"),
    (b"-lt0F01-=\x91\xbb\xac", "libTorrent (rTorrent) 0.15.1"),
    (b"-lt100A-", "libTorrent (rTorrent) 0.16.10"),
    (b"-lt1014-", "libTorrent (rTorrent) 0.16.20"),
    (b"-TR4060-ycy5wnwi2uvz", "Transmission 4.0.6"),
    (b"-TR4050-x4apaio8s299", "Transmission 4.0.5"),
    (b"-TR400B-", "Transmission 4.0.0 beta"),
    (b"-TR420Z-", "Transmission 4.2.0 dev"),
    (b"-TR4Az0-", "Transmission 4.10.61"),
    (b"-TR3000-", "Transmission 3.00"),
    (b"-TR2940-", "Transmission 2.94"),
    (b"-TR284Z-", "Transmission 2.84+"),
    (b"-TR111Z-", "Transmission 1.11+"),
    (b"-TR133X-", "Transmission 1.33 beta"),
    (b"-TR0820-", "Transmission 0.82"),
    (b"-TR0072-8vd6hrmp04an", "Transmission 0.72"),
    (b"-TR0006-01234567890!", "Transmission 0.6"),
    (b"-UT360S-\xec\xb6", "uTorrent 3.6.0"),
    (b"-UT355W-\xaf\xb0ky", "uTorrent 3.5.5"),
    (b"-UT354S-\xe8\xad\x86\xf5", "uTorrent 3.5.4"),
    (b"-UT340-\x00\x09q\xfd", "uTorrent 3.4.0"),
    (b"-UT2210-\xd6b", "uTorrent 2.2.1"),
    (b"-UT181B-\x7f.", "uTorrent 1.8.1 beta"),
    (b"-UT170-\x00\xaf\x8b\xc5", "uTorrent 1.7.0"),
    (b"-UM1870-\x14\xab\xe6~", "uTorrent Mac 1.8.7"),
    (b"-UM151130\xc9", "uTorrent Mac 1.5.11"),
    (b"-UW110Q-", "uTorrent Web 1.1.0"),
    (b"-UW1110Q", "uTorrent Web 1.1.10"),
    (b"-UE1700-", "uTorrent Embedded 1.7.0"),
    (b"-BT7b0W-\x15\xb8ol", "BitTorrent 7.11.0"),
    (b"-BT7a3S-\x8d\xad", "BitTorrent 7.10.3"),
    (b"-BT791B-", "BitTorrent 7.9.1 beta"),
    (b"-BW1293-", "BitTorrent Web 1.2.9"),
    (b"M7-2-2--\xc9d\xe2\xb2", "Mainline 7.2.2"),
    (b"M5-0-7--9aa757efd5be", "Mainline 5.0.7"),
    (b"M4-20-8-", "Mainline 4.20.8"),
    (b"Q1-23-4-", "Queen Bee 1.23.4"),
    (b"-AZ5760-gbOrWBQyea50", "Vuze 5.7.6"),
    (b"-AZ5751-", "Vuze 5.7.5.1"),
    (b"-BI4101-", "BiglyBT 4.1.0.1"),
    (b"-BI3500-", "BiglyBT 3.5.0"),
    (b"AZ2500BTeYUzyabAfo6U", "BitTyrant 1.1"),
    (b"-KT260401-", "KTorrent 26.4.1"),
    (b"-KT2640-", "KTorrent 26.4.0"),
    (b"-KT22123-", "KTorrent 22.12.3"),
    (b"-KT5120-", "KTorrent 5.1.2"),
    (b"-KT4310-3L4UvarKuqIu", "KTorrent 4.3.1"),
    (b"-KT33D1-", "KTorrent 3.3 dev"),
    (b"-KT11R1-693649213030", "KTorrent 1.1 rc1"),
    (b"-KT22B1-695754334315", "KTorrent 2.2 beta1"),
    (b"TIX0284-j3f3f1i3f3a7", "Tixati 2.84"),
    (b"TIX0317-", "Tixati 3.17"),
    (b"A2-1-37-0-b\xef\xc4\x15", "aria2 1.37.0"),
    (b"A2-1-2-0-", "aria2 1.2.0"),
    (b"aria2-", "aria2"),
    (b"-WW0208-", "WebTorrent 2.8"),
    (b"-WW0105-NkvYO/egUAr4", "WebTorrent 1.5"),
    (b"-WW0007-91+W3fJJeNDk", "WebTorrent 0.7"),
    (b"-WD0024-", "WebTorrent Desktop 0.24"),
    (b"-rQ9010-", "rqbit 9.0.1"),
    (b"-GT0003-", "anacrolix/torrent"),
    (b"-GP1580-", "Gopeed 1.5.8"),
    (b"-RN0.0.0-", "Rain 0.0.0"),
    (b"-RN2.2.2-", "Rain 2.2.2"),
    (b"-MO2007-", "MonoTorrent 2.0.7"),
    (b"-MO1203-", "MonoTorrent 1.2.3"),
    (b"-Bt\x01\x0a\x00\x00-", "Bt 1.10"),
    (b"-JS0100-", "JSTorrent 0.1.0"),
    (b"-TO0042-97ec308c9637", "ttorrent"),
    (b"-TS0008-", "torrent-stream"),
    (b"-tt1234_5577006791", "Taipei-Torrent"),
    (b"-SS1000-", "superseedr 1.0.0"),
    (b"-ADB560-", "Advanced Download Manager 11.5.6"),
    (b"-BC0241-", "BitComet 2.41"),
    (b"-BC0186-\xb2]\x1a\x1f", "BitComet 1.86"),
    (b"-BL246326", "BitLord 2.4.6-326"),
    (b"-ZO2028-yeQBDpxy1b5b", "Zona 2.0.2.8"),
    (b"-MG2111-", "MediaGet 2.1"),
    (b"-XL0019-", "Xunlei 0.0.1.9"),
    (b"-XL0012-\x04\x01b\xfa", "Xunlei 0.0.1.2"),
    (b"-SD0100-", "Xunlei 0.1.0"),
    (b"-XF9990-", "Xfplay 9.9.9"),
    (b"-XF9992-", "Xfplay 9.9.92"),
    (b"-BN0001-", "Baidu Netdisk"),
    (b"-SP3602\xf7", "BitSpirit 3.6.0.2"),
    (b"-SP2010-", "StellarPlayer 2.0.1"),
    (b"-TB6292-jhBrpKfnZ!6e", "Torch Browser"),
    (b"-AG2053-Em6o1EmvwLtD", "Ares 2.0.5.3"),
    (b"-AN2171-nr17R1h19O7n", "Ares 2.1.7.1"),
    (b"-AR1670-3Ql6wM3hgtCc", "Ares 1.6.7"),
    (b"-AT2520-vEEt0wO6v0cr", "Artemis 2.5.2"),
    (b"-NE1090002IKyMn4g7Ko", "BT Next Evolution 1.0.9"),
    (b"-BR0332-!XVceSn(*KIl", "BitRocket 0.3(32)"),
    (b"-FG0180u\xf8\x00W", "FlashGet 1.80"),
    (b"-GR6300-13s3iFKmbArc", "GetRight 6.3"),
    (b"-HL0290-xUO*9ugvENUE", "Halite 0.2.9"),
    (b"-LK0140-ATIV~nbEQAMr", "Linkage 0.1.4"),
    (b"-LP0302-\x00836", "Lphant 3.02"),
    (b"-LW0001-1\xe0\xb3\xa0", "LimeWire"),
    (b"-SZ2132-\x00\x00", "Shareaza 2.1.3.2"),
    (b"-ST0117-01234567890!", "SymTorrent 1.17"),
    (b"-TT210w-dq!nWf~Qcext", "TuoTu 2.1.0"),
    (b"-VG2644-O\xd6,\xda", "Vagaa 2.6.4.4"),
    (b"-WY0300-6huHF5Pr7Vde", "FireTorrent 0.3.0"),
    (b"-PC251Q-6huHF5Pr7Vde", "CacheLogic 25.1-26"),
    (b"-KG2450-BDEw8OM14Hk6", "KGet 2.4.5"),
    (b"-MR1100-00HS~T7*65rm", "Miro 1.1.0"),
    (b"-FC1013-", "FileCroc 1.0.1.3"),
    (b"-ML2.7.2-kgjjfkd9762", "MLDonkey 2.7.2"),
    (b"-BOWA0C-SDLFJWEIORNM", "BitsOnWheels 1.0.6"),
    (b"-CD0303-", "Enhanced CTorrent 3.03"),
    (b"-G3Anonymous", "G3 Torrent"),
    (b"-ZT1600-bLAdeY9rdjbe", "ZipTorrent 1.6.0"),
    (b"exbc\x008zDc\x10-", "BitComet 0.56"),
    (b"exbc\x008LORD2\x00", "BitLord 0.56"),
    (b"exbc\x01\x01LORDCz", "BitLord 1.1"),
    (b"FUTB\x009j542", "BitComet 0.57"),
    (b"\x00\x03BS\x07$", "BitSpirit 3"),
    (b"\x00ERSAnonymous", "Rufus 0.6.9"),
    (b"XBT054d-8602Jn83NnF9", "XBT Client 0.5.4 dev"),
    (b"OP7685f2c1495b1680bf", "Opera 7685"),
    (b"O100634008270e29150a", "Opera 10063"),
    (b"QVOD00541234567890AB", "Qvod 54"),
    (b"AP0.70rc30->>\xb8{", "AllPeers 0.70 rc30"),
    (b"DNA01000\xdd\x01", "BitTorrent DNA 1.0.0"),
    (b"BTM21abcdefghijklmno", "BTuga Revolution 2.1"),
    (b"Mbrst1-1-32e3c394b43", "burst! 1.1.3"),
    (b"S3-1-0-0--0123456789", "Amazon S3 1.0.0"),
    (b"TB100----abcdefghijk", "Top-BT 1.0.0"),
    (b"btpd/0.16\x7c", "btpd 0.16"),
    (b"346------SDFknl33408", "TorrenTopia"),
    (b"Pando-6B511B691CAC2E", "Pando"),
    (b"BitLet01\x9a\xea", "BitLet 0.1"),
    (b"Ext\x20\xec\x7c\xc3\x003\xd7", "External Webseed"),
    (b"arclight.he.\xa5\x86", "Hurricane Electric"),
    (b"S58B-----nKl34GoNb75", "Shadow 5.8.11"),
    (b"T03I--008gY6iB6Aq27C", "BitTornado 0.3.18"),
    (b"T0390----5uL5NvjBe2z", "BitTornado 0.3.9"),
    (b"A310--001v5Gysr4NxNK", "ABC 3.1.0"),
    (b"R37---003uApHy851-Pq", "Tribler 3.7"),
    (b"M4-0-2--h\x98\xd9\xd0\xca\xf2^EUDP0", "BitSpirit"),
    (b"-AR1001-", "Arctic Torrent"),
];
