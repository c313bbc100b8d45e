"""What a relay keeps of announcements, in a real folder: only what counts now, and what its release key signed."""

from pathlib import Path

import pytest

from core.chain.wallet import Key
from core.relay.noticeboard import Noticeboard
from core.relay.refusals import Refusal, Refused
from core.release import LIFE_S, Announcement, Release, announced
from tests.real.market import notary

NOW = 1_800_000_000
MAKER = notary()


def announcement(version: str = "0.2.0") -> Announcement:
    return announced(Release(version, "Something.", "https://example.org"), MAKER, NOW)


def board(folder: Path, key: str = MAKER.address) -> Noticeboard:
    return Noticeboard(folder, key, notary(), NOW)


def test_what_is_put_up_is_found_again_after_a_restart_and_readable_to_its_owner_alone(tmp_path: Path) -> None:
    board(tmp_path).put(announcement(), NOW)

    assert board(tmp_path).newest(NOW) == announcement()
    assert [file.stat().st_mode & 0o077 for file in tmp_path.iterdir()] == [0]


def test_without_a_release_key_nothing_is_taken(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        board(tmp_path, "").put(announcement(), NOW)

    assert refused.value.why is Refusal.NO_RELEASE_KEY
    assert board(tmp_path).newest(NOW) is None


def test_what_another_release_key_signed_before_is_not_handed_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    board(tmp_path).put(announcement(), NOW)

    other = board(tmp_path, Key.random().address).newest(NOW)

    assert other is None
    assert ["did not sign" in line for line in caplog.messages] == [True]


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b"null"])
def test_a_damaged_file_is_no_announcement(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "release.json").write_bytes(content)

    assert board(tmp_path).newest(NOW) is None
    assert ["does not count any more" in line for line in caplog.messages] == [True]


def test_nothing_is_handed_out_after_its_time_and_an_older_version_may_follow_then(tmp_path: Path) -> None:
    kept = board(tmp_path)
    kept.put(announcement("0.9.0"), NOW)

    before, after = kept.newest(NOW + LIFE_S - 1), kept.newest(NOW + LIFE_S)
    older = announced(Release("0.2.0", "Something.", "https://example.org"), MAKER, NOW + LIFE_S)
    kept.put(older, NOW + LIFE_S)

    assert before is not None
    assert after is None
    assert kept.newest(NOW + LIFE_S) == older
