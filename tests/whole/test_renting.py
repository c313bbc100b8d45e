"""What a renter may ask of clusters, in a market of real processes."""

import asyncio
import re
from pathlib import Path

import pytest

from core.errors import SpendingLimit
from core.model import Amount
from core.observed import JobState
from core.reason import Reason
from tests.real.test_kinds_of_jobs import NOTEBOOK, notebook
from tests.whole.stage import SLOW_ANSWER, Stage, line, request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_the_agent_refuses_what_could_pass_a_limit_whoever_asks_and_counts_what_was_spent(stage: Stage) -> None:
    await stage.offers(3)
    before = (await stage.market.coin_by_holder())["renter"]
    assert (await stage.command("limits", "--per-hour", "0.0000001"))[0] == 0

    async with stage.agent() as agent:
        spent_before = (await agent.view()).spending
        with pytest.raises(SpendingLimit, match="an hour, and your limit is"):
            await agent.launch("limited", request(2))
        refused = await agent.view()
    code, said = await stage.command("launch", "limited", "--workers", "2", "--memory", "1G", "--yes")
    after_refusals = (await stage.market.coin_by_holder())["renter"]
    assert (await stage.command("limits", "--per-hour", "none"))[0] == 0
    cluster = await stage.launch("limited", 2)
    ended = await stage.destroy("limited")

    assert (code, after_refusals) == (12, before)
    assert "and your limit is 0.0000001 SPARE." in said
    assert all(known.name != "limited" for known in refused.clusters)
    assert cluster.state == "running"
    async with stage.agent() as agent:
        spent = (await agent.view()).spending
    assert spent is not None and spent_before is not None
    assert spent.in_all - spent_before.in_all == ended.spent > 0
    assert spent.committed == Amount(0)
    await stage.assert_clean(ended)


async def test_one_command_rents_runs_copies_and_settles(stage: Stage, tmp_path: Path) -> None:
    await stage.offers(2)
    program, target = tmp_path / "sum.py", tmp_path / "out"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom pyspark import SparkContext\n"
        "total = SparkContext.getOrCreate().parallelize(range(int(sys.argv[1])), 4).sum()\n"
        "Path('/job/output/sum').write_text(str(total))\nprint('the sum is', total)\n",
        "utf-8",
    )
    size = ("--workers", "2", "--memory", "1G", "--yes")

    code, said = await stage.command("run", str(program), *size, "--output", str(target), "--", "1000")
    program.write_text("raise SystemExit(3)", "utf-8")
    failed_code, failed = await stage.command("run", str(program), *size, "--name", "failing")

    assert code == 0, said
    assert "the sum is 499500" in said
    assert (target / "sum").read_text("utf-8") == "499500"
    assert failed_code == 1, failed
    assert "Its output is above." in failed
    async with stage.agent() as agent:
        ended = {known.name: known for known in (await agent.view()).clusters}
    for name in ("run-1", "failing"):
        assert ended[name].ended
        assert ended[name].spent > 0
        await stage.assert_clean(ended[name])


async def test_the_doctor_finds_a_market_whole_and_an_empty_folder_wanting(stage: Stage, tmp_path: Path) -> None:
    await stage.offers(2)

    well_code, well = await stage.command("doctor")
    ill_code, ill = await stage.command("doctor", home=tmp_path / "nothing")

    assert well_code == 0, well
    assert "x " not in {line[:2] for line in well.splitlines()}
    for found in (
        "+ Container engine",
        "+ Images",
        "+ Settings",
        "+ Chain and wallet",
        "+ Market",
        "+ Background agent",
    ):
        assert found in well
    assert ill_code == 1
    assert "x Settings: No market is chosen" in ill
    assert "+ Container engine" in ill
    assert not (tmp_path / "nothing").exists()


async def test_a_cluster_shrinks_grows_and_swaps_a_worker_while_its_job_goes_on(stage: Stage, tmp_path: Path) -> None:
    await stage.offers(3)
    before = (await stage.market.coin_by_holder())["renter"]
    first = await stage.launch("changing", 2)
    job = await stage.submit("changing", tmp_path)
    await stage.tasks_run("changing", job)

    shrunk_code, shrunk = await stage.command("resize", "changing", "1", "--yes")
    done, said = await stage.job_done("changing", job)
    grown_code, grown = await stage.command("resize", "changing", "2", "--yes")
    connected_code, url = await stage.command("connect", "changing")
    rows = await asyncio.to_thread(notebook, NOTEBOOK, re.search(r"sc://\S+", url)[0])  # type: ignore[index]
    async with stage.agent() as agent:
        await agent.stop_job("changing", "connect")
        view = await agent.view()
        now = next(known for known in view.clusters if known.name == "changing")
        target = next(worker for worker in now.workers if worker.state == "serving")
    swapped_code, swapped = await stage.command("replace", "changing", str(target.index), "--yes")
    async with stage.agent() as agent:
        after = next(known for known in (await agent.view()).clusters if known.name == "changing")
    ended = await stage.destroy("changing")

    assert (shrunk_code, grown_code, swapped_code) == (0, 0, 0), shrunk + grown + swapped
    assert "Leaving: worker 1." in shrunk
    assert "running: Running with 1 of 1 workers." in shrunk
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    assert "running: Running with 2 of 2 workers." in grown
    assert connected_code == 0, url
    assert rows.stdout.splitlines() == ["rows: 143", "squares: [0, 1, 4, 9, 16]", "frame: 77"], rows.stderr[-2000:]
    states = [worker.state for worker in after.workers]
    assert states.count("serving") == 2
    assert after.workers[1].sentence == after.workers[target.index].sentence == Reason.LET_GO.sentence
    assert after.workers[target.index].donor not in {
        worker.donor for worker in after.workers if worker.state == "serving"
    }
    assert len(after.leases) == 3 and after.deposit > first.deposit
    assert all(worker.paid == worker.vouched > 0 for worker in ended.workers)
    assert (await stage.market.coin_by_holder())["renter"] == before - ended.deposit + ended.refund
    await stage.assert_clean(ended)


async def test_an_extended_cluster_outlives_its_first_lease_and_its_job_does_not_notice(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.offers(2)
    async with stage.agent() as agent:
        # Short enough for another lease to take over at once.
        await agent.launch("longer", request(1, duration_s=150))
    view = await stage.until(lambda view: line(view, "longer").state == "running", "longer to run", 90)
    first = line(view, "longer")
    job = await stage.submit("longer", tmp_path)
    await stage.tasks_run("longer", job)

    code, said = await stage.command("extend", "longer", "--by", "10m", "--yes")
    view = await stage.until(
        lambda view: len(line(view, "longer").workers) == 2 and line(view, "longer").workers[0].state == "lost",
        "another to take over",
        120,
    )
    done, output = await stage.job_done("longer", job)
    extended = line(view, "longer")
    ended = await stage.destroy("longer")

    assert code == 0, said
    assert extended.ends_at == first.ends_at + 600
    assert extended.workers[0].sentence == Reason.LET_GO.sentence
    assert [worker.state for worker in extended.workers] == ["lost", "serving"]
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in output
    await stage.assert_clean(ended)
