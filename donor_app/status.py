"""What tray and window say alike: one mark, one headline, every reason, one problem, one toggle. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.allowance import Holding
from core.lease import ServicePhase
from core.model import Resources
from core.sentences import length
from core.view import DonorView, ServiceLine, spare
from donor_app.agent import Problem
from donor_app.words import say, told


class Mark(StrEnum):
    """The state as a shape: each has its own drawing in icon.py."""

    OFF = "off"
    READY = "ready"
    SERVING = "serving"
    HELD = "held"
    PROBLEM = "problem"


_WORDS: Final = {
    Mark.OFF: "Not sharing",
    Mark.READY: "Ready to serve",
    Mark.SERVING: "Serving",
    Mark.HELD: "Held up",
    Mark.PROBLEM: "Needs attention",
}

_HOLDS_ROOM: Final = (
    ServicePhase.ACCEPTED,
    ServicePhase.STARTING,
    ServicePhase.SERVING,
    ServicePhase.LEAVING,
    ServicePhase.STOPPING,
)


@dataclass(frozen=True, slots=True)
class Status:
    """`sharing` is where the toggle stands, `toggle_word` the word beside it, `workers` how many hold room here.

    `reasons` are sentences on what holds sharing up, with what is left of each; those that the headline tells alone
    are left out. `can_resume` is whether the owner's own order is among them.
    """

    mark: Mark
    word: str
    headline: str
    reasons: tuple[str, ...]
    problem: Problem | None
    sharing: bool
    toggle_word: str
    workers: int
    can_share: bool
    can_pause: bool
    can_finish: bool
    can_resume: bool
    can_restart: bool
    earnings: str

    @property
    def first_line(self) -> str:
        """What matters most, in one sentence."""
        return f"{self.word}: {self.problem.title}" if self.problem else self.headline


def status(
    view: DonorView | None,
    *,
    wish: bool | None = None,
    refusal: Problem | None = None,
    alive: bool = True,
    ending: bool = False,
) -> Status:
    """The newest view as both screens show it.

    `wish` is what the owner asked for and the agent has not done yet; `refusal` a problem that no view holds;
    `ending` is true from Quit on.
    """
    problem = refusal
    if alive and view is not None and view.problem:
        problem = Problem(told(view.problem), told(view.hint), view.problem_kind)
    sharing = alive and (wish if wish is not None else view is not None and view.sharing)
    mark = _mark(view, problem, alive)
    able = alive and not ending and view is not None
    # Whoever never chose reads the first run before anything is shared.
    asked = view is not None and view.chosen
    orders = view.orders if view is not None else None
    return Status(
        mark=mark,
        word=say(_WORDS[mark]),
        headline=_headline(view, alive, ending),
        reasons=_reasons(view) if alive and view is not None and view.sharing else (),
        problem=problem,
        sharing=sharing,
        toggle_word=_toggle_word(sharing, wish if alive else None),
        workers=len(holding_room(view)) if alive and view is not None else 0,
        can_share=able and asked,
        can_pause=able and sharing,
        can_finish=able and sharing and orders is not None and not orders.finishing,
        can_resume=able
        and orders is not None
        and (orders.finishing or orders.paused_until > (view.now if view else 0)),
        can_restart=not alive and not ending,
        earnings=say("Earned today: {amount}", amount=spare(view.earnings.today.earned)) if view is not None else "",
    )


def holding_room(view: DonorView) -> tuple[ServiceLine, ...]:
    """The shares that hold room on this machine."""
    return tuple(service for service in view.services if service.state in _HOLDS_ROOM)


def leased(view: DonorView) -> Resources:
    """What the shares that hold room on this machine take together."""
    held = Resources()
    for service in holding_room(view):
        held = held.plus(service.resources)
    return held


def _headline(view: DonorView | None, alive: bool, ending: bool) -> str:
    if not alive:
        return say("Sparecloud has stopped.")
    if ending:
        return say("Sparecloud is stopping: the workers end first.")
    return told(view.headline) if view is not None else say("Sparecloud is starting.")


def _mark(view: DonorView | None, problem: Problem | None, alive: bool) -> Mark:
    if problem is not None:
        return Mark.PROBLEM
    if view is None or not alive:
        return Mark.OFF
    if view.sharing and not view.allowance.runs:
        return Mark.HELD
    if any(service.state == ServicePhase.SERVING for service in view.services):
        return Mark.SERVING
    return Mark.READY if view.sharing else Mark.OFF


def _reasons(view: DonorView) -> tuple[str, ...]:
    """All but what the headline tells whole: what is left of a hold is told in any case."""
    holdings = view.allowance.holdings
    if len(holdings) == 1 and holdings[0].sentence in view.headline:
        left = _left(holdings[0], view.now)
        return (say("Goes on in {time}.", time=left),) if left else ()
    others = (holding for holding in holdings if holding.until or holding.sentence not in view.headline)
    return tuple(_told_with_rest(holding, view.now) for holding in others)


def _told_with_rest(holding: Holding, now: int) -> str:
    left = _left(holding, now)
    return f"{told(holding.sentence)} {say('{time} left.', time=left)}" if left else told(holding.sentence)


def _left(holding: Holding, now: int) -> str:
    """What is left of a hold that ends by itself: to the minute, in the last two minutes to the second."""
    left_s = holding.until - now
    if left_s <= 0:
        return ""
    return length(left_s if left_s <= 120 else -(-left_s // 60) * 60)


def _toggle_word(sharing: bool, wish: bool | None) -> str:
    if wish is not None:
        return say("Starting to share") if wish else say("Taking the machine back")
    return say("On") if sharing else say("Off")
