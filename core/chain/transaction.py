"""Transactions as bytes: the legacy form with EIP-155, and EIP-1559. Pure; the key stays in the wallet."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction before it is signed. `to` None creates a contract."""

    chain_id: int
    nonce: int
    fee: LegacyFee | MarketFee
    gas: int
    to: Address | None
    value: int
    data: bytes

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
