"""The agent's log in its home folder: rotated, without secrets, and read back for people.

Lease ids, addresses, hashes and seal keys are public and stay readable; what could move money or open a door does not.
"""

import logging
import re
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from core.errors import SparecloudError

LOG_NAME: Final = "donor.log"
HIDDEN: Final = "[hidden]"

_KEPT_BYTES: Final = 1024 * 1024
_READ_BYTES: Final = 256 * 1024
_LOOK_EVERY_S: Final = 0.3
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_NAMES: Final = (
    r"pass(?:word|wd)|secret|[a-z_]*token|(?:private|session|signing|wallet|api|access)[ _-]?key|client[_-]?secret|"
    r"ciphertext|authorization"
)
_SCHEME: Final = "(?:bearer|basic)"
_PHRASES: Final = r"passphrase|seed(?:[ _-]?phrase)?|mnemonic"
_RULES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | flags), replacement)
    for pattern, flags, replacement in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL, HIDDEN),
        # name: "quoted", name='quoted', {"name": "quoted"}
        (rf"\b({_NAMES}|{_PHRASES})\b([\"']?\s*[:=]\s*)b?(\"|')(?:\\.|(?!\3).)*\3?", 0, rf"\1\2{HIDDEN}"),
        # A phrase has several words: to the end of the line.
        (rf"\b({_PHRASES})\b([\"']?\s*[:=]\s*)(?=\S)(?!\[hidden).+", 0, rf"\1\2{HIDDEN}"),
        (
            rf"\b({_NAMES})\b([\"']?\s*[:=]\s*)(?=\S)(?:(?:bearer|basic)\s+)?(?!\[hidden)[^\s,;)}}\]]+",
            0,
            rf"\1\2{HIDDEN}",
        ),
        (rf"\b({_SCHEME})\s+[A-Za-z0-9._~+/=-]{{8,}}", 0, rf"\1 {HIDDEN}"),
        # What a sentence calls a key; seal keys and public keys are none.
        (r"(?<!seal )(?<!public )\bkey\b([^0-9A-Za-z\n]{1,4})(?:0x)?[0-9a-f]{64}\b", 0, rf"key\1{HIDDEN}"),
        # A key as wallets export it. Digests, container names and lease ids have something before them.
        (r"(?<![\w:/.-])[0-9a-f]{64}(?![\w-])", 0, HIDDEN),
        (r"\b([a-z][a-z0-9+.-]*://)[^/\s@\"']+@", 0, rf"\1{HIDDEN}@"),
    )
)
_URL: Final = re.compile(r"\b((?:https?|wss?)://[^/\s?#\"']+)([^\s\"'<>)]*)", re.IGNORECASE)
_KEY_IN_PATH: Final = re.compile(r"(?<=/)(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{16,}")
_VALUE_IN_QUERY: Final = re.compile(r"([?&])([^=&#]+)=[^&#]*")


def redacted(text: str) -> str:
    """`text` with passphrases, keys, tokens and what rpc addresses hide in themselves put out of sight. Pure."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _URL.sub(_without_keys, text)


def tail(home: Path, lines: int) -> str:
    """The last `lines` lines of the log, redacted once more; empty where there is none. Raises SparecloudError."""
    current = _path(home)
    found: list[str] = []
    for path in (current.with_name(f"{LOG_NAME}.1"), current):
        found += _last_lines(path)
    return redacted("\n".join(found[-lines:])) if lines > 0 else ""


def follow(home: Path) -> Iterator[str]:
    """Each new line of the log, redacted, for ever; a rotated log is taken up again."""
    path = _path(home)
    # Whole lines alone: what is written in two halves is not told twice.
    position, rest = _size(path), b""
    while True:
        if _size(path) < position:
            position, rest = 0, b""
        if _size(path) > position:
            with path.open("rb") as file:
                file.seek(position)
                rest += file.read(_READ_BYTES)
                position = file.tell()
            *whole, rest = rest.split(b"\n")
            yield from (redacted(line.decode("utf-8", errors="replace")) for line in whole)
        else:
            time.sleep(_LOOK_EVERY_S)


def written_for() -> Path | None:
    """The home folder whose log this process writes; None outside `logged`."""
    files = (Path(each.baseFilename) for each in logging.getLogger().handlers if isinstance(each, _Steady))
    return next((path.parent.parent for path in files if path.name == LOG_NAME), None)


def folder_of(home: Path) -> Path:
    """Where the log of `home` lies."""
    return home / "donor"


@contextmanager
def logged(home: Path, also: Path | None = None) -> Generator[None]:
    """Write the log of `home` (two files of a mebibyte at most), and append it to the file `also`.

    Raises SparecloudError where a file cannot be written.
    """
    handlers: list[logging.Handler] = [_opened(_path(home), rotates=True)]
    if also is not None:
        handlers.append(_opened(also, rotates=False))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for handler in handlers:
        handler.setFormatter(_Redacting(_FORMAT))
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


class _Redacting(logging.Formatter):
    """Redacts last, so that arguments and tracebacks are covered, too."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _Steady(RotatingFileHandler):
    """Goes on where the disk is full: it says so once, and what cannot be written is lost."""

    _complained = False

    def handleError(self, record: logging.LogRecord) -> None:
        if not self._complained:
            self._complained = True
            print(f"The log {self.baseFilename} cannot be written now; lines are lost.", file=sys.stderr, flush=True)


def _opened(path: Path, *, rotates: bool) -> logging.Handler:
    try:
        return _Steady(path, maxBytes=_KEPT_BYTES if rotates else 0, backupCount=int(rotates), encoding="utf-8")
    except OSError as refused:
        raise SparecloudError(f"The log file {path} cannot be written: {refused}.", "Name another file.") from refused


def _path(home: Path) -> Path:
    return folder_of(home) / LOG_NAME


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            start = max(0, _size(path) - _READ_BYTES)
            file.seek(start)
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as refused:
        raise SparecloudError(f"The log {path} cannot be read: {refused}.", "Make it readable.") from refused
    # The first may be the end of a longer one.
    return lines[1:] if start else lines


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _without_keys(found: re.Match[str]) -> str:
    path, question, query = found[2].partition("?")
    values = _VALUE_IN_QUERY.sub(rf"\1\2={HIDDEN}", question + query)
    return found[1] + _KEY_IN_PATH.sub(HIDDEN, path) + values
