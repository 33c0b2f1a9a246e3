//! What happens to a store while it is in use.

use super::*;

#[test]
fn a_file_that_vanishes_is_noticed_within_a_second() {
    let (home, options, _) = filled();
    making::FEWER_SHARDS.set(Some(1));
    let mut store = ShmStore::open(&options).unwrap();
    try_announce(&mut store, 1, NOON).unwrap();
    let life = store.generation().unwrap();
    fs::remove_file(&options.file.path).unwrap();
    try_announce(&mut store, 2, NOON + Seconds(1)).unwrap();
    assert_ne!(store.generation().unwrap(), life);
    let mut other = ShmStore::open(&options).unwrap();
    assert_eq!(other.generation().unwrap(), store.generation().unwrap());
    fs::remove_dir_all(home.path().join("t.d")).unwrap();
    try_announce(&mut store, 4, NOON + Seconds(2)).unwrap();
    assert_eq!(peers(&mut store, swarm(1), 10, NOON + Seconds(2)).len(), 1);
}

#[test]
fn a_file_that_is_replaced_by_another_store_is_noticed_within_a_second() {
    let (home, options, _) = filled();
    let mut store = ShmStore::open(&options).unwrap();
    try_announce(&mut store, 1, NOON).unwrap();
    let (_other_home, other, bytes) = filled();
    assert_ne!(ShmStore::open(&other).unwrap().generation().unwrap(), store.generation().unwrap());
    let next = home.path().join("next");
    fs::write(&next, &bytes).unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o660)).unwrap();
    fs::rename(&next, &options.file.path).unwrap();
    try_announce(&mut store, 700, NOON + Seconds(1)).unwrap();
    let mut other = ShmStore::open(&other).unwrap();
    assert_eq!(store.generation().unwrap(), other.generation().unwrap());
    try_announce(&mut other, 700, NOON + Seconds(1)).unwrap();
    let all = |store: &mut ShmStore| peers(store, swarm(1), 100, NOON + Seconds(1));
    assert_eq!(all(&mut store), all(&mut other));
}

#[test]
fn a_file_of_another_version_is_left_until_nobody_uses_it() {
    let (_home, options, mut bytes) = filled();
    set_word(&mut bytes, header::VERSION, 99);
    put(&options, &bytes);
    let user = File::open(&options.file.path).unwrap();
    user.lock_shared().unwrap();
    let failure = ShmStore::open(&options).err().unwrap().to_string();
    assert!(failure.contains("restart its responders"), "{failure}");
    assert_eq!(fs::read(&options.file.path).unwrap(), bytes);
    drop(user);
    is_recreated("nobody uses it any more", &options);
}

#[test]
fn a_store_that_breaks_is_recreated_for_all_its_users() {
    let (_home, options, bytes) = filled();
    making::FEWER_SHARDS.set(Some(1));
    let mut stores: Vec<_> = (0..3).map(|_| ShmStore::open(&options).unwrap()).collect();
    stores.iter_mut().for_each(|store| assert!(try_announce(store, 1, NOON).is_ok()));
    let file = OpenOptions::new().write(true).open(&options.file.path).unwrap();
    file.write_all_at(&[0xff; 8], (PAGE_BYTES + shard::SWARMS * WORD_BYTES) as u64).unwrap();
    assert_eq!(fs::read(&options.file.path).unwrap().len(), bytes.len());
    let numbers = (1..).step_by(3).filter(|number| number % 13 != 0);
    for (store, number) in stores.iter_mut().zip(numbers) {
        try_announce(store, number, NOON).unwrap();
    }
    let lives: Vec<_> = stores.iter_mut().map(|store| store.generation().unwrap()).collect();
    assert!(lives.iter().all(|&life| life == lives[0]));
    assert_eq!(peers(&mut stores[0], swarm(1), 10, NOON).len(), 3);
}
