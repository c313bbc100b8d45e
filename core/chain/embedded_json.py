"""What the embedded chain's blocks, transactions, receipts and logs look like in JSON-RPC. Pure."""

from collections.abc import Mapping, Sequence

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth_utils.address import to_checksum_address

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


def to_hex(value: bytes) -> str:
    """0x and two digits a byte."""
    return "0x" + value.hex()


def base_fee(header: BlockHeaderAPI) -> int | None:
    """The block's base fee, None before EIP-1559."""
    return getattr(header, "base_fee_per_gas", None)


def block_json(header: BlockHeaderAPI, transaction: SignedTransactionAPI | None) -> dict[str, Json]:
    """A block with at most one transaction, named by its hash."""
    block: dict[str, Json] = {
        "number": hex(header.block_number),
        "hash": to_hex(header.hash),
        "parentHash": to_hex(header.parent_hash),
        "nonce": to_hex(header.nonce),
        "sha3Uncles": to_hex(header.uncles_hash),
        "logsBloom": to_hex(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": to_hex(header.transaction_root),
        "stateRoot": to_hex(header.state_root),
        "receiptsRoot": to_hex(header.receipt_root),
        "miner": to_checksum_address(header.coinbase),
        "mixHash": to_hex(header.mix_hash),
        "difficulty": hex(header.difficulty),
        "totalDifficulty": hex(header.block_number + 1),
        "extraData": to_hex(header.extra_data),
        "size": "0x0",
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "uncles": [],
        "transactions": [] if transaction is None else [to_hex(transaction.hash)],
    }
    fee = base_fee(header)
    return block if fee is None else block | {"baseFeePerGas": hex(fee)}


def logs_json(header: BlockHeaderAPI, transaction: SignedTransactionAPI, receipt: ReceiptAPI) -> list[dict[str, Json]]:
    """A transaction's logs, in order."""
    return [
        _place(header, transaction)
        | {
            "address": to_checksum_address(log.address),
            "topics": [to_hex(topic.to_bytes(32, "big")) for topic in log.topics],
            "data": to_hex(log.data),
            "logIndex": hex(index),
            "removed": False,
        }
        for index, log in enumerate(receipt.logs)
    ]


def receipt_json(
    header: BlockHeaderAPI,
    transaction: SignedTransactionAPI,
    receipt: ReceiptAPI,
    logs: Sequence[Json],
    created: bytes | None,
) -> dict[str, Json]:
    """A receipt; `created` is the contract that the transaction made."""
    return _place(header, transaction) | {
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "contractAddress": to_checksum_address(created) if created else None,
        "cumulativeGasUsed": hex(receipt.gas_used),
        "gasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(_price(header, transaction)),
        "logs": logs,
        "logsBloom": to_hex(header.bloom.to_bytes(256, "big")),
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
        "type": hex(_kind(transaction)),
    }


def transaction_json(header: BlockHeaderAPI, transaction: SignedTransactionAPI, chain_id: int) -> dict[str, Json]:
    """A mined transaction."""
    place = _place(header, transaction)
    return {
        "blockHash": place["blockHash"],
        "blockNumber": place["blockNumber"],
        "transactionIndex": place["transactionIndex"],
        "hash": place["transactionHash"],
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "gas": hex(transaction.gas),
        "gasPrice": hex(_price(header, transaction)),
        "nonce": hex(transaction.nonce),
        "value": hex(transaction.value),
        "input": to_hex(transaction.data),
        "chainId": hex(chain_id),
        "type": hex(_kind(transaction)),
        "v": hex(transaction.y_parity),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
    }


def _place(header: BlockHeaderAPI, transaction: SignedTransactionAPI) -> dict[str, Json]:
    return {
        "blockHash": to_hex(header.hash),
        "blockNumber": hex(header.block_number),
        "transactionHash": to_hex(transaction.hash),
        "transactionIndex": "0x0",
    }


def _price(header: BlockHeaderAPI, transaction: SignedTransactionAPI) -> int:
    base = base_fee(header)
    if base is None:
        return transaction.gas_price
    return base + min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base)


def _kind(transaction: SignedTransactionAPI) -> int:
    return int(getattr(transaction, "type_id", None) or 0)
