"""One chain node over JSON-RPC, in blocking calls that any thread may make.

All that web3, requests or a node can raise is translated here, once: ChainUnavailable where no sensible answer came,
NotEnoughCoin and TransactionFailed where the answer was no. Nothing that a node sends is believed to be well formed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import to_checksum_address
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import (
    ContractCustomError,
    ContractLogicError,
    ContractPanicError,
    MethodUnavailable,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.providers import JSONBaseProvider
from web3.types import BlockIdentifier, LogReceipt, RPCEndpoint, RPCResponse, TxParams, Wei

from core.chain.artifact import Artifact
from core.chain.networks import is_loopback
from core.chain.reverts import explained
from core.chain.transaction import Fee, LegacyFee, MarketFee
from core.errors import ChainUnavailable, InvalidInput, NotEnoughCoin, SparecloudError, TransactionFailed
from core.model import Address, Amount

_ANSWER_LIMIT: Final = 32 * 2**20
_GWEI: Final = 10**9
_FALLBACK_TIP: Final = _GWEI
_LEAST_TIP: Final = _GWEI // 1000
_TIPS_OF_BLOCKS: Final = 10
# What geth, core-geth, Erigon, Nethermind, Besu and anvil say; there is no common code for any of it.
_BROKE: Final = ("insufficient funds", "insufficient balance", "insufficientfunds", "upfront cost exceeds")
_KNOWN: Final = ("already known", "alreadyknown", "already imported", "known transaction")
_USED: Final = ("nonce too low", "old nonce", "oldnonce", "nonce below")
_UNDERBID: Final = ("replacement", "could not replace")
_TOO_CHEAP: Final = ("underpriced", "fee too low", "feetoolow", "less than block base fee", "minimum gas price")


class NonceTaken(TransactionFailed):
    """The nonce was used meanwhile, by this wallet in another place: worth another try."""


class Underbid(NonceTaken):
    """The node has a transaction with this nonce, and wants a higher fee for another in its place."""


class FeeTooLow(TransactionFailed):
    """The node takes no transaction for so low a fee."""


class _AlreadyKnown(TransactionFailed):
    """The node has this very transaction."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction. `contract` is what it created, if it did."""

    transaction: str
    block: int
    succeeded: bool
    gas_used: int
    contract: Address | None
    logs: tuple[LogReceipt, ...]


