"""What a relay keeps over a restart: its node key, and the networks that it carries."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from core.chain.keystore import write_for_owner
from core.errors import InvalidInput, SparecloudError
from core.relay.register import Carried
from core.runtime.overlay.certificates import make_key, public_key

_KEY: Final = "node.key"
_CARRIED: Final = "networks.json"


def node_key(folder: Path) -> tuple[str, str]:
    """The relay's own key, made at its first start: the private half's PEM, and the public one as 64 digits.

    Raises SparecloudError where it cannot be read; it is never replaced.
    """
    path = folder / _KEY
    if not path.exists():
        write_for_owner(path, make_key()[0].encode())
    try:
        pem = path.read_text("ascii")
        return pem, public_key(pem)
    except (OSError, ValueError, InvalidInput):
        # No cause is kept: a parser's complaint may quote the key.
        raise SparecloudError(
            f"{path} does not hold a node key.", "Put the right one back, or move it away: a new one is made then."
        ) from None


def carried(folder: Path) -> list[Carried]:
    """The networks kept last. Raises InvalidInput where the file is damaged."""
    path = folder / _CARRIED
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Carried])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as damaged:
        raise InvalidInput(
            f"{path} cannot be read.", "Move it away; renters ask for their networks again."
        ) from damaged


def keep(folder: Path, networks: Iterable[Carried]) -> None:
    """Keep `networks`, whole or not at all."""
    write_for_owner(folder / _CARRIED, msgspec.json.encode(list(networks)))
