"""What a Spark master's screen says of its workers."""

import msgspec

from core.runtime.screen import SILENT_S, Registered, live

DATE = "Mon, 23 Nov 2026 19:07:13 GMT"
NOW_MS = 1_795_460_833_000


def answer(state: str, heard_ms_ago: int) -> bytes:
    worker = {"host": "10.77.0.2", "state": state, "cores": 2, "memory": 700, "lastheartbeat": NOW_MS - heard_ms_ago}
    return msgspec.json.encode({"status": "ALIVE", "workers": [worker]})


def test_a_worker_that_was_heard_of_just_now_is_live() -> None:
    assert live(answer("ALIVE", 3_000), DATE) == (Registered("10.77.0.2", 2, 700),)


def test_a_silent_worker_is_gone_before_its_master_says_so() -> None:
    assert live(answer("ALIVE", SILENT_S * 1000), DATE)
    assert not live(answer("ALIVE", SILENT_S * 1000 + 1), DATE)


def test_a_worker_that_its_master_gave_up_or_that_hands_its_data_over_is_gone() -> None:
    assert not live(answer("DEAD", 0), DATE)
    assert not live(answer("DECOMMISSIONED", 0), DATE)
