"""How a front end finds the agent of its home folder, or starts it.

The agent writes `agent.json` once it serves. A file that nobody answers behind is stale (the agent was killed) and
ignored. Two front ends may start an agent at once: the folder's lock lets one agent live, and both use that.
"""

import asyncio
import os
import secrets
import warnings
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from core.errors import InvalidInput, SparecloudError
from core.gateway.agent import AgentRuns, AgentUnavailable
from core.gateway.client import GatewayClient
from core.gateway.messages import Refusal, raised
from core.gateway.process import start_detached

FILE_NAME: Final = "agent.json"
ERRORS_NAME: Final = "agent.err"
_ERRORS_KEPT: Final = 64 * 1024
_ANSWER_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.1


class Presence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where an agent answers, and the token that it answers to."""

    url: str
    token: str
    pid: int
    version: str

    def client(self) -> GatewayClient:
        """A front end's end of it."""
        return GatewayClient(self.url, self.token)


def make_home(home: Path) -> None:
    """The folder of an agent, for its owner alone where it is new. Raises InvalidInput where it cannot be made."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise InvalidInput(f"The folder {home} cannot be made: {problem}.", "Choose another with --home.") from problem


def read(home: Path, name: str = FILE_NAME) -> Presence | None:
    """The presence written in `home` under `name`; None where there is none, or none that makes sense."""
    try:
        presence = msgspec.json.decode((home / name).read_bytes(), type=Presence)
    except (OSError, msgspec.DecodeError):
        return None
    return presence if presence.url.startswith("http://127.0.0.1:") else None


def write(home: Path, presence: Presence, name: str = FILE_NAME) -> None:
    """Let front ends find `presence`: written whole or not at all, for its owner's eyes only."""
    draft = home / f".{name}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(presence))
    draft.replace(home / name)


def remove(home: Path, name: str = FILE_NAME) -> None:
    """The agent ends. Only the holder of the folder's lock may say so."""
    (home / name).unlink(missing_ok=True)


async def find(home: Path) -> Presence | None:
    """The agent that answers in `home`, None where none does."""
    presence = read(home)
    if presence is None:
        return None
    async with presence.client() as client:
        with suppress(SparecloudError):
            about = await client.about(_ANSWER_S)
            return presence if about.pid == presence.pid else None
    return None


@asynccontextmanager
async def connect(
    home: Path, command: Sequence[str] | None, *, version: str = "", within_s: float = 30.0
) -> AsyncGenerator[GatewayClient]:
    """The agent of `home`, started by `command` where none answers (None: not started).

    An agent of another version than `version` is replaced, unless clusters live in it. Where the agent dies while the
    context lasts, the call that noticed raises AgentUnavailable and the next one finds or starts another.
    Raises AgentUnavailable, or what the agent itself raised as it started.
    """
    presence = await find(home)
    if presence is not None and command is not None and version and presence.version != version:
        presence = await _retire(presence)
    if presence is None:
        presence = await _start(home, command, within_s)

    async def again() -> tuple[str, str]:
        found = await find(home) or await _start(home, command, within_s)
        return found.url, found.token

    async with GatewayClient(presence.url, presence.token, again) as client:
        yield client


async def _retire(presence: Presence) -> Presence | None:
    async with presence.client() as client:
        with suppress(AgentUnavailable):
            if any(not cluster.ended for cluster in (await client.view()).clusters):
                return presence
        # It is being replaced either way; whether it could still answer does not matter.
        with suppress(SparecloudError):
            await client.shutdown()
    return None


async def _start(home: Path, command: Sequence[str] | None, within_s: float) -> Presence:
    if command is None:
        raise AgentUnavailable("The background agent does not run.", "Any command that needs it starts it.")
    make_home(home)
    try:
        async with asyncio.timeout(within_s):
            while True:
                presence = await _start_once(home, command)
                if presence is not None:
                    return presence
    except TimeoutError as late:
        raise AgentUnavailable(
            f"The background agent did not answer within {within_s:g} s.",
            f"Read {home / 'agent.log'}, end the agent if it hangs, and try again.",
        ) from late


async def _start_once(home: Path, command: Sequence[str]) -> Presence | None:
    """The agent that answers, ours or another's; None where ours gave way to one that was just ending."""
    with (home / ERRORS_NAME).open("ab") as errors:
        if errors.tell() > _ERRORS_KEPT:
            errors.truncate(0)
        said_before = errors.seek(0, os.SEEK_END)
        try:
            process = start_detached(command, home, errors)
        except OSError as problem:
            raise AgentUnavailable(
                f"The background agent cannot be started: {problem}.", "Install it anew."
            ) from problem
    try:
        while True:
            presence = await find(home)
            if presence is not None:
                return presence
            ended = process.poll()
            if ended == AgentRuns.exit_code:
                return None
            if ended is not None:
                raise _last_words(home, said_before)
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        # It is meant to outlive us; Python would warn that nobody waited for it.
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            del process


def _last_words(home: Path, said_before: int) -> SparecloudError:
    """Why the agent ended as it started: the error that it wrote as JSON, else its last line."""
    with (home / ERRORS_NAME).open("rb") as errors:
        errors.seek(said_before)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    last = lines[-1].strip() if lines else "it said nothing"
    with suppress(msgspec.DecodeError):
        return raised(msgspec.json.decode(last, type=Refusal))
    return AgentUnavailable(f"The background agent ended as it started: {last}", f"More is in {home / 'agent.log'}.")
