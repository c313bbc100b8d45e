"""What donors pledge: penalties that their stake covers, seats that are sold once, and what becomes of both."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.donor_pledges import Pledges
from core.donor_work import DonorPorts
from core.errors import ChainUnavailable, SparecloudError
from core.lease import Service, ServicePhase
from core.model import (
    MAX_AMOUNT,
    Address,
    Agreement,
    Amount,
    Kind,
    LeaseId,
    Offer,
    Prices,
    Resources,
    Share,
    SignedOffer,
)
from core.observed import LeaseRecord
from core.pledges import NO_SEATS, SEATS, choose_seats, enough_seats, machine_sizes, seats_needed, with_penalties
from core.quote import Quote, Reckoning, Request, Waste
from tests.pure.leases import START, agreement, donor
from tests.pure.owners import FakeOwnerFile, FakeSensors

_seats = st.integers(0, 2**SEATS - 1).map(lambda bits: f"0x{bits:064x}")
_memory = st.integers(1, 2**20)


def bits(seats: str) -> int:
    return int(seats, 16)


@given(machine_mib=_memory, wished=st.lists(_memory, max_size=40))
def test_shares_that_fit_the_machine_all_get_seats_and_no_seat_twice(machine_mib: int, wished: list[int]) -> None:
    # A seat each at least: what no machine with fewer than 256 MiB a share could give is left out.
    sizes: list[int] = []
    for size in wished:
        if sum(sizes) + size <= machine_mib and (size * SEATS >= machine_mib or size == machine_mib):
            sizes.append(size)

    taken: list[str] = []
    for size in sizes:
        seats = choose_seats(size, machine_mib, taken)
        assert seats is not None
        assert enough_seats(seats, size, machine_mib)
        taken.append(seats)

    together = 0
    for seats in taken:
        assert bits(seats) & together == 0
        together |= bits(seats)


@given(memory_mib=_memory, machine_mib=st.integers(0, 2**20), taken=st.lists(_seats, max_size=4))
def test_seats_are_refused_only_where_too_few_are_left(memory_mib: int, machine_mib: int, taken: list[str]) -> None:
    used = 0
    for seats in taken:
        used |= bits(seats)
    needed = seats_needed(memory_mib, machine_mib)

    chosen = choose_seats(memory_mib, machine_mib, taken)

    assert (chosen is None) == (needed > SEATS - used.bit_count())
    if chosen is not None:
        assert bits(chosen) & used == 0
        assert bits(chosen).bit_count() == needed >= 1
        assert enough_seats(chosen, memory_mib, machine_mib)
        fewer = f"0x{bits(chosen) & (bits(chosen) - 1):064x}"
        assert not enough_seats(fewer, memory_mib, machine_mib)


def test_a_share_of_the_whole_machine_takes_every_seat_and_one_of_an_unknown_machine_takes_one() -> None:
    whole = choose_seats(8192, 8192, [])

    assert whole == "0x" + "f" * 64
    assert choose_seats(1, 8192, [whole]) is None
    assert bits(choose_seats(8192, 0, []) or "0x0").bit_count() == 1
    assert not enough_seats(NO_SEATS, 1, 8192)


_stakes = st.lists(st.integers(0, 10**21).map(Amount), min_size=1, max_size=4)
_caps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10**20).map(Amount)), min_size=1, max_size=12)


def offered(index: int, stake: Amount) -> SignedOffer:
    offer = Offer(
        donor=donor(index),
        name="laptop",
        capacity=Resources(4000, 4096),
        prices=Prices(Amount(1), Amount(1), Amount(0), Amount(0)),
        kinds=(Kind.SPARK,),
        seal_key="0x" + "22" * 32,
        sequence=1,
        expires_at=START,
        longest_lease_s=3600,
        shortest_grace_s=60,
        stake=stake,
        machine_mib=8192 + index,
    )
    return SignedOffer(offer, "0x")


def quoted(caps: list[tuple[int, Amount]]) -> Quote:
    shares = tuple(
        Share(index, donor(who), Resources(1000, 1024), Amount(1), cap) for index, (who, cap) in enumerate(caps)
    )
    request = Request(Resources(1000, 1024), len(shares), 600)
    return Quote(
        request,
        shares,
        (),
        Waste(0, Amount(0), 0, Amount(0), Amount(0)),
        Reckoning(0, 0, (), 0.0, 0.0, False, 0),
        START,
        "0x" + "00" * 32,
    )


@given(stakes=_stakes, caps=_caps, percent=st.integers(0, 100))
def test_penalties_never_exceed_the_percentage_or_what_a_donor_has_staked(
    stakes: list[Amount], caps: list[tuple[int, Amount]], percent: int
) -> None:
    quote = quoted(caps)

    pledged = with_penalties(quote, [offered(index, stake) for index, stake in enumerate(stakes)], percent)

    assert [replace(share, penalty=Amount(0)) for share in pledged.shares] == list(quote.shares)
    assert replace(pledged, shares=quote.shares) == quote
    for share in pledged.shares:
        assert 0 <= share.penalty <= share.cap * percent // 100
    for who in range(5):
        stake = stakes[who] if who < len(stakes) else 0
        penalties = [share.penalty for share in pledged.shares if share.donor == donor(who)]
        wanted = [share.cap * percent // 100 for share in pledged.shares if share.donor == donor(who)]
        assert sum(penalties) == min(stake, sum(wanted))
    assert with_penalties(pledged, [offered(index, stake) for index, stake in enumerate(stakes)], percent) == pledged


def test_the_machines_sizes_are_what_their_offers_say() -> None:
    assert machine_sizes([offered(0, Amount(0)), offered(1, Amount(0))]) == {donor(0): 8192, donor(1): 8193}


LEASE_ENDS = agreement().terms.ends_at


@dataclass
class FakeChain:
    """Leases as the escrow would have them: one lease, and what was asked for."""

    record: LeaseRecord | None = None
    window_over: bool = False
    retired: set[int] = field(default_factory=set)
    released: list[int] = field(default_factory=list)
    away: bool = False
    unreadable: LeaseId | None = None
    time: int = START

    def open(self) -> None:
        self.record = LeaseRecord(agreement().lease, Amount(1), LEASE_ENDS + 30, closed=False, swept=False)

    def close(self) -> None:
        assert self.record is not None
        self.record = replace(self.record, closed=True)

    async def now(self) -> int:
        return self.time

    async def lease(self, lease: LeaseId) -> LeaseRecord | None:
        if self.away or lease == self.unreadable:
            raise ChainUnavailable("The node is away.")
        return self.record

    async def is_retired(self, lease: LeaseId, index: int) -> bool:
        return index in self.retired

    async def claim(self, agreement: Agreement, redemptions: list[Any], *, retiring: Share | None = None) -> None:
        assert not redemptions and retiring is not None
        assert retiring.index not in self.retired
        self.retired.add(retiring.index)

    async def release(self, agreement: Agreement, index: int) -> bool:
        if self.window_over:
            self.released.append(index)
        return self.window_over


class FakeJournal:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def rows(self, table: str) -> dict[str, bytes]:
        return self.kept

    def put(self, table: str, key: str, value: bytes) -> None:
        self.kept[key] = value


class Clock:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> int:
        return self.time


@dataclass
class Donor:
    """A donor's pledges over fakes; `restarted` is the same after a crash."""

    chain: FakeChain = field(default_factory=FakeChain)
    journal: FakeJournal = field(default_factory=FakeJournal)
    clock: Clock = field(default_factory=Clock)

    def pledges(self) -> Pledges:
        ports = DonorPorts(
            chain=cast(Any, self.chain),
            journal=cast(Any, self.journal),
            clock=cast(Any, self.clock),
            notary=cast(Any, None),
            runtime=cast(Any, None),
            board=cast(Any, None),
            peers=cast(Any, None),
            probe=cast(Any, None),
            benchmark=cast(Any, None),
            sensors=FakeSensors(),
            owner=FakeOwnerFile(),
        )
        return Pledges(ports)


