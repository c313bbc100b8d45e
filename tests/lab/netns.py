"""Network namespaces: made, wired, entered. Needs root.

A cable is a veth pair. A namespace is named as `ip netns` names it, and entered by nsenter: `ip netns exec` would mount
/sys anew.
"""

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/run/netns")
COMMAND_WITHIN_S: Final = 20
_CLONE_NEWNET: Final = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class CommandFailed(AssertionError):
    """A command of the laboratory itself went wrong: the machine lacks something, or the laboratory has a fault."""


def command(words: Sequence[str], said: str | None = None) -> str:
    """Run a command to its end and return what it wrote; `said` is its input. Raises CommandFailed."""
    done = subprocess.run(
        words, input=said, capture_output=True, text=True, timeout=COMMAND_WITHIN_S, check=False, env=os.environ
    )
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ip(*words: str) -> str:
    """`ip` with these words."""
    return command(["ip", *words])


def within(namespace: str, *words: str) -> str:
    """Run a command in a network namespace."""
    return command(["nsenter", f"--net={FOLDER / namespace}", *words])


def add(namespace: str) -> None:
    """A new namespace, its loopback up and IPv6 off: the laboratory's internet speaks IPv4."""
    ip("netns", "add", namespace)
    within(namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    ip("-n", namespace, "link", "set", "lo", "up")


def remove(namespace: str) -> None:
    """Take a namespace away, with its cables; gone is fine."""
    if (FOLDER / namespace).exists():
        ip("netns", "delete", namespace)


def names(prefix: str) -> list[str]:
    """Every namespace whose name starts so."""
    return sorted(path.name for path in FOLDER.glob(f"{prefix}*"))


def cable(one: tuple[str, str], other: tuple[str, str]) -> None:
    """A cable between two (namespace, interface); both ends are up."""
    (here, near), (there, far) = one, other
    ip("-n", here, "link", "add", near, "type", "veth", "peer", "name", far, "netns", there)
    for namespace, interface in (one, other):
        ip("-n", namespace, "link", "set", interface, "up")


def uncable(namespace: str, interface: str) -> None:
    """Take a cable away, at once: a removed namespace lets go of its own some time later. Gone is fine."""
    if f" {interface}@" in ip("-n", namespace, "-o", "link", "show"):
        ip("-n", namespace, "link", "delete", interface)


def address(namespace: str, interface: str, with_length: str, *, via: str | None = None) -> None:
    """Give an interface its address, and the namespace its default route."""
    ip("-n", namespace, "address", "add", with_length, "dev", interface)
    if via is not None:
        ip("-n", namespace, "route", "add", "default", "via", via)


@contextmanager
def entered(namespace: str) -> Iterator[None]:
    """This thread is in the namespace meanwhile; a socket made here stays in it for good. Not across an await."""
    home, there = (os.open(path, os.O_RDONLY) for path in ("/proc/thread-self/ns/net", FOLDER / namespace))
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(there)


def move_thread(namespace: str) -> None:
    """This thread, and every thread and process that it starts, lives in the namespace from now on."""
    if threading.current_thread() is threading.main_thread():
        raise AssertionError("the main thread stays where it is")
    there = os.open(FOLDER / namespace, os.O_RDONLY)
    try:
        _enter(there)
    finally:
        os.close(there)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
