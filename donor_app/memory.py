"""What the application has told its owner already: kept over a restart, so that nothing is told twice."""

import logging
import os
from pathlib import Path
from typing import Final

import msgspec

FILE_NAME: Final = "told.json"

_log = logging.getLogger(__name__)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`earned_until` is the midnight (Unix seconds) up to which earnings were told, 0 where none were ever.

    `update` is the version whose notification was shown, `dismissed` the one that the window shows no more.
    """

    earned_until: int = 0
    update: str = ""
    dismissed: str = ""


class Memory:
    """What was told, kept in `folder`; in this process alone where there is none, or it cannot be written."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / FILE_NAME if folder is not None else None
        self._told: Told | None = None

    @property
    def told(self) -> Told:
        """What was told so far; nothing, where the file cannot be read."""
        if self._told is None:
            self._told = _read(self._file) if self._file is not None else Told()
        return self._told

    def keep(self, told: Told) -> None:
        """Remember `told` from now on."""
        self._told = told
        if self._file is None:
            return
        draft = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            draft.write_bytes(msgspec.json.encode(told))
            draft.replace(self._file)
        except OSError as problem:
            _log.warning("what was told is not kept: %s", problem)


def _read(file: Path) -> Told:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Told)
    except FileNotFoundError:
        return Told()
    except (OSError, msgspec.MsgspecError) as useless:
        _log.warning("what was told before is not known: %s", useless)
        return Told()
