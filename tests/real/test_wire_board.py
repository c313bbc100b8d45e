"""The board over a real bus: only what a donor signed itself, newest first, and never more than it can hold."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.errors import InvalidInput
from core.model import SignedOffer, Traits
from core.wire import embedded
from core.wire.board import MAX_LIFE_S, OFFERS
from core.wire.bus import Bus
from core.wire.embedded import EmbeddedBus
from tests.real.market import CLOCK, board_on, notary, signed, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedBus]:
    server = embedded.start(tmp_path)
    yield server
    server.stop()


async def test_an_offer_published_is_seen_by_others(server: EmbeddedBus) -> None:
    donor, other = notary(), notary()
    async with board_on(server.url) as mine, board_on(server.url) as theirs:
        await mine.publish(signed(donor))
        await mine.publish(signed(other))

        async with asyncio.timeout(5):
            while len(theirs.offers(CLOCK.now())) < 2:
                await theirs.changed()

        assert [one.offer.donor for one in theirs.offers(CLOCK.now())] == sorted([donor.address, other.address])
        assert theirs.offers(CLOCK.now() + 61) == ()


async def test_what_is_forged_expired_replayed_oversized_or_malformed_changes_nothing(server: EmbeddedBus) -> None:
    donor, forger = notary(), notary()
    good = signed(donor, sequence=5)
    forged = signed(forger, donor=donor.address, sequence=9)
    altered = replace(good, offer=replace(good.offer, sequence=9))
    other_chain = replace(good, offer=replace(good.offer, sequence=9, expires_at=good.offer.expires_at + 1))
    bad: list[bytes] = [
        *(
            msgspec.json.encode(offer)
            for offer in (
                forged,
                altered,
                other_chain,
                signed(donor, sequence=5, name="again"),
                signed(donor, sequence=4),
                signed(donor, sequence=9, expires_at=CLOCK.now() - 1),
                signed(donor, sequence=9, expires_at=CLOCK.now() + MAX_LIFE_S + 60),
                SignedOffer(replace(good.offer, sequence=9), "0x"),
                SignedOffer(replace(good.offer, sequence=9), "0x" + "00" * 65),
            )
        ),
        b"",
        b"null",
        b"\xff" * 100,
        b'{"zz":' + b"[" * 8000,
        msgspec.json.encode(signed(donor, sequence=9)) + b" " * 9000,
        msgspec.json.encode(signed(donor, sequence=9)).replace(b'"laptop"', b'""'),
    ]
    async with board_on(server.url) as board, Bus(server.url, name="hostile") as hostile:
        await hostile.ready()
        await board.publish(good)
        await until(lambda: board.offers(CLOCK.now()) == (good,))

        for payload in bad:
            await hostile.publish(OFFERS, payload)
        last = signed(notary())
        await hostile.publish(OFFERS, msgspec.json.encode(last))

        await until(lambda: last in board.offers(CLOCK.now()))
        assert {one.signature for one in board.offers(CLOCK.now())} == {good.signature, last.signature}


async def test_a_newer_offer_replaces_an_older_one(server: EmbeddedBus) -> None:
    donor = notary()
    async with board_on(server.url) as board:
        for sequence in range(1, 200):
            await board.publish(signed(donor, sequence=sequence))

        await until(lambda: [one.offer.sequence for one in board.offers(CLOCK.now())] == [199])


async def test_a_full_board_keeps_what_it_holds_current_and_takes_newcomers_once_there_is_room(
    server: EmbeddedBus,
) -> None:
    held, brief, newcomer = notary(), notary(), notary()
    async with board_on(server.url, most_donors=2) as board:
        await board.publish(signed(held))
        await board.publish(signed(brief, expires_at=CLOCK.now() + 2))
        await until(lambda: len(board.offers(CLOCK.now())) == 2)

        await board.publish(signed(newcomer))
        await board.publish(signed(held, sequence=2))
        await until(lambda: 2 in [one.offer.sequence for one in board.offers(CLOCK.now())])
        assert newcomer.address not in [one.offer.donor for one in board.offers(CLOCK.now())]

        await asyncio.sleep(2.1)
        await board.publish(signed(newcomer))
        await until(lambda: newcomer.address in [one.offer.donor for one in board.offers(CLOCK.now())])


async def test_a_question_makes_a_donor_publish_at_once_and_a_flood_of_them_does_not(server: EmbeddedBus) -> None:
    donor = notary()
    answers = 0
    async with board_on(server.url) as donors, board_on(server.url) as renters:

        async def answer() -> None:
            nonlocal answers
            while True:
                await donors.asked()
                answers += 1
                await donors.publish(signed(donor, sequence=answers))

        answering = asyncio.create_task(answer())
        await renters.ask()
        await until(lambda: len(renters.offers(CLOCK.now())) == 1, within_s=2)
        for _ in range(60):
            await renters.ask()
            await asyncio.sleep(0.02)

        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        assert 2 <= answers <= 4


async def test_an_offer_too_long_for_the_board_is_not_sent(server: EmbeddedBus) -> None:
    donor = notary()
    offer = signed(donor, traits=Traits(cpu_model="\u20ac" * 100))
    async with board_on(server.url) as board:
        await board.publish(offer)
        with pytest.raises(InvalidInput):
            await board.publish(SignedOffer(offer.offer, "0x" * 5000))
