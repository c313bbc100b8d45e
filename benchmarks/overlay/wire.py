"""Three network namespaces on one Linux bridge, as three containers on Docker's; made as root, and removed again."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

NAMES: Final = ("one", "two", "relay")
ADDRESSES: Final = {"one": "172.30.9.1", "two": "172.30.9.2", "relay": "172.30.9.3"}
_SWITCH: Final = "switch"


@contextmanager
def wire() -> Iterator[None]:
    """Namespaces `NAMES` with `ADDRESSES`, joined in a fourth one that has no way out."""
    try:
        for name in (_SWITCH, *NAMES):
            _ip("netns", "add", namespace(name))
        _ip("-n", namespace(_SWITCH), "link", "add", "bridge", "type", "bridge")
        _ip("-n", namespace(_SWITCH), "link", "set", "bridge", "up")
        for name in NAMES:
            there, switch = namespace(name), namespace(_SWITCH)
            _ip("link", "add", "eth0", "netns", there, "type", "veth", "peer", "name", name, "netns", switch)
            _ip("-n", switch, "link", "set", name, "master", "bridge", "up")
            _ip("-n", there, "addr", "add", f"{ADDRESSES[name]}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", there, "link", "set", device, "up")
        yield
    finally:
        for name in (_SWITCH, *NAMES):
            subprocess.run(["ip", "netns", "delete", namespace(name)], capture_output=True, check=False, timeout=30)


def inside(name: str, command: Sequence[str]) -> list[str]:
    """`command`, run in a namespace."""
    return ["nsenter", f"--net=/run/netns/{namespace(name)}", *command]


def namespace(name: str) -> str:
    """The namespace's name on this machine: several benchmarks may run at once."""
    return f"sparecloud-{os.getpid()}-{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=30)
