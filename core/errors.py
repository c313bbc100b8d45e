"""Every error a person may see: what happened, and what to do next.

SparecloudError
├── InvalidInput         outside data that was refused (settings, messages, offers, arguments)
├── EngineUnavailable    no container engine answers
├── SandboxFailed        the container engine answered, and refused
├── ChainUnavailable     no chain node answers
├── TransactionFailed    the chain refused a transaction
├── NotEnoughCoin        a wallet cannot pay what was asked of it
├── SpendingLimit        clusters could cost more than their renter allowed
├── WalletUnavailable    a key is missing, locked, or its passphrase is wrong
├── BusUnavailable       the message bus does not answer
├── RelayUnavailable     no relay answers, or it refuses to serve a lease
├── PortInUse            a port we were told to listen on is taken
└── NotFound             a cluster, job or file that does not exist

core/gateway/agent.py adds AgentUnavailable and AgentRuns, which only a front end can meet.
"""

from collections.abc import Iterator
from typing import ClassVar


class SparecloudError(Exception):
    """The root: `title` says what happened, `hint` says what the reader can do next.

    Neither may hold a secret. `exit_code` is what the command line exits with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title, hint)
        self.title = title
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title} {self.hint}".rstrip()


class InvalidInput(SparecloudError):
    """Data from outside (a person, a file, a peer, a chain log) that is not acceptable."""

    exit_code = 2


class EngineUnavailable(SparecloudError):
    """No container engine answers."""

    exit_code = 3


class SandboxFailed(SparecloudError):
    """The container engine answered, and refused or failed."""

    exit_code = 3


class ChainUnavailable(SparecloudError):
    """No chain node answers."""

    exit_code = 4


class TransactionFailed(SparecloudError):
    """The chain refused or reverted a transaction."""

    exit_code = 4


class NotEnoughCoin(SparecloudError):
    """A wallet cannot pay what was asked of it."""

    exit_code = 5


class SpendingLimit(SparecloudError):
    """Clusters could then cost more than their renter allowed in an hour, in a day or in all."""

    exit_code = 12


class WalletUnavailable(SparecloudError):
    """A key is missing, locked, or its passphrase is wrong."""

    exit_code = 5


class BusUnavailable(SparecloudError):
    """The message bus does not answer."""

    exit_code = 6


class RelayUnavailable(SparecloudError):
    """No relay answers, or it refuses to serve a lease."""

    exit_code = 6


class PortInUse(SparecloudError):
    """A port that we were told to listen on is taken."""

    exit_code = 7


class NotFound(SparecloudError):
    """A cluster, job or file that does not exist."""

    exit_code = 8


def first_problem(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first SparecloudError within a task group's failure, else its first failure: what a person is told."""
    leaves = list(_leaves(group))
    return next((leaf for leaf in leaves if isinstance(leaf, SparecloudError)), leaves[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for member in group.exceptions:
        if isinstance(member, BaseExceptionGroup):
            yield from _leaves(member)
        else:
            yield member
