"""What the market must survive: each test breaks one thing in the middle of a paid job, and counts the money after."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from core.donor import DonorAgent
from core.donor_work import DonorPorts
from core.membership import images_folder, join
from core.model import Address, Agreement, Amount, Share
from core.observed import Job, JobState, WorkerReport, WorkerState
from core.quote import Quote
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, SHARE
from core.runtime.network import BridgeNetwork
from core.runtime.probe import HardwareProbe
from core.runtime.speed import DockerBenchmark
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket
from core.view import ClusterLine
from renter_tui.demo.children import Child
from tests.pure.owners import FakeOwnerFile, FakeSensors
from tests.whole.stage import SLOW_ANSWER, Stage, line, request, size, until

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
    # It may have been replaced meanwhile, by another lease.
    assert (await stage.market.coin_by_holder())["renter"] == before + cluster.deposit - ended.deposit + ended.refund
    await stage.assert_clean(ended)
    await _the_loss_is_remembered(stage, dead.donor, alive.donor)


async def _the_loss_is_remembered(stage: Stage, dead: Address, alive: Address) -> None:
    """The next quote prefers donors that kept their worker, and says so to whoever asks."""
    async with stage.agent() as agent:
        quote = await agent.quote(replace(request(2), tightness_percent=100))
        assert isinstance(quote, Quote)
        of_dead, of_alive = await agent.why(quote, dead), await agent.why(quote, alive)

    assert (of_dead.workers, of_alive.workers) == (0, 1)
    assert of_dead.sentence.startswith("Not chosen: the best plan with a worker on it is")


async def test_a_worker_that_is_lost_is_replaced_by_another_lease_and_the_job_goes_on(
    stage: Stage, tmp_path: Path
) -> None:
    cluster = await stage.launch("replaced", 2)
    job = await stage.submit("replaced", tmp_path)
    await stage.tasks_run("replaced", job)
    before = (await stage.market.coin_by_holder())["renter"]

    for container in stage.engine.labelled({LEASE: str(cluster.lease), SHARE: "0"}):
        container.kill()
    # The third donor takes its place.
    view = await stage.until(lambda view: _serving(line(view, "replaced")) == {1, 2}, "the replacement", 120)
    done, said = await stage.job_done("replaced", job)
    ended = await stage.destroy("replaced")

    replaced = line(view, "replaced")
    assert replaced.workers[2].lease != cluster.lease == replaced.workers[0].lease
    assert {worker.donor for worker in replaced.workers[1:]}.isdisjoint({replaced.workers[0].donor})
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    assert all(worker.paid == worker.vouched > 0 for worker in ended.workers)
    assert sum(worker.paid for worker in ended.workers) <= cluster.deposit
    assert (await stage.market.coin_by_holder())["renter"] == before + cluster.deposit - ended.deposit + ended.refund
    await stage.assert_clean(ended)


def _serving(cluster: ClusterLine) -> set[int]:
    return {worker.index for worker in cluster.workers if worker.state == "serving"}


async def test_an_owner_who_takes_the_machine_back_in_the_middle_of_a_job_costs_neither_the_job_nor_the_donor(
    stage: Stage, tmp_path: Path
) -> None:
    cluster = await stage.launch("reclaimed", 2)
    leaver = cluster.workers[0]
    job = await stage.submit("reclaimed", tmp_path)
    await stage.tasks_run("reclaimed", job)

    await stage.market.donors[leaver.donor_name].end()
    try:
        view = await stage.until(lambda view: _serving(line(view, "reclaimed")) == {1, 2}, "the replacement", 120)
        done, said = await stage.job_done("reclaimed", job)
        ended = await stage.destroy("reclaimed")
    finally:
        await stage.market.start_donor(leaver.donor_name)
        await stage.offers(3)

    assert "wanted the machine back" in line(view, "reclaimed").workers[0].sentence
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    gone = ended.workers[0]
    assert gone.paid == gone.vouched == gone.rate * gone.served_s > 0
    account = await stage.market.bank.account_of(gone.donor)
    assert account.reserved == 0
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
    await until(lambda: _all_vouched(stage, "vanished"), 30)
    cluster = line(await stage.until(lambda view: True, "a view"), "vanished")
    vouched = {worker.index: worker.vouched for worker in cluster.workers}
    before = await stage.market.coin_by_holder()

    stage.kill_agent()
    await until(lambda: _no_workers(stage, cluster), 6 * stage.market.timing.interval_s + 15)
    await until(lambda: _earned(stage, cluster, before), 30)

    # The renter comes back: its agent finds the workers gone, closes the lease and gets the rest.
    view = await stage.until(lambda view: line(view, "vanished").ended, "the settlement", 90)
    ended = line(view, "vanished")
    after = await stage.market.coin_by_holder()
    for worker in ended.workers:
        earned = after[worker.donor_name] - before[worker.donor_name]
        assert earned == worker.paid >= vouched[worker.index] > 0
        unpaid_s = worker.served_s - worker.vouched // worker.rate
        assert unpaid_s <= 2 * stage.market.timing.interval_s + 6
    await stage.assert_clean(ended)


async def test_a_donor_that_vanishes_loses_its_penalty_to_the_renter_that_challenged_it(stage: Stage) -> None:
    cluster = await stage.launch("deserted", 3)
    grace = next(worker for worker in cluster.workers if worker.donor_name == "grace")
    before = await stage.market.coin_by_holder()

    await stage.market.donors["grace"].kill()
    for container in stage.engine.labelled({LEASE: str(cluster.lease), SHARE: str(grace.index)}):
        container.kill()
    try:
        code, said = await stage.command("trial", "challenge", "deserted", str(grace.index), "--yes")
        assert code == 0, said
        early, _ = await stage.command("trial", "conclude", _trial_in(said), "--yes")
        await until(lambda: _concluded(stage, _trial_in(said)), 40)
        ended = await stage.destroy("deserted")
        after = await stage.market.coin_by_holder()
    finally:
        await stage.market.start_donor("grace")

    assert early != 0
    burned = after["burned"] - before["burned"]
    assert grace.penalty > 0 and burned >= grace.penalty * 25 // 100
    lost = next(worker for worker in ended.workers if worker.donor_name == "grace")
    assert after["grace"] - before["grace"] == lost.paid - grace.penalty
    assert after["renter"] - before["renter"] == ended.refund + grace.penalty - burned
    await stage.offers(3)
    await stage.assert_clean(ended)


def _trial_in(said: str) -> str:
    return said.strip().split()[-1]


async def _concluded(stage: Stage, trial: str) -> bool:
    code, _ = await stage.command("trial", "conclude", trial, "--yes")
    return code == 0


class _NeverStarts(DockerWorkers):
    """A dishonest donor's runtime: says yes, does nothing."""

    async def start_worker(
        self, agreement: Agreement, share: Share, master: str, secret: str, ticket: Ticket
    ) -> WorkerReport:
        await asyncio.sleep(70)
        return WorkerReport(WorkerState.ABSENT)