class Node:
    """A node at an http(s) address. Nothing is sent before the first call; `close` when done."""

    def __init__(self, rpc_url: str, *, request_timeout_s: float = 15.0) -> None:
        parts = urlsplit(rpc_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput("The chain's address is not a web address.", "It looks like https://host:port.")
        self._provider = _Provider(rpc_url, parts.hostname, request_timeout_s)
        # No middleware: it would fill in fees and senders on its own, and refuse proof-of-authority headers.
        self._web3 = Web3(self._provider, middleware=[])

    def close(self) -> None:
        """Drop the connections."""
        self._provider.session.close()

    def contract(self, artifact: Artifact, at: Address) -> Contract:
        """The contract at an address."""
        return self._web3.eth.contract(checksummed(at), abi=artifact.abi)

    def creation(self, artifact: Artifact, arguments: Sequence[object]) -> bytes:
        """The data of the transaction that creates the contract."""
        factory: type[Contract] = self._web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        return bytes.fromhex(str(factory.constructor(*arguments).data_in_transaction).removeprefix("0x"))

    def chain_id(self) -> int:
        """The chain's id (EIP-155)."""
        with _translated():
            return int(self._web3.eth.chain_id)

    def head(self) -> tuple[int, int]:
        """Number and time (Unix seconds) of the latest block."""
        with _translated():
            block = self._web3.eth.get_block("latest")
            return int(block["number"]), int(block["timestamp"])

    def block_gas(self) -> int:
        """The most gas that one block, and so one transaction, may take."""
        with _translated():
            return int(self._web3.eth.get_block("latest")["gasLimit"])

    def native_balance(self, account: Address) -> Amount:
        """What `account` holds of the chain's own coin."""
        with _translated():
            return Amount(int(self._web3.eth.get_balance(checksummed(account))))

    def has_code(self, account: Address) -> bool:
        """True where `account` is a contract."""
        with _translated():
            return len(self._web3.eth.get_code(checksummed(account))) > 0

    def genesis(self) -> str:
        """The hash of the first block, which tells apart chains that share an id."""
        return self.block(0)[0]

    def block(self, number: int) -> tuple[str, int]:
        """Hash and time (Unix seconds) of a block."""
        with _translated():
            block = self._web3.eth.get_block(number)
            return str(block["hash"].to_0x_hex()), int(block["timestamp"])

    def next_nonce(self, account: Address) -> int:
        """The first nonce that neither a block nor the node's pending transactions use."""
        with _translated():
            return int(self._web3.eth.get_transaction_count(checksummed(account), "pending"))

    def nonces_used(self, account: Address, depth: int = 0) -> int:
        """How many nonces blocks have used up, leaving out the `depth` latest blocks."""
        with _translated():
            block: BlockIdentifier = max(0, int(self._web3.eth.block_number) - depth) if depth else "latest"
            return int(self._web3.eth.get_transaction_count(checksummed(account), block))

    def call(self, contract: Contract, function: str, arguments: Sequence[object] = ()) -> Any:
        """What a view answers; the caller checks its shape."""
        with _translated():
            return contract.functions[function](*arguments).call()

    def fee(self, highest: int | None = None) -> Fee:
        """What to pay for one gas now: EIP-1559 where blocks have a base fee, else the node's gas price.

        Not more than `highest` wei, whatever the node says. Raises TransactionFailed where that cannot be enough.
        """
        with _translated():
            base = self._web3.eth.get_block("latest").get("baseFeePerGas")
            price = int(self._web3.eth.gas_price) if base is None else int(base)
            if highest is not None and price > highest:
                raise TransactionFailed(
                    f"One gas costs {price / _GWEI:.9g} gwei now, and your limit is {highest / _GWEI:.9g} gwei.",
                    "Wait until the chain is cheaper, or raise highest_gas_gwei under [network] in the settings.",
                )
            if base is None:
                return LegacyFee(price)
            tip = max(_LEAST_TIP, self._tip())
            # Room for the base fee to double, which takes six full blocks.
            most = 2 * price + tip
            return MarketFee(most, tip) if highest is None else MarketFee(min(most, highest), min(tip, highest))

    def _tip(self) -> int:
        """The median of what the latest blocks' transactions tipped, as far as the node can tell."""
        try:
            history = self._web3.eth.fee_history(_TIPS_OF_BLOCKS, "latest", [50.0])
            used = zip(history["gasUsedRatio"], history.get("reward") or (), strict=False)
            tips = sorted(int(tip[0]) for ratio, tip in used if ratio)
            # Empty blocks report a tip of zero, which says nothing.
            return tips[len(tips) // 2] if tips else int(self._web3.eth.max_priority_fee)
        except (MethodUnavailable, Web3RPCError):
            return _FALLBACK_TIP

    def estimate_gas(self, sender: Address, to: Address | None, value: int, data: bytes) -> int:
        """Gas that a transaction takes if sent now. Raises what `explained` makes of a refusal."""
        call: TxParams = {"from": checksummed(sender), "value": Wei(value), "data": data}
        if to is not None:
            call["to"] = checksummed(to)
        with _translated():
            return int(self._web3.eth.estimate_gas(call))

    def refusal(self, sender: Address, to: Address, value: int, data: bytes, block: int) -> SparecloudError:
        """Why a mined transaction reverted, found out by running it again on that block's state."""
        call: TxParams = {"from": checksummed(sender), "to": checksummed(to), "value": Wei(value), "data": data}
        try:
            with _translated():
                self._web3.eth.call(call, block)
        except SparecloudError as reason:
            if not isinstance(reason, ChainUnavailable):
                return reason
        return TransactionFailed("The chain reverted the transaction.", "Look at the lease before trying again.")

    def send(self, raw: bytes) -> str:
        """Hand over a signed transaction, also one handed over before; its hash.

        Raises NonceTaken, Underbid, FeeTooLow, NotEnoughCoin, TransactionFailed.
        """
        try:
            with _translated():
                self._web3.eth.send_raw_transaction(raw)
        except _AlreadyKnown:
            pass
        return "0x" + keccak(raw).hex()

    def receipt(self, transaction: str) -> Receipt | None:
        """The receipt, None while the transaction is not mined."""
        with _translated():
            try:
                found = self._web3.eth.get_transaction_receipt(HexStr(transaction))
            except TransactionNotFound:
                return None
            created = found["contractAddress"]
            return Receipt(
                transaction=transaction,
                block=int(found["blockNumber"]),
                succeeded=int(found["status"]) == 1,
                gas_used=int(found["gasUsed"]),
                contract=Address(str(created).lower()) if created else None,
                logs=tuple(found["logs"]),
            )

    def logs(self, contract: Contract, topics: Sequence[str | None], first: int, last: int) -> tuple[LogReceipt, ...]:
        """Logs of `contract` with `topics` in the blocks `first` to `last`, both included."""
        wanted: Any = {"address": contract.address, "topics": list(topics), "fromBlock": first, "toBlock": last}
        with _translated():
            return tuple(self._web3.eth.get_logs(wanted))


def checksummed(account: Address) -> ChecksumAddress:
    """The account as web3 wants it (EIP-55)."""
    return to_checksum_address(account)


class _Provider(JSONBaseProvider):
    """web3's own HTTP provider keeps a session a thread and never closes them; this one has one, and bounds answers."""

    # A contract could otherwise send this machine to a web address of its choice (EIP-3668).
    global_ccip_read_enabled = False

    def __init__(self, rpc_url: str, host: str, timeout_s: float) -> None:
        super().__init__()
        self.session = requests.Session()
        self.session.trust_env = not is_loopback(rpc_url)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=16))
        self._rpc_url = rpc_url
        self._host = host
        self._timeout_s = timeout_s

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        body = self.encode_rpc_request(method, params)
        headers = {"Content-Type": "application/json"}
        try:
            with self.session.post(
                self._rpc_url, body, headers=headers, timeout=self._timeout_s, allow_redirects=False, stream=True
            ) as answer:
                content = answer.raw.read(_ANSWER_LIMIT + 1, decode_content=True)
                if answer.status_code >= 300 and not content.lstrip().startswith(b"{"):
                    raise self._unavailable(f"answered with HTTP status {answer.status_code}")
        except (requests.RequestException, OSError, HTTPError) as problem:
            # The address may hold an access key, and requests would quote it.
            raise self._unavailable(f"does not answer ({type(problem).__name__})") from None
        if len(content) > _ANSWER_LIMIT:
            raise self._unavailable("sent more than can be right")
        try:
            return self.decode_rpc_response(content)
        except ValueError:
            raise self._unavailable("sent something that is not JSON") from None

    def _unavailable(self, problem: str) -> ChainUnavailable:
        return ChainUnavailable(f"The chain node at {self._host} {problem}.", "Check the network and its address.")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SparecloudError:
        raise
    except ContractPanicError as panicked:
        raise TransactionFailed("The contract met an arithmetic error and refused.") from panicked
    except (ContractCustomError, ContractLogicError) as reverted:
        raise explained(_revert_data(reverted.data)) from reverted
    except Web3RPCError as refused:
        raise _refused(refused) from refused
    except Web3Exception as odd:
        raise _odd(odd) from odd
    except (DecodingError, KeyError, TypeError, ValueError, AttributeError, AssertionError) as malformed:
        raise _odd(malformed) from malformed


