"""Every number that the plays and the sums depend on: the deployment's rules, a typical lease, and the world."""

from dataclasses import dataclass, replace
from math import exp
from typing import Final

from core.chain.deployment import CourtRules, Periods, TrialRules
from core.model import COIN_UNIT, Amount, Resources
from core.owner import Asking
from core.settings import Renter

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Parameters:
    """The rules that a deployment has by default, and a typical lease under them."""

    periods: Periods = Periods()
    trials: TrialRules = TrialRules()
    court: CourtRules = CourtRules()
    workers: int = 4
    lease_s: int = 2 * HOUR_S
    grace_s: int = Renter().grace_s
    interval_s: int = Renter().interval_s
    shape: Resources = Resources(cpu_millis=2000, memory_mib=4096)
    penalty_percent: int = Renter().penalty_percent
    """The penalty of a share in percent of its cap."""

    @property
    def rate(self) -> Amount:
        """What the typical worker costs for a second, at the prices that donors ask by default."""
        return Asking().prices().per_second(self.shape)

    @property
    def cap(self) -> Amount:
        """What the typical share costs when it is served to the end."""
        return Amount(self.rate * self.lease_s)

    @property
    def penalty(self) -> Amount:
        """What the donor of the typical share stands to lose."""
        return Amount(self.cap * self.penalty_percent // 100)


SHIPPED: Final = Parameters()
"""What a deployment and a renter have by default."""

FIRST_DRAFT: Final = replace(
    SHIPPED,
    trials=replace(TrialRules(), min_bond=Amount(2 * COIN_UNIT), bond_percent=0),
    court=replace(
        CourtRules(), min_bond=Amount(2 * COIN_UNIT), minority_percent=20, no_show_percent=40, contest_s=3 * DAY_S
    ),
    grace_s=15 * 60,
    penalty_percent=20,
)
"""What this simulation was first run on, and what it was changed from."""


@dataclass(frozen=True, slots=True)
class World:
    """What is assumed of people and machines. Where nobody can know, the assumption favours the attacker."""

    gas_price: int = 2 * COIN_UNIT // 10**8
    """Smallest units of the coin for one gas. The default is Ethereum Classic at 1 gwei, 20 coins for an ether there:
    a coin buys 50 core-hours, so it is worth about a dollar."""

    offline: float = 0.5
    """How much of the time a laptop is away."""

    short_absence_s: int = 10 * HOUR_S
    long_absence_s: int = 8 * DAY_S
    long_absences: float = 0.03
    """Absences last exponential times: most of them a night, three in a hundred a holiday."""

    juror_accuracy: float = 0.9
    """How often an honest juror sees through what is shown to it."""

    contested_guilty: float = 0.3
    """How many contested cases are of guilty donors: few of those contest."""

    serving_cost: float = 0.15
    """What serving costs a donor in electricity and wear, of the price."""

    noticed_after_s: int = 600
    """How long a renter pays for a worker that does nothing before it looks into it."""

    accuses: float = 0.5
    """How often a renter goes to court that was left alone by its donor, where that is worth its while."""

    suspects: float = 0.25
    """How often a renter finds out that its donor was slow because it lied, and goes to court."""

    better_offer: float = 0.5
    """How much more another renter would pay a donor that is bound."""

    idle_s: int = 300
    """How long a donor waits for its next lease."""

    @property
    def absence_s(self) -> float:
        """How long an absence lasts on average."""
        return self.long_absences * self.long_absence_s + (1 - self.long_absences) * self.short_absence_s

    @property
    def presence_s(self) -> float:
        """How long a laptop is there between two absences, on average."""
        return self.absence_s * (1 - self.offline) / self.offline

    def still_absent(self, after_s: float, *, seen_s: float = 0.0) -> float:
        """How likely a laptop that has been away for `seen_s` stays away for `after_s` more."""
        return self._away_longer(seen_s + after_s) / self._away_longer(seen_s)

    def _away_longer(self, seconds: float) -> float:
        short = (1 - self.long_absences) * exp(-seconds / self.short_absence_s)
        return short + self.long_absences * exp(-seconds / self.long_absence_s)
