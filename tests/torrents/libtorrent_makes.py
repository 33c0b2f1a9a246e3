"""What libtorrent reads in a .torrent file, and what it makes itself of the same content.

usage: libtorrent_makes.py TORRENT FOLDER v1|hybrid|v2 MAGNET
FOLDER has the content under the torrent's name. MAGNET is a link to it. Prints JSON.
"""

import hashlib
import json
import sys

import libtorrent

torrent, folder, version, magnet = sys.argv[1:]
with open(torrent, "rb") as file:
    read = libtorrent.bdecode(file.read())
info = libtorrent.torrent_info(torrent)

files = libtorrent.file_storage()
if version == "v1":
    # Version 1 takes files in any order.
    for index in range(info.num_files()):
        files.add_file(info.files().file_path(index), info.files().file_size(index))
else:
    libtorrent.add_files(files, folder + "/" + info.name())
flags = {
    "v1": libtorrent.create_torrent.v1_only,
    "hybrid": 0,
    "v2": libtorrent.create_torrent.v2_only,
}
made = libtorrent.create_torrent(files, info.piece_length(), flags=flags[version])
libtorrent.set_piece_hashes(made, folder)
made = made.generate()


def hashes(torrent):
    dictionary = libtorrent.bencode(torrent[b"info"])
    layers = sorted(torrent.get(b"piece layers", {}).items())
    return {
        "hashes": {
            "v1": None if version == "v2" else hashlib.sha1(dictionary).hexdigest(),
            "v2": None if version == "v1" else hashlib.sha256(dictionary).hexdigest(),
        },
        "layers": [[root.hex(), layer.hex()] for root, layer in layers],
    }


linked = libtorrent.parse_magnet_uri(magnet).info_hashes
print(
    json.dumps(
        {
            "read": hashes(read),
            "made": hashes(made),
            "magnet": {
                "v1": str(linked.v1) if linked.has_v1() else None,
                "v2": str(linked.v2) if linked.has_v2() else None,
            },
            "trackers": [tracker.url for tracker in info.trackers()],
            "web_seeds": [seed["url"] for seed in info.web_seeds()],
        }
    )
)
