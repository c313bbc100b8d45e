"""Every play that the attacks are made of, each made once on the contracts and remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.economy import court_moves as court
from benchmarks.economy import moves, trial_moves
from benchmarks.economy.parameters import Parameters
from benchmarks.economy.stage import Lease, Outcome, Person, Stage
from core.chain.artifact import Artifact
from core.chain.embedded import RpcError

_PLENTY = 10**24


@dataclass(eq=False)
class Plays:
    """The plays under one set of parameters. Each answers what everybody won or lost by it, in coin and in gas."""

    parameters: Parameters
    load: Callable[[str], Artifact]
    played: dict[tuple[object, ...], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stage = Stage(self.parameters, self.load)
        self._pool = self._stage.person("jurors")

    def served(self, *, unpaid_s: int = 0, workers: int = 1, quoted: bool = True) -> Outcome:
        """A lease served to the end, whose renter signs nothing for the last `unpaid_s` seconds."""
        return self._once(("served", unpaid_s, workers, quoted), lambda: self._served(unpaid_s, workers, quoted))

    def closed_early(self, after_s: int, *, redeemed_s: int) -> Outcome:
        """A lease closed after `after_s` seconds; of these the donor redeems `redeemed_s` before the grace is over."""
        return self._once(("closed early", after_s, redeemed_s), lambda: self._closed_early(after_s, redeemed_s))

    def vanished(self, after_s: int, *, retires: bool) -> Outcome:
        """A donor stops after `after_s` seconds, and nobody tries it."""
        return self._once(("vanished", after_s, retires), lambda: self._vanished(after_s, retires))

    def challenged(self, by: str, *, answered: bool, after_s: int = 0, quoted: bool = True) -> Outcome:
        """A donor that served `after_s` seconds is challenged by "renter", "stranger", or "donor2", its second self."""
        key = ("challenged", by, answered, after_s, quoted)
        return self._once(key, lambda: self._challenged(by, answered, after_s, quoted))

    def sold_twice(self, by: str) -> Outcome:
        """A donor sells its seats twice, serves nobody, and is convicted by "renter", "stranger" or "donor2"."""
        return self._once(("sold twice", by), lambda: self._sold_twice(by))

    def accused(self, *, after_s: int = 0) -> Outcome:
        """A donor that served `after_s` seconds is accused, and does not contest."""
        return self._once(("accused", after_s), lambda: self._case((), (), False, after_s))

    def tried(
        self, first: tuple[bool | None, ...], second: tuple[bool | None, ...] = (), *, after_s: int = 0
    ) -> Outcome:
        """A contested accusation; juries vote as given, and who lost appeals where there is a `second`."""
        return self._once(("tried", first, second, after_s), lambda: self._case(first, second, True, after_s))

    def drained(self) -> Outcome:
        """A renter sits among its donors itself and claims its own share in full, first of all."""
        return self._once(("drained",), self._drained)

    def unbacked(self) -> Outcome:
        """The same where the deposit does not cover the caps: which donors refuse to serve."""
        return self._once(("unbacked",), self._unbacked)

    def slashed_itself(self, *, quoted: bool) -> Outcome:
        """A donor is its own renter and challenger, and does not answer: a way out of the stake."""
        return self._once(("slashed itself", quoted), lambda: self._slashed_itself(quoted))

    def dealt_with_itself(self) -> Outcome:
        """A donor is its own renter and pays itself the smallest unit, which starts its age."""
        return self._once(("dealt with itself",), self._dealt_with_itself)

    def claimed_by_a_stranger(self) -> Outcome:
        """Somebody sees a claim on its way and sends it first."""
        return self._once(("claimed by a stranger",), self._claimed_by_a_stranger)

    def retired_under_challenge(self) -> Outcome:
        """A donor retires when it sees a challenge, which came first; it does not answer."""
        return self._once(("retired under challenge",), self._retired_under_challenge)

    def retired_before(self) -> Outcome:
        """A donor retires before anybody challenges it; the challenge is refused."""
        return self._once(("retired before",), self._retired_before)

    def _once(self, key: tuple[object, ...], play: Callable[[], Outcome]) -> Outcome:
        if key not in self.played:
            self._stage.begin(self._pool)
            outcome = play()
            if outcome.sum != 0:
                raise AssertionError(f"{key} makes {outcome.sum} out of nothing")
            self.played[key] = outcome
        return self.played[key]

    def _people(self, *names: str) -> list[Person]:
        return [self._stage.person(name, free=_PLENTY, stake=_PLENTY) for name in names]

    def _opened(self, renter: Person, *donors: Person, quoted: bool = True) -> Lease:
        lease = moves.agreed(self._stage, renter, donors)
        (moves.open_quoted if quoted else moves.open_plain)(self._stage, renter, lease)
        return lease

    def _wound_up(self, renter: Person, *leases: Lease) -> Outcome:
        for lease in leases:
            moves.sweep(self._stage, renter, lease)
        return self._stage.outcome(*leases)

    def _served(self, unpaid_s: int, workers: int, quoted: bool) -> Outcome:
        p, stage = self.parameters, self._stage
        renter, *donors = self._people("renter", *(f"donor{index}" for index in range(workers)))
        lease = self._opened(renter, *donors, quoted=quoted)
        stage.wait(p.lease_s)
        for index, donor in enumerate(donors):
            if unpaid_s < p.lease_s:
                moves.claim_and_retire(stage, donor, lease, index, p.rate * (p.lease_s - unpaid_s))
        moves.close(stage, renter, lease)
        return self._wound_up(renter, lease)

    def _closed_early(self, after_s: int, redeemed_s: int) -> Outcome:
        renter, donor = self._people("renter", "donor0")
        lease = self._opened(renter, donor)
        self._stage.wait(after_s)
        moves.close(self._stage, renter, lease)
        if redeemed_s:
            moves.claim(self._stage, donor, lease, [self.parameters.rate * redeemed_s])
        return self._wound_up(renter, lease)

    def _vanished(self, after_s: int, retires: bool) -> Outcome:
        renter, donor = self._people("renter", "donor0")
        lease = self._opened(renter, donor)
        self._leaves(renter, donor, lease, after_s, retires)
        moves.close(self._stage, renter, lease)
        return self._wound_up(renter, lease)

    def _leaves(self, renter: Person, donor: Person, lease: Lease, after_s: int, retires: bool) -> None:
        self._stage.wait(after_s)
        amount = self.parameters.rate * after_s
        if retires and amount:
            moves.claim_and_retire(self._stage, donor, lease, 0, amount)
        elif retires:
            moves.retire(self._stage, donor, lease)
        elif amount:
            moves.claim(self._stage, donor, lease, [amount])

    def _challenged(self, by: str, answered: bool, after_s: int, quoted: bool) -> Outcome:
        people = self._people(*dict.fromkeys(("renter", "donor0", by)))
        renter, donor, challenger = people[0], people[1], people[-1] if by != "renter" else people[0]
        lease = self._opened(renter, donor, quoted=quoted)
        self._leaves(renter, donor, lease, after_s, False)
        trial = trial_moves.challenge(self._stage, challenger, donor, renter, lease)
        if answered:
            trial_moves.answer(self._stage, donor, trial)
        else:
            trial_moves.conclude(self._stage, challenger, trial)
        return self._wound_up(renter, lease)

    def _sold_twice(self, by: str) -> Outcome:
        people = self._people(*dict.fromkeys(("renter", "renter2", "donor0", by)))
        renter, other, donor, challenger = people[0], people[1], people[2], people[-1] if by != "renter" else people[0]
        one, two = self._opened(renter, donor), self._opened(other, donor)
        trial_moves.convict_double_sale(self._stage, challenger, (one, 0), (two, 0))
        for person, lease in ((renter, one), (other, two)):
            moves.close(self._stage, person, lease)
            moves.sweep(self._stage, person, lease)
        return self._stage.outcome(one, two)

    def _case(
        self, first: tuple[bool | None, ...], second: tuple[bool | None, ...], contested: bool, after_s: int
    ) -> Outcome:
        stage = self._stage
        if contested:
            court.seat(stage, self._pool, len(first) + len(second))
        renter, donor = self._people("renter", "donor0")
        lease = self._opened(renter, donor)
        self._leaves(renter, donor, lease, after_s, False)
        moves.close(stage, renter, lease)
        court.accuse(stage, renter, lease)
        if not contested:
            court.uphold(stage, renter, lease)
            return self._wound_up(renter, lease)
        court.contest(stage, donor, lease)
        court.vote(stage, renter, self._pool, lease, first)
        if second:
            guilty = first.count(True) > first.count(False)
            appellant = donor if guilty else renter
            court.appeal(stage, appellant, lease)
            court.vote(stage, appellant, self._pool, lease, second, appealed=True)
        court.settle(stage, renter, lease)
        return self._wound_up(renter, lease)

    def _drained(self) -> Outcome:
        p, stage = self.parameters, self._stage
        renter, myself, donor = self._people("renter", "renter2", "donor0")
        lease = self._opened(renter, myself, donor)
        moves.claim(stage, myself, lease, [p.cap])
        stage.wait(p.lease_s)
        moves.claim_and_retire(stage, donor, lease, 1, p.cap)
        return self._wound_up(renter, lease)

    def _unbacked(self) -> Outcome:
        p, stage = self.parameters, self._stage
        renter, myself, donor = self._people("renter", "renter2", "donor0")
        agreed = moves.agreed(stage, renter, [myself, donor])
        lease = stage.lease(renter, agreed.shares, [myself, donor], deposit=p.cap)
        moves.open_quoted(stage, renter, lease)
        moves.claim(stage, myself, lease, [p.cap])
        return self._wound_up(renter, lease)

    def _slashed_itself(self, quoted: bool) -> Outcome:
        renter, donor = self._people("donor2", "donor0")
        lease = self._opened(renter, donor, quoted=quoted)
        trial = trial_moves.challenge(self._stage, renter, donor, renter, lease)
        trial_moves.conclude(self._stage, renter, trial)
        return self._wound_up(renter, lease)

    def _dealt_with_itself(self) -> Outcome:
        renter, donor = self._people("donor2", "donor0")
        lease = moves.agreed(self._stage, renter, [donor], cap=1, penalty=0)
        moves.open_plain(self._stage, renter, lease)
        moves.claim(self._stage, renter, lease, [1])
        return self._stage.outcome(lease)

    def _claimed_by_a_stranger(self) -> Outcome:
        p, stage = self.parameters, self._stage
        renter, donor, stranger = self._people("renter", "donor0", "stranger")
        lease = self._opened(renter, donor)
        stage.wait(p.lease_s)
        moves.claim(stage, stranger, lease, [p.cap])
        moves.claim(stage, donor, lease, [p.cap])
        return self._wound_up(renter, lease)

    def _retired_under_challenge(self) -> Outcome:
        renter, donor = self._people("renter", "donor0")
        lease = self._opened(renter, donor)
        trial = trial_moves.challenge(self._stage, renter, donor, renter, lease)
        moves.retire(self._stage, donor, lease)
        trial_moves.conclude(self._stage, renter, trial)
        return self._wound_up(renter, lease)

    def _retired_before(self) -> Outcome:
        renter, donor = self._people("renter", "donor0")
        lease = self._opened(renter, donor)
        moves.retire(self._stage, donor, lease)
        try:
            trial_moves.challenge(self._stage, renter, donor, renter, lease)
        except RpcError:
            return self._wound_up(renter, lease)
        raise AssertionError("a retired donor was challenged")
