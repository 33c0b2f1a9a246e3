//! Rules on clients and refused torrents, as a snapshot has them.

use super::*;
use crate::catalog::{ClientRule, PolicyClientRule, Verdict};
use crate::protocol::{PeerId, SeenClient};

fn rule(pattern: &str, verdict: Verdict) -> ClientRule {
    let pattern = pattern.parse().unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
    let reason = format!("because of {pattern}");
    ClientRule { pattern, verdict, reason, since: Timestamp(1) }
}

/// A snapshot with these rules.
fn published(client_rules: &[ClientRule], refused: Refused<'_>) -> (TempDir, PolicySnapshot) {
    let (folder, path) = place();
    let rules = Rules { client_rules: client_rules.to_vec(), ..Rules::default() };
    let none: [Torrent; 0] = [];
    publish(&path, &none, &Publication { rules: &rules, refused, ..publication(&[]) }).unwrap();
    let snapshot = PolicySnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    (folder, snapshot)
}

/// What the rules say when they are asked one after the other.
fn first<'a>(rules: &'a [ClientRule], client: &SeenClient<'_>) -> Option<PolicyClientRule<'a>> {
    let (place, rule) = (0..).zip(rules).find(|(_, rule)| rule.pattern.fits(client))?;
    Some(PolicyClientRule { place, verdict: rule.verdict, reason: &rule.reason })
}

#[test]
fn the_first_rule_that_means_a_client_decides() {
    let rules = [
        rule("-qB4", Verdict::Deny),
        rule("qBittorrent", Verdict::Allow),
        rule("-qB44", Verdict::Allow),
        rule("Transmission < 2.5", Verdict::Deny),
        rule("Transmission", Verdict::Allow),
        rule("ua:*spy*", Verdict::Deny),
        rule("class:taker", Verdict::Deny),
        rule("-XL0019-", Verdict::Allow),
        rule("*", Verdict::Deny),
    ];
    let (_folder, snapshot) = published(&rules, Refused::default());
    assert!(snapshot.has_client_rules());
    let place = |id: &[u8; 20], agent: &str| {
        let client = SeenClient::new(PeerId(*id), agent.as_bytes());
        assert_eq!(snapshot.client_rule(&client), first(&rules, &client));
        snapshot.client_rule(&client).unwrap().place
    };
    assert_eq!(place(b"-qB4431-xxxxxxxxxxxx", ""), 0);
    assert_eq!(place(b"-qB5220-xxxxxxxxxxxx", "spy"), 1);
    assert_eq!(place(b"-TR2480-xxxxxxxxxxxx", ""), 3);
    assert_eq!(place(b"-TR4060-xxxxxxxxxxxx", ""), 4);
    assert_eq!(place(b"-DE211s-xxxxxxxxxxxx", "a SPY"), 5);
    assert_eq!(place(b"-XL0019-xxxxxxxxxxxx", ""), 6);
    assert_eq!(place(b"-DE211s-xxxxxxxxxxxx", ""), 8);
}

#[test]
fn without_rules_no_section_says_anything() {
    let (_folder, snapshot) = published(&[], Refused::default());
    assert!(!snapshot.has_client_rules());
    assert_eq!(snapshot.client_rule(&SeenClient::new(PeerId([0; 20]), b"")), None);
}

#[test]
fn refused_torrents_are_known_with_their_reasons() {
    let retired = vec![(hash(1), "it is old"), (hash(2), "it is old"), (hash(3), "wrong")];
    let denied = [hash(7), hash(3), hash(7)];
    let (_folder, snapshot) = published(&[], Refused { retired, denied: &denied });
    let reasons = [1, 2, 3, 7, 8].map(|number| snapshot.refusal_of(hash(number)));
    assert_eq!(reasons, [Some("it is old"), Some("it is old"), Some(""), Some(""), None]);
    let denied: std::collections::BTreeSet<_> = snapshot.denied().collect();
    assert_eq!(denied, [hash(3), hash(7)].into());
}

fn any_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        "-[a-c]{1,4}".prop_map(|text| text),
        "id:[a-c]{2,6}",
        ("(qBittorrent|Transmission|Deluge|rTorrent)", "(|<|>=|=)", 0..6_u8, 0..10_u8)
            .prop_map(|(name, sign, major, minor)| format!("{name} {sign} {major}.{minor}")),
        Just("qBittorrent".to_owned()),
        "ua:[ab*?]{0,4}",
        "class:(browser|tool|bot|unknown|taker|player|monitor|spoof)",
        Just("*".to_owned()),
    ]
}

fn any_id() -> impl Strategy<Value = [u8; 20]> {
    let of = |beginning: String| {
        let mut id = [b'c'; 20];
        id[..beginning.len()].copy_from_slice(beginning.as_bytes());
        id
    };
    prop_oneof![
        "-[a-c]{4,6}".prop_map(of),
        "[a-c]{4,6}".prop_map(of),
        "-(qB|TR|DE|lt)[0-9]{4}-".prop_map(of)
    ]
}

#[test]
fn what_is_remembered_of_a_client_is_true_for_all_that_begin_like_it() {
    let asked = |rules: &[ClientRule], seen: &mut SeenClients, ends: [&str; 2]| {
        let (_folder, snapshot) = published(rules, Refused::default());
        for (end, agent) in
            ends.into_iter().cycle().zip(["a", "b", "", "a", "b", "", "c"]).cycle().take(40)
        {
            let id = format!("-TR4060-{end}");
            let client =
                SeenClient::new(PeerId(id.as_bytes().try_into().unwrap()), agent.as_bytes());
            let found = snapshot.client_rule_by(&client, seen);
            assert_eq!(found, first(rules, &client), "{id} {agent}");
        }
    };
    let mut seen = SeenClients::default();
    let rules = [rule("ua:b", Verdict::Deny), rule("Transmission 4.*", Verdict::Hide)];
    asked(&rules, &mut seen, ["000000000000", "zzzzzzzzzzzz"]);
    // The same as before, of another snapshot.
    asked(&[rule("Transmission", Verdict::Allow)], &mut seen, ["000000000000", "zzzzzzzzzzzz"]);
    // The end counts for these.
    asked(&[rule("-TR4060-zz", Verdict::Deny)], &mut seen, ["000000000000", "zzzzzzzzzzzz"]);
    asked(&[rule("class:spoof", Verdict::Deny)], &mut seen, ["000000000000", "00000000000!"]);
    asked(&[rule("BitSpirit", Verdict::Deny)], &mut seen, ["000000000000", "00000000UDP0"]);
}

proptest! {
    #[test]
    fn the_snapshot_finds_the_same_rule_as_asking_one_after_the_other(
        patterns in prop::collection::vec((any_pattern(), 0..Verdict::ALL.len()), 0..30),
        ids in prop::collection::vec(any_id(), 1..20), agent in "[ab]{0,4}",
    ) {
        let mut rules: Vec<ClientRule> = Vec::new();
        for (pattern, verdict) in patterns {
            let rule = rule(&pattern, Verdict::ALL[verdict]);
            if !rules.iter().any(|other| other.pattern == rule.pattern) {
                rules.push(rule);
            }
        }
        let (_folder, snapshot) = published(&rules, Refused::default());
        let mut seen = SeenClients::default();
        for id in ids {
            let client = SeenClient::new(PeerId(id), agent.as_bytes());
            prop_assert_eq!(snapshot.client_rule(&client), first(&rules, &client));
            prop_assert_eq!(snapshot.client_rule_by(&client, &mut seen), first(&rules, &client));
        }
    }
}
