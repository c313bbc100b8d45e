"""New versions over real relays: who can announce one, who hands it out, and who is believed."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from core import settings as settings_file
from core.chain.keystore import Passphrase, write_for_owner
from core.chain.networks import CHAINS
from core.chain.typed_data import Domain, DomainNotary
from core.chain.wallet import Key, wallet_in
from core.errors import SparecloudError
from core.membership import PASSPHRASE_FILE, join, updates
from core.model import Address
from core.relay.refusals import Refusal
from core.release import LIFE_S, Announcement, Release, announced
from core.settings import Network, Settings
from core.updates import NOTHING_NEW, ReleaseNews
from core.wire import embedded
from core.wire.bus import Bus
from core.wire.buses import Buses
from core.wire.embedded import EmbeddedBus
from core.wire.relay_letters import ASKS, Answer, read_ask, subject
from core.wire.relays import NatsRelays
from core.wire.seal import seal
from renter_tui import wiring
from renter_tui.commands import cli
from renter_tui.commands.shell import Shell, Tools
from tests.real.chains import Market, running
from tests.real.market import CLOCK, until
from tests.real.test_relay import RelayProcess, started

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSPHRASE = "of the maker"
PAGE = "https://example.org/new"


@dataclass
class Maker:
    """Who makes the versions of a market, at the home folder of its release key."""

    home: Path
    key: Key
    network: Network

    def announcement(self, version: str, *, by: DomainNotary | None = None, ago_s: int = 0) -> Announcement:
        """One that was not announced by the command line."""
        signer = by or notary_of(self.network, self.key)
        return announced(Release(version, "Something.", PAGE), signer, CLOCK.now() - ago_s)


def announce(home: Path, *words: str) -> Result:
    """What the command line makes of it. To be called beside the loop."""

    def nobody(*_: object) -> Any:
        raise AssertionError("no agent is needed")

    shell = Shell(Tools(nobody, nobody, lambda: wiring))
    return CliRunner().invoke(cli, ["--home", str(home), "release", "announce", *words], obj=shell)


def notary_of(network: Network, key: Key, chain_id: int = CHAINS["development"].chain_id or 0) -> DomainNotary:
    """`key`'s, in the market of `network`."""
    return DomainNotary(Domain(chain_id, Address(network.escrow)), key)


def somebody(maker: Maker) -> DomainNotary:
    """A notary of the same market, of no account."""
    return notary_of(maker.network, Key.random())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Market]:
    with running("embedded", tmp_path_factory.mktemp("chain")) as chain:
        market = await Market.founded(chain)
        try:
            yield market
        finally:
            market.dissolve()


@pytest.fixture
def maker(market: Market, tmp_path: Path) -> Maker:
    key, home = Key.random(), tmp_path / "maker"
    network = msgspec.structs.replace(market.network, release_key=key.address)
    write_for_owner(home / PASSPHRASE_FILE, PASSPHRASE.encode())
    wallet_in(home / "wallet", Passphrase(PASSPHRASE), scrypt_n=16).import_key(key.export())
    settings_file.write(home, Settings(network=network))
    return Maker(home, key, network)


@pytest_asyncio.fixture(loop_scope="module")
async def relay(maker: Maker, tmp_path: Path) -> AsyncGenerator[RelayProcess]:
    """The one that the maker's settings name."""
    place = tmp_path / "relay"
    place.mkdir()
    process = await asyncio.to_thread(started, maker.network, place)
    settings_file.write(maker.home, Settings(network=msgspec.structs.replace(maker.network, relays=(process.url,))))
    yield process
    await asyncio.to_thread(process.end)


@asynccontextmanager
async def member(*urls: str) -> AsyncIterator[NatsRelays]:
    async with Buses(urls, name="member") as buses:
        for bus in buses.each.values():
            await bus.ready()
        yield NatsRelays(buses, CLOCK)


def news(relays: NatsRelays, maker: Maker, own: str = "0.1.0") -> ReleaseNews:
    return ReleaseNews(relays.news, maker.key.address, somebody(maker), CLOCK, own)


async def refusal(relays: NatsRelays, announcement: Announcement) -> SparecloudError | None:
    """Why the only relay does not take it."""
    [answer] = (await relays.announce(announcement)).values()
    return answer


async def test_what_the_maker_announces_reaches_members_and_outlives_the_relays_process(
    maker: Maker, relay: RelayProcess
) -> None:
    words = ["0.2.0", "--summary", "Faster shuffles.", "--where", PAGE, "--yes", "--json"]
    async with member(relay.url) as relays:
        before = await relays.news()

        said = await asyncio.to_thread(announce, maker.home, *words)
        here, elsewhere = news(relays, maker), news(relays, maker, own="0.2.0")
        await here.look()
        await elsewhere.look()

    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["relays"] == [relay.url]
    assert before == (None,)
    assert here.newest == Release("0.2.0", "Faster shuffles.", PAGE)
    assert elsewhere.newest is None

    relay.end(signal.SIGKILL)
    await asyncio.to_thread(relay.start)
    async with member(relay.url) as relays:
        again = news(relays, maker)
        await again.look()
    assert again.newest == here.newest


