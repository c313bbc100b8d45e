"""Why a contract refused, in a sentence: custom errors decoded by the shipped artifacts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak
from eth_utils.abi import collapse_if_tuple

from core.chain.artifact import load
from core.errors import NotEnoughCoin, SparecloudError, TransactionFailed

_REASON: Final = keccak(b"Error(string)")[:4]
_SHOWN: Final = 200

# What happened and what to do next, by the error's name; {argument} stands for one of its arguments by the name that
# the contract gives it. An error without a line here is shown by its name and arguments.
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "ERC20InsufficientAllowance": ("The coin's permit was refused.", "Try again; a fresh permit is signed each time."),
    "ERC2612ExpiredSignature": ("The coin's permit has expired.", "Try again; a fresh permit is signed each time."),
    "ERC2612InvalidSigner": ("The coin's permit was signed by another account.", "Unlock the wallet that pays."),
    "Vault_NotEnoughStake": (
        "{owner} has too little unreserved stake for this.",
        "Leave that donor out, or stake more.",
    ),
    "Vault_StillThawing": ("What thaws is not free yet.", "Wait until it has thawed; `sparecloud wallet` shows when."),
    "Leases_AcceptanceExpired": ("The acceptance of share {index} has expired.", "Ask its donor again."),
    "Leases_BadAcceptance": ("The acceptance of share {index} is not signed by its donor.", "Leave {donor} out."),
    "Leases_WrongShares": ("The shares are not those that the lease was drafted on.", "Draft it again."),
    "Leases_BadTerms": (
        "The lease's terms can never work: {field} is out of bounds.",
        "Ask for another duration or size.",
    ),
    "Leases_WrongStatus": ("The lease {lease} is {status}, which rules this out.", "Look at it before trying again."),
    "Leases_ClaimTooLate": ("The time to claim from lease {lease} is over.", "What was not claimed is the renter's."),
    "Leases_SweepTooEarly": ("The donors of lease {lease} may still claim.", "Try again once their grace is over."),
    "Leases_OverCap": (
        "The voucher of share {index} states more than its cap.",
        "Redeem one that was signed within it.",
    ),
    "Leases_BadVoucher": ("The voucher of share {index} is not signed by the renter's session key.", "Drop it."),
    "Leases_UnknownShare": (
        "Share {index} is not part of lease {lease}.",
        "Look at the agreement before trying again.",
    ),
    "Leases_NotAllowed": ("Only {allowed} may do this.", "Use that wallet."),
    "Leases_AlreadyRetired": ("Share {index} was retired before.", "There is nothing left to do."),
    "Leases_NothingReserved": ("Nothing is reserved for share {index} any more.", "There is nothing left to do."),
    "Leases_ReleaseTooEarly": (
        "The lease {lease} can still be brought to trial.",
        "Wait until its trial window is over, or ask its renter to release it.",
    ),
    "Leases_TrialTooLate": ("The trial window of lease {lease} is over.", "Its donors can no longer be tried for it."),
    "Trials_NothingAtStake": (
        "The donor has no stake to lose over this share.",
        "Rent from donors that pledge a penalty; `sparecloud quote` shows it.",
    ),
    "Trials_NotRunning": ("The lease {lease} does not run any more.", "Liveness is tried while a lease runs."),
    "Trials_Retired": ("The donor said on chain that it is done with share {index}.", "It need not answer for it."),
    "Trials_Resting": ("Share {index} was on trial lately.", "Challenge it again later."),
    "Trials_NotAccepted": ("The donor's acceptance of share {index} does not hold.", "There is nothing to try."),
    "Trials_NotOpen": ("That trial is over, or never was.", "There is nothing left to do."),
    "Trials_TooLate": ("The time to answer is over.", "Anyone may conclude the trial now."),
    "Trials_TooEarly": ("The donor may still answer.", "Conclude the trial once its time is over."),
    "Trials_NoDoubleSale": (
        "The two acceptances share no seat, or no time.",
        "Only one seat sold twice for one time is double selling.",
    ),
    "Court_WrongPhase": ("The case is at another stage.", "Look at it with `sparecloud court show`."),
    "Court_NotAllowed": ("Only {allowed} may do this.", "Use that wallet."),
    "Court_DrawTooEarly": ("The jury is drawn from block {drawBlock}, which is not there yet.", "Try again soon."),
    "Court_BadReveal": ("The vote is not what was committed to.", "Reveal on the machine that committed it."),
    "Court_NoSuchPlace": ("The jury has no place {place}.", "Look at it with `sparecloud court show`."),
    "Court_StillSeated": ("Seat {seat} may still be drawn, or sits on an open case.", "Try again later."),
    "Sale_WrongPhase": ("The sale is at another stage.", "Look at it with `sparecloud sale`."),
    "Sale_NotFunded": ("The sale was not given the coin that it sells.", "Do not pay; tell who deployed it."),
    "Sale_OverCap": ("The sale has less left than this buys.", "Ask for less; `sparecloud sale` shows what is left."),
    "Sale_NothingDue": ("Nothing is due to {account} from the sale.", "It was paid out, or nothing was bought."),
}
# What an enum's numbers mean, by the enum's name in Solidity: "Status" stands for ILeases.Status.
ENUMS: Final[Mapping[str, Sequence[str]]] = {"Status": ("never opened", "open", "closing", "ended")}


@dataclass(frozen=True, slots=True)
class Declared:
    """A custom error: its name, and its arguments' names, types, and enum where it is one."""

    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    enums: tuple[str, ...]


