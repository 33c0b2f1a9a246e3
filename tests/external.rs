//! Torrents that are tracked elsewhere: approved, asked, listed and removed.

use std::net::TcpListener;

use crate::harness::installation::Installation;

#[test]
fn what_is_approved_is_asked_but_never_inside_our_own_network() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let inside = TcpListener::bind("127.0.0.1:0").expect("a free port");
    inside.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/announce", inside.local_addr().expect("an address"));
    let told = tracker.run(&["external", "approve", "a", &url]).done();
    assert!(told.starts_with("a  ") && told.contains("no figures yet; now: "), "{told}");
    tracker.refresh();
    assert!(inside.accept().is_err(), "somebody knocked at {url}");
    let listed = tracker.run(&["external", "list", "--json"]).json();
    assert_eq!(
        (&listed[0]["tracker"], &listed[0]["approved"]),
        (&url.as_str().into(), &true.into())
    );
    assert!(listed[0]["failures"].as_u64() >= Some(1), "{listed}");
    assert!(listed[0]["next_at"].as_u64() > listed[0]["asked_at"].as_u64(), "{listed}");
    tracker.run(&["external", "remove", "a"]).done();
    assert!(tracker.run(&["external", "remove", "a"]).failure().contains("no tracker is asked"));
    assert_eq!(tracker.run(&["external", "list"]).done(), "0 external torrents\n");
    let refused = tracker.run(&["external", "approve", "a", "http://tracker.example/a"]);
    assert!(refused.status == 2 && refused.errors.contains("BEP 48"), "{refused:?}");
}