async def test_an_agent_of_the_market_hears_of_it_and_one_that_knows_no_release_key_does_not(
    maker: Maker, relay: RelayProcess
) -> None:
    newer = maker.announcement("99.0.0")
    async with member(relay.url) as relays:
        assert await refusal(relays, newer) is None

    async with join(maker.home, "renter") as agent:
        heard = updates(agent)
        following = asyncio.create_task(heard.follow(lambda: True))
        await until(lambda: heard.newest is not None)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        keyless = msgspec.structs.replace(agent.settings.network, release_key="")
        deaf = updates(replace(agent, settings=msgspec.structs.replace(agent.settings, network=keyless)))

    assert heard.newest == newer.release
    assert deaf is NOTHING_NEW


async def test_a_relay_takes_what_the_release_key_signed_and_nothing_older(maker: Maker, relay: RelayProcess) -> None:
    new = maker.announcement("0.3.0")
    async with member(relay.url) as relays:
        assert await refusal(relays, new) is None
        assert await refusal(relays, new) is None

        refused = {
            "another key": maker.announcement("0.4.0", by=somebody(maker)),
            "another chain": maker.announcement("0.4.0", by=notary_of(maker.network, maker.key, chain_id=1)),
            "other words": msgspec.structs.replace(new, release=Release("0.4.0", "Something.", PAGE)),
            "its time is over": maker.announcement("0.4.0", ago_s=LIFE_S),
        }
        why = {case: str(await refusal(relays, each)).rpartition("refuses: ")[2] for case, each in refused.items()}
        older = await refusal(relays, maker.announcement("0.2.9"))
        earlier = await refusal(relays, maker.announcement("0.3.0", ago_s=60))

        assert why == dict.fromkeys(refused, Refusal.FORGED_RELEASE.sentence)
        assert str(older).endswith(Refusal.OLD_RELEASE.sentence)
        assert str(earlier).endswith(Refusal.OLD_RELEASE.sentence)
        assert await relays.news() == (new,)


async def test_only_the_release_key_announces(maker: Maker) -> None:
    settings_file.write(
        maker.home, Settings(network=msgspec.structs.replace(maker.network, release_key="0x" + "12" * 20))
    )

    said = await asyncio.to_thread(announce, maker.home, "0.2.0", "--summary", "x", "--where", PAGE, "--yes")

    assert said.exit_code != 0
    assert "is not the market's release key" in said.stderr


async def test_a_market_without_relays_has_nobody_to_hand_it_out(maker: Maker) -> None:
    said = await asyncio.to_thread(announce, maker.home, "0.2.0", "--summary", "x", "--where", PAGE, "--yes")

    assert said.exit_code != 0
    assert "The settings name no relays." in said.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["0.2", "--summary", "x", "--where", PAGE], "version"),
        (["0.2.0", "--summary", "x", "--where", "http://example.org"], "where"),
        (["0.2.0", "--summary", "x" * 201, "--where", PAGE], "summary"),
    ],
)
async def test_what_nobody_would_believe_is_not_announced(tmp_path: Path, words: list[str], what: str) -> None:
    said = await asyncio.to_thread(announce, tmp_path, *words, "--yes")

    assert said.exit_code != 0
    assert f"The announcement is not acceptable: {what} must be" in said.stderr


async def test_a_lying_relay_changes_nothing_for_who_asks_an_honest_one_too(
    maker: Maker, relay: RelayProcess, lying: EmbeddedBus, caplog: pytest.LogCaptureFixture
) -> None:
    true, forged = maker.announcement("0.2.0"), maker.announcement("9.0.0", by=somebody(maker))
    async with member(relay.url) as relays:
        assert await refusal(relays, true) is None
    async with answering(lying, forged), member(lying.url, relay.url) as relays:
        heard = await relays.news()
        here = news(relays, maker)

        with caplog.at_level(logging.WARNING):
            await here.look()

    assert heard == (forged, true)
    assert here.newest == true.release
    assert caplog.messages == [
        "an announcement of version 9.0.0 was refused: The market's release key did not sign it."
    ]


async def test_a_relay_that_knows_nothing_of_announcements_is_silence_and_nothing_worse(
    maker: Maker, lying: EmbeddedBus
) -> None:
    async with member(lying.url) as relays:
        here = news(relays, maker)

        await here.look()

    assert here.newest is None


@pytest.fixture
def lying(tmp_path: Path) -> Iterator[EmbeddedBus]:
    server = embedded.start(tmp_path / "lying")
    yield server
    server.stop()


@asynccontextmanager
async def answering(server: EmbeddedBus, announcement: Announcement) -> AsyncIterator[None]:
    """A relay that tells everybody of `announcement`."""
    async with Bus(server.url, name="liar") as bus:
        await bus.ready()

        async def answer(payload: bytes) -> None:
            _, body = read_ask(payload)
            said = Answer(number=body.back.number, announcement=announcement)
            await bus.publish(subject(body.back.answer_to), seal(msgspec.json.encode(said), body.back.seal_key))

        await bus.subscribe(ASKS, answer)
        yield


async def test_an_answer_says_nothing_of_announcements_to_who_did_not_ask_for_one() -> None:
    assert msgspec.json.encode(Answer(number=7, port=9)) == b'{"number":7,"port":9}'
