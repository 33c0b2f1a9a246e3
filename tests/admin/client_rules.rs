//! Rules on clients, made and removed in the browser; and the test of a client.

use tracker_cgi::catalog::Role;
use tracker_cgi::protocol::InfoHash;

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::harness::http::Reply;
use crate::harness::installation::Installation;

fn rules(tracker: &Installation) -> Vec<String> {
    let rules = catalog(tracker).client_rules().expect("rules");
    rules.iter().map(|rule| format!("{} {}", rule.verdict.name(), rule.pattern)).collect()
}

fn add(admin: &mut Admin<'_>, fields: &[&str; 4]) -> Reply {
    let [pattern, verdict, reason, place] = fields;
    let form =
        [("pattern", *pattern), ("verdict", *verdict), ("reason", *reason), ("place", *place)];
    admin.post("clients", &form)
}

#[test]
fn rules_are_made_in_their_order_and_removed() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    assert_eq!(add(&mut admin, &["-XL", "deny", "<i>gives nothing", "last"]).status, 303);
    assert_eq!(add(&mut admin, &["-XL0019-", "allow", "", "last"]).status, 303);
    assert!(admin.page("clients").contains("rule 1 decides about all of them"));
    assert_eq!(add(&mut admin, &["-XL0019-", "hide", "", "first"]).status, 303);
    assert_eq!(rules(&tracker), ["hide -XL0019-", "deny -XL"]);
    let page = admin.page("clients");
    assert!(page.contains("&#60;i&#62;gives") && !page.contains("rule 1 decides"), "{page}");
    assert_eq!(admin.post("clients/remove", &[("remove", "-XL0019-")]).status, 303);
    assert_eq!(rules(&tracker), ["deny -XL"]);
    let gone = admin.post("clients/remove", &[("remove", "-XL0019-")]);
    assert!(gone.header("location").is_some_and(|it| it.contains("done=gone")));
}

#[test]
fn what_is_no_rule_is_told_beside_the_field() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for (fields, field, said) in [
        (["", "deny", "", ""], "pattern", "Write which clients"),
        (["qbitorrent", "deny", "", ""], "pattern", "Did you mean qBittorrent?"),
        (["class:spof", "deny", "", ""], "pattern", "Did you mean class:spoof?"),
        (["qBittorrent >= 5, < 4", "deny", "", ""], "pattern", "No version is both"),
        (["id:M", "deny", "", ""], "pattern", "is no beginning of a peer id"),
        (["-XL", "burn", "", ""], "verdict", "Choose what becomes of them"),
        (["-XL", "deny", "a\nb", ""], "reason", "one line"),
        (["-XL", "allow", "why", ""], "reason", "leave it empty"),
    ] {
        let reply = add(&mut admin, &fields);
        assert_eq!(reply.status, 422, "{fields:?}");
        let page = reply.text();
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{fields:?}: {page}");
        assert!(page.contains(said), "{fields:?}: {page}");
    }
    assert_eq!(rules(&tracker), [""; 0]);
}

#[test]
fn a_client_is_tested_against_rules_and_bans_without_a_trace() {
    let tracker = Installation::new(&["clients.identify = true", "paths.pages = '../www'"]);
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let mut admin = administrator(&tracker);
    let hash = InfoHash(torrent.info_hash).to_string();
    let path = |peer_id: &str, hash: &str| {
        format!("clients?peer_id={peer_id}&user_agent=&address=192.0.2.7&info_hash={hash}")
    };
    let answered = admin.page(&path("-TR4060-", &hash));
    assert!(answered.contains("Transmission 4.0.6 is answered."), "{answered}");
    add(&mut admin, &["Transmission < 4.1", "deny", "too old", "last"]);
    let refused = admin.page(&path("-TR4060-", &hash));
    assert!(refused.contains("is refused by client") && refused.contains("too old"), "{refused}");
    assert!(admin.page(&path("-TR4060-", "")).contains("is refused by"));
    for (bad, field) in [
        (path("", &hash), "peer_id"),
        (path("-TR4060-", "12"), "info_hash"),
        ("clients?peer_id=-TR4060-&address=here".into(), "address"),
    ] {
        assert!(admin.page(&bad).contains(&format!("id=\"{field}-error\"")), "{bad}");
    }
    let peers = tracker.run(&["peers", &hash, "--json"]).json();
    assert_eq!(peers.as_array().map(Vec::len), Some(0), "nothing was announced");
    let mut viewer = Admin::signed_in(&tracker, "vera", Role::Viewer);
    let seen = viewer.page("clients");
    assert!(seen.contains("too old") && !seen.contains("name=\"pattern\""));
}