def service(index: int = 0, *, penalty: int = 5, phase: ServicePhase = ServicePhase.ENDED) -> Service:
    agreed = agreement()
    shares = tuple(replace(share, penalty=Amount(penalty)) for share in agreed.shares)
    return Service(replace(agreed, shares=shares), index, phase, deadline=START + 60, asked_at=START)


async def test_a_pledged_share_that_ended_is_retired_once_and_released_after_its_window() -> None:
    donor = Donor()
    donor.chain.open()
    ended = {"a": service(0), "b": service(1)}

    for _ in range(2):
        await donor.pledges().settle(ended)
    over = donor.pledges()
    assert donor.chain.retired == {0, 1} and over.is_over("a") and over.is_over("b")
    assert donor.chain.released == []

    donor.chain.window_over = True
    for _ in range(2):
        await donor.pledges().settle(ended)
    assert sorted(donor.chain.released) == [0, 1]


async def test_nothing_is_asked_of_the_chain_while_a_share_runs() -> None:
    donor = Donor()
    donor.chain.away = True
    pledges = donor.pledges()

    for phase in ServicePhase:
        if phase is not ServicePhase.ENDED:
            await pledges.settle({"a": service(phase=phase)})

    assert not pledges.is_over("a")


async def test_of_a_lease_that_its_renter_closed_nothing_need_be_retired() -> None:
    donor = Donor()
    donor.chain.open()
    donor.chain.close()
    pledges = donor.pledges()

    await pledges.settle({"a": service()})

    assert pledges.is_over("a")
    assert donor.chain.retired == set()


