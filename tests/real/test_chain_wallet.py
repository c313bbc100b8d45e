"""Wallets over real files: they keep keys, give them back, and never show them."""

import asyncio
import copy
import json
import logging
import multiprocessing
import os
import pickle
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal

import keyring
import pytest
from eth_account import Account
from keyring.backend import KeyringBackend

from core.chain.keystore import KeyringLocked, KeyringStore, KeystoreFiles, OwnerFiles, Passphrase, Secret, SecretStore
from core.chain.nonces import Attempt, Outbox
from core.chain.transaction import LegacyFee, Transaction
from core.chain.wallet import Key, Wallet, opened, wallet_in
from core.errors import InvalidInput, SparecloudError, WalletUnavailable
from core.model import Address

KEY_DIGITS = "4c" * 32
FAST_SCRYPT_N = 2
PASSPHRASE = "correct horse battery staple"


class MemoryRing(KeyringBackend):
    """A keyring that works, for one process."""

    priority = 1

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class BrokenRing(MemoryRing):
    """A keyring that refuses everything."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"no bus for {password}")


class LockedRing(MemoryRing):
    """A keyring that waits for a dialog before it does anything."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.unlocked.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait()
        super().set_password(service, username, password)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> MemoryRing:
    working = MemoryRing()
    monkeypatch.setattr(keyring.core, "_keyring_backend", working)
    return working


@pytest.fixture
def locked_ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[LockedRing]:
    """A locked keyring, and not much patience with it; left threads end with the test."""
    locked = LockedRing()
    monkeypatch.setattr(keyring.core, "_keyring_backend", locked)
    monkeypatch.setattr("core.chain.keystore._SILENT_S", 0.1)
    yield locked
    locked.unlocked.set()


@pytest.fixture
def broken_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", BrokenRing())


def _under_passphrase(folder: Path, passphrase: str = PASSPHRASE) -> Wallet:
    return wallet_in(folder, Passphrase(passphrase), scrypt_n=FAST_SCRYPT_N)


def test_a_wallet_under_a_passphrase_survives_a_restart(tmp_path: Path) -> None:
    made = _under_passphrase(tmp_path).create()

    found = _under_passphrase(tmp_path).unlock()

    assert found == made


def test_a_key_file_opens_in_other_wallets_and_theirs_open_here(tmp_path: Path) -> None:
    wallet = _under_passphrase(tmp_path / "a")
    wallet.import_key(KEY_DIGITS)
    ours = json.loads((tmp_path / "a" / "wallet.json").read_text())
    (tmp_path / "b").mkdir()
    theirs = Account.encrypt(bytes.fromhex(KEY_DIGITS), PASSPHRASE, kdf="pbkdf2", iterations=10)
    (tmp_path / "b" / "wallet.json").write_text(json.dumps(theirs))

    assert bytes(Account.decrypt(ours, PASSPHRASE)).hex() == KEY_DIGITS
    assert _under_passphrase(tmp_path / "b").unlock() == wallet.address


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_only_the_owner_can_read_what_is_written(tmp_path: Path) -> None:
    wallet = _under_passphrase(tmp_path / "agent")
    wallet.create()
    session = wallet.new_session()

    files = [path for path in (tmp_path / "agent").rglob("*") if path.is_file()]

    assert {path.name for path in files} == {"wallet.json", "wallet.lock", f"session-{session.address}.key"}
    folders = [tmp_path / "agent", tmp_path / "agent" / "sessions"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*files, *folders])


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    _under_passphrase(tmp_path).create()

    with pytest.raises(WalletUnavailable, match="passphrase does not open"):
        _under_passphrase(tmp_path, "wrong").unlock()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"crypto": 3, "version": 3}', "null"])
def test_a_damaged_key_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "wallet.json").write_text(content)

    with pytest.raises(WalletUnavailable, match=r"wallet\.json"):
        _under_passphrase(tmp_path).unlock()


def test_a_wallet_is_never_overwritten(tmp_path: Path) -> None:
    made = _under_passphrase(tmp_path).create()

    with pytest.raises(WalletUnavailable, match=made):
        _under_passphrase(tmp_path).create()
    with pytest.raises(WalletUnavailable, match=made):
        _under_passphrase(tmp_path).import_key(KEY_DIGITS)

    assert _under_passphrase(tmp_path).open() == made


@pytest.mark.parametrize("kdf", ["pbkdf2", "scrypt"])
def test_a_key_file_from_another_wallet_is_imported_and_ours_exported(
    tmp_path: Path, kdf: Literal["pbkdf2", "scrypt"]
) -> None:
    theirs = Account.encrypt(bytes.fromhex(KEY_DIGITS), "their words", kdf=kdf, iterations=2)
    wallet = _under_passphrase(tmp_path)

    address = wallet.import_keystore(json.dumps(theirs), Passphrase("their words"))
    exported = wallet.export_keystore(Passphrase("words for a backup"), scrypt_n=FAST_SCRYPT_N)

    assert address == Key.from_hex(KEY_DIGITS).address == wallet.address
    assert bytes(Account.decrypt(json.loads(exported), "words for a backup")).hex() == KEY_DIGITS
    assert _under_passphrase(tmp_path).unlock() == address


