"""What a renter's front end can ask for, and the errors of asking.

core/renter.py fulfils `RenterAgent` inside the agent's process; core/gateway/client.py fulfils it for everybody else.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from core.change import Change, Preview
from core.errors import SparecloudError
from core.model import Address
from core.observed import Endpoint, Job, Progress, Ran
from core.quote import Quote, Request, Shortfall, Why
from core.submission import NO_EXTRAS, Extras
from core.view import ClusterLine, OfferLine, RenterView


class RenterAgent(Protocol):
    """What a renter's front end can ask for."""

    async def view(self) -> RenterView:
        """The newest view."""
        ...

    def watch(self) -> AsyncIterator[RenterView]:
        """The newest view, again whenever it changes; a slow reader skips. Ends when the agent does."""
        ...

    async def offers(self) -> tuple[OfferLine, ...]:
        """Every offer that has room, the cheapest first: more than a view holds, where there are many."""
        ...

    async def quote(self, request: Request) -> Quote | Shortfall:
        """What the market can do about `request` now; binds nobody."""
        ...

    async def why(self, quote: Quote, donor: Address) -> Why:
        """Why `quote`, one of the last few, treats `donor` as it does. Raises NotFound where it is too old."""
        ...

    async def launch(self, name: str, request: Request, most: int | None = None) -> ClusterLine:
        """Open the lease and start the cluster; returns once it is proposed. Follow it through `watch`.

        `most` is the total confirmed by the person: a dearer quote is refused with InvalidInput.
        Raises NotEnoughCoin, SpendingLimit, InvalidInput (a Shortfall's sentence, a name in use).
        """
        ...

    async def preview(self, cluster: str, change: Change) -> Preview:
        """What `change` would mean now; binds nobody. Raises NotFound, InvalidInput (it does not run, a shortfall)."""
        ...

    async def change(self, cluster: str, change: Change, most: int | None = None) -> ClusterLine:
        """Make the change, for `most` more coin at most; follow it by `ClusterLine.changing` through `watch`.

        Raises NotFound, InvalidInput, NotEnoughCoin, SpendingLimit.
        """
        ...

    async def submit(
        self, cluster: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras = NO_EXTRAS
    ) -> Job:
        """Run a PySpark program on the cluster. Raises NotFound, InvalidInput."""
        ...

    async def connect(self, cluster: str) -> Endpoint:
        """Have the cluster answer to Spark Connect on a port of this machine's loopback; the same again while it does.

        Returns once it answers. Raises NotFound, InvalidInput (the cluster does not run), SandboxFailed.
        """
        ...

    async def execute(self, cluster: str, job: str, words: Sequence[str], within_s: int = 60) -> Ran:
        """Run a command in a job's own driver, on this machine, for so long at most (then it ends with 124).

        Raises NotFound, InvalidInput (the job does not run, no or too many words, a time that is out of bounds).
        """
        ...

    async def progress(self, cluster: str, job: str) -> Progress | None:
        """How far a job is, as its driver says; None where it does not run, or not yet. Raises NotFound."""
        ...

    def logs(self, cluster: str, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The job's output."""
        ...

    async def outputs(self, cluster: str, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what the job wrote under /job/output into `target`."""
        ...

    async def stop_job(self, cluster: str, job: str) -> None: ...

    async def destroy(self, cluster: str) -> None:
        """End the cluster's lease; follow the settlement through `watch`."""
        ...

    async def shutdown(self) -> None:
        """End the agent itself. Clusters that run stop being paid: destroy them first."""
        ...


class AgentUnavailable(SparecloudError):
    """The background agent does not answer, did not start, or is not for this caller."""

    exit_code: ClassVar[int] = 10


class AgentRuns(SparecloudError):
    """Another agent already serves this home folder."""

    exit_code: ClassVar[int] = 11
