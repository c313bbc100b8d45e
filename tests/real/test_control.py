"""The control channel over real HTTP on loopback: who is let in, and what comes out the same at the other end."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

from core.allowance import NEVER
from core.control.client import ControlClient, running
from core.control.server import LONGEST_BODY, PRESENCE_NAME, controlled
from core.errors import NotFound, SparecloudError
from core.gateway import presence
from core.gateway.agent import AgentUnavailable
from core.model import Address, LeaseId
from core.selftest import Check, State, Tell
from tests.screens.donor_samples import HELD, SERVING, FakeAgent

LEASE, RENTER = LeaseId("0x" + "ab" * 32), Address("0x" + "cd" * 20)
CHECKS = (
    Check("Chain", State.RUNNING, "Asking the chain."),
    Check("Chain", State.FAILED, "No chain node answers.", "Check rpc_url."),
)


class Checking(FakeAgent):
    """Tells CHECKS."""

    async def selftest(self, tell: Tell) -> None:
        self._told("selftest")
        for check in CHECKS:
            tell(check)
            await asyncio.sleep(0)


class Slow(FakeAgent):
    """Tests until it is interrupted."""

    interrupted = False

    async def selftest(self, tell: Tell) -> None:
        tell(CHECKS[0])
        try:
            await asyncio.sleep(60)
        finally:
            self.interrupted = True


@pytest.fixture
def agent() -> FakeAgent:
    return Checking(view=SERVING)


@pytest.fixture
async def client(agent: FakeAgent, tmp_path: Path) -> AsyncIterator[ControlClient]:
    async with controlled(agent, tmp_path, version="7"), running(tmp_path) as opened:
        yield opened


async def post(url: str, body: bytes = b"{}", **headers: str) -> tuple[int, str]:
    """(status, body) of a raw request."""
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.text()


async def test_the_view_arrives_as_it_is(client: ControlClient, agent: FakeAgent) -> None:
    assert await client.view() == SERVING
    agent.view = HELD
    assert await client.view() == HELD
    assert (await client.about()).pid == os.getpid()


async def test_what_was_asked_arrives(client: ControlClient, agent: FakeAgent) -> None:
    await client.pause(NEVER)
    await client.resume()
    await client.finish()
    await client.stop(LEASE, 3, at_once=True)
    await client.block(RENTER, on=False)
    await client.share(False)

    assert agent.told == [
        ("pause", NEVER),
        ("resume",),
        ("finish",),
        ("stop", LEASE, 3, True),
        ("block", RENTER, False),
    ]
    assert agent.asked == [False]
    assert await client.export() == "lease,share\r\n"


async def test_a_refusal_is_raised_as_itself(client: ControlClient, agent: FakeAgent) -> None:
    agent.refuses = NotFound("That share is not served here, or it is over.", "Look at the list of leases.")

    with pytest.raises(NotFound, match="not served here") as refused:
        await client.stop(LEASE, 0)

    assert refused.value.hint == "Look at the list of leases."


async def test_checks_arrive_one_by_one(client: ControlClient) -> None:
    assert [check async for check in client.selftest()] == list(CHECKS)


async def test_a_self_test_that_is_refused_says_why(client: ControlClient, agent: FakeAgent) -> None:
    agent.refuses = SparecloudError("A self-test runs already.", "Wait until it has ended.")

    with pytest.raises(SparecloudError, match="runs already"):
        [check async for check in client.selftest()]


async def test_a_reader_that_leaves_interrupts_the_self_test(tmp_path: Path) -> None:
    agent = Slow(view=SERVING)

    async with controlled(agent, tmp_path), running(tmp_path) as client:
        async with aclosing(client.selftest()) as checks:
            assert await anext(checks) == CHECKS[0]

        async with asyncio.timeout(20):
            while not agent.interrupted:
                await asyncio.sleep(0.05)


async def test_the_window_is_raised_where_there_is_one(agent: FakeAgent, tmp_path: Path) -> None:
    raised: list[bool] = []

    async with controlled(agent, tmp_path, raise_window=lambda: raised.append(True)), running(tmp_path) as client:
        assert await client.open()
    async with controlled(agent, tmp_path), running(tmp_path) as client:
        assert not await client.open()

    assert raised == [True]


async def test_nobody_without_the_token_is_let_in(agent: FakeAgent, tmp_path: Path) -> None:
    async with controlled(agent, tmp_path) as url:
        for value in ("", "Bearer wrong", "Basic x"):
            assert (await post(f"{url}/v1/share", b'{"on":true}', Authorization=value))[0] == 403
        token = f"Bearer {known(tmp_path).token}"
        assert (await post(f"{url}/v1/share", b'{"on":true}', Authorization=token, Host="evil.example"))[0] == 403

    assert agent.asked == []


async def test_what_is_malformed_or_too_large_is_refused(agent: FakeAgent, tmp_path: Path) -> None:
    bodies = {
        "pause": b'{"until":-1}',
        "stop": b'{"lease":"0xAB","index":0}',
        "block": b'{"renter":"somebody"}',
        "share": b'{"on":"yes"}',
    }

    async with controlled(agent, tmp_path) as url:
        token = f"Bearer {known(tmp_path).token}"
        for verb, body in bodies.items():
            assert (await post(f"{url}/v1/{verb}", body, Authorization=token))[0] == 400
        assert (await post(f"{url}/v1/share", b" " * (LONGEST_BODY + 1), Authorization=token))[0] == 413
        assert (await post(f"{url}/v1/rob", Authorization=token))[0] == 404

    assert (agent.asked, agent.told) == ([], [])


async def test_the_token_is_for_its_owner_alone_and_gone_with_the_agent(agent: FakeAgent, tmp_path: Path) -> None:
    async with controlled(agent, tmp_path) as url:
        assert url.startswith("http://127.0.0.1:")
        assert stat.S_IMODE((tmp_path / PRESENCE_NAME).stat().st_mode) == 0o600

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AgentUnavailable, match="does not run here") as absent:
        async with running(tmp_path):
            pass
    assert absent.value.exit_code == 10


async def test_what_a_killed_agent_left_behind_is_not_believed(agent: FakeAgent, tmp_path: Path) -> None:
    async with controlled(agent, tmp_path):
        stale = known(tmp_path)
        presence.write(tmp_path, presence.Presence(url=stale.url, token=stale.token, pid=1, version=""), PRESENCE_NAME)

        with pytest.raises(AgentUnavailable):
            async with running(tmp_path):
                pass


def known(folder: Path) -> presence.Presence:
    found = presence.read(folder, PRESENCE_NAME)
    assert found is not None
    return found
