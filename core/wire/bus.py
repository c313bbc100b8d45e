"""One connection to the message bus that comes back by itself, for ever, and subscribes again each time.

The client library's own reconnection gives up on some errors without a word, so each connection is a fresh client
that may not reconnect, and this module starts the next one.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from core.errors import BusUnavailable, InvalidInput

Heard = Callable[[bytes], Awaitable[None]]

_ATTEMPT_S: Final = 5.0
_ANSWER_S: Final = 3
_PROBE_EVERY_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_MOST_PENDING_BYTES: Final = 8 * 1024 * 1024
_SCHEMES: Final = frozenset({"nats", "tls", "ws", "wss"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Login:
    """What the bus may ask for; never shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Subscription:
    subject: str
    heard: Heard
    most_pending: int

    async def take(self, message: Msg) -> None:
        await self.heard(message.data)


class Bus:
    """`async with Bus(url, name="donor") as bus`: connects in the background for as long as the block lasts.

    Raises InvalidInput at once where the address is none.
    """

    def __init__(self, url: str, *, name: str, login: Login | None = None) -> None:
        _refuse_address(url)
        self._url = url
        self._name = name
        self._login = login
        self._subscriptions: dict[str, _Subscription] = {}
        self._client: Client | None = None
        self._up = asyncio.Event()
        self._problem = ""
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_connected(), name=f"bus of {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    @property
    def connected(self) -> bool:
        """True while the bus answers."""
        return self._up.is_set()

    async def ready(self, within_s: float = 10.0) -> None:
        """Return once connected. Raises BusUnavailable after `within_s` seconds; the attempts go on."""
        try:
            await asyncio.wait_for(self._up.wait(), within_s)
        except TimeoutError:
            raise self._unavailable() from None

    async def publish(self, subject: str, payload: bytes) -> None:
        """Send, at most once. Raises BusUnavailable while not connected, InvalidInput where it is too large."""
        client = self._client
        if client is None:
            raise self._unavailable()
        try:
            await client.publish(subject, payload)
        except nats.errors.MaxPayloadError as refused:
            raise InvalidInput("The message is larger than the message bus carries.") from refused
        except (nats.errors.Error, OSError) as failed:
            raise self._unavailable(failed) from failed

    async def subscribe(self, subject: str, heard: Heard, *, most_pending: int = 1024) -> None:
        """Call `heard` for each message on `subject`, one at a time, now and after each reconnection.

        In force at the bus when it returns, where the bus is connected. At most `most_pending` wait; what comes
        beyond is dropped. A subject already subscribed to keeps its first callback.
        """
        if subject in self._subscriptions:
            return
        subscription = self._subscriptions[subject] = _Subscription(subject, heard, most_pending)
        client = self._client
        if client is not None:
            try:
                await _subscribe(client, subscription)
                await client.flush(_ANSWER_S)
            except (nats.errors.Error, OSError, TimeoutError):
                # The connection is going down; the next one subscribes to everything.
                _log.debug("the bus went away while subscribing")

    async def _keep_connected(self) -> None:
        failures = 0
        while True:
            try:
                if await self._one_connection():
                    failures = 0
            except Exception as problem:  # the top of this task: whatever the library throws, try again
                self._problem = _cause(problem)
                _log.debug("the bus at %s: %s", _shown(self._url), self._problem)
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**failures)
            failures = min(failures + 1, 16)
            await asyncio.sleep(random.uniform(longest / 2, longest))

    async def _one_connection(self) -> bool:
        """Connect, serve until the connection is lost; True where it was ever up."""
        client, lost = Client(), asyncio.Event()

        async def on_closed() -> None:
            lost.set()

        async def on_error(problem: Exception) -> None:
            if isinstance(problem, nats.errors.SlowConsumerError):
                return  # a flood beyond `most_pending`: dropped, as promised, and not worth a line each
            self._problem = _cause(problem)
            _log.debug("the bus at %s: %s", _shown(self._url), self._problem)

        try:
            await asyncio.wait_for(
                client.connect(
                    self._url,
                    name=self._name,
                    user=self._login.user if self._login else None,
                    password=self._login.password if self._login else None,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    connect_timeout=2,
                    closed_cb=on_closed,
                    error_cb=on_error,
                ),
                _ATTEMPT_S,
            )
            # A subscription made from now on finds the client; those made before are in the copy.
            self._client = client
            for subscription in tuple(self._subscriptions.values()):
                await _subscribe(client, subscription)
            await client.flush(_ANSWER_S)
            self._up.set()
            _log.info("connected to the bus at %s", _shown(self._url))
            await self._watch(client, lost)
            return True
        finally:
            self._up.clear()
            self._client = None
            await _close(client)

    async def _watch(self, client: Client, lost: asyncio.Event) -> None:
        """Return when the connection is lost: said so, or found out by asking."""
        while not lost.is_set() and client.is_connected:
            try:
                await asyncio.wait_for(lost.wait(), _PROBE_EVERY_S)
            except TimeoutError:
                await client.flush(_ANSWER_S)
        _log.info("lost the bus at %s", _shown(self._url))

    def _unavailable(self, problem: Exception | None = None) -> BusUnavailable:
        cause = _cause(problem) if problem is not None else self._problem
        return BusUnavailable(
            f"The message bus at {_shown(self._url)} does not answer{f' ({cause})' if cause else ''}.",
            "Check the address and your connection; Sparecloud keeps trying.",
        )


async def _subscribe(client: Client, subscription: _Subscription) -> None:
    await client.subscribe(
        subscription.subject,
        cb=subscription.take,
        pending_msgs_limit=subscription.most_pending,
        pending_bytes_limit=_MOST_PENDING_BYTES,
    )


async def _close(client: Client) -> None:
    try:
        await asyncio.wait_for(client.close(), _ANSWER_S)
    except Exception as problem:  # closing a broken connection may fail in any way, and changes nothing
        _log.debug("closing a connection to the bus: %s", _cause(problem))


def _cause(problem: Exception) -> str:
    return str(problem).removeprefix("nats: ").strip()[:200] or type(problem).__name__


def _refuse_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise InvalidInput(
            "The message bus's address is not acceptable.", "Write it as nats://HOST:PORT (or tls, ws, wss)."
        )


def _shown(url: str) -> str:
    """The address without a user name or password that somebody put into it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
