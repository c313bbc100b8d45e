"""What one gas is worth, asked of nodes over real connections: honest ones, old ones and lying ones."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from core.chain.node import Node
from core.chain.transaction import LegacyFee, MarketFee
from core.errors import TransactionFailed

GWEI = 10**9
LIMIT = 500 * GWEI
BLOCK = {"number": "0x1", "hash": "0x" + "11" * 32, "timestamp": "0x1"}


def _history(*tips: int, ratio: float = 0.5) -> Mapping[str, Any]:
    return {
        "oldestBlock": "0x1",
        "baseFeePerGas": [hex(GWEI)] * (len(tips) + 1),
        "gasUsedRatio": [ratio] * len(tips),
        "reward": [[hex(tip)] for tip in tips],
    }


@contextmanager
def node(base: int | None, **answers: Any) -> Iterator[Node]:
    """A node that answers so, and knows no other method. `base` is the latest block's base fee."""
    said = {"eth_getBlockByNumber": BLOCK | ({} if base is None else {"baseFeePerGas": hex(base)}), **answers}

    class Handler(BaseHTTPRequestHandler):
        known: ClassVar = said

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
            if request["method"] in self.known:
                answer["result"] = self.known[request["method"]]
            else:
                answer["error"] = {"code": -32601, "message": "the method does not exist"}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        asked = Node(f"http://127.0.0.1:{server.server_address[1]}")
        try:
            yield asked
        finally:
            asked.close()
            server.shutdown()
            serving.join()


def test_blocks_without_a_base_fee_mean_a_gas_price_and_blocks_with_one_a_tip() -> None:
    with node(None, eth_gasPrice=hex(3 * GWEI)) as classic:
        assert classic.fee(LIMIT) == LegacyFee(3 * GWEI)
    with node(20 * GWEI, eth_feeHistory=_history(GWEI, 2 * GWEI, 9 * GWEI)) as london:
        assert london.fee(LIMIT) == MarketFee(highest=42 * GWEI, tip=2 * GWEI)


def test_empty_blocks_say_nothing_about_tips_so_the_node_is_asked() -> None:
    empty = _history(0, 0, ratio=0.0)

    with node(GWEI, eth_feeHistory=empty, eth_maxPriorityFeePerGas=hex(3 * GWEI)) as quiet:
        assert quiet.fee(LIMIT) == MarketFee(5 * GWEI, 3 * GWEI)
    with node(GWEI) as old:
        assert old.fee(LIMIT) == MarketFee(3 * GWEI, GWEI)


def test_a_tip_of_nothing_is_rounded_up_to_what_nodes_relay() -> None:
    with node(7, eth_feeHistory=_history(0, 0, 0)) as calm:
        assert calm.fee(LIMIT) == MarketFee(14 + GWEI // 1000, GWEI // 1000)


@pytest.mark.parametrize("tip", [10**12, 10**30])
def test_whatever_a_node_calls_usual_one_gas_never_costs_more_than_the_limit(tip: int) -> None:
    with node(GWEI, eth_feeHistory=_history(tip)) as liar:
        assert liar.fee(LIMIT) == MarketFee(LIMIT, LIMIT)
    with node(400 * GWEI, eth_feeHistory=_history(GWEI)) as crowded:
        assert crowded.fee(LIMIT) == MarketFee(LIMIT, GWEI)


def test_gas_past_the_limit_is_refused_with_both_figures_and_a_next_step() -> None:
    for base, answers in ((None, {"eth_gasPrice": hex(LIMIT + GWEI)}), (LIMIT + GWEI, {})):
        with (
            node(base, **answers) as dear,
            pytest.raises(TransactionFailed, match=r"501 gwei now, .* is 500") as refused,
        ):
            dear.fee(LIMIT)
        assert "highest_gas_gwei" in refused.value.hint
