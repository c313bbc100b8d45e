"""Changing a cluster that runs: more workers, fewer, others, or more time (docs/decisions/0023)."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from core.change import Change, ChangeKind, Preview
from core.cluster import Cluster, ClusterBook, Growth
from core.engine import Engine
from core.errors import InvalidInput, NotFound, SparecloudError
from core.lease import PartState, Rental, RentalPhase
from core.lease import facts as was
from core.leasing import Leasing, Wish
from core.model import Address, Amount, LeaseId
from core.ports import Clock
from core.quote import Quote, Request, Shortfall
from core.quoting import Quoting
from core.repair import (
    COMING,
    LEAST_LEFT_S,
    SERVING,
    beside,
    covered_by,
    left,
    lives,
    numbered,
    of_cluster,
    opened,
    shunned,
    size,
    staying,
    wanting,
)
from core.settings import Renter as RenterSettings
from core.view import spare

log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""Donors that refuse or are silent are left out and the rest of the market is asked, so many times in all."""

SUCCEED_AGAIN_S: Final = 10
"""Workers to take over at the end of a lease are looked for again after so long."""

MARGIN_S: Final = 60
"""A lease's successor is asked for so much earlier than accepting and starting may take."""

_Share = tuple[LeaseId, int]


@dataclass(frozen=True, slots=True)
class _State:
    """A cluster with its leases, and the workers that screens number."""

    cluster: Cluster
    rentals: tuple[Rental, ...]
    now: int

    @property
    def ends_at(self) -> int:
        """When the last of its leases ends."""
        return max(rental.agreement.terms.ends_at for rental in opened(self.rentals))

    @property
    def size(self) -> int:
        return size(self.cluster, self.rentals, self.now)

    def numbers(self) -> dict[_Share, int]:
        """How screens number each share."""
        return {
            (rental.agreement.lease, index): number for number, (rental, index) in enumerate(numbered(self.rentals))
        }


