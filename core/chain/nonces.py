"""What one account has sent on one chain, on disk, behind a lock that holds off this machine's other processes.

An attempt is written down before a node gets it, so that whoever comes after a crash knows every nonce that may be
taken, and can send again or outbid what lies there. The file is its own lock (SQLite's, which the system drops with
the process that held it): it is held from the choice of a nonce until a node took the transaction.
Source: https://sqlite.org/pragma.html#pragma_locking_mode (a lock that outlives its transaction).
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eth_hash.auto import keccak

from core.chain.transaction import Transaction
from core.errors import WalletUnavailable

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS attempt"
    " (place INTEGER PRIMARY KEY, nonce INTEGER NOT NULL, raw BLOB NOT NULL, at REAL NOT NULL) STRICT"
)


class Busy(WalletUnavailable):
    """Another process or thread holds the lock: worth another try."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction, handed to a node at `at` (Unix seconds) or about to be."""

    nonce: int
    raw: bytes
    at: float

    @property
    def hash(self) -> str:
        """What a node knows it by."""
        return "0x" + keccak(self.raw).hex()

    @property
    def transaction(self) -> Transaction:
        """The transaction before it was signed."""
        return Transaction.decoded(self.raw)


class Attempts:
    """The attempts of one account, oldest first; use it only while `Outbox.held` lasts. Each change is durable."""

    def __init__(self, kept: list[Attempt], connection: sqlite3.Connection | None) -> None:
        self._kept = kept
        self._connection = connection

    def at(self, nonce: int) -> tuple[Attempt, ...]:
        """Those that compete for `nonce`: at most one is ever mined."""
        return tuple(one for one in self._kept if one.nonce == nonce)

    def nonces(self, first: int) -> tuple[int, ...]:
        """The nonces from `first` on that may be taken, in order."""
        return tuple(sorted({one.nonce for one in self._kept if one.nonce >= first}))

    def add(self, attempt: Attempt) -> None:
        """Write it down."""
        self._write("INSERT INTO attempt (nonce, raw, at) VALUES (?, ?, ?)", attempt.nonce, attempt.raw, attempt.at)
        self._kept.append(attempt)

    def remove(self, attempt: Attempt) -> None:
        """Strike out what no node took."""
        self._write("DELETE FROM attempt WHERE raw = ?", attempt.raw)
        self._kept.remove(attempt)

    def forget(self, below: int, before: float) -> None:
        """Drop what has a nonce under `below` and is older than `before`: mined, and too deep to come back."""
        self._write("DELETE FROM attempt WHERE nonce < ? AND at < ?", below, before)
        self._kept[:] = [one for one in self._kept if one.nonce >= below or one.at >= before]

    def _write(self, statement: str, *values: object) -> None:
        if self._connection is not None:
            self._connection.execute(statement, values)


class Outbox:
    """The attempts kept in the file `path`; without one, for this process alone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._in_memory: list[Attempt] = []
        self._one_thread = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[Attempts]:
        """Nobody else sends meanwhile. Raises Busy at once where somebody does, or WalletUnavailable."""
        if self._path is None:
            if not self._one_thread.acquire(blocking=False):
                raise Busy("Another thread of this wallet is sending.")
            try:
                yield Attempts(self._in_memory, None)
            finally:
                self._one_thread.release()
            return
        with exclusive(self._path, 0) as connection:
            connection.execute(_SCHEMA)
            rows = connection.execute("SELECT nonce, raw, at FROM attempt ORDER BY place").fetchall()
            yield Attempts([Attempt(int(nonce), bytes(raw), float(at)) for nonce, raw, at in rows], connection)


@contextmanager
def exclusive(path: Path, wait_s: float) -> Iterator[sqlite3.Connection]:
    """The database at `path`, created where there is none, with nobody else in it; every statement commits.

    Raises Busy where another holds it for longer than `wait_s`, or WalletUnavailable where it cannot be used.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as problem:
        raise _unusable(path, problem) from problem
    try:
        # The mode comes after the lock: two that waited in that mode would each keep the other from its turn.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        connection.execute("COMMIT")
        yield connection
    except sqlite3.Error as problem:
        raise _unusable(path, problem) from problem
    finally:
        connection.close()


def _unusable(path: Path, problem: OSError | sqlite3.Error) -> WalletUnavailable:
    code = getattr(problem, "sqlite_errorcode", None)
    if isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY:
        return Busy("Another process is using this wallet and does not finish.", "End the Sparecloud that hangs.")
    if isinstance(code, int) and code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return WalletUnavailable(f"{path} is damaged.", "Move it away: it holds no key, only what was sent of late.")
    return WalletUnavailable(f"{path} cannot be used: {problem}.", "Free space, or fix its rights.")
