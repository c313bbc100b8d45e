"""What the control channel asks of a donor's agent: a part of what core.donor.DonorAgent can do."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from core.model import Address, LeaseId
from core.selftest import Check
from core.view import DonorView


class Controlled(Protocol):
    """A donor's agent as core/control/server.py needs it."""

    def watch(self) -> AsyncIterator[DonorView]:
        """The newest view, now and after each change."""
        ...

    async def share(self, on: bool, *, at_once: bool = False) -> None: ...

    async def pause(self, until: int) -> None: ...

    async def finish(self) -> None: ...

    async def resume(self) -> None: ...

    async def stop(self, lease: LeaseId, index: int, *, at_once: bool = False) -> None: ...

    async def block(self, renter: Address, on: bool = True) -> None: ...

    async def export(self) -> str: ...

    async def selftest(self, tell: Callable[[Check], None]) -> None:
        """Check everything from the engine to the market; `tell` gets every check as it starts, goes on and ends."""
        ...
