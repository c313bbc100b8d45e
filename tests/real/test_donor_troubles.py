"""What `sparecloud-donor --headless` says when its surroundings are broken: a sentence, an exit code, nothing lost."""

import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.chain.keystore import Passphrase, write_for_owner
from core.chain.wallet import wallet_in
from core.journal import FILE_NAME, open_journal
from core.membership import PASSPHRASE_FILE
from tests.real.locked_ring import UNLOCKED, Keyring

ROOT = Path(__file__).parents[2]
WORTHLESS_SCRYPT_N = 2**12


def headless(home: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command with this home, run until it gives up."""
    return subprocess.run(
        [sys.executable, "-m", "donor_app", "--headless", "--home", str(home), *more],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **environment},
    )


def gave_up(ended: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check that it said so in two sentences at most a line, and no more."""
    assert "Traceback" not in ended.stderr + ended.stdout
    assert ended.returncode == code, ended.stderr
    for word in words:
        assert word in ended.stderr
    assert len(ended.stderr.splitlines()) <= 3


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that lacks nothing but a chain that answers."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    (tmp_path / "settings.toml").write_text(
        f'[network]\nname = "development"\nrpc_url = "http://127.0.0.1:{port}"\ncoin = "0x{1:040x}"\n'
        f'escrow = "0x{2:040x}"\nbus_url = "nats://127.0.0.1:{port}"\n'
    )
    secret = secrets.token_urlsafe(24)
    write_for_owner(tmp_path / PASSPHRASE_FILE, secret.encode())
    wallet_in(tmp_path / "wallet", Passphrase(secret), scrypt_n=WORTHLESS_SCRYPT_N).create()
    return tmp_path


def test_without_a_market_it_names_the_file_to_fill_in(tmp_path: Path) -> None:
    gave_up(headless(tmp_path), 2, "No market is chosen", "settings.toml", "Fill in")


def test_settings_that_cannot_be_understood_name_file_and_key(home: Path) -> None:
    with (home / "settings.toml").open("a") as file:
        file.write('\n[donor]\nname = "laptop"\nlimits = { cpu_milis = 4 }\n')

    gave_up(headless(home), 2, "settings.toml", "cpu_milis")


def test_a_chain_that_does_not_answer_is_named(home: Path) -> None:
    gave_up(headless(home), 4, "127.0.0.1")


def test_a_keyring_that_does_not_open_asks_for_a_passphrase(home: Path) -> None:
    (home / PASSPHRASE_FILE).unlink()

    gave_up(headless(home), 5, "passphrase")


def test_a_keyring_that_waits_for_its_dialog_is_told_and_waited_for(home: Path, tmp_path: Path) -> None:
    with waiting_for_keyring(home, tmp_path / "unlocked") as (donor, line):
        (tmp_path / "unlocked").touch()
        # The next thing that is missing.
        _, said = donor.communicate(timeout=60)

    assert line.startswith("Waiting for the keyring to be unlocked. Enter its password")
    assert donor.returncode == 4
    assert "127.0.0.1" in said


def test_a_locked_keyring_does_not_keep_the_application_from_ending(home: Path, tmp_path: Path) -> None:
    with waiting_for_keyring(home, tmp_path / "never") as (donor, _):
        donor.terminate()
        donor.communicate(timeout=20)

    assert donor.returncode == 0


def test_a_passphrase_that_is_wrong_is_told(home: Path) -> None:
    (home / PASSPHRASE_FILE).write_text("not the one")

    gave_up(headless(home), 5)


@pytest.mark.parametrize("damage", [b"SQLite format 3\0" + b"\xff" * 4096, b"no database at all", b"\0" * 8192])
def test_a_corrupt_journal_is_refused_and_left_as_it_is(damage: bytes, home: Path) -> None:
    journal = home / "donor" / FILE_NAME
    journal.parent.mkdir(mode=0o700)
    journal.write_bytes(damage)

    gave_up(headless(home), 1, str(journal))

    assert journal.read_bytes() == damage


def test_a_lease_that_cannot_be_read_is_refused_and_left_as_it_is(home: Path) -> None:
    (home / "donor").mkdir(mode=0o700)
    open_journal(home / "donor").close()
    path = home / "donor" / FILE_NAME
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO lease VALUES ('0xab/0', 'service', x'7b7d')")
        database.commit()

    ended = headless(home)

    # The chain is asked before leases are read; what is in the journal stays either way.
    gave_up(ended, ended.returncode)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT body FROM lease").fetchall() == [(b"{}",)]


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "donor").write_text("a file where a folder belongs")

    gave_up(headless(tmp_path), 2, "cannot be written", "--home")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_log_on_a_full_disk_is_told_once_and_ends_nothing(home: Path) -> None:
    ended = headless(home, "--log", "/dev/full")

    assert "Traceback" not in ended.stderr
    assert ended.returncode == 4
    assert ended.stderr.count("lines are lost") <= 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_in_a_sentence(home: Path) -> None:
    with small_disk(home / "donor"):
        (home / "donor" / "ballast").write_bytes(b"")
        fill(home / "donor" / "ballast")

        ended = headless(home)

        gave_up(ended, ended.returncode)
        assert ended.returncode in (1, 2)
        assert "Make room" in ended.stderr or "Name another file" in ended.stderr


@contextmanager
def waiting_for_keyring(home: Path, unlocked: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command over a keyring that is locked until `unlocked` exists, and what it said about that."""
    (home / PASSPHRASE_FILE).unlink()
    shutil.rmtree(home / "wallet")
    donor = subprocess.Popen(
        [sys.executable, "-m", "donor_app", "--headless", "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHON_KEYRING_BACKEND": f"{Keyring.__module__}.Keyring", UNLOCKED: str(unlocked)},
    )
    try:
        assert donor.stderr is not None
        yield donor, donor.stderr.readline()
    finally:
        donor.kill()
        donor.communicate()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 64 KiB at `folder`."""
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
    except OSError:
        return
