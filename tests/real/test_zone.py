"""The machine's own zone, whatever it is set to: checked against the zone's rules."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.earnings import earnings
from core.owner import Costs
from core.zone import OwnersZone

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="only POSIX sets a zone for one process")

ZONES = ("Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A zone that this process is set to meanwhile."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_every_hour_of_a_year_reads_as_the_zones_rules_say(zone: str) -> None:
    first = datetime(2026, 1, 1, 0, 15, tzinfo=UTC)

    for hours in range(365 * 24):
        instant = first + timedelta(hours=hours)
        here, ruled = instant.astimezone(OwnersZone()), instant.astimezone(ZoneInfo(zone))
        assert here.replace(tzinfo=None) == ruled.replace(tzinfo=None)
        assert (here.fold, here.utcoffset(), here.tzname()) == (ruled.fold, ruled.utcoffset(), ruled.tzname())
        assert here.timestamp() == instant.timestamp()


def test_earnings_begin_at_the_same_midnights_as_with_the_rules(zone: str) -> None:
    for day in range(0, 365, 3):
        instant = datetime(2026, 1, 1, 5, 40, tzinfo=UTC) + timedelta(days=day)

        here = earnings([], Costs(), instant.astimezone(OwnersZone()))

        assert here == earnings([], Costs(), instant.astimezone(ZoneInfo(zone)))
