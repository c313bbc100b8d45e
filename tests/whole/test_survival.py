"""What the market must survive: each test breaks one thing in the middle of a paid job, and counts the money after."""

import asyncio
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from core.donor import DonorAgent, DonorPorts
from core.gateway import presence
from core.membership import join
from core.model import Agreement, JobState, Share, WorkerReport, WorkerState
from core.runtime.labels import LEASE, SHARE
from core.runtime.probe import HardwareProbe
from core.runtime.workers import DockerWorkers
from tests.whole.stage import SLOW_ANSWER, Stage, line

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_a_worker_killed_in_the_middle_of_a_job_costs_neither_the_job_nor_anybody_money(
    stage: Stage, tmp_path: Path
) -> None:
    cluster = await stage.launch("killed", 3)
    job = await stage.submit("killed", tmp_path)
    await stage.tasks_run("killed", job)
    before = (await stage.market.coin_by_holder())["renter"]

    for container in stage.engine.labelled({LEASE: str(cluster.lease), SHARE: "1"}):
        container.kill()
    done, said = await stage.job_done("killed", job)
    view = await stage.until(lambda view: line(view, "killed").workers[1].state == "lost", "the loss to be seen")
    ended = await stage.destroy("killed")

    assert done.state is JobState.SUCCEEDED
    assert SLOW_ANSWER in said
    assert "paid for the seconds it served" in line(view, "killed").workers[1].sentence
    dead, alive = ended.workers[1], ended.workers[0]
    assert 0 < dead.paid == dead.vouched <= dead.rate * dead.served_s
    assert dead.served_s < alive.served_s
    assert (await stage.market.coin_by_holder())["renter"] == before + ended.refund
    await stage.assert_clean(ended)


