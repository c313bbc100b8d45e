"""Where a person gets a container engine for this machine."""

import sys
from typing import Final

from core.errors import EngineUnavailable

INSTALLATION_PAGES: Final = {
    "linux": "https://docs.docker.com/engine/install/",
    "darwin": "https://docs.docker.com/desktop/setup/install/mac-install/",
    "win32": "https://docs.docker.com/desktop/setup/install/windows-install/",
}
"""By sys.platform."""

ENGINE_MISSING: Final = EngineUnavailable.__name__
"""The kind of a Problem that installing or starting an engine solves."""


def installation_page() -> str:
    """The page for this platform."""
    return INSTALLATION_PAGES.get(sys.platform, INSTALLATION_PAGES["linux"])