def _odd(problem: Exception) -> ChainUnavailable:
    return ChainUnavailable(
        f"The chain node sent an answer that makes no sense ({type(problem).__name__}).", "Use another node."
    )


def _revert_data(data: object) -> bytes:
    try:
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else b""
    except ValueError:
        return b""


def _refused(problem: Web3RPCError) -> SparecloudError:
    error = (problem.rpc_response or {}).get("error")
    message = str(error.get("message", "") if isinstance(error, dict) else error or problem)[:200]
    lowered = message.lower()

    def says(*phrases: str) -> bool:
        return any(phrase in lowered for phrase in phrases)

    if says(*_BROKE):
        return NotEnoughCoin("The wallet cannot pay the chain's fee.", "Add some of the chain's own coin to it.")
    if says(*_KNOWN):
        return _AlreadyKnown("The chain has this transaction already.")
    if says(*_USED):
        return NonceTaken(f"The chain refused the transaction: {message}.", "Try again.")
    if says(*_UNDERBID):
        return Underbid(f"The chain refused the transaction: {message}.", "Try again.")
    if says(*_TOO_CHEAP):
        return FeeTooLow(f"The chain refused the transaction's fee: {message}.", "Try again when the chain is calmer.")
    return TransactionFailed(f"The chain refused: {message}.", "Look at the lease before trying again.")