async def test_a_donor_agent_killed_and_restarted_goes_on_serving_and_is_paid_for_all_of_it(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.launch("donor-crash", 3)
    job = await stage.submit("donor-crash", tmp_path)
    await stage.tasks_run("donor-crash", job)

    await stage.market.donors["grace"].kill()
    await asyncio.sleep(2)
    await stage.market.start_donor("grace")
    done, said = await stage.job_done("donor-crash", job)
    ended = await stage.destroy("donor-crash")

    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    grace = next(worker for worker in ended.workers if worker.donor_name == "grace")
    assert grace.state == "serving" or grace.sentence == ""
    others = [worker.served_s for worker in ended.workers if worker.donor_name != "grace"]
    assert grace.paid == grace.vouched and abs(grace.served_s - max(others)) <= 5
    await stage.assert_clean(ended)


async def test_the_renters_agent_killed_and_restarted_keeps_cluster_and_job_and_goes_on_paying(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.launch("renter-crash", 2)
    job = await stage.submit("renter-crash", tmp_path)
    await stage.tasks_run("renter-crash", job)

    stage.kill_agent()
    done, said = await stage.job_done("renter-crash", job)
    view = await stage.until(lambda view: True, "a view")
    ended = await stage.destroy("renter-crash")

    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    assert all(worker.state == "serving" for worker in line(view, "renter-crash").workers)
    assert all(worker.paid == worker.vouched > 0 for worker in ended.workers)
    await stage.assert_clean(ended)


async def test_the_bus_restarted_in_the_middle_of_a_job_is_only_a_pause(stage: Stage, tmp_path: Path) -> None:
    await stage.launch("bus", 2)
    job = await stage.submit("bus", tmp_path)
    await stage.tasks_run("bus", job)

    await stage.market.bus.kill()
    await stage.market.start_bus()
    done, said = await stage.job_done("bus", job)
    view = await stage.until(lambda view: True, "a view")
    ended = await stage.destroy("bus")

    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    assert all(worker.state == "serving" for worker in line(view, "bus").workers)
    assert all(worker.paid == worker.vouched > 0 for worker in ended.workers)
    await stage.assert_clean(ended)


async def test_a_renter_that_stops_signing_is_served_two_intervals_at_most_and_the_last_voucher_is_redeemed(
    stage: Stage,
) -> None:
    cluster = await stage.launch("vanished", 2)
    await asyncio.sleep(50)  # beyond the donors' patience with a lease that is just starting
    vouched = {worker.index: worker.vouched for worker in cluster.workers}
    before = await stage.market.coin_by_holder()

    stage.kill_agent()
    async with asyncio.timeout(6 * stage.market.timing.interval_s + 15):
        while any(
            container.labels.get("sparecloud.role") == "worker"
            for container in stage.engine.labelled({LEASE: str(cluster.lease)})
        ):
            await asyncio.sleep(0.5)
    async with asyncio.timeout(30):
        while sum((await stage.market.coin_by_holder())[worker.donor_name] for worker in cluster.workers) == sum(
            before[worker.donor_name] for worker in cluster.workers
        ):
            await asyncio.sleep(0.5)

    # The renter comes back: its agent finds the workers gone, closes the lease and gets the rest.
    view = await stage.until(lambda view: line(view, "vanished").ended, "the settlement", 90)
    ended = line(view, "vanished")
    after = await stage.market.coin_by_holder()
    for worker in ended.workers:
        earned = after[worker.donor_name] - before[worker.donor_name]
        assert earned == worker.paid > vouched[worker.index]
        unpaid_s = worker.served_s - worker.vouched // worker.rate
        assert unpaid_s <= 2 * stage.market.timing.interval_s + 6
    await stage.assert_clean(ended)


class _NeverStarts(DockerWorkers):
    """A dishonest donor's runtime: says yes, does nothing."""

    async def start_worker(self, agreement: Agreement, share: Share, master: str, secret: str) -> WorkerReport:
        await asyncio.sleep(3600)
        return WorkerReport(WorkerState.ABSENT)


async def test_a_donor_that_accepts_and_never_starts_is_paid_nothing_and_the_others_serve(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.market.donors["edsger"].end()
    home = stage.market.home("edsger")
    async with join(home, "donor") as member:
        runtime = _NeverStarts(stage.engine, None, None, "liar")  # type: ignore[arg-type]  # it never gets that far
        ports = DonorPorts(
            chain=member.chain,
            notary=member.chain.notary,
            runtime=runtime,
            board=member.board,
            peers=member.peers,
            journal=member.journal,
            probe=HardwareProbe(stage.engine),
            clock=member.clock,
        )
        liar = asyncio.create_task(DonorAgent(member.settings.donor, ports, consented=True).run())
        try:
            await stage.offers(3)
            cluster = await stage.launch("liar", 3)
            job = await stage.submit("liar", tmp_path)
            done, said = await stage.job_done("liar", job)
            ended = await stage.destroy("liar")
        finally:
            liar.cancel()
            with suppress(asyncio.CancelledError):
                await liar
    await stage.market.start_donor("edsger")

    assert [worker.state for worker in cluster.workers].count("lost") == 1
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    lost = next(worker for worker in ended.workers if worker.donor_name == "edsger")
    assert lost.paid == lost.vouched == 0
    assert "never started" in lost.sentence
    await stage.assert_clean(ended)


async def test_an_engine_that_is_gone_is_told_and_nothing_is_paid(stage: Stage) -> None:
    before = await stage.market.coin_by_holder()

    process = await asyncio.create_subprocess_exec(
        *_sparecloud(stage),
        "launch",
        "nowhere",
        *("--workers", "1", "--cores", "1", "--memory", "1G", "--hours", "1", "--yes"),
        env=await _without_docker(stage),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()

    assert process.returncode == 3
    assert b"Docker" in said and b"Traceback" not in said
    assert await stage.market.coin_by_holder() == before
    known = await presence.find(stage.home)
    assert known is not None
    async with stage.agent() as agent:
        await agent.shutdown()


def _sparecloud(stage: Stage) -> list[str]:
    import sys

    return [sys.executable, "-m", "renter_tui", "--home", str(stage.home)]


async def _without_docker(stage: Stage) -> dict[str, str]:
    """The environment of a machine whose engine does not answer; the agent that knows another one is ended."""
    import os

    if await presence.find(stage.home):
        async with stage.agent() as agent:
            await agent.shutdown()
    return {**os.environ, "DOCKER_HOST": "unix:///nonexistent/docker.sock"}


async def test_a_request_beyond_the_purse_or_the_market_is_refused_before_any_transaction(stage: Stage) -> None:
    before = await stage.market.coin_by_holder()
    await stage.offers(3)

    too_many = await _said(stage, "launch", "big", *_size(workers=50), "--yes")
    too_long = await _said(stage, "launch", "dear", *_size(workers=3, hours=24, cores=1), "--ceiling", "0.0001", "--yes")
    settings = (stage.home / "settings.toml").read_text("utf-8")

    assert (too_many[0] != 0 and "The largest that fits" in too_many[1]) or "fit" in too_many[1]
    assert too_long[0] != 0 and "ceiling" in too_long[1]
    assert "[network]" in settings
    assert await stage.market.coin_by_holder() == before


def _size(*, workers: int, hours: int = 1, cores: int = 1) -> list[str]:
    return ["--workers", str(workers), "--cores", str(cores), "--memory", "1G", "--hours", str(hours)]


async def _said(stage: Stage, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *_sparecloud(stage), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return process.returncode or 0, (out + err).decode()


def test_docker_is_imported_only_where_it_is_spoken() -> None:
    assert docker.__version__