async def test_seats_of_a_lease_that_was_never_opened_are_free_once_nobody_can_open_it() -> None:
    donor = Donor()
    pledges = donor.pledges()

    await pledges.settle({"a": service()})
    early = pledges.is_over("a")
    donor.clock.time += 601
    await pledges.settle({"a": service()})

    assert (early, pledges.is_over("a")) == (False, True)


@pytest.mark.parametrize("how", ["closed", "time"])
async def test_a_share_without_a_penalty_pays_for_no_transaction_and_waits_for_its_leases_end(how: str) -> None:
    donor = Donor()
    donor.chain.open()
    pledges = donor.pledges()

    await pledges.settle({"a": service(penalty=0)})
    early = pledges.is_over("a")
    if how == "closed":
        donor.chain.close()
    else:
        # A renter that is gone for good neither closes nor sweeps.
        donor.chain.time = LEASE_ENDS + 1
    await pledges.settle({"a": service(penalty=0)})

    assert (early, pledges.is_over("a")) == (False, True)
    assert donor.chain.retired == set() and donor.chain.released == []


async def test_one_share_that_fails_does_not_keep_the_others_waiting() -> None:
    donor = Donor()
    donor.chain.open()
    donor.chain.retired = {0}
    pledges = donor.pledges()
    stuck = replace(service(1), agreement=replace(service(1).agreement, lease=LeaseId("0x" + "99" * 32)))
    donor.chain.unreadable = stuck.agreement.lease

    with pytest.raises(SparecloudError):
        await pledges.settle({"stuck": stuck, "fine": service(0)})

    assert (pledges.is_over("stuck"), pledges.is_over("fine")) == (False, True)


def test_amounts_that_the_contracts_can_hold_make_penalties_that_they_can_hold() -> None:
    quote = quoted([(0, Amount(MAX_AMOUNT))])

    [share] = with_penalties(quote, [offered(0, Amount(MAX_AMOUNT))], 100).shares

    assert share.penalty == MAX_AMOUNT
    assert share.donor == Address(donor(0))
