"""The contenders: each joins the namespaces in its way, and says which address to reach the other end at.

Nebula runs with the product's own settings. Where the way is direct the peers are told where they are, which the
product leaves to the relay; where it is relayed nothing at all is changed.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import psutil
from nacl.public import PrivateKey

from benchmarks.overlay import programs, roundtrip
from benchmarks.overlay.wire import ADDRESSES, inside
from core.errors import SandboxFailed
from core.model import Address, LeaseId
from core.relay import lighthouse
from core.relay.register import Carried
from core.runtime.overlay import configuration
from core.runtime.overlay.certificates import RELAY_GROUP, WORKER_GROUP, certify, found, make_key
from core.ticket import Overlay, RelayPoint

PORT: Final = 4242
OVERLAY: Final = {"one": "10.77.0.2", "two": "10.77.0.3", "relay": "10.77.3.1"}
_READY_WITHIN_S: Final = 15
_DAY_S: Final = 86_400
_EVERYTHING: Final = [{"port": "any", "proto": "any", "host": "any"}]


@dataclass(frozen=True)
class Contender:
    """One way between two members. `changes` are merged into Nebula's settings, two levels deep."""

    name: str
    join: Callable[["Contender", Path, ExitStack], dict[str, psutil.Process]]
    address: str
    program: Callable[[], str] = programs.shipped_nebula
    changes: Mapping[str, Any] = field(default_factory=dict)
    relayed: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def joined(contender: Contender, folder: Path) -> Iterator[dict[str, psutil.Process]]:
    """The contender's processes by namespace, once the far end answers."""
    with ExitStack() as stack:
        processes = contender.join(contender, folder, stack)
        _await_answer(contender)
        yield processes


def overlays(names: tuple[str, ...] = ("one", "two", "relay")) -> dict[str, tuple[Overlay, str]]:
    """A place in one network, and the node's key, for each name."""
    now = int(time.time())
    authority = found("benchmark", now, now + _DAY_S)
    points = (RelayPoint(OVERLAY["relay"], ADDRESSES["relay"], PORT),)
    made = {}
    for name in names:
        key, public = make_key()
        group = RELAY_GROUP if name == "relay" else WORKER_GROUP
        certificate = certify(
            authority,
            name=name,
            address=OVERLAY[name],
            groups=[group],
            node_key=public,
            now=now,
            until=now + _DAY_S,
        )
        made[name] = (Overlay(OVERLAY[name], authority.certificate, certificate, points, now + _DAY_S), key)
    return made


def direct(settings: str, peers: Mapping[str, str], changes: Mapping[str, Any]) -> str:
    """A member's settings, told where its peers are (address inside to host:port), with `changes`; all may call it."""
    told: dict[str, Any] = json.loads(settings)
    told["static_host_map"] = {address: [place] for address, place in peers.items()}
    told["lighthouse"] = {"am_lighthouse": False, "hosts": []}
    told["relay"] = {"use_relays": False}
    return json.dumps(merged(told, {"firewall": {"inbound": _EVERYTHING}, **changes}))


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with `changes`, of which a mapping changes only what it names."""
    return {
        **settings,
        **{
            key: {**settings.get(key, {}), **value} if isinstance(value, Mapping) else value
            for key, value in changes.items()
        },
    }


def bare(_: Contender, __: Path, ___: ExitStack) -> dict[str, psutil.Process]:
    """Nothing between the ends but the bridge."""
    return {}


def nebula(contender: Contender, folder: Path, stack: ExitStack) -> dict[str, psutil.Process]:
    """A node in each namespace, and where the way is relayed one that only passes on."""
    places = overlays()
    processes = {}
    for name in ("relay", "one", "two") if contender.relayed else ("one", "two"):
        overlay, key = places[name]
        key_file = folder / f"{name}.key"
        key_file.write_text(key)
        settings = folder / f"{name}.json"
        settings.write_text(_settings(contender, name, overlay, str(key_file)))
        program = programs.relay_nebula() if name == "relay" else contender.program()
        processes[name] = _started(stack, name, [program, "-config", str(settings)], contender.environment)
    return processes


def wireguard(contender: Contender, _: Path, stack: ExitStack) -> dict[str, psutil.Process]:
    """wireguard-go in each namespace, set up over its socket: `wg` need not be installed."""
    keys = {name: PrivateKey.generate() for name in ("one", "two")}
    processes = {}
    for name, other in (("one", "two"), ("two", "one")):
        device = f"wg{os.getpid()}{name[:1]}"
        program = [contender.program(), "--foreground", device]
        processes[name] = _started(stack, name, program, {"LOG_LEVEL": "error"})
        _told(
            Path(f"/var/run/wireguard/{device}.sock"),
            {
                "private_key": bytes(keys[name]).hex(),
                "listen_port": str(PORT),
                "public_key": bytes(keys[other].public_key).hex(),
                "endpoint": f"{ADDRESSES[other]}:{PORT}",
                "allowed_ip": f"{OVERLAY[other]}/32",
            },
        )
        for words in (f"addr add {OVERLAY[name]}/22 dev {device}", f"link set {device} up"):
            subprocess.run(inside(name, ["ip", *words.split()]), check=True, timeout=30)
    return processes


def _settings(contender: Contender, name: str, overlay: Overlay, key_file: str) -> str:
    if name == "relay":
        return _relay(overlay, Path(key_file).read_text())
    reached = {OVERLAY["relay"]: (IPv4Address(ADDRESSES["relay"]), PORT)}
    settings = configuration.member(overlay, group=WORKER_GROUP, port=PORT, key_file=key_file, reached=reached)
    if contender.relayed:
        return json.dumps(merged(json.loads(settings), {"firewall": {"inbound": _EVERYTHING}, **contender.changes}))
    other = "two" if name == "one" else "one"
    return direct(settings, {OVERLAY[other]: f"{ADDRESSES[other]}:{PORT}"}, contender.changes)


def _relay(overlay: Overlay, key: str) -> str:
    carried = Carried(
        Address("0x" + "00" * 20),
        LeaseId("0x" + "00" * 32),
        PORT,
        overlay.address,
        overlay.authority,
        overlay.certificate,
    )
    at = ADDRESSES["relay"]
    return lighthouse.configuration(
        carried, key, listen="0.0.0.0", public_host=at, reports_to="127.0.0.1:2003", report_name="benchmark"
    )


def _started(stack: ExitStack, name: str, command: list[str], environment: Mapping[str, str]) -> psutil.Process:
    started = subprocess.Popen(
        inside(name, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )

    def end() -> None:
        started.terminate()
        started.wait(timeout=10)

    stack.callback(end)
    return psutil.Process(started.pid)


def _told(path: Path, words: Mapping[str, str]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with socket.socket(socket.AF_UNIX) as way:
        way.settimeout(_READY_WITHIN_S)
        way.connect(str(path))
        way.sendall(("set=1\n" + "".join(f"{key}={value}\n" for key, value in words.items()) + "\n").encode())
        if b"errno=0" not in way.recv(4096):
            raise SandboxFailed("wireguard-go refused its settings.")


def _await_answer(contender: Contender) -> None:
    ask = inside("one", [sys.executable, str(Path(roundtrip.__file__)), "reach", contender.address])
    if subprocess.run(ask, capture_output=True, check=False, timeout=2 * roundtrip.DEADLINE_S).returncode != 0:
        raise SandboxFailed(f"{contender.name}: the other end does not answer.", "Run it again, on a quiet machine.")
