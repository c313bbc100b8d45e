"""A renter's view with something of everything: what the screens' tests and pictures show. Its clock stands still."""

from core.model import COIN_UNIT, Address, Amount, LeaseId, Prices, Resources, Traits
from core.observed import Account, Balances, Job, JobState
from core.view import ClusterLine, OfferLine, RenterView, WorkerLine

NOW = 1_790_000_000
_BASE = Prices(Amount(5_555_555_555), Amount(1_085_069_444), Amount(0), Amount(0))
_SHAPE = Resources(2000, 4096)
_MACHINES = (
    ("ada-thinkpad", 6000, 11_264, 100, "AMD Ryzen 7 5850U", 4120, None),
    ("zuse-tower", 14_000, 28_672, 112, "Intel Core i9-12900H", 5230, None),
    ("hopper-mini", 4000, 6144, 92, "Apple M1", 4890, None),
    ("liskov-xps", 5000, 12_288, 97, "Intel Core i7-1165G7", 3310, True),
    ("knuth-desk", 8000, 24_576, 108, "AMD Ryzen 5 5600X", 4400, None),
    ("noether-nuc", 2000, 3072, 84, "Intel N100", 1450, None),
    ("dijkstra", 3000, 7168, 101, "AMD Ryzen 3 4300U", 2280, False),
    ("hamilton-2", 7000, 15_360, 119, "AMD Ryzen 9 6900HX", 5010, None),
    ("lovelace", 4000, 8192, 95, "Intel Core i5-1135G7", 2950, True),
)


def who(number: int) -> Address:
    """The `number`th donor's address."""
    return Address(f"0x{pow(0x51AC3D5B9E7F0249, number + 9, 2**160 - 47):040x}")


def offers() -> tuple[OfferLine, ...]:
    """The market."""
    lines = []
    for number, (name, millis, memory, per_cent, model, score, battery) in enumerate(_MACHINES):
        prices = Prices(
            Amount(_BASE.cpu_milli * per_cent // 100), Amount(_BASE.memory_mib * per_cent // 100), Amount(0), Amount(0)
        )
        hourly = Amount(3600 * prices.per_second(Resources(1000, 2048)))
        traits = Traits(model, score, on_battery=battery)
        lines.append(
            OfferLine(who(number), name, Resources(millis, memory), prices, hourly, NOW + 12 + 7 * number, traits)
        )
    return tuple(lines)


def worker(index: int, state: str, sentence: str, served_s: int, *, paid: bool = False) -> WorkerLine:
    """A worker on the `index`th donor."""
    offer = offers()[index]
    rate = offer.prices.per_second(_SHAPE)
    earned = Amount(rate * served_s)
    return WorkerLine(
        index,
        LeaseId("0x" + "a" * 64),
        offer.donor,
        offer.name,
        state,
        sentence,
        _SHAPE,
        rate,
        served_s,
        earned,
        earned if paid else Amount(0),
    )


def cluster(
    name: str, digit: str, state: str, sentence: str, workers: tuple[WorkerLine, ...], jobs: tuple[Job, ...] = ()
) -> ClusterLine:
    """A three-hour cluster that opened 4,360 seconds ago."""
    rate = Amount(sum(each.rate for each in workers))
    deposit, spent = Amount(rate * 10_800), Amount(sum(each.vouched for each in workers))
    ended = state == "ended"
    return ClusterLine(
        name=name,
        lease=LeaseId("0x" + digit * 64),
        leases=(LeaseId("0x" + digit * 64),),
        state=state,
        sentence=sentence,
        workers=workers,
        rate=rate,
        deposit=deposit,
        spent=spent,
        refund=Amount(deposit - spent) if ended else Amount(0),
        opened_at=NOW - 4360,
        ends_at=NOW + 6440,
        screen="http://127.0.0.1:8080" if state == "running" else "",
        jobs=jobs,
        ended=ended,
    )


def sample() -> RenterView:
    """Nine offers; a cluster that runs, one that starts, one that ended."""
    etl = LeaseId("0x" + "a" * 64)
    jobs = (
        Job("flights-1", etl, JobState.SUCCEEDED, NOW - 4000, NOW - 3391),
        Job("flights-2", etl, JobState.FAILED, NOW - 2500, NOW - 2452, "The program ended with exit code 1."),
        Job("ranking-3", etl, JobState.RUNNING, NOW - 734),
    )
    back = "The owner wanted the machine back."
    over = "The time that was paid for is over."
    running = (
        worker(0, "serving", "", 4310),
        worker(1, "serving", "", 4308),
        worker(2, "lost", back, 2705, paid=True),
        worker(3, "serving", "", 4311),
    )
    clusters = (
        cluster("etl-nightly", "a", "running", "3 of 4 workers serve.", running, jobs),
        cluster("notebook", "b", "starting", "Waiting for the workers to register.", (worker(5, "accepted", "", 0),)),
        cluster("backfill", "c", "ended", over, (worker(4, "lost", over, 4200, paid=True),)),
    )
    account = Account(
        free=Amount(24 * 10**17),
        bonded=Amount(5 * COIN_UNIT),
        reserved=Amount(12 * 10**17),
        thawing=Amount(5 * 10**17),
        thaws_at=NOW + 31 * 86_400,
    )
    balances = Balances(Amount(12 * COIN_UNIT + 4 * 10**17), Amount(83 * 10**15), account)
    return RenterView(NOW, Address("0x8f3c2a97b1d04e6f5a7c9be2d1f00a4b6c8d9e21"), balances, "", "", offers(), clusters)