def explained(data: bytes) -> SparecloudError:
    """The error for revert data: NotEnoughCoin where a balance was too small, else TransactionFailed."""
    error = declared().get(data[:4])
    try:
        if data[:4] == _REASON:
            [reason] = decode(["string"], data[4:])
            return TransactionFailed(f"The contract refused: {str(reason)[:_SHOWN]}.")
        if error is None:
            return TransactionFailed("The contract refused without saying why.")
        values = decode(error.types, data[4:])
    except DecodingError:
        return TransactionFailed("The contract refused with an answer that cannot be read.")
    if error.name in ("ERC20InsufficientBalance", "Vault_NotEnoughFree"):
        return NotEnoughCoin("The wallet does not hold enough coin.", "Add coin, or ask for less.")
    shown = {
        name or f"argument {place}": _shown(value, enum)
        for place, (name, value, enum) in enumerate(zip(error.names, values, error.enums, strict=True), 1)
    }
    if error.name in SENTENCES:
        title, hint = SENTENCES[error.name]
        return TransactionFailed(title.format_map(shown), hint.format_map(shown))
    said = ", ".join(f"{name} {value}" for name, value in shown.items())
    return TransactionFailed(
        f"The contract refused: {error.name}{f' ({said})' if said else ''}.", "Look at the lease before trying again."
    )


def selector(error: str) -> bytes:
    """The four bytes that reverts with the custom error `error` begin with."""
    return next(four for four, one in declared().items() if one.name == error)


@cache
def declared() -> Mapping[bytes, Declared]:
    """Every custom error that a shipped artifact declares, by its selector."""
    found: dict[bytes, Declared] = {}
    for artifact in sorted(entry.name for entry in files("core.chain.artifacts").iterdir()):
        if not artifact.endswith(".json"):
            continue
        for entry in load(artifact.removesuffix(".json")).abi:
            if entry["type"] == "error":
                name, inputs = str(entry["name"]), cast(Sequence[Mapping[str, str]], entry["inputs"])
                types = tuple(collapse_if_tuple(dict(item)) for item in inputs)
                found[keccak(f"{name}({','.join(types)})".encode())[:4]] = Declared(
                    name,
                    tuple(item["name"] for item in inputs),
                    types,
                    tuple(_enum(item.get("internalType", "")) for item in inputs),
                )
    return found


def _enum(internal_type: str) -> str:
    return internal_type.rpartition(".")[2].removeprefix("enum ") if internal_type.startswith("enum ") else ""


def _shown(value: object, enum: str) -> str:
    words = ENUMS.get(enum, ())
    if isinstance(value, int) and value < len(words):
        return words[value]
    return ("0x" + value.hex() if isinstance(value, bytes) else str(value))[:_SHOWN]
