"""Whole screens, compared with SVG snapshots: `pytest --snapshot-update` after a wanted change."""

from collections.abc import Callable

import pytest

from renter_tui.app import SparecloudApp
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import sample


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param((), (80, 24), id="market"),
        pytest.param(("2", "enter"), (100, 30), id="cluster"),
        pytest.param(("2", "d"), (80, 24), id="destroy"),
    ],
)
def test_a_screen_looks_as_it_did(
    keys: tuple[str, ...], size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    assert snap_compare(SparecloudApp(FakeAgent(sample())), press=keys, terminal_size=size)
