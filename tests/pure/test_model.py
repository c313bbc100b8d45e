"""The nouns refuse values out of bounds, also when they are read from a peer's bytes."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import (
    MAX_AMOUNT,
    MAX_RESOURCE,
    Acceptance,
    Address,
    Amount,
    Heartbeat,
    Kind,
    LeaseId,
    Letterhead,
    Offer,
    Prices,
    Resources,
    Share,
    Traits,
    Voucher,
    address,
)
from core.pledges import NO_SEATS
from core.quote import Request, Waste
from tests.pure.leases import agreement

DONOR = Address("0x" + "cd" * 20)
LEASE = LeaseId("0x" + "ab" * 32)
WORD = "0x" + "11" * 32
OFFER = Offer(
    donor=DONOR,
    name="laptop",
    capacity=Resources(1000, 1024),
    prices=Prices(Amount(1), Amount(1), Amount(1), Amount(1)),
    kinds=(Kind.SPARK,),
    seal_key=WORD,
    sequence=1,
    expires_at=1_000_000,
    longest_lease_s=3600,
    shortest_grace_s=60,
)
REQUEST = Request(Resources(1000, 1024), 2, 600)
SHARE = Share(0, DONOR, Resources(1000, 1024), Amount(3), Amount(100))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Resources(-1), "cpu_millis"),
        (lambda: Resources(0, MAX_RESOURCE + 1), "memory_mib"),
        (lambda: Resources(gpu_memory_mib=-1), "gpu_memory_mib"),
        (lambda: Resources(MAX_RESOURCE).plus(Resources(1)), "cpu_millis"),
        (lambda: Prices(Amount(-1), Amount(0), Amount(0), Amount(0)), "cpu_milli"),
        (lambda: Prices(Amount(0), Amount(0), Amount(0), Amount(10**30 + 1)), "gpu"),
        (lambda: Traits(cpu_model="x" * 101), "cpu_model"),
        (lambda: Traits(cpu_model="\x1b[31m"), "cpu_model"),
        (lambda: Traits(isolation="\n"), "isolation"),
        (lambda: Traits(cpu_score=-1), "cpu_score"),
        (lambda: Traits(memory_mib_s=2**31), "memory_mib_s"),
        (lambda: Traits(disk_mib_s=-1), "disk_mib_s"),
        (lambda: Traits(up_kib_s=-1), "up_kib_s"),
        (lambda: Traits(down_kib_s=2**31), "down_kib_s"),
        (lambda: Traits(measured_at=2**40 + 1), "measured_at"),
        (lambda: replace(OFFER, donor=Address("0x" + "CD" * 20)), "donor"),
        (lambda: replace(OFFER, donor=Address("0x" + "cd" * 20 + "\n")), "donor"),
        (lambda: replace(OFFER, name=""), "name"),
        (lambda: replace(OFFER, name="x" * 41), "name"),
        (lambda: replace(OFFER, name="a\x07"), "name"),
        (lambda: replace(OFFER, kinds=()), "kinds"),
        (lambda: replace(OFFER, kinds=(Kind.SPARK,) * 9), "kinds"),
        (lambda: replace(OFFER, seal_key="0x11"), "seal_key"),
        (lambda: replace(OFFER, sequence=-1), "sequence"),
        (lambda: replace(OFFER, sequence=2**63), "sequence"),
        (lambda: replace(OFFER, expires_at=2**41), "expires_at"),
        (lambda: replace(OFFER, longest_lease_s=0), "longest_lease_s"),
        (lambda: replace(OFFER, shortest_grace_s=-1), "shortest_grace_s"),
        (lambda: replace(REQUEST, workers=0), "workers"),
        (lambda: replace(REQUEST, workers=257), "workers"),
        (lambda: replace(REQUEST, duration_s=59), "duration_s"),
        (lambda: replace(REQUEST, duration_s=30 * 86_400 + 1), "duration_s"),
        (lambda: replace(REQUEST, shape=Resources(99, 1024)), "cpu_millis"),
        (lambda: replace(REQUEST, shape=Resources(100, 511)), "memory_mib"),
        (lambda: replace(REQUEST, ceiling=Amount(0)), "ceiling"),
        (lambda: replace(REQUEST, most_per_donor=0), "most_per_donor"),
        (lambda: replace(SHARE, index=256), "index"),
        (lambda: replace(SHARE, rate=Amount(-1)), "rate"),
        (lambda: replace(SHARE, cap=Amount(MAX_AMOUNT + 1)), "cap"),
        (lambda: replace(agreement().terms, root="0x"), "root"),
        (lambda: replace(agreement().terms, deposit=Amount(-1)), "deposit"),
        (lambda: replace(agreement(), interval_s=0), "interval_s"),
        (lambda: replace(agreement(), shares=()), "shares"),
        (lambda: replace(agreement(), shares=agreement().shares[::-1]), "shares"),
        (lambda: replace(agreement(), terms=replace(agreement().terms, deposit=Amount(1))), "deposit"),
        (lambda: Acceptance(LeaseId("0x12"), 0, DONOR, 1, NO_SEATS), "lease"),
        (lambda: Heartbeat(LEASE, 0, -1, True), "served_s"),
        (lambda: Voucher(LEASE, -1, Amount(0)), "index"),
        (lambda: Voucher(LEASE, 0, Amount(MAX_AMOUNT + 1)), "amount"),
        (lambda: Letterhead(DONOR, Address("everybody.>"), 1, 1, WORD), "recipient"),
        (lambda: Letterhead(DONOR, DONOR, 1, 1, "0x" + "zz" * 32), "body_hash"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_field_named(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        make()


@pytest.mark.parametrize("text", ["", "0x", "cd" * 20, "0x" + "cd" * 19, "0x" + "zz" * 20, " 0x" + "cd" * 20])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        address(text)


def test_an_address_is_kept_in_lower_case() -> None:
    assert address("0X" + "CD" * 20) == DONOR


def test_the_same_checks_run_on_bytes() -> None:
    body = msgspec.json.encode(OFFER).replace(b'"laptop"', b'""')

    with pytest.raises(msgspec.ValidationError, match="name"):
        msgspec.json.decode(body, type=Offer)


_vectors = st.builds(Resources, *[st.integers(0, 10**6)] * 5)


@given(_vectors, _vectors)
def test_resources_add_subtract_and_compare_dimension_by_dimension(one: Resources, other: Resources) -> None:
    both = one.plus(other)

    assert one.fits(both)
    assert both.minus(other) == one
    assert both.capped(one) == one
    assert one.minus(both) == Resources()
    assert one.times(2) == one.plus(one)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_earns_by_the_second_up_to_its_cap(one_s: int, more_s: int) -> None:
    assert SHARE.earned(-1) == 0
    assert SHARE.earned(one_s) <= SHARE.earned(one_s + more_s) <= SHARE.cap


def test_waste_is_told_in_percent_of_what_is_leased() -> None:
    waste = Waste(fragmentation=-30, spares=Amount(50), least=-40, leased=Amount(200), supply=Amount(1000))
    nothing = Waste(0, Amount(0), 0, Amount(0), Amount(0))

    assert (waste.total(), waste.percent(), waste.least_percent()) == (20, 10.0, -20.0)
    assert (nothing.percent(), nothing.least_percent()) == (0.0, 0.0)
