"""An owner for tests: settings kept in memory, and sensors that say what they are told to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from core.observed import Conditions
from core.owner import Donor

CALM = Conditions(idle_s=3600, on_battery=False, metered=False, full_screen=False, celsius=40)
"""An owner who is away from a cool machine on mains power."""


@dataclass
class FakeSensors:
    """core.ports.Sensors, with `conditions` as they are now."""

    conditions: Conditions = CALM

    async def read(self, programs: Collection[str]) -> Conditions:
        return self.conditions

    def providers(self) -> Mapping[str, str]:
        return {each.name: "the test" for each in fields(Conditions)}


@dataclass
class FakeOwnerFile:
    """core.ports.OwnerFile without a file."""

    donor: Donor = Donor()

    def read(self) -> Donor:
        return self.donor

    def write(self, donor: Donor) -> None:
        self.donor = donor
