"""A development chain for demonstrations and tests: `python -m core.chain.devchain --port 0 --ready-file PATH`.

It listens on loopback only, writes what a client needs to know (address, chain id, one funded key) into a file that
only its owner can read, and ends on SIGTERM or SIGINT. `--engine anvil` runs Foundry's anvil instead (the one on PATH,
else the one that this checkout's contracts are tested with), and `--engine auto` prefers it where it is on PATH;
whoever reads the ready file cannot tell the difference.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Final

from core.chain.embedded import EmbeddedChain, RpcError
from core.chain.embedded_json import Json
from core.chain.keystore import write_for_owner
from core.chain.wallet import Key
from core.errors import ChainUnavailable, InvalidInput, PortInUse, SparecloudError

CHAIN_ID: Final = 31337
FUNDED_WEI: Final = 10**24
_BODY_LIMIT: Final = 8 * 2**20
_START_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What the ready file holds. The key belongs to this chain alone and is worth nothing elsewhere."""

    rpc_url: str
    chain_id: int
    funded_key: str


def read_ready(path: Path) -> Ready:
    """The ready file at `path`. Raises InvalidInput where it is missing or malformed."""
    try:
        document = json.loads(path.read_text("utf-8"))
        return Ready(str(document["rpc_url"]), int(document["chain_id"]), str(document["funded_key"]))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InvalidInput(
            f"{path} is not a development chain's ready file: {type(problem).__name__}.", "Start the chain again."
        ) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 0 then, 2 where the port is taken or the engine is missing."""
    parser = argparse.ArgumentParser(prog="python -m core.chain.devchain", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes any free one")
    parser.add_argument("--ready-file", type=Path, required=True, help="where to write address and key, once serving")
    parser.add_argument("--legacy-fees", action="store_true", help="Ethereum Classic's rules: no EIP-1559")
    parser.add_argument("--engine", choices=("embedded", "anvil", "auto"), default="embedded")
    asked = parser.parse_args(arguments)
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    serve = _serve_anvil if _wants_anvil(asked.engine) else _serve_embedded
    try:
        serve(asked.port, asked.ready_file, asked.legacy_fees, stopped)
    except SparecloudError as refused:
        print(refused, file=sys.stderr)
        return 2
    finally:
        asked.ready_file.unlink(missing_ok=True)
    return 0


def _wants_anvil(engine: str) -> bool:
    return engine == "anvil" or (engine == "auto" and shutil.which("anvil") is not None)


def anvil_program() -> str | None:
    """Where anvil is: on PATH, else among the packages that the contracts' tests install; None where it is not."""
    packages = Path(__file__).with_name("contracts") / "node_modules" / "@foundry-rs"
    installed = sorted(packages.glob("anvil-*/bin/anvil*"))
    return shutil.which("anvil") or (str(installed[0]) if installed else None)


def _serve_embedded(port: int, ready_file: Path, legacy_fees: bool, stopped: threading.Event) -> None:
    key = Key.random()
    chain = EmbeddedChain(CHAIN_ID, {bytes.fromhex(key.address[2:]): FUNDED_WEI}, legacy_fees=legacy_fees)
    with _listen(port, chain) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        try:
            _announce(ready_file, int(server.server_address[1]), key)
            stopped.wait()
        finally:
            server.shutdown()
            serving.join()


def _listen(port: int, chain: EmbeddedChain) -> "_Server":
    try:
        return _Server(port, chain)
    except OSError as taken:
        raise _port_in_use(port) from taken


def _port_in_use(port: int) -> PortInUse:
    return PortInUse(f"Port {port} of this machine is in use already.", "Choose another, or 0 for any free one.")


def _announce(ready_file: Path, port: int, key: Key) -> None:
    ready = Ready(f"http://127.0.0.1:{port}", CHAIN_ID, key.export())
    write_for_owner(ready_file, json.dumps(asdict(ready)).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows "reuse" would let two servers share one port.
    allow_reuse_address = sys.platform != "win32"
    request_queue_size = 64

    def __init__(self, port: int, chain: EmbeddedChain) -> None:
        self.chain = chain
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two, Nagle's algorithm and delayed acknowledgements leave 7 calls a second.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        # A web page could otherwise reach this port through a name of its own that resolves to loopback.
        if host not in ("127.0.0.1", "localhost") or not 0 < length <= _BODY_LIMIT:
            self.close_connection = True
            self._reply(400, {"error": "a JSON-RPC request to 127.0.0.1 is expected"})
            return
        try:
            request = json.loads(self.rfile.read(length))
        except ValueError:
            self._reply(400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}})
            return
        if isinstance(request, list):
            self._reply(200, [_answered(self.server.chain, one) for one in request])
        else:
            self._reply(200, _answered(self.server.chain, request))

    def _reply(self, status: int, document: Json) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a transaction a second would drown everything else."""


def _answered(chain: EmbeddedChain, request: Json) -> Json:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "invalid request"}}
    answer: dict[str, Json] = {"jsonrpc": "2.0", "id": request.get("id")}
    try:
        answer["result"] = chain.answer(request["method"], request.get("params") or [])
    except RpcError as problem:
        error: dict[str, Json] = {"code": problem.code, "message": problem.message}
        if problem.data is not None:
            error["data"] = problem.data
        answer["error"] = error
    except Exception as problem:  # the top of a request: py-evm raises many kinds, and the caller must get an answer
        answer["error"] = {"code": -32603, "message": f"internal error: {type(problem).__name__}: {problem}"}
    return answer


def _serve_anvil(port: int, ready_file: Path, legacy_fees: bool, stopped: threading.Event) -> None:
    program = anvil_program()
    if program is None:
        raise ChainUnavailable("anvil is not on PATH.", "Install Foundry, or leave --engine out.")
    port = _free_port(port)
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(CHAIN_ID), "--accounts", "0"]
    # Blocks by the clock as well as by transaction: an idle chain's time must not stand still.
    command += ["--block-time", "1", "--mixed-mining"]
    # Its own newest rules, else the last ones without a base fee: it does not know Ethereum Classic's.
    command += ["--hardfork", "berlin"] if legacy_fees else []
    key = Key.random()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as anvil:
        try:
            _fund_on_anvil(f"http://127.0.0.1:{port}", key.address, anvil)
            _announce(ready_file, port, key)
            while not stopped.wait(0.2):
                if anvil.poll() is not None:
                    raise ChainUnavailable("anvil has stopped.", "Start the chain again.")
        finally:
            anvil.terminate()


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise _port_in_use(port) from taken
        return int(probe.getsockname()[1])


def _fund_on_anvil(rpc_url: str, address: str, anvil: "subprocess.Popen[bytes]") -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [address, hex(FUNDED_WEI)]}
    request = urllib.request.Request(rpc_url, json.dumps(call).encode(), {"Content-Type": "application/json"})
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline and anvil.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise ChainUnavailable("anvil did not start.", "Run it by hand to see why, or leave --engine out.")


if __name__ == "__main__":
    sys.exit(main())
