//! How long it takes to add 500 torrents that come in one ZIP archive, to the folder and to the database, with policy and pages.
//!
//! `cargo bench --bench upload` prints each of five rounds.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used)]

use std::io::Write as _;
use std::time::Instant;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use sha1::{Digest as _, Sha1};
use tracker_cgi::cli::CommandError;
use tracker_cgi::config::{LoadedConfig, UploadPlace};
use tracker_cgi::site::change;
use tracker_cgi::tracker::upload::{Foreign, Source, Upload, Verdict};

const ROUNDS: usize = 5;
const TORRENTS: usize = 500;
/// Bytes of SHA-1 of a torrent: of a thousand pieces.
const PIECES: usize = 20 * 1000;

fn main() {
    let archive = archive();
    for _ in 0..ROUNDS {
        for (place, name) in [(UploadPlace::Folder, "folder"), (UploadPlace::Database, "database")]
        {
            println!("{name}: {}", add(&archive, place));
        }
    }
}

fn add(archive: &[u8], place: UploadPlace) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let file = folder.path().join("conf/tracker.toml");
    let configuration = "[tracker]\nannounce_url = 'http://tracker.example/announce'";
    let loaded = LoadedConfig::parse(configuration, &file).expect("a configuration");
    let begun = Instant::now();
    let mut added = begun.elapsed();
    let judged = change(&loaded, "bench", |catalog, author| {
        let upload = Upload::new(&loaded, Foreign::Rewritten).kept_in(place);
        let source = Source::File { name: "all.zip", content: archive };
        let judged = upload.begin(catalog, author).add_all(&[source])?;
        added = begun.elapsed();
        Ok::<_, CommandError>(judged)
    });
    let all = begun.elapsed();
    let judged = judged.expect("a site");
    let is_added = |verdict: &Verdict| matches!(verdict, Verdict::Added { .. });
    assert_eq!(judged.iter().filter(|it| is_added(&it.verdict)).count(), TORRENTS);
    format!(
        "{TORRENTS} torrents in an archive of {} MiB: added {added:.3?}, with policy and pages {all:.3?} (to reach: under 5 s)",
        archive.len() >> 20
    )
}

/// Torrents that announce to others, so that each is rewritten.
fn archive() -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for number in 0..TORRENTS {
        let pieces: Vec<u8> =
            (0..PIECES / 20).flat_map(|piece| Sha1::digest(format!("{number} {piece}"))).collect();
        let mut torrent = format!(
            "d8:announce31:http://theirs.example/announce/4:infod6:lengthi{}e4:name8:file-{number:03}12:piece lengthi16384e6:pieces{PIECES}:",
            16384 * PIECES / 20
        )
        .into_bytes();
        torrent.extend(pieces);
        torrent.extend(b"ee");
        let (mut entry, config) = archive
            .new_file(format!("all/{number}.torrent"))
            .compression_method(CompressionMethod::DEFLATE)
            .start()
            .expect("an archive");
        let encoder = DeflateEncoder::new(&mut entry, Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(&torrent).expect("memory");
        let (encoder, descriptor) = writer.finish().expect("memory");
        encoder.finish().expect("memory");
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory")
}
