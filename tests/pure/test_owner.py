"""What an owner can choose: hours of the week, bounds that the file holds, and what contradicts itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowance import contradictions
from core.errors import InvalidInput
from core.model import Address, Resources
from core.observed import Measured
from core.owner import WEEK, Costs, Donor, Hours, Limits, When
from core.settings import Settings, parse, text

MACHINE = Measured(Resources(8000, 16_384, 200_000), Resources(6000, 10_000, 100_000))

_time = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
_days = st.sets(st.sampled_from(WEEK), min_size=1).map(lambda days: tuple(sorted(days, key=WEEK.index)))
_hours = st.builds(Hours, days=_days, start=_time, end=_time | st.just("24:00"))


def minutes_of(hours: Hours) -> set[tuple[int, int]]:
    """Every minute of the week within `hours`, found by walking from each start to its end."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (hours.start, hours.end))
    length = end - start if end > start else end - start + 1440
    return {
        divmod((WEEK.index(day) * 1440 + start + passed) % (7 * 1440), 1440)
        for day in hours.days
        for passed in range(length)
    }


@given(_hours)
def test_hours_hold_every_minute_from_a_start_to_its_end_and_no_other(hours: Hours) -> None:
    expected = minutes_of(hours)

    found = {(day, minute) for day in range(7) for minute in range(1440) if hours.hold(day, minute)}

    assert found == expected


@pytest.mark.parametrize(
    ("hours", "weekday", "minute", "held"),
    [
        (Hours(), 3, 0, True),
        (Hours(start="09:00", end="17:00"), 0, 9 * 60, True),
        (Hours(start="09:00", end="17:00"), 0, 17 * 60, False),
        (Hours(days=("fri",), start="22:00", end="06:00"), 4, 23 * 60, True),
        (Hours(days=("fri",), start="22:00", end="06:00"), 5, 5 * 60, True),
        (Hours(days=("fri",), start="22:00", end="06:00"), 4, 5 * 60, False),
        (Hours(days=("sun",), start="22:00", end="06:00"), 0, 5 * 60, True),
        (Hours(days=("mon",), start="08:00", end="08:00"), 1, 7 * 60, True),
        (Hours(days=("mon",), start="08:00", end="08:00"), 1, 8 * 60, False),
    ],
)
def test_an_end_at_or_before_its_start_is_on_the_next_day(hours: Hours, weekday: int, minute: int, held: bool) -> None:
    assert hours.hold(weekday, minute) is held


@given(_hours.filter(lambda hours: hours.end == "24:00"))
def test_midnight_is_the_same_end_however_it_is_written(hours: Hours) -> None:
    assert minutes_of(msgspec.structs.replace(hours, end="00:00")) == minutes_of(hours)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("[donor.when]\nschedule = [{ start = '24:00' }]", "start must be 23:59 at most"),
        ("[donor.when]\nschedule = [{ start = '9:00' }]", "donor.when.schedule"),
        ("[donor.when]\nschedule = [{ end = '24:01' }]", "donor.when.schedule"),
        ("[donor.when]\nschedule = [{ days = [] }]", "donor.when.schedule"),
        ("[donor.when]\nschedule = [{ days = ['monday'] }]", "donor.when.schedule"),
        ("[donor.when]\npause_for = ['']", "donor.when.pause_for"),
        ('[donor.when]\npause_for = ["a\\u0007"]', "pause_for must be printable"),
        ("[donor.when]\nidle_after_s = 9", "donor.when.idle_after_s"),
        ("[donor.when]\nbattery_stop_percent = 101", "donor.when.battery_stop_percent"),
        ("[donor.when]\nhottest_celsius = 121", "donor.when.hottest_celsius"),
        ("[donor.costs]\ncurrency = 'euro'", "donor.costs.currency"),
        ("[donor.costs]\nkwh_milli = -1", "donor.costs.kwh_milli"),
        ("[donor.in_use]\ncpu_milis = 1", "cpu_milis"),
        ("[donor]\nblocked = ['0x12']", "an address is 0x and forty hexadecimal digits"),
        ("[donor]\nlanguage = 'Deutsch'", "donor.language"),
        ("[donor]\nisolation = 'none'", "donor.isolation"),
    ],
)
def test_what_no_owner_can_mean_is_refused_with_its_key(content: str, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(content, "settings.toml")

    assert key in refused.value.title


@given(st.lists(_hours, max_size=4), st.booleans(), st.sampled_from(["", "de"]))
def test_a_donor_is_read_back_as_it_was_written(schedule: list[Hours], in_use: bool, language: str) -> None:
    donor = Donor(
        in_use=Limits(cpu_millis=500) if in_use else None,
        when=When(schedule=tuple(schedule), pause_for=('a "b" \\c', "ä")),
        costs=Costs(currency="USD"),
        blocked=("0x" + "Ab" * 20,),
        language=language,
    )

    assert parse(text(Settings(donor=donor)), "settings.toml").donor == donor


def test_a_renter_is_blocked_however_its_address_is_spelt() -> None:
    donor = Donor(blocked=("0x" + "Ab" * 20,))

    assert donor.blocks(Address("0x" + "ab" * 20))
    assert not donor.blocks(Address("0x" + "ac" * 20))


def test_the_defaults_contradict_nothing() -> None:
    assert contradictions(Donor(), None) == ()
    assert contradictions(Donor(), MACHINE) == ()


@pytest.mark.parametrize(
    ("donor", "said"),
    [
        (Donor(limits=Limits(cpu_millis=0)), "share no processor or no memory"),
        (Donor(limits=Limits(memory_mib=0)), "share no processor or no memory"),
        (Donor(limits=Limits(memory_mib=1023)), "share less than 1024 MiB, which no worker can start with"),
        (Donor(limits=Limits(disk_mib=1023)), "share less than 1024 MiB of disk, which every worker needs"),
        (Donor(limits=Limits(cpu_millis=8001)), "The limits while you are away are above what this machine has"),
        (
            Donor(limits=Limits(cpu_millis=8000), in_use=Limits(cpu_millis=8001)),
            "The limits while you use this machine are above what this machine has",
        ),
        (Donor(limits=Limits(gpu_count=1)), "are above what this machine has"),
        (Donor(in_use=Limits(), when=When(only_when_idle=True)), "never apply"),
        (Donor(in_use=Limits(cpu_millis=3000)), "More is shared while you use this machine"),
        (
            Donor(when=When(on_battery=True, battery_stop_percent=60, battery_resume_percent=40)),
            "it resumes at 60 %",
        ),
        (Donor(when=When(hottest_celsius=44)), "A ceiling of 44 °C"),
    ],
)
def test_what_contradicts_is_told_in_a_sentence(donor: Donor, said: str) -> None:
    sentences = contradictions(donor, MACHINE)

    assert any(said in sentence for sentence in sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize(
    "donor",
    [
        Donor(limits=Limits(memory_mib=1024, disk_mib=1024)),
        Donor(limits=Limits(cpu_millis=8000, memory_mib=16_384, disk_mib=200_000)),
        Donor(in_use=Limits(cpu_millis=1000)),
        Donor(when=When(battery_stop_percent=60, battery_resume_percent=40)),
        Donor(when=When(hottest_celsius=0)),
    ],
)
def test_what_only_looks_odd_contradicts_nothing(donor: Donor) -> None:
    assert contradictions(donor, MACHINE) == ()