async def test_a_donor_that_accepts_and_never_starts_is_paid_nothing_and_the_others_serve(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.market.donors["edsger"].end()
    try:
        cluster, ended, done, said = await _rent_from_a_liar(stage, tmp_path)
    finally:
        await stage.market.start_donor("edsger")

    assert [worker.state for worker in cluster.workers].count("lost") == 1
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    lost = next(worker for worker in ended.workers if worker.donor_name == "edsger")
    assert lost.paid == lost.vouched == 0
    assert "never started" in lost.sentence
    await stage.assert_clean(ended)


async def _rent_from_a_liar(stage: Stage, folder: Path) -> tuple[ClusterLine, ClusterLine, Job, bytes]:
    async with join(stage.market.home("edsger"), "donor") as member:
        images = Images(stage.engine, images_folder())
        runtime = _NeverStarts(stage.engine, BridgeNetwork(stage.engine), images, "liar")
        ports = DonorPorts(
            chain=member.chain,
            notary=member.chain.notary,
            runtime=runtime,
            board=member.board,
            peers=member.peers,
            journal=member.journal,
            probe=HardwareProbe(stage.engine),
            benchmark=DockerBenchmark(stage.engine, images, "liar", "container"),
            sensors=FakeSensors(),
            owner=FakeOwnerFile(member.settings.donor),
            clock=member.clock,
        )
        liar = asyncio.create_task(DonorAgent(ports, consented=True).run())
        try:
            cluster = await stage.launch("liar", 3)
            job = await stage.submit("liar", folder)
            done, said = await stage.job_done("liar", job)
            ended = await stage.destroy("liar")
            return cluster, ended, done, said
        finally:
            liar.cancel()
            with suppress(asyncio.CancelledError):
                await liar


async def test_an_engine_that_is_gone_is_told_and_nothing_is_paid(stage: Stage) -> None:
    before = await stage.market.coin_by_holder()
    await stage.end_agent()
    gone = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}

    code, said = await stage.command("launch", "nowhere", *size(workers=1), "--yes", environment=gone)
    await stage.end_agent()

    assert code == 3
    assert "Docker" in said
    assert await stage.market.coin_by_holder() == before


