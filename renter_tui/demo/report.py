"""The demo's report: what was promised, what was measured, who was paid, and whether every coin is accounted for."""

from dataclasses import dataclass
from typing import Final

from core.model import Address, Amount
from core.view import spare
from renter_tui.demo.flights import Verdict

QUOTE_GOAL_S: Final = 1.0
REGISTERED_GOAL_S: Final = 25.0
WARM_GOAL_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the demo and how long it took."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Earned:
    """What one donor got for what it served; `balance` is what it owns more than before, `penalty` what it pledged."""

    name: str
    address: Address
    served_s: int
    rate: Amount
    vouched: Amount
    paid: Amount
    balance: Amount
    held_back: Amount
    penalty: Amount


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure to reach. `applies` is False where this run cannot be held to it (say, images had to be built)."""

    name: str
    goal_s: float
    measured_s: float
    applies: bool = True

    @property
    def reached(self) -> bool:
        """True where the goal holds."""
        return self.measured_s <= self.goal_s


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run of the demo established."""

    phases: tuple[Phase, ...]
    figures: tuple[Figure, ...]
    job: Verdict
    donors: tuple[Earned, ...]
    deposit: Amount
    refund: Amount
    renter_before: Amount
    renter_after: Amount
    supply: Amount
    held: dict[str, Amount]
    pledged: dict[str, Amount]
    left_behind: tuple[str, ...]

    @property
    def paid(self) -> Amount:
        """What all donors were paid out of the escrow."""
        return Amount(sum(donor.paid for donor in self.donors))

    def faults(self) -> tuple[str, ...]:
        """What is off, a sentence each; empty where everything is as it must be."""
        found = []
        if not self.job.agrees:
            found.append(f"The job's result is wrong: {self.job.sentence}")
        if sum(self.held.values()) != self.supply:
            found.append(f"Coin was not conserved: {sum(self.held.values())} of {self.supply} units are left.")
        if self.paid + self.refund != self.deposit:
            found.append(f"Paid {self.paid} and refunded {self.refund} do not make the deposit of {self.deposit}.")
        if self.held.get("escrow"):
            found.append(f"The escrow still holds {spare(self.held['escrow'], digits=18)}.")
        if self.renter_before - self.renter_after != self.paid:
            found.append("The renter's wallet did not change by exactly what was paid.")
        for donor in self.donors:
            if donor.balance != donor.paid:
                found.append(f"{donor.name} was paid {donor.paid} and owns {donor.balance} more.")
            if not 0 < donor.held_back <= donor.paid:
                found.append(f"{donor.name} is new, and {donor.held_back} of {donor.paid} were held back.")
            if donor.paid != donor.vouched:
                found.append(f"{donor.name} redeemed {donor.paid} of the {donor.vouched} vouched for.")
            if not 0 < donor.paid <= donor.rate * donor.served_s:
                found.append(f"{donor.name} was paid {spare(donor.paid)} for {donor.served_s} s.")
        found += [f"{name} still has {spare(pledged)} pledged." for name, pledged in self.pledged.items() if pledged]
        found.extend(f"Left behind: {thing}." for thing in self.left_behind)
        return tuple(found)

    def text(self) -> str:
        """The report for a person."""
        lines = ["", "Where the time went"]
        lines += [f"  {phase.name:<44}{phase.seconds:7.1f} s" for phase in self.phases]
        lines += [f"  {'in all':<44}{sum(phase.seconds for phase in self.phases):7.1f} s", "", "Figures to reach"]
        lines += [f"  {figure.name:<44}{figure.measured_s:7.1f} s   {_judged(figure)}" for figure in self.figures]
        lines += ["", "The job", f"  {self.job.flights:,} flights, {self.job.rows} rows. {self.job.sentence}", ""]
        lines += ["What each donor earned"]
        for donor in self.donors:
            lines.append(
                f"  {donor.name:<10}{donor.address[:10]}…  {donor.served_s:4d} s served  {spare(donor.paid, digits=12)}"
            )
            pledge = f"pledged {spare(donor.penalty)}, released" if donor.penalty else "pledged nothing"
            lines.append(f"  {'':<10}held back {spare(donor.held_back)} as its stake, being new; {pledge}")
        lines += [
            "",
            "The renter",
            f"  put {spare(self.deposit)} into escrow, paid {spare(self.paid)}, got {spare(self.refund)} back.",
            "",
            "Coin",
            f"  {sum(self.held.values())} of {self.supply} units are accounted for: "
            + ("conserved to the last unit." if sum(self.held.values()) == self.supply else "NOT CONSERVED."),
        ]
        faults = self.faults()
        lines += ["", *(faults or ("Everything is as it should be, and nothing was left behind.",))]
        return "\n".join(lines)


def _judged(figure: Figure) -> str:
    if not figure.applies:
        return f"(goal {figure.goal_s:g} s: not for a run that builds the images)"
    return f"{'reached' if figure.reached else 'MISSED'} (goal {figure.goal_s:g} s)"
