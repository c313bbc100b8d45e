"""The journal on a real disk: durable, held by one process, and never mistaken about a file that is not its own."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SparecloudError
from core.journal import FILE_NAME, SqliteJournal, open_journal
from core.lease import Lease, Part, PartState, Reason, Rental, RentalPhase, Service, ServicePhase
from core.model import MAX_AMOUNT, Amount
from tests.pure.leases import agreement


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = open_journal(tmp_path)
    yield journal
    journal.close()


_instants = st.integers(0, 2**40)
_amounts = st.integers(0, MAX_AMOUNT).map(Amount)
_agreements = st.integers(1, 4).map(agreement)
_reasons = st.none() | st.sampled_from(Reason)
_parts = st.builds(
    Part,
    state=st.sampled_from(PartState),
    ordered_at=_instants,
    missing_since=_instants,
    served_s=_instants,
    vouched=_amounts,
    finished=st.booleans(),
    reason=_reasons,
)
_leases: st.SearchStrategy[Lease] = st.one_of(
    st.builds(
        Rental,
        _agreements,
        st.sampled_from(RentalPhase),
        st.lists(_parts, max_size=4).map(tuple),
        _instants,
        _instants,
        _instants,
        master=st.text(),
        reason=_reasons,
        why=st.text(),
        refund=_amounts,
        paid=st.lists(_amounts, max_size=4).map(tuple),
    ),
    st.builds(
        Service,
        _agreements,
        st.just(0),
        st.sampled_from(ServicePhase),
        _instants,
        _instants,
        voucher=_amounts,
        signature=st.text(),
        reason=_reasons,
        why=st.text(),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=20), _leases)
def test_every_lease_is_read_back_as_it_was_saved(journal: SqliteJournal, key: str, lease: Lease) -> None:
    journal.save(key, lease)

    assert journal.leases()[key] == lease


def test_small_records_are_kept_by_table_and_key(journal: SqliteJournal) -> None:
    journal.put("a", "2", b"two")
    journal.put("a", "1", b"one")
    journal.put("b", "1", b"other")
    journal.put("a", "2", b"two again")

    assert journal.rows("a") == {"1": b"one", "2": b"two again"}
    assert list(journal.rows("a")) == ["1", "2"]
    assert (journal.get("b", "1"), journal.get("b", "2")) == (b"other", None)
    journal.drop("a", "1")
    journal.drop("a", "1")
    assert journal.rows("a") == {"2": b"two again"}


def test_what_was_kept_is_there_after_a_restart_and_for_its_owner_only(tmp_path: Path) -> None:
    first = open_journal(tmp_path / "new")
    first.put("t", "k", b"v")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    first.close()
    first.close()

    second = open_journal(tmp_path / "new")

    assert second.get("t", "k") == b"v"
    assert modes == {0o600}
    second.close()


_CHILD = """
import sys
from pathlib import Path
from core.journal import open_journal
journal = open_journal(Path(sys.argv[1]))
print("open", flush=True)
number = 0
while True:
    number += 1
    journal.put("t", "number", b"%d" % number)
    journal.put("t", f"row {number % 50}", b"x" * 3000)
    print(number, flush=True)
"""


def test_a_second_process_is_refused_until_the_first_is_killed_and_nothing_saved_is_lost(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        for _ in range(30):
            child.stdout.readline()

        with pytest.raises(SparecloudError, match="in use by another process"):
            open_journal(tmp_path)

        child.send_signal(signal.SIGKILL)
        said = [line for line in child.stdout.read().split("\n") if line.isdigit()]
    finally:
        child.kill()
        child.wait()
        child.stdout.close()

    journal = open_journal(tmp_path)
    kept = int(journal.get("t", "number") or b"0")
    journal.close()
    assert int(said[-1]) <= kept <= int(said[-1]) + 1


def test_the_same_process_is_refused_a_second_time_too_and_the_first_lock_stays(tmp_path: Path) -> None:
    first = open_journal(tmp_path)

    for _ in range(2):
        with pytest.raises(SparecloudError, match="in use"):
            open_journal(tmp_path)

    first.put("t", "k", b"v")
    first.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be looked at" * 50, b"SQLite format 3\0"]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)

    with pytest.raises(SparecloudError, match=FILE_NAME):
        open_journal(tmp_path)

    assert path.read_bytes() == content


def _database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    _database(tmp_path / FILE_NAME, "CREATE TABLE moz_places (id INTEGER)")

    with pytest.raises(SparecloudError, match="not a journal of Sparecloud"):
        open_journal(tmp_path)


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    _database(tmp_path / FILE_NAME, "PRAGMA user_version = 99")

    with pytest.raises(SparecloudError, match="newer Sparecloud"):
        open_journal(tmp_path)


def test_a_journal_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(200):
        journal.put("t", str(number), bytes([number]) * 500)
    journal.close()
    path = tmp_path / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:40_960] = os.urandom(40_960 - 4096)
    path.write_bytes(content)

    with pytest.raises(SparecloudError, match="damaged"):
        open_journal(tmp_path)


def test_a_lease_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    _database(tmp_path / FILE_NAME, "INSERT INTO lease VALUES ('lease-1', 'rental', CAST('{}' AS BLOB))")
    journal = open_journal(tmp_path)

    with pytest.raises(SparecloudError, match="lease-1"):
        journal.leases()
    journal.close()


_FULL = """
import resource, sys
from pathlib import Path
from core.errors import SparecloudError
from core.journal import open_journal
journal = open_journal(Path(sys.argv[1]))
journal.put("t", "first", b"kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    journal.put("t", "second", b"x" * 1_000_000)
except SparecloudError as refused:
    print(refused)
print(journal.get("t", "first"), journal.get("t", "second"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs setrlimit")
def test_a_full_disk_is_said_and_what_was_saved_stays(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout

    assert "could not be written" in said
    assert said.endswith("b'kept' None\n")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SparecloudError, match="cannot be written"):
        open_journal(tmp_path / "file" / "data")


def test_a_folder_in_the_journals_place_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(SparecloudError, match=FILE_NAME):
        open_journal(tmp_path)


def test_a_journal_used_after_it_was_closed_says_so(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()

    with pytest.raises(SparecloudError, match="cannot be used"):
        journal.put("t", "k", b"v")
