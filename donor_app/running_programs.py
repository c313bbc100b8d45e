"""The programs that the owner runs now, to choose from."""

import psutil

from core.errors import SparecloudError


def running_programs() -> tuple[str, ...]:
    """The names of this user's processes, each once, sorted. Blocks for a moment: not for the screen's thread."""
    try:
        user = psutil.Process().username()
    except (psutil.Error, KeyError) as unknown:
        raise SparecloudError(f"The programs that run cannot be listed: {unknown}.", "Type the name.") from unknown
    named = {process.info["name"] for process in psutil.process_iter(["name", "username"]) if _owned(process, user)}
    return tuple(sorted(named - {"", None}, key=str.casefold))


def _owned(process: psutil.Process, user: str) -> bool:
    return bool(process.info["username"] == user)