async def test_a_donor_without_an_engine_says_so_and_offers_nothing(stage: Stage) -> None:
    ada = stage.market.donors["ada"]
    await ada.end()
    child = await stage.market.start_donor("ada", {"DOCKER_HOST": "unix:///nonexistent/docker.sock"})
    try:
        await until(lambda: _said(child, "Docker"), 30)
        for _ in range(6):  # three publishing intervals: time enough for an offer to come out
            await asyncio.sleep(1)
            view = await stage.until(lambda view: True, "a view")
            assert "ada" not in {offer.name for offer in view.market}
    finally:
        await child.end()
        await stage.market.start_donor("ada")
        await stage.offers(3)


async def test_a_request_that_cannot_fit_is_refused_before_any_transaction_with_what_would_fit(stage: Stage) -> None:
    before = await stage.market.coin_by_holder()
    await stage.offers(3)

    code, said = await stage.command("launch", "big", *size(workers=50), "--yes")

    assert code != 0
    assert "3 of the 50 workers" in said
    assert await stage.market.coin_by_holder() == before


async def test_not_enough_coin_is_told_before_any_transaction(stage: Stage) -> None:
    before = await stage.market.coin_by_holder()
    home = stage.market.home("pauper")
    if not home.exists():
        await stage.market.create_wallet("pauper")

    code, said = await stage.command("launch", "dear", *size(workers=3), "--yes", home=home)
    await stage.end_agent(home)

    assert code == 5
    assert "the wallet holds 0 SPARE" in said
    after = await stage.market.coin_by_holder()
    assert {name: after[name] for name in before} == before


async def test_malformed_settings_are_refused_with_file_and_key_named(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[donor.limits]\nmemory_mbi = 4\n", "utf-8")

    renter = await stage.command("market", home=tmp_path)
    donor = await stage.donor_command("--headless", "--home", str(tmp_path))

    for code, said in (renter, donor):
        assert code == 2
        assert "settings.toml" in said and "memory_mbi" in said


async def test_a_port_in_use_is_named(stage: Stage, tmp_path: Path) -> None:
    taken = stage.market.network.rpc_url.rsplit(":", 1)[1]
    settings = (stage.home / "settings.toml").read_text("utf-8").replace("agent_port = 0", f"agent_port = {taken}")
    (tmp_path / "settings.toml").write_text(settings, "utf-8")
    (tmp_path / "passphrase").write_bytes((stage.home / "passphrase").read_bytes())
    (tmp_path / "passphrase").chmod(0o600)

    code, said = await stage.command("market", home=tmp_path)

    assert code == 7
    assert taken in said


async def _said(child: Child, word: str) -> bool:
    return word in child.log.read_text("utf-8")


async def _all_vouched(stage: Stage, name: str) -> bool:
    view = await stage.until(lambda view: True, "a view")
    return all(worker.vouched > 0 for worker in line(view, name).workers)


async def _no_workers(stage: Stage, cluster: ClusterLine) -> bool:
    found = await asyncio.to_thread(stage.engine.labelled, {LEASE: str(cluster.lease)})
    return not any(container.labels.get(ROLE) == "worker" for container in found)


async def _earned(stage: Stage, cluster: ClusterLine, before: dict[str, Amount]) -> bool:
    held = await stage.market.coin_by_holder()
    return all(held[worker.donor_name] > before[worker.donor_name] for worker in cluster.workers)
