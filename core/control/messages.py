"""What travels over the control channel: JSON, decoded by type at either end; core/gateway/messages.py has the rest."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.allowance import NEVER

_Lease = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
_Account = Annotated[str, Meta(pattern="^0x[0-9a-f]{40}$")]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For verbs that take or return nothing."""


class AskShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Controlled.share."""

    on: bool
    at_once: bool = False


class AskPause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Controlled.pause."""

    until: Annotated[int, Meta(ge=0, le=NEVER)]


class AskStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Controlled.stop."""

    lease: _Lease
    index: Annotated[int, Meta(ge=0, le=255)]
    at_once: bool = False


class AskBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Controlled.block."""

    renter: _Account
    on: bool = True


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Controlled.export."""

    csv: str


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether there is a window, which comes to the front then."""

    window: bool
