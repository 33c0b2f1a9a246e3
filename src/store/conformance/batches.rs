//! What one call brings back, and several announces in one call.

use super::*;

/// Leechers that come, complete, move and leave, in three swarms.
fn some_announces() -> Vec<(PeerAnnounce, Want)> {
    let announce = |number: u32| {
        let peer = match number % 7 {
            5 => PeerAnnounce { action: Action::Complete, ..seeder(number % 20) },
            6 => PeerAnnounce { action: Action::Leave, ..leecher(number % 20) },
            _ => leecher(number % 20),
        };
        let info_hash = swarm(1 + u8::try_from(number % 3).unwrap());
        (PeerAnnounce { info_hash, ..peer }, ALL)
    };
    (0..200).map(announce).collect()
}

pub(in crate::store) fn several_at_once_are_as_one_after_the_other(make: Make) {
    let (mut together, mut apart) = (make(), make());
    for (number, part) in some_announces().chunks(9).enumerate() {
        let now = NOON + Seconds(u32::try_from(number).unwrap() * 40);
        let mut samples = vec![PeerSample::default(); part.len()];
        let announced = together.store.announce_many(part, now, &mut samples).unwrap();
        assert_eq!(announced.len(), part.len());
        for ((announced, sample), (one, want)) in announced.iter().zip(&samples).zip(part) {
            let mut expected = PeerSample::default();
            let counted = apart.store.announce(one, now, *want, &mut expected).unwrap().counts;
            assert_eq!(announced.counts, counted);
            assert_eq!(ids(sample), ids(&expected));
            assert_eq!(announced.generation, together.store.generation().unwrap());
        }
        assert_eq!(swarms(together.store.as_mut(), now), swarms(apart.store.as_mut(), now));
    }
    let last = NOON + Seconds(1000);
    for number in 1..=3 {
        let all = |fresh: &mut Fresh| all_peers(fresh.store.as_mut(), swarm(number), 50, last);
        assert_eq!(all(&mut together), all(&mut apart));
    }
    assert_eq!(together.store.check().unwrap(), Vec::<String>::new());
    assert_eq!(together.store.announce_many(&[], last, &mut []).unwrap(), []);
}

pub(in crate::store) fn an_announce_brings_back_what_a_reply_needs(make: Make) {
    let mut fresh = make();
    let minute = Timestamp(NOON.0.next_multiple_of(60));
    let mut sample = PeerSample::default();
    let mut announced = (0..6000).map(|number| {
        let now = minute + Seconds(number / 100);
        fresh.store.announce(&leecher(number % 10), now, ALL, &mut sample).unwrap()
    });
    let first = announced.next().unwrap();
    assert_eq!(first.announces_in_the_last_minute, 0, "itself it does not count");
    let last = announced.last().unwrap();
    // As far as chance goes.
    let lately = last.announces_in_the_last_minute;
    assert!((4000..8000).contains(&lately), "{lately}");
    assert_eq!((last.counts.leechers, last.generation), (10, first.generation));
    assert_eq!(first.generation, fresh.store.generation().unwrap());
}
