"""Several buses used as one: what losing one, or being cut off from one for a while, does to the messages."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import BusUnavailable, InvalidInput
from core.wire import embedded
from core.wire.board import NatsBoard
from core.wire.buses import Buses
from core.wire.embedded import EmbeddedBus
from core.wire.peers import NatsPeers
from core.wire.seal import SealKey
from tests.real.market import CLOCK, notary, signed, until


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[EmbeddedBus]]:
    running = [embedded.start(tmp_path / name) for name in ("one", "two")]
    yield running
    for server in running:
        server.stop()


@asynccontextmanager
async def pair(servers: list[EmbeddedBus]) -> AsyncIterator[tuple[Buses, Buses]]:
    """Two parties, connected to every bus."""
    urls = [server.url for server in servers]
    async with Buses(urls, name="speaker") as speaker, Buses(urls, name="listener") as listener:
        await until(lambda: all(bus.connected for party in (speaker, listener) for bus in party.each.values()))
        yield speaker, listener


async def test_what_goes_over_two_buses_is_heard_once_also_when_one_dies_in_the_middle(
    servers: list[EmbeddedBus],
) -> None:
    heard: list[int] = []

    async def hear(payload: bytes) -> None:
        heard.append(int(payload))

    async with pair(servers) as (speaker, listener):
        await listener.subscribe("news", hear)

        for number in range(400):
            if number == 200:
                servers[0].stop()
            await speaker.publish("news", b"%d" % number)
            await asyncio.sleep(0)
        await until(lambda: len(heard) >= 400)

        assert sorted(heard) == list(range(400))
        assert speaker.connected and listener.connected


async def test_the_same_words_said_again_are_heard_again(servers: list[EmbeddedBus]) -> None:
    heard: list[bytes] = []

    async def hear(payload: bytes) -> None:
        heard.append(payload)

    async with pair(servers) as (speaker, listener):
        await listener.subscribe("ask", hear)

        for count in (1, 2, 3):
            await speaker.publish("ask", b"")
            await speaker.publish("ask", b"%d" % count)
            await until(lambda wanted=2 * count: len(heard) >= wanted)  # type: ignore[misc]  # mypy infers no type here

        assert sorted(heard) == [b"", b"", b"", b"1", b"2", b"3"]


async def test_a_bus_that_was_cut_off_carries_again_once_it_is_back(
    servers: list[EmbeddedBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.wire.bus._PROBE_EVERY_S", 0.2)
    monkeypatch.setattr("core.wire.bus._ANSWER_S", 1)
    heard: list[bytes] = []

    async def hear(payload: bytes) -> None:
        heard.append(payload)

    async with pair(servers) as (speaker, listener):
        await listener.subscribe("news", hear)
        try:
            os.kill(servers[0].pid, signal.SIGSTOP)
            await until(lambda: not speaker.each[servers[0].url].connected)
            await speaker.publish("news", b"while one is cut off")
            await until(lambda: b"while one is cut off" in heard)
        finally:
            os.kill(servers[0].pid, signal.SIGCONT)

        await until(lambda: all(bus.connected for party in (speaker, listener) for bus in party.each.values()))
        servers[1].stop()
        await until(lambda: not speaker.each[servers[1].url].connected)
        await speaker.publish("news", b"over the one that came back")
        await until(lambda: b"over the one that came back" in heard)

        assert heard == [b"while one is cut off", b"over the one that came back"]


async def test_one_bus_is_enough_to_be_ready_and_none_is_said_with_a_sentence(servers: list[EmbeddedBus]) -> None:
    nowhere = "nats://127.0.0.1:1"

    async with Buses([nowhere, servers[0].url], name="test") as half:
        await half.ready(within_s=5)
        await half.publish("news", b"")

    async with Buses([nowhere], name="test") as none:
        with pytest.raises(BusUnavailable, match=r"127\.0\.0\.1:1"):
            await none.ready(within_s=0.3)
        with pytest.raises(BusUnavailable):
            await none.publish("news", b"")


async def test_no_address_and_a_wrong_one_are_refused() -> None:
    for urls in ([], ["nats://127.0.0.1:1", "somewhere"]):
        with pytest.raises(InvalidInput):
            Buses(urls, name="test")


async def test_too_large_a_message_is_refused_as_by_one_bus(servers: list[EmbeddedBus]) -> None:
    async with pair(servers) as (speaker, _):
        with pytest.raises(InvalidInput, match="larger"):
            await speaker.publish("news", b"x" * (embedded.MAX_PAYLOAD_BYTES + 1))


async def test_offers_and_letters_reach_others_over_either_bus_and_letters_are_read_once(
    servers: list[EmbeddedBus],
) -> None:
    ada, bob, key = notary(), notary(), SealKey.random()
    async with pair(servers) as (speaker, listener):
        board = NatsBoard(listener, bob, CLOCK)
        await board.open()
        inbox = NatsPeers(listener, bob, CLOCK, key)
        await inbox.listen(bob.address)
        servers[0].stop()

        await NatsBoard(speaker, ada, CLOCK).publish(signed(ada))
        outbox = NatsPeers(speaker, ada, CLOCK, SealKey.random())
        for body in (b"first", b"second"):
            await outbox.send(ada, bob.address, key.public, body)

        letters = inbox.letters()
        async with asyncio.timeout(10):
            read = [(await anext(letters))[2] for _ in range(2)]
        await until(lambda: len(board.offers(CLOCK.now())) == 1)
        assert read == [b"first", b"second"]
