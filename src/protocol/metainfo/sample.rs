//! Torrents for tests, written with a bencode writer that does not mind what it is told to write.

/// A bencoded string.
pub(crate) fn text(content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [content.len().to_string().as_bytes(), b":", content].concat()
}

/// A bencoded integer.
pub(crate) fn number(value: i64) -> Vec<u8> {
    format!("i{value}e").into_bytes()
}

/// A bencoded list.
pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [b"l", items.concat().as_slice(), b"e"].concat()
}

/// A bencoded dictionary with its keys in the order given.
pub(crate) fn dictionary<K: AsRef<[u8]>>(entries: &[(K, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"d", entries.as_slice(), b"e"].concat()
}

/// A v1 torrent of one file of 20000 bytes in two pieces.
pub(crate) fn single_file(name: &str, announce: Option<&str>) -> Vec<u8> {
    let info = dictionary(&[
        ("length", number(20_000)),
        ("name", text(name)),
        ("piece length", number(16_384)),
        ("pieces", text([7; 40])),
    ]);
    match announce {
        Some(url) => dictionary(&[("announce", text(url)), ("info", info)]),
        None => dictionary(&[("info", info)]),
    }
}

/// A file of a v1 list.
pub(crate) fn v1_file(path: &str, length: i64) -> Vec<u8> {
    dictionary(&[("length", number(length)), ("path", list(&[text(path)]))])
}

/// A pad file of a v1 list.
pub(crate) fn pad_file(length: i64) -> Vec<u8> {
    dictionary(&[("attr", text("p")), ("length", number(length))])
}

/// A leaf of a v2 tree.
pub(crate) fn v2_file(length: i64) -> Vec<u8> {
    let file = [("length", number(length)), ("pieces root", text([3; 32]))];
    dictionary(&[("", dictionary(&file))])
}
