"""A line that delays and loses: frames go from one interface to another, both ways, later and not all of them.

`python -m tests.lab.slow_line ONE OTHER --delay-ms 50 --loss 0.05 --seed 1`, in the interfaces' namespace, until it is
ended. Stands in for tc's netem, which not every kernel has.
"""

import argparse
import random
import select
import socket
import time
from collections import deque
from typing import Final

_ALL_PROTOCOLS: Final = 3
_SOL_PACKET, _VNET_HDR = 263, 15
_LARGEST: Final = 2**17


def carry(one: str, other: str, delay_s: float, loss: float, seed: int) -> None:
    """Carry frames for ever; each is lost with probability `loss`, and arrives `delay_s` later else, in order."""
    ends = [_opened(one), _opened(other)]
    across = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting: deque[tuple[float, socket.socket, bytes]] = deque()
    chance = random.Random(seed)
    print("carries", flush=True)
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select(ends, [], [], pause)
        for end in readable:
            frame, source = end.recvfrom(_LARGEST)
            if source[2] != socket.PACKET_OUTGOING and chance.random() >= loss:
                waiting.append((time.monotonic() + delay_s, across[end], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, frame = waiting.popleft()
            try:
                end.send(frame)
            except OSError:
                # The interface is down or its queue full: a frame lost, which is what lines do.
                continue


def _opened(interface: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Each frame then carries what is still to be done to it (checksum, segmentation), and keeps it on the other side.
    opened.setsockopt(_SOL_PACKET, _VNET_HDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
    opened.bind((interface, _ALL_PROTOCOLS))
    return opened


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.lab.slow_line", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("one")
    parser.add_argument("other")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    carry(asked.one, asked.other, asked.delay_ms / 1000, asked.loss, asked.seed)
