"""New versions: what an announcement may say, whose word it is, and which of several counts."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chain.typed_data import Domain, DomainNotary
from core.chain.wallet import Key
from core.errors import InvalidInput
from core.model import Address
from core.release import LIFE_S, SKEW_S, Announcement, Release, announced, check, counts_before, is_update, number
from core.updates import ASK_EVERY_S, NOTHING_NEW, ReleaseNews

NOW = 1_800_000_000
MARKET = Domain(61, Address("0x" + "11" * 20))
MAKER = DomainNotary(MARKET, Key.random())
SOMEBODY = DomainNotary(MARKET, Key.random())

_part = st.integers(0, 999_999)


def release(version: str = "0.2.0", summary: str = "Faster shuffles.") -> Release:
    return Release(version, summary, f"https://example.org/{version}")


def announcement(
    version: str = "0.2.0", *, by: DomainNotary = MAKER, at: int = NOW, summary: str = "x"
) -> Announcement:
    return announced(release(version, summary), by, at)


def refusal(found: Announcement, now: int = NOW) -> str:
    with pytest.raises(InvalidInput) as refused:
        check(found, MAKER.address, SOMEBODY, now)
    return refused.value.title


@dataclass
class Clock:
    """A clock that a test sets."""

    time: int = NOW

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass
class Relays:
    """What relays answer, and how often they were asked."""

    answers: Sequence[Announcement | None] = ()
    asked: int = 0

    async def news(self) -> Sequence[Announcement | None]:
        self.asked += 1
        return self.answers


@dataclass
class Member:
    """A version 0.1.0 in a market with some relays."""

    relays: Relays
    own: str = "0.1.0"
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.news = ReleaseNews(self.relays.news, MAKER.address, SOMEBODY, self.clock, self.own)

    async def hears(self, *answers: Announcement | None) -> Release | None:
        """What it tells once the relays answered so."""
        self.relays.answers = answers
        self.clock.time += ASK_EVERY_S
        await self.news.look()
        return self.news.newest


def member() -> Member:
    return Member(Relays())


@given(st.tuples(_part, _part, _part), st.tuples(_part, _part, _part))
def test_versions_are_compared_by_their_numbers(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    mine, theirs = (".".join(map(str, each)) for each in (one, other))

    assert is_update(release(theirs), mine) == (other > one)


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3rc1", "v1.2.3", "1.2.-3", "1.2.1000000"]
)
def test_what_is_not_three_numbers_is_no_version(version: str) -> None:
    assert number(version) is None
    with pytest.raises(ValueError, match="version"):
        release(version)


@pytest.mark.parametrize("own", ["checkout", "0.1.0.dev1", ""])
def test_a_checkout_is_told_of_nothing(own: str) -> None:
    assert not is_update(release("9.9.9"), own)


@pytest.mark.parametrize("summary", ["", "x" * 201, "two\nlines", "back\u202ewards", "\x1b[31mred"])
def test_a_summary_is_one_line_of_plain_letters(summary: str) -> None:
    with pytest.raises(ValueError, match="summary"):
        release(summary=summary)


@pytest.mark.parametrize(
    "where",
    [
        "",
        "http://example.org",
        "https://",
        "https://example.org@evil.example",
        "https://exämple.org",
        "https://example.org/a b",
        "https://example.org:99999",
        "javascript:alert(1)",
        "https://example.org/" + "x" * 300,
    ],
)
def test_a_page_is_an_https_address_that_says_where_it_leads(where: str) -> None:
    with pytest.raises(ValueError, match="where"):
        Release("0.2.0", "x", where)


def test_what_the_release_key_signed_counts_until_its_time_is_over() -> None:
    good = announcement()

    check(good, MAKER.address, SOMEBODY, NOW)
    check(good, MAKER.address, SOMEBODY, NOW - SKEW_S)
    check(good, MAKER.address, SOMEBODY, NOW + LIFE_S - 1)

    assert refusal(good, NOW - SKEW_S - 1) == "It is dated ahead of this machine's clock."
    assert refusal(good, NOW + LIFE_S) == "Its time is over, or it claims more than it may have."


@pytest.mark.parametrize(
    "forge",
    [
        lambda: announcement(by=SOMEBODY),
        lambda: announcement(by=DomainNotary(Domain(1, MARKET.contract), Key.random())),
        lambda: msgspec.structs.replace(announcement(), release=release("0.3.0")),
        lambda: msgspec.structs.replace(announcement(), release=Release("0.2.0", "x", "https://evil.example")),
        lambda: msgspec.structs.replace(announcement(), announced_at=NOW + 1),
        lambda: msgspec.structs.replace(announcement(), expires_at=NOW + 9),
    ],
)
def test_what_was_changed_or_signed_by_another_counts_for_nothing(forge: Callable[[], Announcement]) -> None:
    assert refusal(forge()) == "The market's release key did not sign it."


@pytest.mark.parametrize("signature", ["", "0x", "0x" + "00" * 65, "0x" + "zz" * 65])
def test_a_malformed_signature_is_refused(signature: str) -> None:
    assert "signature" in refusal(msgspec.structs.replace(announcement(), signature=signature))


def test_one_market_does_not_hear_what_was_announced_in_another() -> None:
    key = Key.random()
    here, there = DomainNotary(MARKET, key), DomainNotary(Domain(1, MARKET.contract), key)

    with pytest.raises(InvalidInput, match="did not sign"):
        check(announcement(by=there), here.address, SOMEBODY, NOW)


def test_nobody_can_claim_more_time_than_an_announcement_may_have() -> None:
    long_ago = announcement(at=NOW - LIFE_S)

    assert "claims more" in refusal(msgspec.structs.replace(long_ago, expires_at=NOW + 1))


def test_a_newer_version_or_a_newer_word_on_the_same_takes_the_place() -> None:
    old, new, reworded = announcement("0.2.0"), announcement("0.10.0", at=NOW - 9), announcement("0.2.0", at=NOW + 1)

    assert counts_before(old, None)
    assert counts_before(new, old) and not counts_before(old, new)
    assert counts_before(reworded, old) and not counts_before(old, reworded)
    assert not counts_before(old, old)


async def test_the_newest_that_the_key_signed_is_told_whichever_relay_brought_it() -> None:
    here = member()

    assert await here.hears(None, announcement("0.2.0"), announcement("0.3.0"), None) == release("0.3.0", "x")


async def test_what_is_not_newer_than_this_version_is_no_news() -> None:
    here = member()

    assert await here.hears(announcement("0.1.0"), announcement("0.0.9")) is None


async def test_a_forged_announcement_is_refused_with_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    here = member()

    with caplog.at_level(logging.WARNING):
        told = await here.hears(announcement("9.0.0", by=SOMEBODY), announcement("0.2.0"))

    assert told == release("0.2.0", "x")
    assert caplog.messages == [
        "an announcement of version 9.0.0 was refused: The market's release key did not sign it."
    ]


async def test_an_older_announcement_does_not_take_a_newer_ones_place() -> None:
    here = member()
    await here.hears(announcement("0.3.0"))

    assert await here.hears(announcement("0.2.0", at=NOW + 5)) == release("0.3.0", "x")


async def test_a_new_version_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    here = member()

    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await here.hears(announcement("0.2.0"))

    assert caplog.messages == ["version 0.2.0 is out: x https://example.org/0.2.0"]


async def test_relays_are_asked_rarely_but_again_where_none_answered() -> None:
    here = member()
    await here.news.look()
    await here.news.look()
    unanswered = here.relays.asked
    here.relays.answers = (None,)

    for _ in range(3):
        await here.news.look()
        here.clock.time += ASK_EVERY_S // 3
    often = here.relays.asked - unanswered
    await here.news.look()

    assert (unanswered, often, here.relays.asked) == (2, 1, 4)


async def test_a_clock_that_was_set_back_does_not_silence_the_questions() -> None:
    here = member()
    await here.hears(None)
    asked = here.relays.asked

    here.clock.time -= 10 * ASK_EVERY_S
    await here.news.look()

    assert here.relays.asked == asked + 1


async def test_an_announcement_is_forgotten_when_its_time_is_over() -> None:
    here = member()
    await here.hears(announcement("0.5.0"))

    here.clock.time = NOW + LIFE_S
    forgotten = here.news.newest
    later = await here.hears(announcement("0.4.0", at=NOW + LIFE_S))

    assert forgotten is None
    assert later == release("0.4.0", "x")


async def test_without_a_release_key_nobody_is_asked() -> None:
    await NOTHING_NEW.follow(lambda: True)

    assert NOTHING_NEW.newest is None
