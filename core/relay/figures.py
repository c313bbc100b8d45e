"""What a relay counts: asks, refusals, and what its networks pass on; shown as Prometheus's text format."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from core.errors import PortInUse
from core.relay.refusals import Refusal

_LOOPBACK: Final = "127.0.0.1"
_LONGEST_REPORT: Final = 1024 * 1024
_REPORT_WITHIN_S: Final = 5.0
_FORWARDED: Final = {
    "relay.forwarded.bytes.count": "forwarded_bytes",
    "relay.forwarded.packets.count": "forwarded_packets",
    "relay.dropped.packets.count": "dropped_packets",
}
"""Nebula's counters (core/runtime/images/overlay), and what they are called here."""


class Figures:
    """Counters of one relay since it started."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.refusals: Counter[Refusal] = Counter()
        self._reported: dict[str, Counter[str]] = {}

    def expect(self) -> str:
        """A name for a node to report under, which nobody else on this machine knows."""
        name = secrets.token_hex(16)
        self._reported[name] = Counter()
        return name

    def forget(self, name: str) -> None:
        """That node is gone; what it passed on stays in the totals."""
        self._reported.pop(name, None)

    def report(self, line: str) -> None:
        """Take one line of a node's report: NAME.COUNTER VALUE TIME. Anything else is passed over."""
        path, _, rest = line.partition(" ")
        name, _, counter = path.partition(".")
        known, what, value = self._reported.get(name), _FORWARDED.get(counter), rest.partition(" ")[0]
        if known is None or what is None or not value.isdecimal():
            return
        count = int(value)
        # A node that was started again counts from nothing.
        self.totals[what] += count - known[what] if count >= known[what] else count
        known[what] = count

    def text(self, now: dict[str, int]) -> str:
        """Everything counted, and what is `now`, as Prometheus reads it."""
        shown = ["asks", "node_restarts", *_FORWARDED.values()]
        lines = [f"sparecloud_relay_{name} {value}" for name, value in now.items()]
        lines += [f"sparecloud_relay_{name}_total {self.totals[name]}" for name in shown]
        lines += [f'sparecloud_relay_refusals_total{{reason="{why}"}} {self.refusals[why]}' for why in Refusal]
        return "\n".join(lines) + "\n"


@asynccontextmanager
async def collecting(figures: Figures) -> AsyncGenerator[str]:
    """Take nodes' reports, in Graphite's plain text; the loopback address (HOST:PORT) to send them to."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REPORT_WITHIN_S):
                report = await reader.read(_LONGEST_REPORT)
                while more := await reader.read(_LONGEST_REPORT):
                    report += more
                    if len(report) > _LONGEST_REPORT:
                        return
            for line in report.decode("ascii", "replace").splitlines():
                figures.report(line)
        except (TimeoutError, OSError):
            pass  # the next report says it all again
        finally:
            writer.close()

    server = await asyncio.start_server(take, _LOOPBACK, 0)
    async with server:
        yield f"{_LOOPBACK}:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def showing(port: int, text: Callable[[], Awaitable[str]]) -> AsyncGenerator[str]:
    """Show `text` at /metrics on loopback (`port` 0: any that is free); the page's address. Raises PortInUse."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=await text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    application = web.Application()
    application.router.add_get("/metrics", page)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, _LOOPBACK, port)
        try:
            await site.start()
        except OSError as taken:
            raise PortInUse(f"Port {port} on this machine is taken.", "Choose another metrics_port.") from taken
        yield f"http://{_LOOPBACK}:{runner.addresses[0][1]}/metrics"
    finally:
        await runner.cleanup()
