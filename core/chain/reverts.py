"""Why a contract refused, in a sentence: custom errors decoded by the shipped artifacts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from core.chain.artifact import CONTRACTS, load
from core.errors import NotEnoughCoin, SparecloudError, TransactionFailed

_REASON: Final = keccak(b"Error(string)")[:4]

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "LeaseEscrow_NotAllowed": ("This account may not do that with the lease.", "Use the renter's wallet."),
    "LeaseEscrow_BadTerms": ("The lease's terms cannot work: {field} is zero or in the past.", "Ask for a new quote."),
    "LeaseEscrow_WrongStatus": ("The lease is {status}.", "Look at the lease again before trying more."),
    "LeaseEscrow_ClaimTooLate": ("The time for claims on this lease is over.", "Claim within the grace period."),
    "LeaseEscrow_SweepTooEarly": ("Donors may still claim until {claimableUntil}.", "Refund once that has passed."),
    "LeaseEscrow_UnknownShare": ("Share {index} is not part of the lease.", "Check the agreement."),
    "LeaseEscrow_OverCap": ("The voucher for share {index} exceeds the share's cap.", "Check the voucher."),
    "LeaseEscrow_BadVoucher": ("The voucher for share {index} is not signed by the lease's session key.", ""),
    "ERC20InsufficientAllowance": ("The coin's permit was refused.", "Try again; a fresh permit is signed each time."),
}
_STATUSES: Final = ("unknown to the escrow", "already open", "already closing", "already settled")


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    inputs: tuple[tuple[str, str], ...]


def explained(data: bytes) -> SparecloudError:
    """The error for revert data: NotEnoughCoin where a balance was too small, else TransactionFailed."""
    declared = _declared().get(data[:4])
    try:
        if data[:4] == _REASON:
            [reason] = decode(["string"], data[4:])
            return TransactionFailed(f"The contract refused: {str(reason)[:200]}.")
        if declared is None:
            return TransactionFailed("The contract refused without saying why.")
        values = decode([kind for _, kind in declared.inputs], data[4:])
    except DecodingError:
        return TransactionFailed("The contract refused with an answer that cannot be read.")
    fields = dict(zip([name for name, _ in declared.inputs], values, strict=True))
    if declared.name == "ERC20InsufficientBalance":
        return NotEnoughCoin("The wallet does not hold enough coin.", "Add coin, or ask for less.")
    if isinstance(status := fields.get("status"), int) and status < len(_STATUSES):
        fields["status"] = _STATUSES[status]
    title, hint = _SENTENCES.get(declared.name, (f"The contract refused: {declared.name}.", ""))
    return TransactionFailed(title.format_map(fields), hint)


def selector(error: str) -> bytes:
    """The four bytes that reverts with the custom error `error` begin with."""
    return next(four for four, declared in _declared().items() if declared.name == error)


@cache
def _declared() -> Mapping[bytes, _Declared]:
    found: dict[bytes, _Declared] = {}
    for contract in CONTRACTS:
        for entry in load(contract).abi:
            if entry["type"] == "error":
                name, inputs = str(entry["name"]), cast(Sequence[Mapping[str, str]], entry["inputs"])
                # An enum is a uint8 in a signature already, and no error here carries a struct.
                kinds = ",".join(item["type"] for item in inputs)
                found[keccak(f"{name}({kinds})".encode())[:4]] = _Declared(
                    name, tuple((item["name"], item["type"]) for item in inputs)
                )
    return found
