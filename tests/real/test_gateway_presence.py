"""How a front end finds its agent or starts it: real processes, real locks, a scripted agent inside."""

import asyncio
import os
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from core.errors import ChainUnavailable, InvalidInput, PortInUse
from core.gateway import presence
from core.gateway.agent import AgentRuns, AgentUnavailable
from core.gateway.client import GatewayClient
from core.gateway.host import LOCK_NAME, host
from core.gateway.presence import Presence, connect
from core.gateway.process import held
from tests.scripted_agent import NOW, ScriptedAgent, cluster

ROOT = Path(__file__).resolve().parents[2]
SERVING = """
import asyncio, sys
from contextlib import asynccontextmanager
from pathlib import Path
sys.path.insert(0, {root!r})
import msgspec
from core.errors import SparecloudError
from core.gateway.host import host
from tests.scripted_agent import ScriptedAgent

@asynccontextmanager
async def build(home):
    {trouble}
    yield ScriptedAgent()

try:
    asyncio.run(host(Path(sys.argv[1]), build, version="1", idle_s=4))
except SparecloudError as error:
    told = dict(error=type(error).__name__, title=error.title, hint=error.hint)
    print(msgspec.json.encode(told).decode(), file=sys.stderr)
    sys.exit(error.exit_code)
"""


def command(home: Path, trouble: str = "pass") -> list[str]:
    return [sys.executable, "-c", SERVING.format(root=str(ROOT), trouble=trouble), str(home)]


@asynccontextmanager
async def building(agent: ScriptedAgent) -> AsyncIterator[ScriptedAgent]:
    yield agent


async def gone(home: Path) -> None:
    """Return once no agent holds `home`."""
    async with asyncio.timeout(10):
        while True:
            with held(home / LOCK_NAME) as free:
                if free:
                    return
            await asyncio.sleep(0.05)


async def found(home: Path) -> GatewayClient:
    """The agent of `home`, once it answers."""
    async with asyncio.timeout(5):
        there = await presence.find(home)
        while there is None:
            await asyncio.sleep(0.02)
            there = await presence.find(home)
    return there.client()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    found = await presence.find(folder)
    if found is not None:
        async with found.client() as client:
            await client.shutdown()
        await gone(folder)


async def test_an_agent_is_started_once_and_found_again(home: Path) -> None:
    async with connect(home, command(home)) as client:
        first = (await client.about()).pid
        assert (await client.view()).now == NOW

    async with connect(home, None) as client:
        assert (await client.about()).pid == first
    assert first != os.getpid()
    assert stat.S_IMODE((home / presence.FILE_NAME).stat().st_mode) == 0o600


async def test_front_ends_that_start_at_once_share_one_agent(home: Path) -> None:
    async def pid() -> int:
        async with connect(home, command(home)) as client:
            return (await client.about()).pid

    pids = await asyncio.gather(*(pid() for _ in range(3)))

    assert len(set(pids)) == 1


async def test_a_killed_agent_is_started_anew(home: Path) -> None:
    async with connect(home, command(home)) as client:
        first = (await client.about()).pid
        os.kill(first, 9)
        await gone(home)

        with pytest.raises(AgentUnavailable):
            await client.view()
        second = (await client.about()).pid

    assert second != first


async def test_a_signalled_agent_ends_cleanly(home: Path) -> None:
    async with connect(home, command(home)) as client:
        os.kill((await client.about()).pid, signal.SIGTERM)
        await gone(home)

    assert not (home / presence.FILE_NAME).exists()


@pytest.mark.parametrize("text", ["", "{", '{"url":"http://127.0.0.1:1","token":"t","pid":1,"version":"1"}'])
async def test_a_stale_or_damaged_file_is_ignored(home: Path, text: str) -> None:
    (home / presence.FILE_NAME).write_text(text)

    with pytest.raises(AgentUnavailable, match="does not run"):
        async with connect(home, None):
            pass
    async with connect(home, command(home)) as client:
        assert (await client.view()).now == NOW


async def test_a_token_is_never_sent_to_another_machine(home: Path) -> None:
    presence.write(home, Presence(url="http://192.0.2.1:80", token="t", pid=1, version="1"))

    assert presence.read(home) is None


async def test_why_an_agent_did_not_start_is_told_as_its_own_error(home: Path) -> None:
    trouble = "from core.errors import ChainUnavailable; raise ChainUnavailable('No node answers.', 'Start one.')"

    with pytest.raises(ChainUnavailable) as told:
        async with connect(home, command(home, trouble)):
            pass

    assert (told.value.title, told.value.hint) == ("No node answers.", "Start one.")


async def test_the_last_line_of_a_crash_is_told(home: Path) -> None:
    with pytest.raises(AgentUnavailable, match="ended as it started: ZeroDivisionError"):
        async with connect(home, command(home, "1 / 0")):
            pass


async def test_an_agent_that_never_gets_ready_is_given_up(home: Path) -> None:
    started = time.monotonic()

    with pytest.raises(AgentUnavailable, match=r"did not answer within 0\.5 s"):
        async with connect(home, [sys.executable, "-c", "import time; time.sleep(2)"], within_s=0.5):
            pass

    assert time.monotonic() - started < 2


async def test_a_command_that_does_not_exist_is_a_sentence(home: Path) -> None:
    with pytest.raises(AgentUnavailable, match="cannot be started"):
        async with connect(home, [str(home / "none")]):
            pass


async def test_an_agent_of_another_version_is_replaced_only_while_no_cluster_lives(home: Path) -> None:
    old = ScriptedAgent()
    async with asyncio.TaskGroup() as tasks, AsyncExitStack() as stack:
        hosting = tasks.create_task(host(home, lambda _: building(old), version="0"))
        client = await stack.enter_async_context(await found(home))
        old.put(cluster())
        await anext(client.watch())

        async with connect(home, command(home), version="1") as kept:
            assert (await kept.about()).pid == os.getpid()
        old.clusters.clear()
        old.changed.set()
        async with connect(home, command(home), version="1") as replaced:
            assert (await replaced.about()).version == "1"
        await hosting


async def test_an_agent_ends_after_a_while_without_cluster_and_without_front_end(home: Path) -> None:
    agent = ScriptedAgent()
    agent.put(cluster())
    async with asyncio.TaskGroup() as tasks:
        hosting = tasks.create_task(host(home, lambda _: building(agent), idle_s=0.1))
        await asyncio.sleep(0.5)
        assert not hosting.done()

        agent.clusters.clear()
        agent.changed.set()
        await asyncio.wait_for(hosting, 2)

    assert not (home / presence.FILE_NAME).exists()


async def test_a_second_agent_of_the_same_folder_gives_way(home: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(host(home, lambda _: building(ScriptedAgent())))
        client = await found(home)

        with pytest.raises(AgentRuns):
            await host(home, lambda _: building(ScriptedAgent()))
        async with client:
            await client.shutdown()
        await first


async def test_a_taken_agent_port_is_a_sentence(home: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    (home / "settings.toml").write_text(f"[renter]\nagent_port = {server.sockets[0].getsockname()[1]}\n")

    with pytest.raises(PortInUse):
        await host(home, lambda _: building(ScriptedAgent()))

    server.close()
    await server.wait_closed()


def test_a_new_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    presence.make_home(tmp_path / "new" / "home")

    assert stat.S_IMODE((tmp_path / "new" / "home").stat().st_mode) == 0o700


async def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidInput, match="cannot be made"):
        async with connect(tmp_path / "file" / "home", [sys.executable]):
            pass
