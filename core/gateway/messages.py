"""What travels between a front end and the agent: JSON, decoded by type at either end.

Every verb is a POST to `/v1/VERB` with one of these structs as its body. An answer that is no success is a `Refusal`.
Both ends are this machine's, so a path is an absolute path of this machine.
"""

from collections.abc import Iterator

import msgspec

import core.errors
from core.change import Change
from core.errors import InvalidInput, SparecloudError
from core.gateway.agent import AgentUnavailable
from core.model import Address
from core.observed import Progress
from core.quote import Quote, Request, Shortfall
from core.submission import NO_EXTRAS, Extras
from core.view import OfferLine, RenterView


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For verbs that take or return nothing."""


class AskWatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The newest view, once its number is above `after`."""

    after: int


class AskQuote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.quote."""

    request: Request


class AskWhy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.why."""

    quote: Quote
    donor: Address


class AskLaunch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.launch."""

    name: str
    request: Request
    most: int | None = None


class AskPreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.preview."""

    cluster: str
    change: Change


class AskChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.change."""

    cluster: str
    change: Change
    most: int | None = None


class AskSubmit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.submit."""

    cluster: str
    program: str
    arguments: tuple[str, ...] = ()
    inputs: str | None = None
    extras: Extras = NO_EXTRAS


class AskLogs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.logs."""

    cluster: str
    job: str
    follow: bool


class AskOutputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.outputs."""

    cluster: str
    job: str
    target: str


class AskJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.progress and .stop_job."""

    cluster: str
    job: str


class AskExecute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.execute."""

    cluster: str
    job: str
    words: tuple[str, ...]
    within_s: int


class AskCluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.destroy and .connect."""

    cluster: str


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which agent this is."""

    version: str
    pid: int


class Viewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The newest view and its number; `view` is None where nothing changed in time or the agent ends (`ended`)."""

    number: int
    view: RenterView | None = None
    ended: bool = False


class Offered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RenterAgent.offers."""

    offers: tuple[OfferLine, ...]


class Quoted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the allocator's two answers."""

    quote: Quote | None = None
    shortfall: Shortfall | None = None


class Progressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a job is, where anybody can tell."""

    progress: Progress | None = None


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files written."""

    paths: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A SparecloudError: its class by name, what happened, what to do next."""

    error: str
    title: str
    hint: str = ""


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of a log stream. Only a stream whose last frame is `ended` or a refusal is whole."""

    chunk: bytes = b""
    refusal: Refusal | None = None
    ended: bool = False


def _offspring(root: type[SparecloudError]) -> Iterator[type[SparecloudError]]:
    yield root
    for child in root.__subclasses__():
        yield from _offspring(child)


def refusal(error: SparecloudError) -> Refusal:
    """`error` as it travels: under the name of the nearest class that both ends know."""
    known = next(
        kind for kind in type(error).__mro__ if kind.__name__ in _names() and issubclass(kind, SparecloudError)
    )
    return Refusal(error=known.__name__, title=error.title, hint=error.hint)


def raised(refused: Refusal) -> SparecloudError:
    """The error that `refused` tells of; an unknown name is the root."""
    return _names().get(refused.error, SparecloudError)(refused.title, refused.hint)


def _names() -> dict[str, type[SparecloudError]]:
    here = {core.errors.__name__, AgentUnavailable.__module__}
    return {kind.__name__: kind for kind in _offspring(SparecloudError) if kind.__module__ in here}


def undecodable(problem: msgspec.DecodeError) -> InvalidInput:
    """The refusal of a body that is not the JSON asked for."""
    return InvalidInput(f"The request is not acceptable: {problem}.", "Use the front end of the same version.")


def unexpected(surprise: Exception) -> SparecloudError:
    """What a front end is told of an error that nobody foresaw: its kind, and where the rest of it is."""
    title = f"The background agent failed unexpectedly: {type(surprise).__name__}."
    return SparecloudError(title, "What happened is in its log, in the home folder.")
