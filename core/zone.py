"""The owner's time zone, as the machine is set to, with its changes of offset."""

from datetime import UTC, datetime, timedelta, tzinfo


class OwnersZone(tzinfo):
    """The machine's own zone, asked anew each time: a fixed offset, as `astimezone()` gives, forgets summer time.

    Arithmetic on a datetime of this zone is arithmetic on the wall clock.
    """

    def utcoffset(self, at: datetime | None) -> timedelta:
        """How far the wall clock is ahead of UTC at `at`; the later of two equal readings where `at.fold` says so."""
        offset = (at or datetime.now()).replace(tzinfo=None).astimezone().utcoffset()
        assert offset is not None, "astimezone() always gives an offset"
        return offset

    def dst(self, at: datetime | None) -> None:
        """Not told apart: the offset holds all there is."""
        return

    def tzname(self, at: datetime | None) -> str | None:
        """The zone's short name at `at`."""
        return (at or datetime.now()).replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, at: datetime) -> datetime:
        """The wall clock at the UTC reading `at`."""
        wall = datetime.fromtimestamp(at.replace(tzinfo=UTC).timestamp())
        return wall.replace(microsecond=at.microsecond, tzinfo=self)
