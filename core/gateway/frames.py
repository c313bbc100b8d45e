"""A job's output on its way from the agent to a front end: newline-delimited JSON frames, and a beat while it is quiet.

Only a last frame tells the whole of an output from one that was cut off.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import aiohttp
import msgspec
from aiohttp import web

from core.errors import SparecloudError
from core.gateway.messages import Frame, raised, refusal, unexpected

BEAT_S: Final = 10.0
"""A stream with nothing to say sends an empty line so often: either end notices that the other is gone."""

# In base 64 and JSON, well below the longest line that aiohttp's reader takes (128 KiB).
_PIECE: Final = 32 * 1024
_log = logging.getLogger(__name__)


async def send(response: web.StreamResponse, chunks: AsyncIterator[bytes]) -> None:
    """Write `chunks` and how they ended; a reader that leaves early is no error."""
    try:
        async with asyncio.TaskGroup() as tasks:
            beats = tasks.create_task(_beat(response))
            await _send_all(response, chunks)
            beats.cancel()
    except* ConnectionError:
        _log.debug("A reader of a job's output left")
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


async def receive(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of a stream. Raises what the sender raised, and EOFError where the stream was cut off."""
    async for line in content:
        if line == b"\n":
            continue
        try:
            frame = msgspec.json.decode(line, type=Frame)
        except msgspec.DecodeError as problem:
            raise EOFError from problem
        if frame.refusal is not None:
            raise raised(frame.refusal)
        if frame.ended:
            return
        yield frame.chunk
    raise EOFError


async def _send_all(response: web.StreamResponse, chunks: AsyncIterator[bytes]) -> None:
    last = Frame(ended=True)
    try:
        async for chunk in chunks:
            for start in range(0, len(chunk), _PIECE):
                await _write(response, Frame(chunk=chunk[start : start + _PIECE]))
    except SparecloudError as problem:
        last = Frame(refusal=refusal(problem))
    except ConnectionError:
        raise
    except Exception as surprise:
        _log.exception("A job's output failed unexpectedly")
        last = Frame(refusal=refusal(unexpected(surprise)))
    await _write(response, last)


async def _write(response: web.StreamResponse, frame: Frame) -> None:
    await response.write(msgspec.json.encode(frame) + b"\n")


async def _beat(response: web.StreamResponse) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        await response.write(b"\n")
