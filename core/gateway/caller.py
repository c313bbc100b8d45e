"""A front end's end of an agent on loopback: one verb a call, and refusals as the errors that were raised there."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import aiohttp
import msgspec

from core.errors import SparecloudError
from core.gateway import messages as m
from core.gateway.agent import AgentUnavailable

CONNECT_S: Final = 5.0
_ANSWER_S: Final = 60.0
_Answer = TypeVar("_Answer")

Again = Callable[[], Awaitable[tuple[str, str]]]
"""Finds (or starts) the agent anew: its url and token. Raises AgentUnavailable."""


class Caller:
    """Calls the agent at `url`. Opens its connections when first used; close it.

    A call raises what `gone` makes where the agent is gone; the next call then asks `again` where it is by now.
    """

    def __init__(self, url: str, token: str, gone: Callable[[], AgentUnavailable], again: Again | None = None) -> None:
        self.again = again
        self._url = url
        self._token = token
        self._gone = gone
        self._lost = False
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of the connections; the agent stays. Safe to call twice."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, verb: str, ask: msgspec.Struct, kind: type[_Answer], within_s: float = _ANSWER_S) -> _Answer:
        """The agent's answer to a verb, within so long.

        Raises what the agent refused with, or says of the agent being gone.
        """
        wait = aiohttp.ClientTimeout(total=within_s, sock_connect=CONNECT_S)
        async with self.asked(verb, ask, wait) as response:
            body = await response.read()
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as problem:
            raise strange() from problem

    @asynccontextmanager
    async def asked(
        self, verb: str, ask: msgspec.Struct, wait: aiohttp.ClientTimeout
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The agent's answer where it is a success; its refusal is raised."""
        if self._lost and self.again is not None:
            self._url, self._token = await self.again()
        self._lost = False
        if self._session is None:
            self._session = aiohttp.ClientSession()
        url, headers = f"{self._url}/v1/{verb}", {"Authorization": f"Bearer {self._token}"}
        try:
            # A redirect would carry the token elsewhere.
            async with self._session.post(
                url, data=msgspec.json.encode(ask), headers=headers, timeout=wait, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise _refusal(await response.read())
                yield response
        except (aiohttp.ClientError, TimeoutError, EOFError) as gone:
            self._lost = True
            raise self._gone() from gone


def _refusal(body: bytes) -> SparecloudError:
    try:
        return m.raised(msgspec.json.decode(body, type=m.Refusal))
    except msgspec.DecodeError:
        return strange()


def strange() -> AgentUnavailable:
    """What an answer that makes no sense is refused with."""
    return AgentUnavailable(
        "The background agent's answer is not understood.", "It may be of another version: end it, and try again."
    )
