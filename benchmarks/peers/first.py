"""A new process's first entities: `python -m benchmarks.peers.first PEER SETTINGS TEXT`, settings in JSON.

The parent takes the time, so this imports nothing that the peer doesn't need.
"""

import json
import sys

from benchmarks.peers import PEERS, Settings

DONE = "found: "

if __name__ == "__main__":
    peer = PEERS[sys.argv[1]].create(Settings.from_json(json.loads(sys.argv[2])))
    print(DONE + repr(peer.recognize([sys.argv[3]], 1)[0]), flush=True)