def test_a_locked_wallet_exports_nothing(tmp_path: Path) -> None:
    wallet = _under_passphrase(tmp_path)
    wallet.create()

    wallet.lock()

    with pytest.raises(WalletUnavailable, match="locked"):
        wallet.export_keystore(Passphrase(PASSPHRASE), scrypt_n=FAST_SCRYPT_N)
    with pytest.raises(WalletUnavailable, match="locked"):
        _ = wallet.address


def test_a_foreign_key_file_that_does_not_open_changes_nothing(tmp_path: Path) -> None:
    theirs = json.dumps(Account.encrypt(bytes.fromhex(KEY_DIGITS), "their words", kdf="pbkdf2", iterations=2))
    wallet = _under_passphrase(tmp_path)

    with pytest.raises(WalletUnavailable, match="passphrase does not open"):
        wallet.import_keystore(theirs, Passphrase("other words"))
    with pytest.raises(WalletUnavailable, match="No key can be read"):
        wallet.import_keystore("{}", Passphrase("their words"))

    with pytest.raises(WalletUnavailable, match="no wallet here yet"):
        wallet.unlock()


def open_at(start: float, folder: str) -> str:
    """In a process of its own: the address of the wallet in `folder`, opened at `start`, new where there is none."""
    wallet = _under_passphrase(Path(folder))
    while time.time() < start:
        time.sleep(0.001)
    return wallet.open()


def test_processes_that_open_a_new_home_at_once_share_one_wallet(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        for name in ("warm", "first", "second", "third"):
            start = time.time() + (8 if name == "warm" else 0.3)
            jobs = [pool.submit(open_at, start, str(tmp_path / name)) for _ in range(4)]

            addresses = {job.result(timeout=60) for job in jobs}

            assert addresses == {_under_passphrase(tmp_path / name).unlock()}


def test_a_lock_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "wallet.lock").write_bytes(b"not a database at all, but long enough to be looked into" * 100)

    with pytest.raises(WalletUnavailable, match=r"wallet\.lock is damaged") as refused:
        _under_passphrase(tmp_path).create()

    assert "holds no key" in refused.value.hint


def test_a_locked_wallet_still_signs_with_session_keys(tmp_path: Path) -> None:
    wallet = _under_passphrase(tmp_path)
    wallet.create()
    made = wallet.new_session()

    restarted = _under_passphrase(tmp_path)

    assert restarted.session(made.address).sign_digest(b"\1" * 32) == made.sign_digest(b"\1" * 32)
    with pytest.raises(WalletUnavailable, match="locked"):
        _ = restarted.key
    restarted.forget_session(made.address)
    restarted.forget_session(made.address)
    with pytest.raises(WalletUnavailable, match="not on this machine"):
        restarted.session(made.address)


def test_the_keyring_is_used_where_it_works_and_keeps_agents_apart(tmp_path: Path, ring: MemoryRing) -> None:
    first, second = wallet_in(tmp_path / "first"), wallet_in(tmp_path / "second")

    made = first.open()
    session = first.new_session()

    assert second.open() != made
    assert wallet_in(tmp_path / "first").open() == made
    assert wallet_in(tmp_path / "first").session(session.address).address == session.address
    assert [path.name for path in (tmp_path / "first").iterdir()] == ["wallet.lock"]
    assert not [name for _, name in ring.entries if "probe" in name]


def test_a_locked_keyring_is_told_and_waited_for_until_its_owner_unlocks_it(
    tmp_path: Path, locked_ring: LockedRing
) -> None:
    told: list[SparecloudError] = []

    def waiting(problem: SparecloudError) -> None:
        told.append(problem)
        locked_ring.unlocked.set()

    wallet = wallet_in(tmp_path, waiting=waiting)

    assert [problem.title for problem in told] == ["Waiting for the keyring to be unlocked."]
    assert "Enter its password" in told[0].hint
    assert wallet.open() == wallet_in(tmp_path).open()


