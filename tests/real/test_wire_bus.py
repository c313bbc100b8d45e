"""The bus and its own server: deadlines, restarts, taken ports, and no server left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import BusUnavailable, InvalidInput, PortInUse
from core.wire import embedded
from core.wire.bus import Bus
from core.wire.embedded import EmbeddedBus
from tests.real.market import until


def port_of(bus: EmbeddedBus) -> int:
    return int(bus.url.rpartition(":")[2])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_bus_that_is_not_there_is_given_up_on_in_time_with_a_sentence() -> None:
    async with Bus("nats://user:hidden@127.0.0.1:1", name="test") as bus:
        started = time.monotonic()

        with pytest.raises(BusUnavailable) as refused:
            await bus.ready(within_s=0.5)

        assert time.monotonic() - started < 2
        assert "127.0.0.1:1" in refused.value.title
        assert "hidden" not in str(refused.value)
        with pytest.raises(BusUnavailable):
            await bus.publish("x", b"")


@pytest.mark.parametrize("url", ["", "somewhere", "http://host:1", "nats://", "nats://host:99999", "nats://host:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        Bus(url, name="test")


async def test_a_bus_that_comes_late_is_found_and_one_that_restarts_is_found_again(tmp_path: Path) -> None:
    first = embedded.start(tmp_path / "first")
    port = port_of(first)
    first.stop()
    heard: list[bytes] = []

    async def hear(payload: bytes) -> None:
        heard.append(payload)

    async with Bus(f"nats://127.0.0.1:{port}", name="test") as bus:
        await bus.subscribe("news", hear)
        with pytest.raises(BusUnavailable):
            await bus.ready(within_s=0.3)

        for round_ in (b"1", b"2"):
            server = embedded.start(tmp_path / "again", port)
            try:
                await bus.ready(within_s=8)
                await bus.publish("news", round_)
                await until(lambda wanted=round_: wanted in heard)  # type: ignore[misc]  # mypy infers no type here
            finally:
                server.stop()
            await until(lambda: not bus.connected)


async def test_a_frozen_bus_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.wire.bus._PROBE_EVERY_S", 0.2)
    monkeypatch.setattr("core.wire.bus._ANSWER_S", 1)
    server = embedded.start(tmp_path)
    try:
        async with Bus(server.url, name="test") as bus:
            await bus.ready()

            os.kill(server.pid, signal.SIGSTOP)
            await until(lambda: not bus.connected)

            os.kill(server.pid, signal.SIGCONT)
            await bus.ready()
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()


async def test_a_message_beyond_the_limit_is_refused_and_the_connection_stays(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    try:
        async with Bus(server.url, name="test") as bus:
            await bus.ready()

            with pytest.raises(InvalidInput):
                await bus.publish("x", b"x" * (embedded.MAX_PAYLOAD_BYTES + 1))

            await bus.publish("x", b"x")
            assert bus.connected
    finally:
        server.stop()


def test_the_server_listens_on_loopback_only_and_is_gone_after_stop(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)

    assert server.url.startswith("nats://127.0.0.1:")
    server.stop()
    server.stop()
    assert not alive(server.pid)


def test_a_taken_port_is_said_to_be_taken(tmp_path: Path) -> None:
    server = embedded.start(tmp_path / "one")
    try:
        with pytest.raises(PortInUse, match=str(port_of(server))):
            embedded.start(tmp_path / "two", port_of(server))
    finally:
        server.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_program_takes_its_server_with_it_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    ready = tmp_path / "ready.json"
    program = subprocess.Popen([sys.executable, "-m", "core.wire.embedded", "--ready-file", str(ready)])
    try:
        deadline = time.monotonic() + 15
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert json.loads(ready.read_text())["url"].startswith("nats://127.0.0.1:")
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
        assert len(children) == 1

        program.send_signal(how)

        code = program.wait(10)
        assert code == (-signal.SIGKILL if how == signal.SIGKILL else 0)
        deadline = time.monotonic() + 5
        while alive(int(children[0])):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()


async def test_leaving_the_block_ends_every_task(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    try:
        before = asyncio.all_tasks()
        async with Bus(server.url, name="test") as bus:
            await bus.ready()

        await asyncio.sleep(0.1)
        assert asyncio.all_tasks() == before
    finally:
        server.stop()
