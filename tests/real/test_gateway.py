"""The agent behind real HTTP on loopback: who is let in, and what comes out the same at the other end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import pytest

from core import errors
from core.errors import NotEnoughCoin, NotFound, PortInUse, SparecloudError
from core.gateway import frames
from core.gateway.agent import AgentRuns, AgentUnavailable
from core.gateway.client import GatewayClient
from core.gateway.messages import raised, refusal
from core.gateway.server import LONGEST_BODY, Gateway, serve
from core.model import Amount, Resources
from core.observed import Balances
from core.quote import Quote, Request
from tests.scripted_agent import DONORS, NOW, SHORT, ScriptedAgent, cluster

TOKEN = "t" * 43
REQUEST = Request(Resources(1000, 1536), 3, 3600)


@pytest.fixture
def agent() -> ScriptedAgent:
    return ScriptedAgent()


@pytest.fixture
async def gateway(agent: ScriptedAgent) -> AsyncIterator[Gateway]:
    async with serve(agent, token=TOKEN, version="1") as served:
        yield served


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[GatewayClient]:
    async with GatewayClient(gateway.url, TOKEN) as opened:
        yield opened


async def post(url: str, body: bytes = b"{}", **headers: str) -> tuple[int, dict[str, str], str]:
    """(status, refusal, CORS header) of a raw request."""
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        allowed = response.headers.get("Access-Control-Allow-Origin", "")
        return response.status, msgspec.json.decode(await response.read(), type=dict[str, str]), allowed


async def test_a_request_without_the_token_is_refused(gateway: Gateway) -> None:
    for value in ("", "Bearer wrong", f"Basic {TOKEN}", "Bearer tökén"):
        status, refused, _ = await post(f"{gateway.url}/v1/view", Authorization=value)

        assert (status, refused["error"]) == (403, "AgentUnavailable")


async def test_a_request_under_another_host_name_is_refused(gateway: Gateway) -> None:
    for host in ("evil.example", f"evil.example:{gateway.url.rpartition(':')[2]}", "127.0.0.1:1"):
        status, refused, allowed = await post(
            f"{gateway.url}/v1/destroy", Host=host, Authorization=f"Bearer {TOKEN}", Origin="http://evil.example"
        )

        assert (status, refused["error"], allowed) == (403, "AgentUnavailable", "")


async def test_a_malformed_body_is_refused_with_a_sentence_that_names_the_field(gateway: Gateway) -> None:
    bodies = {
        b"{": "truncated",
        b'{"name":"x"}': "request",
        b'{"name":1,"request":{}}': "$.name",
        b'{"name":"x","request":{"shape":{},"workers":1,"duration_s":60}}': "cpu_millis",
        b'{"name":"x","request":null,"more":1}': "request",
    }

    for body, named in bodies.items():
        status, refused, _ = await post(f"{gateway.url}/v1/launch", body, Authorization=f"Bearer {TOKEN}")

        assert (status, refused["error"]) == (400, "InvalidInput")
        assert named in refused["title"]


async def test_an_oversized_body_is_refused(gateway: Gateway) -> None:
    body = b'{"cluster":"' + b"x" * LONGEST_BODY + b'"}'

    status, refused, _ = await post(f"{gateway.url}/v1/destroy", body, Authorization=f"Bearer {TOKEN}")

    assert (status, refused["error"]) == (413, "InvalidInput")


async def test_an_unknown_verb_is_refused(gateway: Gateway) -> None:
    status, refused, _ = await post(f"{gateway.url}/v1/rob", Authorization=f"Bearer {TOKEN}")

    assert (status, refused["error"]) == (404, "InvalidInput")


async def test_the_agent_listens_on_loopback_only(gateway: Gateway) -> None:
    assert gateway.url.startswith("http://127.0.0.1:")


async def test_nouns_arrive_as_they_were_sent(client: GatewayClient, agent: ScriptedAgent) -> None:
    agent.balances = Balances(Amount(2**100), Amount(0))
    agent.put(cluster())

    assert await client.view() == await agent.view()
    quote = await client.quote(REQUEST)
    assert quote == await agent.quote(REQUEST)
    assert isinstance(quote, Quote)
    assert await client.why(quote, DONORS[0]) == await agent.why(quote, DONORS[0])
    agent.shortfall = SHORT
    assert await client.quote(REQUEST) == SHORT


async def test_what_was_asked_arrives(client: GatewayClient, agent: ScriptedAgent) -> None:
    limited = replace(REQUEST, ceiling=Amount(2**90), most_per_donor=1)

    await client.launch("demo", limited, 2**90)
    await client.submit("demo", Path("/srv/job.py"), ["--year", "2026"], Path("/srv/data"))
    written = await client.outputs("demo", "job-1", Path("/srv/out"))
    await client.stop_job("demo", "job-1")
    await client.destroy("demo")

    assert written == (Path("/srv/out/part-0.csv"),)
    assert agent.asked == [
        ("launch", "demo", limited, 2**90),
        ("submit", "demo", Path("/srv/job.py"), ("--year", "2026"), Path("/srv/data")),
        ("outputs", "demo", "job-1", Path("/srv/out")),
        ("stop_job", "demo", "job-1"),
        ("destroy", "demo"),
    ]


async def test_a_relative_path_is_the_callers(
    client: GatewayClient, agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agent.put(cluster())
    monkeypatch.chdir(tmp_path)

    await client.submit("demo", Path("job.py"), [], None)

    assert agent.asked[-1][2] == tmp_path / "job.py"


async def test_a_relative_path_in_a_request_is_refused(gateway: Gateway) -> None:
    body = b'{"cluster":"demo","program":"job.py"}'

    status, refused, _ = await post(f"{gateway.url}/v1/submit", body, Authorization=f"Bearer {TOKEN}")

    assert (status, refused["error"]) == (400, "InvalidInput")


def test_every_error_travels_under_its_own_class() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SparecloudError)]

    for kind in [*kinds, AgentUnavailable, AgentRuns]:
        again = raised(refusal(kind("What.", "Do.")))

        assert (type(again), again.title, again.hint) == (kind, "What.", "Do.")


def test_an_error_of_an_unknown_class_travels_as_the_nearest_known_one() -> None:
    class Peculiar(NotFound):
        pass

    assert type(raised(refusal(Peculiar("What.")))) is NotFound


async def test_errors_are_raised_again_as_the_same_class(client: GatewayClient, agent: ScriptedAgent) -> None:
    agent.failure = NotEnoughCoin("The wallet holds 1 SPARE.", "Add some.")

    with pytest.raises(NotEnoughCoin) as raised_here:
        await client.launch("demo", REQUEST)

    assert (raised_here.value.title, raised_here.value.hint) == ("The wallet holds 1 SPARE.", "Add some.")


async def test_an_unforeseen_error_is_a_sentence_without_details(
    client: GatewayClient, agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(name: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(agent, "destroy", explode)

    with pytest.raises(SparecloudError) as told:
        await client.destroy("demo")

    assert "RuntimeError" in told.value.title and "secret" not in str(told.value)


async def test_watch_yields_the_newest_view_and_a_slow_reader_skips(
    client: GatewayClient, agent: ScriptedAgent
) -> None:
    seen = []
    views = client.watch()
    seen.append((await anext(views)).balances)

    for coins in range(1, 200):
        agent.balances = Balances(Amount(coins), Amount(0))
        agent.changed.set()
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    seen.append((await anext(views)).balances)

    assert seen[1:] == [Balances(Amount(199), Amount(0))]


async def test_watch_ends_when_the_agent_is_shut_down(client: GatewayClient, agent: ScriptedAgent) -> None:
    async def watched() -> int:
        return len([view async for view in client.watch()])

    watching = asyncio.create_task(watched())
    await asyncio.sleep(0.05)
    await client.shutdown()

    assert await asyncio.wait_for(watching, 2) == 1
    assert agent.asked == [("shutdown",)]


async def test_logs_stream_as_bytes_whatever_they_hold(client: GatewayClient, agent: ScriptedAgent) -> None:
    agent.put(cluster())
    agent.output = (bytes(range(256)), b"", b"\n\n", b"x" * 300_000)

    received = [chunk async for chunk in client.logs("demo", "job-1", follow=True)]

    assert b"".join(received) == b"".join(agent.output)
    assert agent.asked == [("logs", "demo", "job-1", True)]


async def test_logs_of_an_unknown_cluster_raise(client: GatewayClient) -> None:
    with pytest.raises(NotFound):
        _ = [chunk async for chunk in client.logs("none", "job-1", follow=False)]


async def test_an_error_in_mid_stream_comes_after_what_was_said(client: GatewayClient, agent: ScriptedAgent) -> None:
    agent.put(cluster())
    agent.failure = errors.SandboxFailed("The driver vanished.")
    received = []

    with pytest.raises(errors.SandboxFailed):
        async for chunk in client.logs("demo", "job-1", follow=True):
            received.append(chunk)

    assert b"".join(received) == b"".join(agent.output)


@pytest.fixture
async def dying() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """A server that answers with the given bytes and hangs up."""
    servers = []

    async def start(answer: bytes) -> str:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(once, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [b"", HEAD, HEAD + b'f\r\n{"chunk":"YQ=="\r\n', HEAD + b'11\r\n{"chunk":"YQ=="}\n\r\n0\r\n\r\n'],
    ids=["no answer", "no frame", "half a frame", "no last frame"],
)
async def test_a_stream_that_is_cut_off_ends_in_a_sentence(
    dying: Callable[[bytes], Awaitable[str]], answer: bytes
) -> None:
    async with GatewayClient(await dying(answer), TOKEN) as client:
        with pytest.raises(AgentUnavailable, match="stopped answering"):
            _ = [chunk async for chunk in client.logs("demo", "job-1", follow=True)]


async def test_nobody_there_is_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async with GatewayClient(f"http://127.0.0.1:{port}", TOKEN) as client:
        with pytest.raises(AgentUnavailable, match="stopped answering"):
            await client.view()


async def test_an_answer_that_makes_no_sense_is_a_sentence(dying: Callable[[bytes], Awaitable[str]]) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    async with GatewayClient(await dying(answer), TOKEN) as client:
        with pytest.raises(AgentUnavailable, match="not understood"):
            await client.view()


async def test_a_reader_that_leaves_frees_the_stream(
    client: GatewayClient, agent: ScriptedAgent, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "BEAT_S", 0.02)
    left = asyncio.Event()

    async def quiet(cluster: str, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.sleep(60)
        finally:
            left.set()

    monkeypatch.setattr(agent, "logs", quiet)
    chunks = client.logs("demo", "job-1", follow=True)
    assert await anext(chunks) == b"first"

    await client.close()

    await asyncio.wait_for(left.wait(), 2)


async def test_a_lost_agent_is_looked_for_by_the_next_call(gateway: Gateway, agent: ScriptedAgent) -> None:
    async def again() -> tuple[str, str]:
        return gateway.url, TOKEN

    async with GatewayClient("http://127.0.0.1:1", "old", again) as client:
        with pytest.raises(AgentUnavailable):
            await client.view()

        assert (await client.view()).now == NOW


async def test_a_taken_port_is_named(agent: ScriptedAgent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse, match=f"Port {port}"):
            async with serve(agent, token=TOKEN, port=port):
                pass


async def test_a_gateway_is_idle_only_between_requests(client: GatewayClient, gateway: Gateway) -> None:
    watching = client.watch()
    await anext(watching)
    waiting = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0.05)

    assert gateway.idle_s() == 0

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
