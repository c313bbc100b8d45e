"""Letters over a real bus: read by one, believed once, and only from who signed them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from core.chain.typed_data import Domain, DomainNotary
from core.chain.wallet import Key
from core.errors import BusUnavailable, InvalidInput, SparecloudError
from core.model import Address, Letterhead
from core.wire import embedded
from core.wire.bus import Bus
from core.wire.embedded import EmbeddedBus
from core.wire.freshness import NANOSECONDS
from core.wire.peers import MAX_BODY_BYTES, MAX_LETTER_BYTES, NatsPeers
from core.wire.seal import SealKey, load_or_create, seal
from tests.real.market import CLOCK, DOMAIN, notary, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedBus]:
    server = embedded.start(tmp_path)
    yield server
    server.stop()


@dataclass
class Party:
    notary: DomainNotary
    bus: Bus
    peers: NatsPeers
    taken: list[tuple[Address, Address, bytes]]


@asynccontextmanager
async def party(url: str) -> AsyncIterator[Party]:
    me = notary()
    async with Bus(url, name="party") as bus:
        await bus.ready()
        peers = NatsPeers(bus, me, CLOCK, SealKey.random())
        await peers.listen(me.address)
        taken: list[tuple[Address, Address, bytes]] = []

        async def read() -> None:
            async for letter in peers.letters():
                taken.append(letter)

        reading = asyncio.create_task(read())
        yield Party(me, bus, peers, taken)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def letter(by: DomainNotary, to: Party, body: bytes, *, sealed_to: str = "", **changes: object) -> dict[str, object]:
    sealed = seal(body, sealed_to or to.peers.seal_key)
    now = CLOCK.now()
    head = Letterhead(by.address, to.notary.address, now * NANOSECONDS, now + 60, "0x" + sha256(sealed).hexdigest())
    head = replace(head, **changes)  # type: ignore[arg-type]  # the tests name real fields
    return {"letterhead": head, "signature": by.sign(head), "sealed": sealed}


def subject(to: Party) -> str:
    return f"sparecloud.v1.to.{to.notary.address}"


async def test_a_letter_arrives_with_its_sender_and_in_order(server: EmbeddedBus) -> None:
    async with party(server.url) as donor, party(server.url) as renter:
        for number in range(50):
            await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"%d" % number)

        await until(lambda: len(donor.taken) == 50)
        assert donor.taken == [(renter.notary.address, donor.notary.address, b"%d" % number) for number in range(50)]
        assert renter.taken == []


async def test_nothing_readable_crosses_the_bus(server: EmbeddedBus) -> None:
    seen: list[bytes] = []

    async def hear(payload: bytes) -> None:
        seen.append(payload)

    async with party(server.url) as donor, party(server.url) as renter, Bus(server.url, name="eavesdropper") as bus:
        await bus.ready()
        await bus.subscribe(subject(donor), hear)

        await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"the secret of the cluster")

        await until(lambda: bool(seen) and bool(donor.taken))
        assert b"secret" not in msgspec.json.decode(seen[0])["letterhead"].__repr__().encode() + seen[0]


async def test_forged_replayed_reordered_expired_oversized_and_misdirected_letters_change_nothing(
    server: EmbeddedBus,
) -> None:
    async with party(server.url) as donor, party(server.url) as renter, party(server.url) as third:
        sender, now = renter.notary, CLOCK.now()
        ahead = now * NANOSECONDS + 10
        first = letter(sender, donor, b"first", sequence=now * NANOSECONDS + 5)
        genuine = letter(sender, donor, b"genuine", sequence=ahead)
        elsewhere = DomainNotary(Domain(1, DOMAIN.contract), Key.random())
        garbage_sealed = letter(sender, donor, b"x", sequence=ahead + 3, sealed_to=third.peers.seal_key)
        swapped = {**genuine, "sealed": seal(b"swapped", donor.peers.seal_key)}
        hostile = [
            genuine,  # played again
            first,  # out of order
            letter(third.notary, donor, b"forged", sender=sender.address, sequence=ahead + 1),
            {**letter(sender, donor, b"x", sequence=ahead + 1), "signature": "0x" + "00" * 65},
            {**letter(sender, donor, b"x", sequence=ahead + 1), "signature": "0x"},
            {**letter(sender, donor, b"x", sequence=ahead + 1), "more": 1},
            swapped,
            letter(sender, donor, b"x", sequence=ahead + 1, body_hash="0x" + "00" * 32),
            letter(sender, donor, b"expired", sequence=ahead + 1, expires_at=now - 40),
            letter(sender, donor, b"for ever", sequence=ahead + 1, expires_at=now + 600),
            letter(sender, donor, b"from the future", sequence=(now + 3600) * NANOSECONDS),
            letter(sender, donor, b"old", sequence=(now - 3600) * NANOSECONDS),
            letter(sender, donor, b"misdirected", recipient=third.notary.address, sequence=ahead + 1),
            letter(elsewhere, donor, b"other chain", sender=sender.address, sequence=ahead + 1),
            garbage_sealed,
        ]
        malformed = [b"", b"[]", b"\x00" * 50, b'{"zz":' + b"[" * 9000, b"x" * (MAX_LETTER_BYTES + 1)]
        await third.bus.publish(subject(donor), msgspec.json.encode(genuine))
        await until(lambda: len(donor.taken) == 1)

        for bad in hostile:
            await third.bus.publish(subject(donor), msgspec.json.encode(bad))
        for raw in malformed:
            await third.bus.publish(subject(donor), raw)
        await third.bus.publish(subject(donor), msgspec.json.encode(letter(sender, donor, b"last", sequence=ahead + 9)))

        await until(lambda: len(donor.taken) >= 2)
        assert [body for _, _, body in donor.taken] == [b"genuine", b"last"]


async def test_a_restarted_sender_is_believed_at_once(server: EmbeddedBus) -> None:
    async with party(server.url) as donor, party(server.url) as renter:
        await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"before")
        again = NatsPeers(renter.bus, renter.notary, CLOCK, SealKey.random())

        await again.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"after")

        await until(lambda: len(donor.taken) == 2)


async def test_the_bus_may_restart_and_letters_arrive_again(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    try:
        async with party(server.url) as donor, party(server.url) as renter:
            server.stop()
            await until(lambda: not donor.bus.connected and not renter.bus.connected)
            with pytest.raises(BusUnavailable):
                await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"lost")

            server = embedded.start(tmp_path, int(server.url.rpartition(":")[2]))
            await donor.bus.ready(8)
            await renter.bus.ready(8)
            await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"back")

            await until(lambda: len(donor.taken) == 1)
    finally:
        server.stop()


async def test_the_largest_body_arrives_and_a_larger_one_is_refused(server: EmbeddedBus) -> None:
    async with party(server.url) as donor, party(server.url) as renter:
        await renter.peers.send(renter.notary, donor.notary.address, donor.peers.seal_key, b"x" * MAX_BODY_BYTES)
        await until(lambda: len(donor.taken) == 1)

        with pytest.raises(InvalidInput):
            await renter.peers.send(
                renter.notary, donor.notary.address, donor.peers.seal_key, b"x" * MAX_BODY_BYTES + b"x"
            )


@pytest.mark.parametrize("key", ["", "0x", "0x11", "0x" + "zz" * 32, "0x" + "00" * 32])
async def test_a_seal_key_that_is_none_is_refused(server: EmbeddedBus, key: str) -> None:
    async with party(server.url) as donor, party(server.url) as renter:
        with pytest.raises(InvalidInput):
            await renter.peers.send(renter.notary, donor.notary.address, key, b"x")


async def test_a_recipient_that_is_no_address_is_refused(server: EmbeddedBus) -> None:
    async with party(server.url) as renter:
        with pytest.raises(InvalidInput):
            await renter.peers.send(renter.notary, Address("everybody.>"), renter.peers.seal_key, b"x")


def test_the_seal_key_is_kept_for_its_owner_only_and_found_again(tmp_path: Path) -> None:
    made = load_or_create(tmp_path / "data")

    found = load_or_create(tmp_path / "data")

    assert made.public == found.public
    assert (tmp_path / "data" / "seal.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["seal.key"]
    assert (tmp_path / "data" / "seal.key").read_text().strip() not in repr(made)


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff\xfe", b"11" * 31])
def test_a_broken_seal_key_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(content)

    with pytest.raises(SparecloudError, match=r"seal\.key"):
        load_or_create(tmp_path)

    assert path.read_bytes() == content
