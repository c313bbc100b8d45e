"""The embedded development chain: py-evm behind the JSON-RPC methods that a wallet and an escrow client need.

It is for demonstrations and tests. Every transaction gets its own block at once; a block carries the wall clock's
second (several blocks may share one, which a real chain would not allow), so contracts that wait for deadlines
behave as they would in public. Views are executed at the present second too, and who asks for the latest block of an
idle chain gets a fresh one. Nothing outlives the process.

Time and blocks move on request with evm_increaseTime and evm_mine. With sparecloud_setLeastTip the chain takes no
transaction that tips less (of a legacy one: pays less) for one gas: it waits until outbid, or until that falls.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.typing import AccountDetails
from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import decode
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError

from core.chain.embedded_json import Json, block_json, logs_json, receipt_json, to_hex, transaction_json
from core.chain.embedded_rules import CLASSIC, LONDON

LEGACY_GAS_PRICE: Final = 10**9
PRIORITY_FEE: Final = 10**9
IDLE_BLOCK_S: Final = 2
_FEE_MARKET: Final = 2
_REVERT_WITH_REASON: Final = bytes.fromhex("08c379a0")


class RpcError(Exception):
    """A JSON-RPC error answer: its code, message and, for a revert, the hex data."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class EmbeddedChain:
    """A ledger in memory. `answer` is the only door, and may be knocked on from any thread.

    `legacy_fees` gives Ethereum Classic's rules: no base fee, no EIP-1559 transactions, its own table of opcodes.
    `funded` maps 20-byte addresses to balances in wei.
    """

    def __init__(
        self,
        chain_id: int,
        funded: Mapping[bytes, int],
        *,
        legacy_fees: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._rules = CLASSIC if legacy_fees else LONDON
        self._chain_id = chain_id
        self._now = now
        self._skipped_s = 0
        self._lock = threading.Lock()
        self._blocks: list[dict[str, Json]] = []
        self._block_numbers: dict[str, int] = {}
        self._receipts: dict[str, dict[str, Json]] = {}
        self._transactions: dict[str, dict[str, Json]] = {}
        self._logs: list[dict[str, Json]] = []
        self._pool: dict[tuple[Address, int], SignedTransactionAPI] = {}
        self._least_tip = 0
        vms = ((0, self._rules.vm),)
        chain_class = MiningChain.configure("EmbeddedMiningChain", chain_id=chain_id, vm_configuration=vms)
        genesis: dict[str, int | BlockNumber | bytes | Address | Hash32 | None] = {
            "coinbase": ZERO_ADDRESS,
            "difficulty": 1,
            "extra_data": b"",
            "gas_limit": self._rules.block_gas,
            "mix_hash": ZERO_HASH32,
            "nonce": b"\0" * 8,
            "receipt_root": BLANK_ROOT_HASH,
            "timestamp": int(now()),
            "transaction_root": BLANK_ROOT_HASH,
        }
        state: dict[Address, AccountDetails] = {
            Address(account): {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
            for account, wei in funded.items()
        }
        self._chain = cast(MiningChain, chain_class.from_genesis(AtomicDB(), genesis, state))
        self._headers: list[BlockHeaderAPI] = [self._chain.get_canonical_block_header_by_number(BlockNumber(0))]
        self._remember(self._headers[0], None, ())

    def answer(self, method: str, params: Sequence[Json]) -> Json:
        """The result of one JSON-RPC call; raises RpcError with what a node would have answered."""
        handler = self._handlers().get(method)
        if handler is None:
            raise RpcError(-32601, f"the method {method} does not exist/is not available")
        try:
            with self._lock:
                return handler(*params)
        except (TypeError, ValueError, KeyError, IndexError) as problem:
            raise RpcError(-32602, f"invalid params for {method}: {problem}") from problem

    def _handlers(self) -> Mapping[str, Callable[..., Json]]:
        handlers: dict[str, Callable[..., Json]] = {
            "web3_clientVersion": lambda: "sparecloud-embedded/1",
            "net_version": lambda: str(self._chain_id),
            "net_listening": lambda: True,
            "eth_chainId": lambda: hex(self._chain_id),
            "eth_syncing": lambda: False,
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(len(self._blocks) - 1),
            "eth_gasPrice": lambda: hex(
                self._base_fee() + PRIORITY_FEE if self._rules.fee_market else LEGACY_GAS_PRICE
            ),
            "eth_getBlockByNumber": self._get_block,
            "eth_getBlockByHash": self._get_block_by_hash,
            "eth_getBalance": lambda a, block="latest": hex(self._state(block).get_balance(_address(a))),
            "eth_getTransactionCount": self._get_transaction_count,
            "eth_getCode": lambda a, block="latest": to_hex(self._state(block).get_code(_address(a))),
            "eth_getStorageAt": lambda a, slot, block="latest": to_hex(
                self._state(block).get_storage(_address(a), _number(slot)).to_bytes(32, "big")
            ),
            "eth_call": self._call,
            "eth_estimateGas": self._estimate_gas,
            "eth_sendRawTransaction": self._send_raw_transaction,
            "eth_getTransactionReceipt": self._receipts.get,
            "eth_getTransactionByHash": self._transactions.get,
            "eth_getLogs": self._get_logs,
            "evm_increaseTime": self._increase_time,
            "evm_mine": lambda *_: self._mine(None),  # the arguments other nodes take are ignored
            "sparecloud_setLeastTip": self._set_least_tip,
        }
        if self._rules.fee_market:
            handlers["eth_maxPriorityFeePerGas"] = lambda: hex(PRIORITY_FEE)
            handlers["eth_feeHistory"] = self._fee_history
        return handlers

    def _second(self) -> int:
        return max(int(self._now()) + self._skipped_s, self._headers[-1].timestamp)

    def _base_fee(self) -> int:
        return (self._chain.header.base_fee_per_gas or 0) if self._rules.fee_market else 0

    def _position(self, block: Json) -> int:
        match block:
            case "latest" | "pending" | "safe" | "finalized" | None:
                return len(self._blocks) - 1
            case "earliest":
                return 0
            case _:
                return _number(block)

    def _state(self, block: Json = "latest", *, costless: bool = False) -> StateAPI:
        position = self._position(block)
        if not 0 <= position < len(self._headers):
            raise RpcError(-32000, "header not found")
        header = self._headers[position]
        if position == len(self._headers) - 1:
            header = self._chain.header.copy(timestamp=self._second())
        if costless and self._rules.fee_market:
            header = header.copy(base_fee_per_gas=0)
        return self._chain.get_vm(header).state

    def _run(self, call: Mapping[str, Json], block: Json) -> tuple[int, bytes]:
        """Executes a call on a scratch state; returns gas used before refunds, and output."""
        state = self._state(block, costless=True)
        sender = _address(call.get("from", "0x" + "00" * 20))
        to = call.get("to")
        most = self._rules.block_gas
        gas = min(_number(call["gas"]), most) if call.get("gas") else most
        value = _number(call.get("value") or 0)
        transaction = self._chain.get_vm().create_unsigned_transaction(
            nonce=state.get_nonce(sender),
            gas_price=0,
            gas=gas,
            to=_address(to) if to else Address(b""),
            value=value,
            data=_bytes(call.get("data") or call.get("input") or "0x"),
        )
        if state.get_balance(sender) < value:
            raise RpcError(-32000, "insufficient funds for gas * price + value")
        spoofed = cast(SignedTransactionAPI, SpoofTransaction(transaction, from_=sender))
        try:
            computation = state.apply_transaction(spoofed)
        except ValidationError as problem:
            raise RpcError(-32000, str(problem)) from problem
        if computation.is_error:
            raise _reverted(computation.output, str(computation.error))
        return spoofed.intrinsic_gas + computation.get_gas_used(), computation.output

    def _call(self, call: Mapping[str, Json], block: Json = "latest", *_: Json) -> Json:
        return to_hex(self._run(call, block)[1])

    def _estimate_gas(self, call: Mapping[str, Json], block: Json = "latest", *_: Json) -> Json:
        # Generous instead of searched for: what is not used is not paid, and searching costs ten executions.
        used, _output = self._run({**call, "gas": None}, block)
        return hex(min(self._rules.block_gas, used + (used - 21_000) // 8 + (2_500 if used > 21_000 else 0)))

    def _send_raw_transaction(self, raw: Json) -> Json:
        try:
            transaction = self._chain.get_vm().get_transaction_builder().decode(_bytes(raw))
            transaction.validate()
            sender = transaction.sender
        except Exception as problem:  # py-evm and rlp raise a dozen kinds for malformed bytes
            raise RpcError(-32000, f"transaction refused: {problem}") from problem
        if transaction.chain_id not in (None, self._chain_id):
            raise RpcError(-32000, f"invalid chain id: have {transaction.chain_id}, want {self._chain_id}")
        self._admit(transaction, sender)
        self._pool[sender, transaction.nonce] = transaction
        self._mine_ready(sender)
        return to_hex(transaction.hash)

    def _admit(self, transaction: SignedTransactionAPI, sender: Address) -> None:
        rival = self._pool.get((sender, transaction.nonce))
        nonce = self._state().get_nonce(sender)
        if to_hex(transaction.hash) in self._transactions or (rival and rival.hash == transaction.hash):
            raise RpcError(-32000, "already known")
        if transaction.nonce < nonce:
            raise RpcError(-32000, f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.gas > self._rules.block_gas:
            raise RpcError(-32000, "exceeds block gas limit")
        limit = self._rules.initcode_limit
        if limit is not None and not transaction.to and len(transaction.data) > limit:
            raise RpcError(-32000, f"max initcode size exceeded: code size {len(transaction.data)}, limit {limit}")
        if rival and any(10 * new < 11 * old for new, old in zip(_offers(transaction), _offers(rival), strict=True)):
            raise RpcError(-32000, "replacement transaction underpriced")

    def _mine_ready(self, sender: Address) -> None:
        """Give each of the sender's transactions whose turn it is, and whose tip is enough, its block."""
        while (waiting := self._pool.get((sender, self._state().get_nonce(sender)))) is not None:
            highest, tip = _offers(waiting)
            if min(tip, highest - self._base_fee()) < self._least_tip:
                return
            del self._pool[sender, waiting.nonce]
            self._mine(waiting)

    def _set_least_tip(self, wei: Json) -> Json:
        self._least_tip = _number(wei)
        for sender in {sender for sender, _ in self._pool}:
            self._mine_ready(sender)
        return True

    def _get_transaction_count(self, account: Json, block: Json = "latest") -> Json:
        sender = _address(account)
        nonce = self._state(block).get_nonce(sender)
        while block == "pending" and (sender, nonce) in self._pool:
            nonce += 1
        return hex(nonce)

    def _mine(self, transaction: SignedTransactionAPI | None) -> Json:
        self._chain.set_header_timestamp(self._second())
        transactions = () if transaction is None else (transaction,)
        pending = self._chain.header
        try:
            result, receipts, computations = self._chain.mine_all(transactions)
        except ValidationError as problem:
            self._chain.header = pending
            text = str(problem)
            if "insufficient" in text.lower() or "balance" in text.lower():
                text = "insufficient funds for gas * price + value"
            raise RpcError(-32000, text) from problem
        header = result.imported_block.header
        self._headers.append(header)
        created = computations[0].msg.storage_address if computations and computations[0].msg.is_create else None
        self._remember(header, transaction, receipts, created)
        return "0x0"

    def _remember(
        self,
        header: BlockHeaderAPI,
        transaction: SignedTransactionAPI | None,
        receipts: Sequence[ReceiptAPI],
        created: bytes | None = None,
    ) -> None:
        block = block_json(header, transaction)
        self._block_numbers[str(block["hash"])] = header.block_number
        self._blocks.append(block)
        if transaction is not None:
            [receipt] = receipts
            logs = logs_json(header, transaction, receipt)
            hash_ = to_hex(transaction.hash)
            self._logs += logs
            self._receipts[hash_] = receipt_json(header, transaction, receipt, logs, created)
            self._transactions[hash_] = transaction_json(header, transaction, self._chain_id)

    def _get_block(self, block: Json, full: bool = False) -> Json:
        if block in ("latest", "pending") and self._second() - self._headers[-1].timestamp >= IDLE_BLOCK_S:
            self._mine(None)
        position = self._position(block)
        if not 0 <= position < len(self._blocks):
            return None
        found = self._blocks[position]
        if full:
            hashes = cast(Sequence[str], found["transactions"])
            return found | {"transactions": [self._transactions[hash_] for hash_ in hashes]}
        return found

    def _get_block_by_hash(self, hash_: str, full: bool = False) -> Json:
        position = self._block_numbers.get(hash_)
        return None if position is None else self._get_block(hex(position), full)

    def _get_logs(self, wanted: Mapping[str, Json]) -> Json:
        if "blockHash" in wanted:
            first = last = self._block_numbers.get(str(wanted["blockHash"]), -1)
        else:
            first, last = self._position(wanted.get("fromBlock")), self._position(wanted.get("toBlock"))
        addresses = wanted.get("address")
        if isinstance(addresses, str):
            addresses = [addresses]
        allowed = None if addresses is None else {str(a).lower() for a in cast(Sequence[str], addresses)}
        topics = cast(Sequence[Json], wanted.get("topics") or [])
        return [
            log
            for log in self._logs
            if first <= _number(log["blockNumber"]) <= last
            and (allowed is None or str(log["address"]).lower() in allowed)
            and _matches(cast(Sequence[str], log["topics"]), topics)
        ]

    def _fee_history(self, count: Json, newest: Json, percentiles: Sequence[Json] | None = None) -> Json:
        last = self._position(newest)
        first = max(0, last - _number(count) + 1)
        blocks = self._headers[first : last + 1]
        history: dict[str, Json] = {
            "oldestBlock": hex(first),
            "baseFeePerGas": [hex(h.base_fee_per_gas or 0) for h in blocks] + [hex(self._base_fee())],
            # JSON numbers here may be fractions; whole ones will do for a chain that is never full.
            "gasUsedRatio": [h.gas_used // h.gas_limit for h in blocks],
        }
        if percentiles:
            history["reward"] = [[hex(PRIORITY_FEE) for _ in percentiles] for _ in blocks]
        return history

    def _increase_time(self, seconds: Json) -> Json:
        self._skipped_s += _number(seconds)
        return hex(self._skipped_s)


def _offers(transaction: SignedTransactionAPI) -> tuple[int, int]:
    """The most that one gas may cost, and how much of it may be a tip."""
    if getattr(transaction, "type_id", None) == _FEE_MARKET:
        return transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas
    return transaction.gas_price, transaction.gas_price


def _reverted(output: bytes, problem: str) -> RpcError:
    if not output:
        return RpcError(3, f"execution reverted: {problem}" if problem else "execution reverted", "0x")
    message = "execution reverted"
    if output[:4] == _REVERT_WITH_REASON:
        [reason] = decode(["string"], output[4:])
        message = f"execution reverted: {reason}"
    return RpcError(3, message, to_hex(output))


def _matches(topics: Sequence[str], wanted: Sequence[Json]) -> bool:
    if len(wanted) > len(topics):
        return False
    for topic, want in zip(topics, wanted, strict=False):
        if want is None:
            continue
        choices = [want] if isinstance(want, str) else cast(Sequence[str], want)
        if topic not in [choice.lower() for choice in choices]:
            return False
    return True


def _number(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"{value!r} is not a number")
    return int(value, 0) if isinstance(value, str) else value


def _bytes(value: Json) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"{value!r} is not 0x-prefixed hex")
    return bytes.fromhex(value[2:])


def _address(value: Json) -> Address:
    raw = _bytes(value)
    if len(raw) != 20:
        raise ValueError(f"{value!r} is not an address")
    return Address(raw)
