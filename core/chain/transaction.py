"""Transactions as bytes: the legacy form with EIP-155, and EIP-1559. Pure; the key stays in the wallet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

import rlp  # type: ignore[import-untyped]  # it ships no types
from eth_hash.auto import keccak

from core.model import Address

_FEE_MARKET = b"\x02"


@dataclass(frozen=True, slots=True)
class LegacyFee:
    """What one gas costs on a chain without a base fee, in wei."""

    gas_price: int


@dataclass(frozen=True, slots=True)
class MarketFee:
    """The most one gas may cost, and the part of it that is a tip, in wei (EIP-1559)."""

    highest: int
    tip: int


Fee = LegacyFee | MarketFee


def raised(fee: Fee, market: Fee, cap: int) -> Fee | None:
    """What a replacement must offer: an eighth more than `fee`, or what the `market` asks now if that is more.

    Nodes drop a replacement that offers less than a tenth more, the tip included. None where that would take one gas
    past `cap` wei: the fee stays as it is then.
    """
    match fee, market:
        case LegacyFee(), LegacyFee():
            price = min(cap, max(_eighth_more(fee.gas_price), market.gas_price))
            return LegacyFee(price) if price >= _tenth_more(fee.gas_price) else None
        case MarketFee(), MarketFee():
            highest = min(cap, max(_eighth_more(fee.highest), market.highest))
            tip = min(highest, max(_eighth_more(fee.tip), market.tip))
            enough = highest >= _tenth_more(fee.highest) and tip >= _tenth_more(fee.tip)
            return MarketFee(highest, tip) if enough else None
        case _:
            # The chain has changed its kind of fee since: what was sent keeps its own.
            return raised(fee, fee, cap)


def _eighth_more(wei: int) -> int:
    return wei + wei // 8 + 1


def _tenth_more(wei: int) -> int:
    return wei + -(-wei // 10)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction before it is signed. `to` None creates a contract."""

    chain_id: int
    nonce: int
    fee: Fee
    gas: int
    to: Address | None
    value: int
    data: bytes

    @classmethod
    def decoded(cls, raw: bytes) -> Self:
        """The transaction that `signed` made `raw` from: our own work, not a stranger's."""
        if raw[:1] == _FEE_MARKET:
            fields = cast(Sequence[bytes], rlp.decode(raw[1:]))
            chain_id, nonce, tip, highest, gas = (int.from_bytes(field, "big") for field in fields[:5])
            to, value, data = fields[5:8]
            fee: Fee = MarketFee(highest, tip)
        else:
            fields = cast(Sequence[bytes], rlp.decode(raw))
            nonce, price, gas = (int.from_bytes(field, "big") for field in fields[:3])
            to, value, data = fields[3:6]
            chain_id, fee = (int.from_bytes(fields[6], "big") - 35) // 2, LegacyFee(price)
        recipient = Address("0x" + to.hex()) if to else None
        return cls(chain_id, nonce, fee, gas, recipient, int.from_bytes(value, "big"), data)

    def digest(self) -> bytes:
        """The 32 bytes to sign."""
        match self.fee:
            case LegacyFee():
                return keccak(rlp.encode([*self._legacy_fields(self.fee), self.chain_id, 0, 0]))
            case MarketFee():
                return keccak(_FEE_MARKET + rlp.encode(self._market_fields(self.fee)))

    def signed(self, signature: bytes) -> bytes:
        """The raw transaction, given the 65 bytes (r, s, v as 27 or 28) that sign `digest()`."""
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        parity = signature[64] - 27
        match self.fee:
            case LegacyFee():
                return bytes(rlp.encode([*self._legacy_fields(self.fee), self.chain_id * 2 + 35 + parity, r, s]))
            case MarketFee():
                return _FEE_MARKET + bytes(rlp.encode([*self._market_fields(self.fee), parity, r, s]))

    def _legacy_fields(self, fee: LegacyFee) -> list[object]:
        return [self.nonce, fee.gas_price, self.gas, self._recipient(), self.value, self.data]

    def _market_fields(self, fee: MarketFee) -> list[object]:
        head: list[object] = [self.chain_id, self.nonce, fee.tip, fee.highest, self.gas]
        return [*head, self._recipient(), self.value, self.data, []]

    def _recipient(self) -> bytes:
        return bytes.fromhex(self.to[2:]) if self.to is not None else b""
