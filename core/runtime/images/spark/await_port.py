"""Wait up to a minute until host:port accepts connections; the worker then says itself what is wrong."""

import socket
import sys
import time

host, _, port = sys.argv[1].rpartition(":")
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        break
    except OSError:
        time.sleep(0.2)
