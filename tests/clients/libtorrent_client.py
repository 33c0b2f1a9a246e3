"""A BitTorrent client that knows peers only from the tracker: DHT, PEX and LSD are off.

usage: libtorrent_client.py TORRENT FOLDER LISTEN_INTERFACE
Seeds what is complete in FOLDER and downloads the rest, until it is told to end.
"""

import signal
import sys

import libtorrent

torrent, folder, interface = sys.argv[1:]
session = libtorrent.session(
    {
        "listen_interfaces": interface,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # Trackers on 127.0.0.1 must have a path that begins with /announce.
        "ssrf_mitigation": True,
        "allow_multiple_connections_per_ip": True,
        "alert_mask": libtorrent.alert.category_t.all_categories,
    }
)
parameters = libtorrent.add_torrent_params()
parameters.ti = libtorrent.torrent_info(torrent)
parameters.save_path = folder
parameters.flags |= libtorrent.torrent_flags.disable_dht
parameters.flags |= libtorrent.torrent_flags.disable_lsd
parameters.flags |= libtorrent.torrent_flags.disable_pex
session.add_torrent(parameters)

stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
while not stopping:
    session.wait_for_alert(200)
    for alert in session.pop_alerts():
        if alert.category() & (libtorrent.alert.category_t.tracker_notification
                               | libtorrent.alert.category_t.error_notification
                               | libtorrent.alert.category_t.status_notification):
            print(alert.message(), flush=True)
