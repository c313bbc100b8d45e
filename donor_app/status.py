"""What tray and window say alike: one mark, one headline, one problem, one toggle. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from core.lease import ServicePhase
from core.model import Resources
from core.view import DonorView, ServiceLine, spare
from donor_app.agent import Problem


class Mark(StrEnum):
    """The state as a shape: each has its own drawing in icon.py."""

    OFF = "off"
    READY = "ready"
    SERVING = "serving"
    PROBLEM = "problem"


_WORDS = {
    Mark.OFF: "Not sharing",
    Mark.READY: "Ready to serve",
    Mark.SERVING: "Serving",
    Mark.PROBLEM: "Needs attention",
}

_HOLDS_ROOM = (
    ServicePhase.ACCEPTED,
    ServicePhase.STARTING,
    ServicePhase.SERVING,
    ServicePhase.LEAVING,
    ServicePhase.STOPPING,
)


@dataclass(frozen=True, slots=True)
class Status:
    """`sharing` is where the toggle stands, `toggle_word` the word beside it."""

    mark: Mark
    word: str
    headline: str
    problem: Problem | None
    sharing: bool
    toggle_word: str
    can_share: bool
    can_restart: bool
    earnings: str

    @property
    def tooltip(self) -> str:
        """One or two sentences for the tray."""
        return f"Sparecloud: {self.problem.title if self.problem else self.headline}\n{self.earnings}".rstrip()


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
        problem = Problem(view.problem, view.hint)
    sharing = alive and (wish if wish is not None else view is not None and view.sharing)
    mark = _mark(view, problem, alive)
    return Status(
        mark=mark,
        word=_WORDS[mark],
        headline=_headline(view, alive, ending),
        problem=problem,
        sharing=sharing,
        toggle_word=_toggle_word(sharing, wish if alive else None),
        can_share=alive and not ending and view is not None,
        can_restart=not alive and not ending,
        earnings=f"Earned today: {spare(view.earned_today)}" if view is not None else "",
    )


def leased(view: DonorView) -> Resources:
    """What the shares that hold room on this machine take together."""
    held = Resources()
    for service in view.services:
        if service.state in _HOLDS_ROOM:
            held = held.plus(service.resources)
    return held


def serving(view: DonorView) -> tuple[ServiceLine, ...]:
    """The shares being served right now."""
    return tuple(service for service in view.services if service.state == ServicePhase.SERVING)


def _headline(view: DonorView | None, alive: bool, ending: bool) -> str:
    if not alive:
        return "Sparecloud has stopped."
    if ending:
        return "Sparecloud is stopping: the workers end first."
    return view.headline if view is not None else "Sparecloud is starting."


def _mark(view: DonorView | None, problem: Problem | None, alive: bool) -> Mark:
    if problem is not None:
        return Mark.PROBLEM
    if view is None or not alive:
        return Mark.OFF
    if serving(view):
        return Mark.SERVING
    return Mark.READY if view.sharing else Mark.OFF


def _toggle_word(sharing: bool, wish: bool | None) -> str:
    if wish is not None:
        return "Starting to share" if wish else "Taking the machine back"
    return "On" if sharing else "Off"
