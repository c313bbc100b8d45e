"""What survives a crash: leases and small records in one SQLite file that one process holds at a time.

Every write is on the disk when it returns (write-ahead log, synchronous=FULL). A file that is broken, foreign or of a
newer version is refused with a sentence and never touched: it may hold the only proof of somebody's earnings.
Source: https://sqlite.org/wal.html, section 8 (exclusive locking mode needs no shared memory).
"""

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from core.errors import NotFound, SparecloudError
from core.lease import Lease, Rental, Service

FILE_NAME: Final = "journal.sqlite3"
SCHEMA_VERSION: Final = 1

_APPLICATION: Final = 0x53504152  # "SPAR": tells our files from any other SQLite database.
_LOCK_WAIT_S: Final = 1.0
_COPY_TRIES: Final = 20
_COPY_AGAIN_S: Final = 0.1
_SCHEMA: Final = (
    "CREATE TABLE lease (key TEXT PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE record (name TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_rental: Final = msgspec.json.Decoder(Rental)
_service: Final = msgspec.json.Decoder(Service)


class SqliteJournal:
    """core.ports.Journal over one file. Any thread may call it; calls run one after the other and block (fsync)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._one_at_a_time = threading.Lock()

    def save(self, key: str, lease: Lease) -> None:
        """Durable when it returns."""
        row = (key, _kind(lease), msgspec.json.encode(lease))
        self._write(
            "INSERT INTO lease VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET kind=excluded.kind, body=excluded.body", row
        )

    def leases(self) -> Mapping[str, Lease]:
        """Every lease saved, ordered by key. Raises SparecloudError where one cannot be read."""
        rows = self._read("SELECT key, kind, body FROM lease ORDER BY key", ())
        return {str(key): self._lease(str(key), str(kind), _bytes(body)) for key, kind, body in rows}

    def put(self, table: str, key: str, value: bytes) -> None:
        """Keep `value`; durable when it returns."""
        self._write(
            "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value=excluded.value", (table, key, value)
        )

    def get(self, table: str, key: str) -> bytes | None:
        """The value kept, or None."""
        rows = self._read("SELECT value FROM record WHERE name=? AND key=?", (table, key))
        return _bytes(rows[0][0]) if rows else None

    def rows(self, table: str) -> Mapping[str, bytes]:
        """All of a table, ordered by key."""
        rows = self._read("SELECT key, value FROM record WHERE name=? ORDER BY key", (table,))
        return {str(key): _bytes(value) for key, value in rows}

    def drop(self, table: str, key: str) -> None:
        """Forget a record; one that is not there is no error."""
        self._write("DELETE FROM record WHERE name=? AND key=?", (table, key))

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        with self._one_at_a_time:
            self._connection.close()

    def _write(self, statement: str, values: tuple[str | bytes, ...]) -> None:
        with self._one_at_a_time, _translated(self._path):
            self._connection.execute(statement, values)

    def _read(self, statement: str, values: tuple[str, ...]) -> list[tuple[object, ...]]:
        with self._one_at_a_time, _translated(self._path):
            return self._connection.execute(statement, values).fetchall()

    def _lease(self, key: str, kind: str, body: bytes) -> Lease:
        try:
            match kind:
                case "rental":
                    rental: Rental = _rental.decode(body)
                    return rental
                case "service":
                    service: Service = _service.decode(body)
                    return service
        except (msgspec.MsgspecError, ValueError, RecursionError) as broken:
            raise _damaged(self._path, f"the lease {key} cannot be read") from broken
        raise _damaged(self._path, f"the lease {key} is of an unknown kind")


def open_journal(folder: Path) -> SqliteJournal:
    """The journal in `folder` (made where there is none; 0600), held until it is closed or this process dies.

    Raises SparecloudError with a sentence: another process holds it, or it is newer, foreign, broken or unwritable.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Made by hand so that it is never readable to others, not even for a moment. An existing file is not opened
        # here: closing it again would drop the locks that this process may already hold on it (POSIX).
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as refused:
        raise _unwritable(path, refused) from refused
    with _translated(path):
        connection = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        with _translated(path):
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return SqliteJournal(connection, path)


@contextmanager
def copied_journal(folder: Path) -> Iterator[SqliteJournal]:
    """A copy of the journal in `folder` as it is now, also while another process holds it; gone on the way out.

    Never call it in the process that holds the journal (see `open_journal`). Raises NotFound where there is no
    journal, SparecloudError where it is written to all the time, or cannot be read.
    """
    source = folder / FILE_NAME
    if not source.exists():
        raise NotFound(f"There is no journal in {folder}.", "Name the home folder of the agent that kept it.")
    with tempfile.TemporaryDirectory(prefix="sparecloud-") as held:
        for _ in range(_COPY_TRIES):
            if _copied_whole(source, Path(held)):
                break
            time.sleep(_COPY_AGAIN_S)
        else:
            raise SparecloudError(f"{source} is being written to all the time.", "Try again in a moment.")
        with closing(open_journal(Path(held))) as journal:
            yield journal


def _copied_whole(source: Path, target: Path) -> bool:
    """Copy the journal and its write-ahead log; False where either was written to meanwhile."""
    log = source.with_name(f"{FILE_NAME}-wal")
    try:
        before = [_stamp(file) for file in (source, log)]
        for file in (source, log):
            (target / file.name).unlink(missing_ok=True)
            if file.exists():
                shutil.copyfile(file, target / file.name)
        return before == [_stamp(file) for file in (source, log)]
    except OSError as refused:
        raise SparecloudError(f"{source} cannot be read: {refused}.", "Make it readable to you.") from refused


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # The locking mode comes before the first access: only then is the lock kept for good, and freed by the system
    # when the process dies, however it dies.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    _refuse_foreign(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")
    if _number(connection, "PRAGMA user_version") == 0:
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")
    if [row[0] for row in connection.execute("PRAGMA quick_check(1)")] != ["ok"]:
        raise _damaged(path, "SQLite finds it inconsistent")


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    application, version = _number(connection, "PRAGMA application_id"), _number(connection, "PRAGMA user_version")
    if application == 0 and version == 0 and _number(connection, "SELECT count(*) FROM sqlite_master") == 0:
        return
    if application != _APPLICATION or version < 1:
        raise SparecloudError(f"{path} is not a journal of Sparecloud.", "Move it away, or choose another data folder.")
    if version > SCHEMA_VERSION:
        raise SparecloudError(
            f"{path} was written by a newer Sparecloud (version {version} of the file).",
            "Update Sparecloud, or choose another data folder.",
        )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        raise _sentence(path, problem) from problem


def _sentence(path: Path, problem: sqlite3.Error) -> SparecloudError:
    # Errors raised by Python's sqlite3 module itself, such as a use after close, carry no code.
    code = getattr(problem, "sqlite_errorcode", None)
    match code & 0xFF if isinstance(code, int) else None:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return SparecloudError(
                f"{path} is in use by another process.", "Stop the other Sparecloud, or choose another data folder."
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return _damaged(path, str(problem))
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return SparecloudError(
                f"{path} could not be written: {problem}.", "Make room on the disk; nothing already saved is lost."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _unwritable(path, problem)
        case _:
            return SparecloudError(f"{path} cannot be used: {problem}.", "Restart Sparecloud.")


def _damaged(path: Path, why: str) -> SparecloudError:
    return SparecloudError(
        f"{path} is damaged or is not a journal: {why}.", "Keep a copy of it, then move it away to start a new one."
    )


def _unwritable(path: Path, problem: Exception) -> SparecloudError:
    return SparecloudError(
        f"{path} cannot be written: {problem}.", "Make its folder writable, or choose another data folder."
    )


def _kind(lease: Lease) -> str:
    match lease:
        case Rental():
            return "rental"
        case Service():
            return "service"


def _number(connection: sqlite3.Connection, question: str) -> int:
    return int(connection.execute(question).fetchone()[0])


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("the table is STRICT: this column holds bytes only")
    return value
