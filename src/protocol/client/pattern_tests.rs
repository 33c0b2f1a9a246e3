//! Which clients patterns mean.

use proptest::prelude::*;

use super::*;

fn client<'a>(id: &[u8], user_agent: &'a str) -> SeenClient<'a> {
    let mut peer_id = [b'x'; 20];
    peer_id[..id.len()].copy_from_slice(id);
    SeenClient::new(PeerId(peer_id), user_agent.as_bytes())
}

#[track_caller]
fn fits(pattern: &str, id: &[u8]) -> bool {
    pattern.parse::<ClientPattern>().unwrap().fits(&client(id, ""))
}

#[test]
fn a_peer_id_is_looked_at_from_its_first_byte() {
    assert!(fits("-XL", b"-XL0012-"));
    assert!(fits("id:M6-", b"M6-4-0--"));
    assert!(fits("id:%00%03BS", b"\x00\x03BS"));
    assert!(!fits("id:BS", b"\x00\x03BS"));
    assert!(!fits("-xl", b"-XL0012-"), "case counts");
    for text in ["-", "id:M", "id:", "-X%", "-X%2", "-X%zz", "-XL00000000000000000000", "-X L"] {
        let refused = text.parse::<ClientPattern>();
        assert!(matches!(refused, Err(NoPattern::PeerId(_))), "{text}: {refused:?}");
    }
}

#[test]
fn names_with_and_without_versions() {
    assert!(fits("qbittorrent", b"-qB5220-"));
    assert!(fits("qBittorrent < 4.5", b"-qB4431-") && !fits("qBittorrent < 4.5", b"-qB4500-"));
    assert!(fits("qBittorrent >= 4.3, < 4.3.9", b"-qB4380-"));
    assert!(!fits("qBittorrent >= 4.3, < 4.3.9", b"-qB4390-"));
    assert!(
        !fits("qBittorrent < 99", b"-qB\x01\x02\x03\x04-"),
        "an unknown version is in no bound"
    );
    assert!(fits("Deluge 1.2..1.3", b"-DE13F0-") && !fits("Deluge 1.2..1.3", b"-DE211s-"));
    assert!(fits("\u{b5}torrent 3.*", b"-UT360S-"));
    assert!(fits("Azureus", b"-AZ5760-") && fits("Thunder", b"-XL0012-"));
    assert!(fits("BitTorrent < 7.9", b"M7-2-2--") && !fits("BitTorrent", b"M5-0-7--"));
    assert!(fits("Mainline", b"M7-2-2--"));
}

#[test]
fn where_two_digits_are_usual_one_means_tenths() {
    assert!(fits("Transmission < 2.5", b"-TR2480-") && !fits("Transmission < 2.5", b"-TR2500-"));
    assert!(fits("Tixati 3.1", b"TIX0310-") && !fits("Tixati 3.1", b"TIX0301-"));
    assert!(fits("Transmission 4.0.*", b"-TR4060-"));
    let shown = |text: &str| text.parse::<ClientPattern>().unwrap().to_string();
    assert_eq!(shown("transmission<2.5"), "Transmission < 2.50");
    assert_eq!(shown("tixati 3.01"), "Tixati 3.01");
}

#[test]
fn r_torrent_is_known_by_its_header_and_its_library_by_its_peer_id() {
    let client = client(b"-lt0D80-", "rtorrent/0.9.8/0.13.8");
    let fits = |text: &str| text.parse::<ClientPattern>().unwrap().fits(&client);
    assert!(fits("rTorrent 0.9.8") && fits("rTorrent") && fits("libTorrent (rTorrent) 0.13"));
    assert!(!fits("rTorrent 0.13.8"));
    assert!(!self::fits("rTorrent 0.9.8", b"-lt0D80-"), "without the header nothing is known");
}

#[test]
fn what_is_no_pattern_is_refused_with_what_to_do() {
    let said = |text: &str| text.parse::<ClientPattern>().unwrap_err().to_string();
    assert!(said("").contains("write which clients"));
    assert!(
        said("qbitorrent < 4").contains("did you mean `qBittorrent`?"),
        "{}",
        said("qbitorrent < 4")
    );
    assert!(said("Foobar").starts_with("no client is known that is called `Foobar`; where"));
    assert!(said("qBittorrent below 4").contains("`below 4` says nothing about versions"));
    assert!(said("qBittorrent < 4x").contains("`< 4x` says"), "{}", said("qBittorrent < 4x"));
    assert!(said("qBittorrent >= 5, < 4").contains("both `>= 5` and `< 4`"));
    assert!(said("class:nice").starts_with("`nice` is no class of clients; known are"));
    assert!(said("class:unknwon").contains("did you mean `class:unknown`?"));
    assert!(said("class: Brower ").contains("did you mean `class:browser`?"));
    let all = said("class:nice");
    assert!(ClientClass::ALL.iter().all(|class| all.contains(class.name())), "{all}");
    assert!(said("ua:a\u{7}b").contains("control characters"));
}

