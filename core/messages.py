"""What a renter and a donor say to each other inside sealed letters: one tagged union, checked when made and when read.

Pure. A message says nothing about who sent it: core/wire proves the sender, the use cases decide what it may say.
"""

import re
from typing import Final

import msgspec

from core.errors import InvalidInput
from core.model import MAX_INSTANT, MAX_SHARES, Acceptance, Agreement, Heartbeat, LeaseId, Voucher
from core.reason import Reason
from core.ticket import Ticket, is_node_key

MAX_MESSAGE_BYTES: Final = 80 * 1024
"""The longest encoded message: a proposal of 256 shares with the largest numbers fits."""

MAX_HAND_OVER_S: Final = 300
"""A worker that is let go hands its data over for so long at most."""

# `master` ends up in a command's arguments, so nothing but a host name or IPv4 address, a colon and a port.
_MASTER = re.compile(r"(?:spark://)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,192}[A-Za-z0-9])?:[1-9][0-9]{0,4}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")
_SIGNATURE = re.compile(r"0x[0-9a-f]{130}")
_WORD = re.compile(r"0x[0-9a-f]{64}")


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="message", tag=str.lower):
    """What all messages have in common: unknown fields are refused, and the class name is the tag."""


class Proposal(_Body, frozen=True):
    """Renter to donor: will you serve share `index` of `agreement`?"""

    agreement: Agreement
    index: int

    def __post_init__(self) -> None:
        _need(0 <= self.index < len(self.agreement.shares), "index must be that of a share of the agreement")


class StartOrder(_Body, frozen=True):
    """Renter to donor: the escrow is paid and the master waits at `master`. `secret` joins it, and is never shown.

    `ticket` lets the worker into the cluster's network.
    """

    lease: LeaseId
    index: int
    master: str
    secret: str
    ticket: Ticket

    def __post_init__(self) -> None:
        _need_share(self.lease, self.index)
        well_formed = len(self.master) <= 200 and _MASTER.fullmatch(self.master) is not None and ".." not in self.master
        _need(
            well_formed and int(self.master.rpartition(":")[2]) <= 65535,
            "master must be HOST:PORT, with or without spark:// before it",
        )
        _need(_SECRET.fullmatch(self.secret) is not None, "secret must be 32 to 128 letters, digits, - or _")

    def __repr__(self) -> str:
        return f"StartOrder(lease={self.lease!r}, index={self.index!r}, master={self.master!r})"

    def __rich_repr__(self) -> "list[tuple[str, str | int]]":
        # msgspec's own would show the secret to rich and Textual tracebacks.
        return [("lease", self.lease), ("index", self.index), ("master", self.master)]


class TicketNote(_Body, frozen=True):
    """Renter to donor: a running worker's ticket, with a newer certificate or a longer list of revoked ones."""

    lease: LeaseId
    index: int
    ticket: Ticket

    def __post_init__(self) -> None:
        _need_share(self.lease, self.index)


class VoucherNote(_Body, frozen=True):
    """Renter to donor: the share has earned this much so far, signed for the escrow."""

    voucher: Voucher
    signature: str

    def __post_init__(self) -> None:
        _need_signature(self.signature)


class Ending(_Body, frozen=True):
    """Renter to donor: the share is over; its worker may hand its data over for `hand_over_s` and is paid for it."""

    lease: LeaseId
    index: int
    hand_over_s: int = 0

    def __post_init__(self) -> None:
        _need_share(self.lease, self.index)
        _need(0 <= self.hand_over_s <= MAX_HAND_OVER_S, f"hand_over_s must be between 0 and {MAX_HAND_OVER_S}")


class Accepted(_Body, frozen=True):
    """Donor to renter: the share's room is held, signed.

    `node_key` is the public key of the share's node in the lease's network: sixty-four hexadecimal digits, or empty
    where this donor joins over a bridge alone.
    """

    acceptance: Acceptance
    signature: str
    node_key: str = ""

    def __post_init__(self) -> None:
        _need_signature(self.signature)
        _need(not self.node_key or is_node_key(self.node_key), "node_key must be sixty-four hexadecimal digits")


class Refused(_Body, frozen=True):
    """Donor to renter: the share will not be served, and `why` in a sentence."""

    lease: LeaseId
    index: int
    why: str

    def __post_init__(self) -> None:
        _need_share(self.lease, self.index)
        _need(len(self.why) <= 200 and self.why.isprintable(), "why must be at most 200 printable characters")


class Beat(_Body, frozen=True):
    """Donor to renter: the seconds served so far, signed; with the last one, why the donor stopped.

    `leaves_at` (Unix seconds) announces that the owner takes the machine back then, 0 that the worker stays;
    `granted_permille` is how much of its share's processor time the worker has meanwhile.
    """

    heartbeat: Heartbeat
    signature: str
    reason: Reason | None = None
    leaves_at: int = 0
    granted_permille: int = 1000

    def __post_init__(self) -> None:
        _need_signature(self.signature)
        _need(0 <= self.leaves_at <= MAX_INSTANT, "leaves_at must be an instant in Unix seconds")
        _need(0 <= self.granted_permille <= 1000, "granted_permille must be between 0 and 1000")


Message = Proposal | StartOrder | TicketNote | VoucherNote | Ending | Accepted | Refused | Beat

_decoder: Final = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """`message` as the bytes that `decode` reads back to an equal message."""
    return msgspec.json.encode(message)


def decode(body: bytes) -> Message:
    """The message in `body`. Raises InvalidInput, and nothing else, on whatever a stranger may send."""
    if len(body) > MAX_MESSAGE_BYTES:
        raise InvalidInput("A message was refused: it is too long.")
    try:
        message: Message = _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as refused:
        raise InvalidInput(f"A message was refused: {_shown(str(refused))}.") from refused
    return message


def _shown(reason: str) -> str:
    """`reason` as it may be logged: a stranger chose parts of it."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in reason[:200])


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def _need_share(lease: str, index: int) -> None:
    _need(_WORD.fullmatch(lease) is not None, "lease must be 0x and sixty-four lower-case hexadecimal digits")
    _need(0 <= index < MAX_SHARES, f"index must be between 0 and {MAX_SHARES - 1}")


def _need_signature(signature: str) -> None:
    _need(_SIGNATURE.fullmatch(signature) is not None, "signature must be 0x and 130 lower-case hexadecimal digits")
