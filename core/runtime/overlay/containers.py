"""The containers of a node, as docker's own arguments: who owns its namespace, closes it, bounds it, tunnels. Pure.

The namespace belongs to a container that does nothing, so that a tunnel that restarts strands nobody in it.
"""

from typing import Any, Final

from docker.types import LogConfig, Mount

from core.runtime.labels import Label, Role
from core.runtime.spark_settings import DOORS

FOLDER: Final = "/lease"
RULES_FILE: Final = "rules.nft"
SETTINGS_FILE: Final = "nebula.json"
KEY_FILE: Final = "node.key"
ROOT: Final = 0

_RESTARTS: Final = 20
_TUNNEL_MIB: Final = 128


def pause(label: Label, network: str) -> dict[str, Any]:
    """What owns the namespace, on the bridge `network`. A renter's publishes its doors on loopback."""
    arguments = _confined(label.beside(Role.PAUSE), ["pause"], memory_mib=16) | {
        "user": "10001:10001",
        "network": network,
        # Spark binds to the overlay's address, which comes and goes with the tunnel.
        "sysctls": {"net.ipv4.ip_nonlocal_bind": "1"},
        # The engine's resolver would pass other names on to the host's; nobody answers on this address.
        "dns": ["127.0.0.1"],
        "dns_search": ["."],
        "dns_opt": ["timeout:1", "attempts:2"],
    }
    if label.share is None:
        arguments["ports"] = {f"{port}/tcp": ("127.0.0.1", None) for port in DOORS}
    return arguments


def firewall(label: Label, namespace: str) -> dict[str, Any]:
    """What loads the rules into the namespace of the container `namespace`, and ends."""
    once, command = label.beside(Role.FIREWALL), ["firewall", f"{FOLDER}/{RULES_FILE}"]
    return _privileged(once, command, namespace, memory_mib=64) | _files(once)


def bounds(label: Label, namespace: str, command: list[str]) -> dict[str, Any]:
    """What has the kernel limit the traffic of the namespace of the container `namespace`, and ends."""
    return _privileged(label.beside(Role.BOUNDS), command, namespace, memory_mib=64)


def tunnel(label: Label, namespace: str) -> dict[str, Any]:
    """Nebula, in the namespace of the container `namespace`."""
    node, command = label.beside(Role.TUNNEL), ["nebula", f"{FOLDER}/{SETTINGS_FILE}"]
    return _privileged(node, command, namespace, memory_mib=_TUNNEL_MIB) | {
        **_files(node),
        "devices": ["/dev/net/tun:/dev/net/tun:rw"],
        "nano_cpus": 1_000_000_000,
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": _RESTARTS},
        # Named, or the engine takes the signal that reloads settings for a wish to end it, and restarts it no more.
        "stop_signal": "SIGTERM",
    }


def _privileged(label: Label, command: list[str], namespace: str, *, memory_mib: int) -> dict[str, Any]:
    return _confined(label, command, memory_mib=memory_mib) | {
        "user": "0:0",
        "cap_add": ["NET_ADMIN"],
        "network_mode": f"container:{namespace}",
    }


def _files(label: Label) -> dict[str, Any]:
    return {"mounts": [Mount(target=FOLDER, source=None, type="volume", labels=label.labels())]}


def _confined(label: Label, command: list[str], *, memory_mib: int) -> dict[str, Any]:
    memory = memory_mib * 2**20
    return {
        "name": label.name,
        "labels": label.labels(),
        "command": command,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/run": "nosuid,nodev,noexec,size=1m"},
        "pids_limit": 64,
        "mem_limit": memory,
        "memswap_limit": memory,
        "ipc_mode": "private",
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
        "use_config_proxy": False,
    }
