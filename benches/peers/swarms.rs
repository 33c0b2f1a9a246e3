//! What a swarm of one peer takes, where there are very many of them.

use serde_json::{Value, json};

use crate::Scale;
use crate::crowd::Crowd;
use crate::report::{Table, at_most, thousands, two};
use crate::stores::{Home, Kind};

/// Bytes a swarm, its peer included.
const TARGET: f64 = 256.0;

/// Fills one store after the other.
pub fn measure(scale: &Scale) -> Value {
    let columns = ["store", "file bytes", "bytes a swarm", "shm/lmdb", "targets"];
    let title = format!("{} swarms of one peer", thousands(scale.swarms as f64));
    let mut table = Table::new(&title, &columns);
    let crowd = Crowd { peers: scale.swarms, swarms: scale.swarms };
    // The yardstick comes first, since the other row wants its figure.
    let [lmdb, shm] = [Kind::Lmdb, Kind::Shm].map(|kind| {
        eprintln!("{title} in {} ...", kind.name());
        let home = Home::new(kind);
        let _open = home.filled(crowd);
        home.bytes() as f64
    });
    for (name, bytes) in [("lmdb", lmdb), ("shm", shm)] {
        let is_ours = name == "shm";
        let each = bytes / scale.swarms as f64;
        let target = is_ours.then(|| at_most("bytes a swarm", each, TARGET));
        let ratio = is_ours.then(|| two(bytes / lmdb));
        let [target, ratio] = [target, ratio].map(Option::unwrap_or_default);
        table.row([name.to_owned(), thousands(bytes), two(each), ratio, target]);
    }
    table.print();
    json!({ "swarms": scale.swarms, "shm_bytes": shm, "lmdb_bytes": lmdb })
}
