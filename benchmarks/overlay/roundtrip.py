"""Small packets there and back over one TCP connection: `serve ADDRESS` answers, `ask ADDRESS TRIPS` prints seconds.

`reach ADDRESS` ends well once the address answers at all.
"""

import json
import socket
import sys
import time

PORT = 5301
SIZE = 64
DEADLINE_S = 20


def main(role: str, address: str, trips: int) -> None:
    """One connection, then the end."""
    if role == "serve":
        with socket.create_server((address, PORT)) as door:
            door.settimeout(DEADLINE_S)
            print("ready", flush=True)
            way, _ = door.accept()
            with way:
                way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while packet := way.recv(SIZE):
                    way.sendall(packet)
        return
    if role == "reach":
        _reach(address)
        return
    took = []
    with socket.create_connection((address, PORT), timeout=DEADLINE_S) as way:
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(trips):
            began = time.perf_counter()
            way.sendall(bytes(SIZE))
            way.recv(SIZE)
            took.append(time.perf_counter() - began)
    print(json.dumps(took))


def _reach(address: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address, PORT), timeout=1).close()
        except ConnectionRefusedError:
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{address} does not answer")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
