"""The donor application around a fake agent, on a real display: `python -m tests.screens.donor_tray_demo`."""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

from donor_app.desktop import run_desktop
from tests.screens.donor_samples import SERVING, FakeAgent

if __name__ == "__main__":
    sys.exit(run_desktop(FakeAgent(view=SERVING).open, open_window=False))