class Changing:
    """Previews changes, makes them, and follows up on those that take a while."""

    def __init__(
        self,
        settings: RenterSettings,
        clock: Clock,
        engine: Engine,
        book: ClusterBook,
        quoting: Quoting,
        leasing: Leasing,
        rentals: Callable[[], Iterable[Rental]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._engine = engine
        self._book = book
        self._quoting = quoting
        self._leasing = leasing
        self._rentals = rentals
        self._succeed_at: dict[str, int] = {}

    async def preview(self, name: str, change: Change) -> Preview:
        """What `change` would mean now; binds nobody.

        Raises NotFound, InvalidInput (the cluster does not run, a change is under way, a shortfall).
        """
        state = self._state(name)
        match change.kind:
            case ChangeKind.RESIZE if change.workers > state.size:
                more = change.workers - state.size
                quote = await self._quoted(beside(state.cluster, state.rentals, more, self._time_left(state)))
                sentence = f"{name} grows from {state.size} to {change.workers} workers, for {_pay(quote)}."
                return Preview(change, sentence, quote, most=quote.total())
            case ChangeKind.RESIZE:
                return self._shrinking(state, change)
            case ChangeKind.REPLACE:
                wish = self._relief(state, change.worker)
                quote = await self._quoted(wish.request)
                sentence = (
                    f"Worker {change.worker} of {name} serves until another has started, then hands its data over and "
                    f"leaves. The other costs {_pay(quote)}."
                )
                return Preview(change, sentence, quote, (change.worker,), quote.total())
            case ChangeKind.EXTEND:
                lasts_s = change.seconds + self._ahead_s
                quote = await self._quoted(replace(state.cluster.request, workers=state.size, duration_s=lasts_s))
                sentence = (
                    f"{name} goes on after its leases end: shortly before, {_number(state.size)} for the rest of the "
                    f"time are leased at the prices of then, for {_pay(quote)}."
                )
                return Preview(change, sentence, quote, most=quote.total())

    async def change(self, name: str, change: Change, most: int | None = None) -> None:
        """Make the change, for `most` beyond what the cluster may cost already (None: whatever it costs).

        Raises what `preview` does, and NotEnoughCoin, SpendingLimit.
        """
        state = self._state(name)
        bound = Amount(most or 0)
        match change.kind:
            case ChangeKind.RESIZE if change.workers > state.size:
                request = beside(state.cluster, state.rentals, change.workers - state.size, self._time_left(state))
                await self._leasing.ask(
                    replace(state.cluster, trouble=""), Wish(request, bound, state.ends_at, attempt=1)
                )
            case ChangeKind.RESIZE:
                self._shrink(state, change.workers)
            case ChangeKind.REPLACE:
                await self._leasing.ask(state.cluster, replace(self._relief(state, change.worker), most=bound))
            case ChangeKind.EXTEND:
                preview = await self.preview(name, change)
                if bound and preview.most > bound:
                    raise InvalidInput(
                        f"This now costs up to {spare(preview.most)}, and {spare(bound)} were confirmed.",
                        "Look at it again; nothing was paid.",
                    )
                cluster = self._book.named(name)
                total = Amount(cluster.most + (bound or preview.most)) if cluster.most else Amount(0)
                until = max(cluster.until, state.ends_at) + change.seconds
                self._book.keep(replace(cluster, until=until, most=total, trouble=""))

    async def look(self, cluster: Cluster) -> None:
        """Ask again for workers that were refused, and for those that take over from leases about to end."""
        now = self._clock.now()
        rentals = of_cluster(cluster, self._rentals())
        if not lives(cluster, rentals, now):
            return
        for growth in cluster.growths:
            rental = next((each for each in rentals if each.agreement.lease == growth.lease), None)
            if rental is not None and rental.phase is RentalPhase.ENDED and not rental.opened_at:
                await self._grow_again(cluster, growth, rental)
                return
        await self._succeed(cluster, rentals, now)

    async def _grow_again(self, cluster: Cluster, growth: Growth, failed: Rental) -> None:
        """Leave out who refused or was silent, and ask the rest; after some attempts the cluster stays as it was."""
        blamed = frozenset(
            share.donor for share, part in zip(failed.agreement.shares, failed.parts, strict=True) if part.reason
        )
        cost = sum(share.cap for share in failed.agreement.shares)
        cluster = replace(
            cluster,
            request=replace(cluster.request, workers=max(1, cluster.request.workers - growth.workers)),
            most=Amount(cluster.most - cost),
            growths=tuple(each for each in cluster.growths if each is not growth),
        )
        # Kept first: `ask` goes on from what the book has.
        self._book.keep(cluster)
        try:
            if not blamed or growth.attempt >= ATTEMPTS:
                raise InvalidInput(f"{failed.reason.sentence if failed.reason else ''} {failed.why}".strip())
            state = _State(cluster, of_cluster(cluster, self._rentals()), self._clock.now())
            request = beside(cluster, state.rentals, growth.workers, self._time_left(state))
            request = replace(request, excluded=request.excluded | blamed)
            await self._leasing.ask(cluster, Wish(request, growth.most, state.ends_at, attempt=growth.attempt + 1))
        except SparecloudError as problem:
            log.warning("cluster %s does not grow: %s", cluster.name, problem)
            self._book.keep(replace(self._book.named(cluster.name), trouble=f"It could not grow: {problem}"))

    async def _succeed(self, cluster: Cluster, rentals: tuple[Rental, ...], now: int) -> None:
        shares = expiring(cluster, rentals, now, self._ahead_s)
        if not shares or now < self._succeed_at.get(cluster.name, 0) or cluster.until - now < LEAST_LEFT_S:
            return
        self._succeed_at[cluster.name] = now + SUCCEED_AGAIN_S
        request = replace(
            cluster.request, workers=len(shares), duration_s=cluster.until - now, confidence_per_mille=0, ceiling=None
        )
        request = replace(request, excluded=request.excluded | shunned(rentals, now - SUCCEED_AGAIN_S))
        wish = Wish(request, left(cluster, rentals), cluster.until, shares, swap=True)
        try:
            log.info("cluster %s: asking for %d workers to take over", cluster.name, len(shares))
            await self._leasing.ask(cluster, wish)
        except SparecloudError as problem:
            log.warning("cluster %s: nobody takes over yet: %s", cluster.name, problem)
            self._book.keep(replace(self._book.named(cluster.name), trouble=f"Nobody takes over yet: {problem}"))

    @property
    def _ahead_s(self) -> int:
        """How long before its end a lease's successor is asked for."""
        return self._settings.accept_within_s + self._settings.start_within_s + MARGIN_S

    def _state(self, name: str) -> _State:
        """The cluster, if it can be changed. Raises NotFound, InvalidInput."""
        cluster = self._book.named(name)
        state = _State(cluster, of_cluster(cluster, self._rentals()), self._clock.now())
        if cluster.released or not any(rental.phase in SERVING for rental in state.rentals):
            raise InvalidInput(f"The cluster {name} does not run.", f"Look at it with `sparecloud status {name}`.")
        busy = under_way(cluster, state.rentals)
        if busy:
            raise InvalidInput(f"{name} is being changed: {busy}", "Change it again once that is done.")
        return state

    def _time_left(self, state: _State) -> int:
        left_s = state.ends_at - state.now
        if left_s < LEAST_LEFT_S:
            raise InvalidInput(
                f"{state.cluster.name} has {max(0, left_s)} seconds left, and a worker hardly starts within them.",
                f"Give it more time first: `sparecloud extend {state.cluster.name} --by 1h`.",
            )
        return left_s

    async def _quoted(self, request: Request) -> Quote:
        _, answer = await self._quoting.best(request)
        if isinstance(answer, Shortfall):
            raise InvalidInput(answer.sentence, "Ask for less, or wait for more donors; nothing was paid.")
        return answer

    def _shrinking(self, state: _State, change: Change) -> Preview:
        if change.workers == state.size:
            raise InvalidInput(f"{state.cluster.name} has {_number(state.size)} already.", "Nothing is to be done.")
        numbers = state.numbers()
        leaving = tuple(sorted(numbers[share] for share in _surplus(state, change.workers)))
        sentence = (
            f"{state.cluster.name} shrinks from {state.size} to {_number(change.workers)}. Those that leave hand their "
            "data over first and are paid until they are gone; what they do not earn comes back when their lease ends."
        )
        return Preview(change, sentence, leaving=leaving)

    def _shrink(self, state: _State, workers: int) -> None:
        self._shrinking(state, Change(ChangeKind.RESIZE, workers=workers))
        surplus = _surplus(state, workers)
        cluster = self._book.named(state.cluster.name)
        self._book.keep(replace(cluster, request=replace(cluster.request, workers=workers), trouble=""))
        for lease, index in surplus:
            self._engine.tell(lease, was.LetGo(state.now, index))

    def _relief(self, state: _State, worker: int) -> Wish:
        """What to ask for so that another can take the place of a worker. Raises NotFound, InvalidInput."""
        share = next((share for share, number in state.numbers().items() if number == worker), None)
        if share is None:
            raise NotFound(
                f"{state.cluster.name} has no worker {worker}.",
                f"See them with `sparecloud status {state.cluster.name}`.",
            )
        serving = {(rental.agreement.lease, index): rental for rental, index in staying(state.rentals)}
        rental = serving.get(share)
        if rental is None or rental.parts[share[1]].state is not PartState.SERVING:
            raise InvalidInput(f"Worker {worker} does not serve.", "Only a worker that serves can be replaced.")
        donor: Address = rental.agreement.shares[share[1]].donor
        request = beside(state.cluster, state.rentals, 1, self._time_left(state))
        request = replace(request, excluded=request.excluded | {donor})
        return Wish(request, Amount(0), state.ends_at, (share,), swap=True)


def expiring(cluster: Cluster, rentals: Iterable[Rental], now: int, within_s: int) -> tuple[_Share, ...]:
    """The shares of a cluster that was extended whose leases end within so long, and that no other lease replaces."""
    if not cluster.until or cluster.released:
        return ()
    rentals = of_cluster(cluster, rentals)
    covered = covered_by(cluster, rentals)
    return tuple(
        (rental.agreement.lease, index)
        for rental, index in staying(rentals)
        if rental.phase is RentalPhase.RUNNING
        and now >= rental.agreement.terms.ends_at - within_s
        and rental.agreement.terms.ends_at < cluster.until
        and (rental.agreement.lease, index) not in covered
    )


def under_way(cluster: Cluster, rentals: Iterable[Rental]) -> str:
    """What is being changed about the cluster at its renter's wish, in sentences; empty where nothing is."""
    return " ".join(_changes(cluster, of_cluster(cluster, rentals)))


def _changes(cluster: Cluster, rentals: tuple[Rental, ...]) -> Iterator[str]:
    known = {rental.agreement.lease: rental for rental in rentals}

    def pending(lease: LeaseId) -> bool:
        rental = known.get(lease)
        return rental is not None and rental.phase in (*COMING, RentalPhase.STARTING)

    # One that ended unopened is about to be asked for again, or given up.
    joining = sum(
        growth.workers
        for growth in cluster.growths
        if pending(growth.lease) or (growth.lease in known and not known[growth.lease].opened_at)
    )
    if joining:
        yield f"{_number(joining)} more on the way."
    relief = sum(
        not known[lease].parts[index].let_go_at and known[lease].parts[index].state is PartState.SERVING
        for made in cluster.replacements
        if made.swap and (pending(made.lease) or known[made.lease].phase is RentalPhase.RUNNING)
        for lease, index in made.shares
    )
    if relief:
        yield f"{_number(relief)} on the way to take over."
    going = sum(
        part.let_go_at > 0 and part.state is PartState.SERVING
        for rental in rentals
        if rental.phase in SERVING
        for part in rental.parts
    )
    if going:
        yield f"{_number(going)} let go, handing data over."


def _surplus(state: _State, workers: int) -> tuple[_Share, ...]:
    """Who goes where fewer are wanted: first whose place is empty, then the newest. Raises InvalidInput."""
    count = state.size - workers
    empty = wanting(state.cluster, state.rentals, state.now)
    there = {(rental.agreement.lease, index) for rental, index in staying(state.rentals)}
    newest = [share for share in reversed(state.numbers()) if share in there]
    if count > len(empty) + len(newest):
        raise InvalidInput("Workers are on their way in the place of lost ones.", "Ask again once they have joined.")
    return (*empty, *newest)[:count]


def _number(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _pay(quote: Quote) -> str:
    return f"up to {spare(quote.total())}"