def test_a_keyring_that_nobody_unlocks_is_given_up_after_a_while(
    tmp_path: Path, locked_ring: LockedRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chain.keystore.UNLOCKED_WITHIN_S", 0.1)

    for waiting in (None, lambda _: None):
        with pytest.raises(KeyringLocked, match="nobody unlocked it"):
            wallet_in(tmp_path, waiting=waiting)


async def test_a_locked_keyring_holds_up_no_event_loop_and_can_be_left(tmp_path: Path, locked_ring: LockedRing) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def waiting(_: SparecloudError) -> None:
        loop.call_soon_threadsafe(told.set)

    left = asyncio.create_task(opened(lambda: wallet_in(tmp_path, waiting=waiting)))
    await asyncio.wait_for(told.wait(), 10)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    locked_ring.unlocked.set()

    assert (await opened(lambda: wallet_in(tmp_path))).address


async def test_what_keeps_a_wallet_shut_is_raised_where_it_is_waited_for(tmp_path: Path, broken_ring: None) -> None:
    with pytest.raises(WalletUnavailable, match="keyring does not work"):
        await opened(lambda: wallet_in(tmp_path))


def test_without_a_keyring_a_passphrase_is_asked_for(tmp_path: Path, broken_ring: None) -> None:
    with pytest.raises(WalletUnavailable, match="keyring does not work"):
        wallet_in(tmp_path)


def test_an_existing_key_file_is_not_bypassed_by_a_working_keyring(tmp_path: Path, ring: MemoryRing) -> None:
    _under_passphrase(tmp_path).create()

    with pytest.raises(WalletUnavailable, match="protected by a passphrase"):
        wallet_in(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_passphrase_file_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o644)
    with pytest.raises(InvalidInput, match="Others can read"):
        Passphrase.from_file(path)

    path.chmod(0o600)

    assert Passphrase.from_file(path).reveal() == PASSPHRASE
    with pytest.raises(InvalidInput, match="cannot be read"):
        Passphrase.from_file(tmp_path / "none")


@pytest.mark.parametrize("text", ["", "0x", "zz" * 32, "00" * 32, "ff" * 32, KEY_DIGITS + "00", KEY_DIGITS[:-2]])
def test_what_is_not_a_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Key.from_hex(text)

    assert text == "" or text not in str(refused.value).replace("0x and", "")


def _shows_the_key(text: str) -> bool:
    raw = bytes.fromhex(KEY_DIGITS)
    return any(form in text.lower() for form in (KEY_DIGITS, repr(raw)[2:-1].lower(), str(int(KEY_DIGITS, 16))))


def test_no_repr_log_line_pickle_or_copy_shows_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wallet = _under_passphrase(tmp_path)
    wallet.import_key(KEY_DIGITS)
    key, secret, phrase = wallet.key, Secret(bytes.fromhex(KEY_DIGITS)), Passphrase(KEY_DIGITS)

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").warning("%r %s %r %s %r %s", key, key, secret, secret, phrase, wallet)

    for thing in (key, secret, phrase):
        assert not _shows_the_key(f"{thing!r} {thing} {vars(thing) if hasattr(thing, '__dict__') else ''}")
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                attempt(thing)
    assert not _shows_the_key(caplog.text)
    assert not _shows_the_key(repr(dict(os.environ)))


def test_no_file_but_the_encrypted_one_knows_the_key_and_that_one_does_not_show_it(tmp_path: Path) -> None:
    wallet = _under_passphrase(tmp_path)
    wallet.import_key(KEY_DIGITS)
    with Outbox(tmp_path / "sent.sqlite3").held() as sent:
        raw = wallet.key.sign_transaction(Transaction(1, 0, LegacyFee(1), 1, Address("0x" + "11" * 20), 0, b""))
        sent.add(Attempt(0, raw, 0.0))

    exported = wallet.export_keystore(Passphrase(PASSPHRASE), scrypt_n=FAST_SCRYPT_N)

    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(files) == {"wallet.json", "wallet.lock", "sent.sqlite3"}
    for content in [*files.values(), exported.encode()]:
        assert bytes.fromhex(KEY_DIGITS) not in content
        assert not _shows_the_key(content.decode("latin-1"))


def test_no_traceback_shows_a_key_even_with_locals(tmp_path: Path, broken_ring: None) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    stores: list[SecretStore] = [
        KeyringStore("me"),
        KeystoreFiles(blocked, Passphrase(PASSPHRASE), FAST_SCRYPT_N),
        OwnerFiles(blocked),
    ]
    key = Key.from_hex(KEY_DIGITS)
    texts = []

    for store in stores:
        try:
            Wallet(store, store).import_key(KEY_DIGITS)
        except WalletUnavailable as failed:
            # The frame of this test holds the digits; those of the program must not.
            texts.append("".join(traceback.TracebackException.from_exception(failed, capture_locals=True).format()))
    theirs = json.dumps(Account.encrypt(bytes.fromhex(KEY_DIGITS), PASSPHRASE, kdf="pbkdf2", iterations=2))
    try:
        Wallet(stores[1], stores[2]).import_keystore(theirs, Passphrase(PASSPHRASE))
    except WalletUnavailable as failed:
        texts.append("".join(traceback.TracebackException.from_exception(failed, capture_locals=True).format()))
    try:
        key.sign_transaction(Transaction(1, -1, LegacyFee(1), 1, Address("0x"), 0, b""))
    except Exception as failed:
        texts.append("".join(traceback.TracebackException.from_exception(failed, capture_locals=True).format()))

    assert len(texts) == 5
    assert not [text for text in texts if _shows_the_key(text)]
