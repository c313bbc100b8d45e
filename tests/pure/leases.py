"""Agreements to try the life cycle with."""

from core.model import Address, Agreement, Amount, Kind, LeaseId, Resources, Share, Terms

START = 1_000_000
RATE = Amount(10)
DURATION_S = 600
INTERVAL_S = 10


def donor(index: int) -> Address:
    return Address(f"0x{index + 1:040x}")


def agreement(shares: int = 3, *, interval_s: int = INTERVAL_S) -> Agreement:
    parts = tuple(
        Share(index, donor(index), Resources(1000, 1536), RATE, Amount(RATE * DURATION_S)) for index in range(shares)
    )
    terms = Terms(
        renter=Address("0x" + "aa" * 20),
        session=Address("0x" + "bb" * 20),
        root="0x" + "11" * 32,
        deposit=Amount(RATE * DURATION_S * shares),
        ends_at=START + DURATION_S,
        grace_s=30,
        salt="0x" + "22" * 32,
    )
    return Agreement(LeaseId("0x" + "33" * 32), terms, parts, interval_s, Kind.SPARK, "0x" + "44" * 32)
