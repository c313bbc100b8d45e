"""One share of a lease as its renter knows it: served, missing or leaving, and how far it is paid. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.lease import facts as was
from core.lease.granted import WHOLE
from core.model import Amount
from core.reason import Reason

MISSING_S: Final = 3
"""A worker that its master no longer sees counts as lost after so long; the master needs longer (docs/runtime.md)."""

PAUSED_S: Final = 600
"""A worker that its master no longer sees, but whose donor says that it is paused, counts as lost after so long."""

COMING_BACK_S: Final = 15
"""A worker gets so long to be seen again after its donor resumed it, and every worker after the renter slept."""

STOP_ALLOWANCE_S: Final = 20
"""A donor is paid for stopping gracefully, so many seconds at most after it was told to, or meant to."""

HAND_OVER_S: Final = 60
"""A worker that its renter lets go may hand its data over to the others for so long."""

LONGEST_NOTICE_S: Final = 300
"""A donor that announced that it leaves is paid for so many seconds more at most."""


class PartState(StrEnum):
    """Where one share of the lease stands, for its renter."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    SERVING = "serving"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Part:
    """One share of the lease, as the renter knows it.

    Its donor announced that it leaves at `leaves_at` (0: it stays), and lets the worker have `granted_permille`.
    A worker that is missing is not lost before `excused_until`; `absent_s` is how long it was missing with an excuse.
    `replaced`: another worker took its place, so that it never serves again. `let_go_at`: its renter wants it no more.
    """

    state: PartState = PartState.PROPOSED
    held_until: int = 0
    ordered_at: int = 0
    missing_since: int = 0
    lost_at: int = 0
    heard_at: int = 0
    served_s: int = 0
    vouched: Amount = Amount(0)
    finished: bool = False
    reason: Reason | None = None
    leaves_at: int = 0
    granted_permille: int = WHOLE
    excused_until: int = 0
    absent_s: int = 0
    replaced: bool = False
    let_go_at: int = 0

    @property
    def leaving(self) -> bool:
        """True from the donor's announcement until the worker is gone."""
        return self.state is PartState.SERVING and self.leaves_at > 0


def heard(part: Part, fact: was.HeartbeatArrived, interval_s: int) -> Part:
    """The share after what its donor announced: that it leaves, which it cannot put off, or what it grants."""
    now = fact.now
    if part.state is PartState.SERVING and fact.leaves_at:
        # Spark counts a worker that hands its data over as gone from now on: that is no absence.
        latest = part.leaves_at or now + LONGEST_NOTICE_S - STOP_ALLOWANCE_S
        part = replace(part, leaves_at=min(max(now, fact.leaves_at), latest), missing_since=0)
    if not fact.granted_permille:
        part = replace(part, excused_until=now + 2 * interval_s)
    elif not part.granted_permille:
        part = replace(part, excused_until=now + COMING_BACK_S)
    return replace(part, granted_permille=fact.granted_permille)


def seen(part: Part, now: int) -> Part:
    """The share after its worker was seen registered. One given up as late or missing serves again, unless it is over.

    What it was missing for with an excuse is not paid: its donor said itself that it served nothing.
    """
    if part.state is PartState.LOST and (part.finished or part.replaced):
        return part
    since = part.lost_at or part.missing_since
    absent_s = max(0, now - since) if since and part.excused_until > since else 0
    back = replace(part, state=PartState.SERVING, missing_since=0, lost_at=0, reason=None)
    return replace(back, absent_s=part.absent_s + absent_s)


def unseen(part: Part, now: int) -> Part:
    """The share after its worker was looked for and not registered."""
    if part.state is not PartState.SERVING or part.missing_since or part.leaves_at:
        return part
    return replace(part, missing_since=now)


def lose(part: Part, at: int, reason: Reason) -> Part:
    """The share, lost since `at`."""
    return replace(part, state=PartState.LOST, lost_at=at, missing_since=0, reason=reason)


def late(part: Part, now: int, patient_until: int) -> Part:
    """The share, lost where its worker has been missing, or leaving, for longer than is borne."""
    ends = leave_until(part)
    if part.state is PartState.SERVING and ends and now >= ends:
        # It announced that it leaves, or was asked to, and did: without a last word.
        return replace(lose(part, ends, reason_of(part, Reason.OWNER_RETURNED)), finished=True)
    if part.state is not PartState.SERVING or not part.missing_since:
        return part
    excused_until = min(part.excused_until, part.missing_since + PAUSED_S)
    borne_until = max(part.missing_since + MISSING_S, excused_until, patient_until)
    return lose(part, part.missing_since, reason_of(part, Reason.WORKER_LOST)) if now >= borne_until else part


def leave_until(part: Part) -> int:
    """The last second for which a donor is paid that announced that it leaves, or was let go; 0 where it stays."""
    until = part.leaves_at or (part.let_go_at and part.let_go_at + HAND_OVER_S)
    return until + STOP_ALLOWANCE_S if until else 0


def reason_of(part: Part, otherwise: Reason) -> Reason:
    """Why a share ended: nobody is to blame for one that its renter let go."""
    return Reason.LET_GO if part.let_go_at else otherwise


def witnessed_s(part: Part, until: int) -> int:
    """How many seconds until `until`, at most, the renter saw the worker serve since it was ordered."""
    until = min(until, leave_until(part) or until)
    # The donor knows the second its worker died, the master learns it a moment later: either may be first.
    gone_at = part.lost_at or part.missing_since
    return min(until, gone_at or until) - part.ordered_at - part.absent_s
