"""A copy of a journal that another process holds."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import NotFound, SparecloudError
from core.journal import copied_journal, open_journal

_HOLDER = """
import sys
from pathlib import Path
from core.journal import open_journal
journal = open_journal(Path(sys.argv[1]))
for number in range(200):
    journal.put("clusters", f"{number:03d}", bytes(500))
print("held", flush=True)
sys.stdin.read()
"""


def test_what_another_process_wrote_is_read_while_it_holds_the_journal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"

        with pytest.raises(SparecloudError, match="in use by another process"):
            open_journal(tmp_path)
        with copied_journal(tmp_path) as journal:
            rows = journal.rows("clusters")
            journal.put("clusters", "mine", b"only in the copy")

        holder.communicate(timeout=20)
    assert len(rows) == 200
    with copied_journal(tmp_path) as journal:
        assert set(journal.rows("clusters")) == set(rows)


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound), copied_journal(tmp_path):
        pass

    assert not list(tmp_path.iterdir())
