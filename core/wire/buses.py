"""Several message buses as one: what is said goes to each that is up, and what is heard on several is heard once.

So losing one loses nothing. Every relay (docs/relay.md) runs a bus, and they know nothing of each other.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Final, Self

from core.errors import BusUnavailable, InvalidInput
from core.wire.bus import Bus, Heard

MOST_REMEMBERED: Final = 16_384
SAME_WITHIN_S: Final = 15.0
"""A message that comes again by another bus within this time is the same one; later it was sent again."""

_PUBLISH_WITHIN_S: Final = 2.0


class Buses:
    """`async with Buses(urls, name="donor") as buses`: used like a Bus (core/wire/bus.py), over all of `urls`.

    Raises InvalidInput at once where there is none, or one of them is no address.
    """

    def __init__(self, urls: Sequence[str], *, name: str) -> None:
        if not urls:
            raise InvalidInput("No message bus is named.", "Fill in relays, or bus_url, under [network].")
        self._each = {url: Bus(url, name=name) for url in urls}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for bus in self._each.values():
            await self._open.enter_async_context(bus)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def each(self) -> Mapping[str, Bus]:
        """Every bus by its address."""
        return self._each

    @property
    def connected(self) -> bool:
        """True while any of them answers."""
        return any(bus.connected for bus in self._each.values())

    async def ready(self, within_s: float = 10.0) -> None:
        """Return once one is connected. Raises BusUnavailable after `within_s` seconds; the attempts go on."""
        waiting = [asyncio.create_task(bus.ready(within_s)) for bus in self._each.values()]
        try:
            for first in asyncio.as_completed(waiting):
                try:
                    return await first
                except BusUnavailable as problem:
                    last = problem
            raise last
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def publish(self, subject: str, payload: bytes) -> None:
        """Send to each that is up, at most once each. Raises BusUnavailable where none took it, InvalidInput."""
        sent = await asyncio.gather(
            *(_published(bus, subject, payload) for bus in self._each.values()), return_exceptions=True
        )
        problems = [one for one in sent if isinstance(one, BaseException)]
        if len(problems) == len(sent):
            raise problems[0]

    async def subscribe(self, subject: str, heard: Heard, *, most_pending: int = 1024) -> None:
        """As Bus.subscribe; `heard` gets each message once, one at a time, whichever bus brought it first."""
        once = _Once(heard)
        await asyncio.gather(
            *(
                bus.subscribe(subject, partial(once.hear, url), most_pending=most_pending)
                for url, bus in self._each.items()
            )
        )


class _Once:
    """Passes on each message of one subject once. It is the same message where another bus brought it lately.

    The same bytes by the same bus were sent twice, and count twice.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._lately: OrderedDict[bytes, tuple[float, set[str]]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def hear(self, url: str, payload: bytes) -> None:
        if self._is_new(url, sha256(payload).digest(), time.monotonic()):
            async with self._turn:
                await self._heard(payload)

    def _is_new(self, url: str, digest: bytes, now: float) -> bool:
        first_at, brought_by = self._lately.get(digest, (0.0, {url}))
        if url not in brought_by and now - first_at < SAME_WITHIN_S:
            brought_by.add(url)
            return False
        self._lately[digest] = (now, {url})
        self._lately.move_to_end(digest)
        if len(self._lately) > MOST_REMEMBERED:
            self._lately.popitem(last=False)
        return True


async def _published(bus: Bus, subject: str, payload: bytes) -> None:
    try:
        # A bus that hangs and is not yet known to must not hold up the others.
        await asyncio.wait_for(bus.publish(subject, payload), _PUBLISH_WITHIN_S)
    except TimeoutError:
        raise BusUnavailable("A message bus does not take messages.", "Sparecloud keeps trying.") from None