#[test]
fn user_agents_are_compared_as_a_whole_in_any_case() {
    let pattern = |text: &str| text.parse::<ClientPattern>().unwrap();
    let agent = client(b"-XX0001-", "Some/1.0 (trafficConsume)");
    assert!(pattern("ua:*TRAFFICconsume*").fits(&agent));
    assert!(pattern("ua:some/?.0 *").fits(&agent));
    assert!(!pattern("ua:traffic*").fits(&agent) && !pattern("ua:").fits(&agent));
    assert!(pattern("ua:").fits(&client(b"-XX0001-", "")));
}

#[test]
fn classes_spare_clients_with_a_name() {
    let is_of = |class: &str, id: &[u8], agent| {
        format!("class:{class}").parse::<ClientPattern>().unwrap().fits(&client(id, agent))
    };
    assert!(is_of("tool", b"-ZZ0001-", "curl/7.81.0"));
    assert!(!is_of("tool", b"-qB5220-", "curl/7.81.0"), "libtorrent's anonymous mode");
    assert!(is_of("browser", b"whatever", "Mozilla/5.0 (X11) Firefox/140"));
    assert!(is_of("bot", b"-ZZ0001-", "Googlebot/2.1 (+http://www.google.com/bot.html)"));
    assert!(!is_of("bot", b"-ZZ0001-", "Robotics/1.0"));
    assert!(is_of("unknown", b"-ZZ0001-", "") && !is_of("unknown", b"-qB5220-", ""));
    assert!(is_of("taker", b"-XL0012-", "") && is_of("player", b"-UW110Q-", ""));
    assert!(is_of("monitor", b"-DE1360-", ""));
    assert!(is_of("spoof", b"-AZ5760-~", "") && !is_of("SPOOF", b"-AZ5760-", ""));
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_refused(text: String, id: [u8; 20]) {
        if let Ok(pattern) = text.parse::<ClientPattern>() {
            let _ = pattern.fits(&SeenClient::new(PeerId(id), text.as_bytes()));
        }
    }

    #[test]
    fn a_pattern_is_read_back_from_its_text(
        prefix in proptest::collection::vec(any::<u8>(), 2..=20),
        place: usize, numbers in proptest::collection::vec(0..100_u16, 1..4), sign in 0..7_usize,
    ) {
        let pattern = ClientPattern::PeerId(prefix);
        prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
        let all: Vec<_> = names::all().collect();
        let name = all[place % all.len()];
        let numbers: Vec<_> = numbers.iter().map(u16::to_string).collect();
        let sign = ["<", "<=", "=", "!=", ">=", ">", ""][sign];
        let pattern: ClientPattern = format!("{name} {sign} {}", numbers.join(".")).parse().unwrap();
        prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
    }

    #[test]
    fn stars_take_any_text(front in "[a-c]{0,4}", middle in "[a-c]{0,6}", back in "[a-c]{0,4}") {
        let agent = format!("{front}{middle}{back}");
        let pattern = format!("{front}*{back}");
        prop_assert!(agent_fits(pattern.to_uppercase().as_bytes(), agent.as_bytes()));
        prop_assert!(agent_fits("*".repeat(agent.len() + 1).as_bytes(), agent.as_bytes()));
        prop_assert_eq!(agent_fits(front.as_bytes(), agent.as_bytes()), front == agent);
    }
}

proptest! {
    #[test]
    fn what_fits_has_the_pairs_of_its_pattern(
        pattern in "[aAbB*?]{0,8}", agent in "[abAB]{0,12}", before in "[a-c]{0,3}", after in "[a-c]{0,3}"
    ) {
        let has_all = |agent: &[u8]| pattern_pairs(pattern.as_bytes()) & !agent_pairs(agent) == 0;
        if agent_fits(pattern.as_bytes(), agent.as_bytes()) {
            prop_assert!(has_all(agent.as_bytes()));
        }
        let literal = pattern.replace(['*', '?'], "b");
        let like_it = format!("{before}{literal}{after}");
        prop_assert!(pattern_pairs(literal.as_bytes()) & !agent_pairs(like_it.as_bytes()) == 0);
    }
}
