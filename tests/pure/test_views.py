"""What screens are given to draw."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from core.allowance import Allowance, Hold, Holding, Orders
from core.cluster import Cluster, next_job_name, settled
from core.donor_view import draw
from core.earnings import earnings
from core.errors import EngineUnavailable, SparecloudError
from core.lease import PartState, Reason, RentalPhase, Service, step
from core.lease import facts as was
from core.lease.renting import propose
from core.lease.serving import accept
from core.model import Address, Amount, Kind, LeaseId, Offer, Prices, Resources, SignedOffer
from core.observed import Conditions, Job, JobState, Measured, Usage
from core.owner import Costs, Donor, Limits, Notifications
from core.quote import Request
from core.release import Release
from core.renter_view import cluster_line, market
from core.ticket import Ticket
from core.view import DonorView, resources_text, spare
from tests.pure.leases import START, agreement, donor

LEASE = LeaseId("0x" + "33" * 32)


MACHINE = Measured(Resources(8000, 16_384, 100_000), Resources(8000, 16_384, 100_000))


@dataclass(frozen=True)
class Owner:
    """What the owner allows, for core.donor_view.Kept."""

    allowance: Allowance = Allowance(Limits())
    donor: Donor = Donor()
    orders: Orders = Orders()
    conditions: Conditions = Conditions()


def view_of(
    *services: Service,
    sharing: bool = True,
    owner: Owner = Owner(),
    problem: SparecloudError | None = None,
    measured: Measured | None = None,
    offered: Resources = Resources(),  # noqa: B008
    update: Release | None = None,
) -> DonorView:
    local = datetime.fromtimestamp(START + 60, UTC)
    return draw(
        local=local,
        keeping=owner,
        address=donor(1),
        sharing=sharing,
        problem=problem,
        ready=measured is not None,
        preparing="",
        measured=measured,
        offered=offered,
        balances=None,
        services=services,
        usages={(LEASE, 1): Usage(900, 1200)},
        earned=earnings(services, Costs(), local),
        update=update,
    )


def serving() -> Service:
    service, _ = accept(agreement(), 1, now=START, hold_s=60)
    for fact in (
        was.StartOrdered(START, "m:7077", "s", Ticket(LEASE, "worker")),
        was.WorkerRuns(START, START),
        was.VoucherArrived(START + 50, Amount(500), "0x01"),
    ):
        lease, _ = step(service, fact)
        assert isinstance(lease, Service)
        service = lease
    return service


def test_amounts_are_shown_in_coin_and_never_rounded_up() -> None:
    assert spare(32 * 10**17) == "3.2 SPARE"
    assert spare(10**18 - 1) == "0.999999 SPARE"
    assert spare(-(15 * 10**17)) == "-1.5 SPARE"
    assert spare(1234567 * 10**18) == "1,234,567 SPARE"


def test_resources_are_shown_without_what_is_zero() -> None:
    assert resources_text(Resources(1000, 1536)) == "1 core, 1.5 GiB"
    assert resources_text(Resources(2500, 4096, 1024 * 1024, 2)) == "2.5 cores, 4 GiB, 1024 GiB disk, 2 GPUs"


def test_a_donor_sees_what_it_earned_and_what_is_not_redeemed_yet() -> None:
    view = view_of(serving())

    assert (view.earnings.lifetime.earned, view.unredeemed, view.earnings.today.earned) == (500, 500, 500)
    assert view.services[0].state == "serving"
    assert view.services[0].earned == 600


def held_by(*holds: Hold) -> Owner:
    return Owner(Allowance(Limits(), tuple(Holding(hold, f"Because {hold}.") for hold in holds)))


def test_the_headline_tells_what_is_shared_and_what_is_not_and_why() -> None:
    ready = partial(view_of, measured=MACHINE, offered=Resources(2000, 4096))

    assert "Not sharing" in view_of(sharing=False).headline
    assert "Waiting" in view_of().headline
    assert ready().headline == "Sharing 2 cores, 4 GiB; waiting for a renter."
    assert ready(serving()).headline == "Sharing 1 core, 1.5 GiB; 1 worker running."
    assert ready(owner=held_by(Hold.HOT)).headline == "Because too hot."
    assert ready(serving(), owner=held_by(Hold.HOT, Hold.FINISHING)).headline == "1 worker paused. Because too hot."
    assert ready(serving(), owner=held_by(Hold.FINISHING)).headline == "Finishing 1 worker; nothing new is taken."
    assert view_of(serving(), sharing=False).headline.startswith("Stopping the last worker")


def test_a_problem_is_shown_with_what_to_do_about_it() -> None:
    view = view_of(problem=EngineUnavailable("No engine.", "Start one."))

    assert (view.problem, view.hint) == ("No engine.", "Start one.")


def offer(index: int, price: int, capacity: Resources) -> SignedOffer:
    prices = Prices(Amount(price), Amount(price), Amount(0), Amount(0))
    statement = Offer(donor(index), f"d{index}", capacity, prices, (Kind.SPARK,), "0x" + "11" * 32, 1, START, 600, 3)
    return SignedOffer(statement, "0x")


def test_the_market_lists_the_cheapest_first_and_leaves_out_who_has_no_room() -> None:
    lines, _ = market(
        [offer(1, 9, Resources(1000, 2048)), offer(2, 3, Resources(1000, 2048)), offer(3, 1, Resources())]
    )

    assert [line.name for line in lines] == ["d2", "d1"]
    assert lines[0].hourly == 3600 * (3 * 1000 + 3 * 2048)


def cluster() -> Cluster:
    request = Request(Resources(1000, 1536), 3, 600)
    return Cluster("etl", request, Amount(1), START, (LEASE,), donors={donor(0): ("ada", "0x")})


def test_a_cluster_says_why_it_ended_and_names_its_donors() -> None:
    rental, _ = propose(agreement(), now=START, accept_within_s=9, start_within_s=9)
    rental = replace(rental, phase=RentalPhase.ENDED, reason=Reason.OPENING_FAILED, why="No coin.")

    line = cluster_line(cluster(), [rental], screen="", retrying=False, lives=False)

    assert line is not None and line.ended
    assert line.sentence == f"{Reason.OPENING_FAILED.sentence} No coin."
    assert line.workers[0].donor_name == "ada"
    assert line.deposit == 0


def test_a_cluster_that_asks_other_donors_has_not_ended() -> None:
    rental, _ = propose(agreement(), now=START, accept_within_s=9, start_within_s=9)
    rental = replace(rental, phase=RentalPhase.ENDED, reason=Reason.DONOR_REFUSED)

    line = cluster_line(cluster(), [rental], screen="", retrying=True, lives=False)

    assert line is not None and not line.ended
    assert "Asking others" in line.sentence


def test_a_cluster_that_lost_all_workers_is_starting_again_while_others_are_looked_for() -> None:
    rental, _ = propose(agreement(), now=START, accept_within_s=9, start_within_s=9)
    parts = tuple(replace(part, state=PartState.LOST, reason=Reason.WORKER_LOST) for part in rental.parts)
    rental = replace(rental, phase=RentalPhase.CLOSING, opened_at=START, parts=parts)

    line = cluster_line(cluster(), [rental], screen="", retrying=False, lives=True)

    assert line is not None and not line.ended
    assert line.state == RentalPhase.STARTING
    assert line.sentence.startswith("Starting: 0 of 3 workers registered.")


def test_a_cluster_sums_over_its_leases_and_numbers_their_workers() -> None:
    first, _ = propose(agreement(), now=START, accept_within_s=9, start_within_s=9)
    second, _ = propose(
        replace(agreement(1), lease=LeaseId("0x" + "77" * 32)), now=START, accept_within_s=9, start_within_s=9
    )
    rentals = [replace(rental, phase=RentalPhase.RUNNING, opened_at=START) for rental in (first, second)]

    line = cluster_line(replace(cluster(), network=LEASE), rentals, screen="", retrying=False, lives=True)

    assert line is not None
    assert [worker.index for worker in line.workers] == [0, 1, 2, 3]
    assert line.workers[3].lease == line.leases[1] != line.lease
    assert line.deposit == first.agreement.terms.deposit + second.agreement.terms.deposit


def test_every_reason_has_a_sentence() -> None:
    assert all(reason.sentence.endswith(".") for reason in Reason)


def test_jobs_are_numbered_and_stopped_with_their_cluster() -> None:
    jobs = (Job("job-1", LEASE, JobState.SUCCEEDED, START, START + 5), Job("job-7", LEASE, JobState.RUNNING, START))

    after = settled(jobs, START + 9)

    assert next_job_name(jobs) == "job-8" and next_job_name(()) == "job-1"
    assert [job.state for job in after] == [JobState.SUCCEEDED, JobState.STOPPED]
    assert after[1].cause == "The cluster ended."


def test_addresses_are_lower_case() -> None:
    assert Address(donor(10)).islower()


def test_a_new_version_shows_where_the_owner_wants_to_hear_of_it() -> None:
    release = Release("0.2.0", "Faster shuffles.", "https://example.org")
    deaf = Owner(donor=Donor(notifications=Notifications(updates=False)))

    assert view_of(update=release).update == release
    assert view_of(owner=deaf, update=release).update is None
