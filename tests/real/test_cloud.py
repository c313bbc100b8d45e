"""The facade for notebooks and scripts, over a real gateway."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.change import Change, ChangeKind
from core.cloud import Cloud, request_of
from core.errors import InvalidInput, NotFound
from core.gateway import presence
from core.gateway.agent import AgentUnavailable
from core.gateway.presence import Presence
from core.gateway.server import serve
from core.model import Amount, Resources
from core.observed import JobState
from core.quote import LossPolicy, Request
from tests.scripted_agent import SHORT, ScriptedAgent


class Served:
    """A scripted agent behind a real gateway, in a thread of its own, found through its folder."""

    def __init__(self, home: Path) -> None:
        self.agent = ScriptedAgent()
        self._home = home
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> ScriptedAgent:
        self._thread.start()
        assert self._ready.wait(10)
        return self.agent

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        async with serve(self.agent, token="t" * 43, version="") as gateway:
            presence.write(self._home, Presence(url=gateway.url, token="t" * 43, pid=os.getpid(), version=""))
            self._ready.set()
            while not self._over.is_set():
                await asyncio.sleep(0.02)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ScriptedAgent]:
    with Served(tmp_path) as agent:
        yield agent


def test_a_cluster_is_launched_used_and_ended_by_plain_calls(agent: ScriptedAgent, tmp_path: Path) -> None:
    program = tmp_path / "job.py"
    program.touch()

    with Cloud(tmp_path) as cloud:
        assert [offer.name for offer in cloud.market()] == ["ada", "zuse", "hopper"]
        with cloud.launch("etl", most="20", workers=3, memory="1536M", time="90m", on_loss="shrink") as cluster:
            job = cluster.submit(program, "--year", "2026", conf={"spark.sql.shuffle.partitions": "4"})
            said, ended = job.logs(), job.wait()
            written = job.outputs(tmp_path / "out")
            assert cluster.connect().startswith("sc://localhost:")
            cluster.resize(5, most="3")
            cluster.extend("1h")
        last = cloud.cluster("etl").line()

    assert (said, ended.state) == ("counting\n42\n", JobState.SUCCEEDED)
    assert written == (tmp_path / "out" / "part-0.csv",)
    assert last.ended
    ((_, name, request, most),) = [call for call in agent.asked if call[0] == "launch"]
    assert (name, most) == ("etl", 20 * 10**18)
    assert request == Request(Resources(1000, 1536), 3, 5400, on_loss=LossPolicy.SHRINK)
    assert [call[2:] for call in agent.asked if call[0] == "change"] == [
        (Change(ChangeKind.RESIZE, workers=5), Amount(3 * 10**18)),
        (Change(ChangeKind.EXTEND, seconds=3600), None),
    ]


def test_a_cluster_is_ended_also_where_the_work_inside_fails(agent: ScriptedAgent, tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        with pytest.raises(ZeroDivisionError), cloud.launch("etl", most="20", workers=3):
            _ = 1 / 0

        assert cloud.clusters()[0].ended


def test_a_quote_is_a_sentence_either_way(agent: ScriptedAgent, tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        fits = cloud.quote(workers=4, time="1h")
        agent.shortfall = SHORT
        short = cloud.quote(workers=4, memory="64G")

    assert fits.sentence == "4 workers on 3 donors for up to 14.4 SPARE."
    assert fits.quote is not None and fits.most == fits.quote.total()
    assert (short.quote, short.most, short.sentence) == (None, 0, "No donor has 64 GiB free.")


@pytest.mark.parametrize(
    "wish",
    [{"workers": 0}, {"workers": -1}, {"memory": "2T"}, {"time": "soon"}, {"cores": "0"}, {"on_loss": "pray"}],
)
def test_a_wish_that_cannot_be_is_refused_with_a_sentence(wish: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        request_of(**wish)  # type: ignore[arg-type]  # that is what is tried


def test_what_is_not_there_and_what_is_not_open_is_told(agent: ScriptedAgent, tmp_path: Path) -> None:
    closed = Cloud(tmp_path)

    with pytest.raises(AgentUnavailable, match="not open"):
        closed.clusters()
    with Cloud(tmp_path) as cloud:
        with pytest.raises(NotFound):
            cloud.cluster("nowhere")
        with pytest.raises(InvalidInput):
            cloud.launch("etl", most="much")
    assert not [call for call in agent.asked if call[0] == "launch"]


def test_it_works_where_an_event_loop_already_runs(agent: ScriptedAgent, tmp_path: Path) -> None:
    async def notebook() -> int:
        with Cloud(tmp_path) as cloud:
            return len(cloud.market())

    assert asyncio.run(notebook()) == 3


def test_an_agent_that_cannot_start_says_why_and_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()

    with pytest.raises(InvalidInput, match="No market is chosen"), Cloud(tmp_path / "fresh"):
        pass

    assert threading.active_count() == before
