"""A way of one's own to the container engine, which a test can shut: the engine itself never notices."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

_ENGINE: Final = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class EngineDoor:
    """Forwards a socket at `path` to the engine's while `is_open`. `host` is what DOCKER_HOST is to be set to."""

    def __init__(self, path: Path) -> None:
        self.host = f"unix://{path}"
        self.is_open = True
        self._guests: set[asyncio.Task[None]] = set()

    async def shut(self) -> None:
        """End every connection, and each new one at once: there is a socket still, and no engine behind it."""
        self.is_open = False
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def let_in(self, guest: asyncio.StreamReader, to_guest: asyncio.StreamWriter) -> None:
        """Stand between a guest and the engine until either is done."""
        task = asyncio.current_task()
        assert task is not None
        self._guests.add(task)
        writers = [to_guest]
        try:
            if self.is_open:
                engine, to_engine = await asyncio.open_unix_connection(_ENGINE)
                writers.append(to_engine)
                await asyncio.gather(_forward(guest, to_engine), _forward(engine, to_guest))
        except asyncio.CancelledError:
            # It is the end that was meant: the server would log it as a failure.
            pass
        finally:
            self._guests.discard(task)
            for writer in writers:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


@asynccontextmanager
async def engine_door(path: Path) -> AsyncIterator[EngineDoor]:
    """An open door at `path`."""
    door = EngineDoor(path)
    async with await asyncio.start_unix_server(door.let_in, path):
        try:
            yield door
        finally:
            await door.shut()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until `reader` ends, and have the other side end, too."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
