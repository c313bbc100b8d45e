"""What the sensors make of what kernels, servers and services answer."""

import struct

import pytest

from core.sensors.bus import is_metered
from core.sensors.chain import Unserved
from core.sensors.heat import hottest
from core.sensors.power import Power, Supply, power, supply
from core.sensors.wayland import events, request
from core.sensors.windows import is_counted, since_ms
from core.sensors.x11 import cookie, display_number

BATTERY = "POWER_SUPPLY_NAME=BAT0\nPOWER_SUPPLY_STATUS={}\nPOWER_SUPPLY_PRESENT=1\nPOWER_SUPPLY_CAPACITY=64\n"


def test_a_machine_without_a_battery_is_not_on_battery_and_has_no_percentage() -> None:
    assert power([]) == Power(on_battery=False, percent=None)
    assert power([Supply("Mains", online=True)]) == Power(on_battery=False, percent=None)


@pytest.mark.parametrize(
    ("status", "plugs", "on_battery"),
    [
        ("Discharging", [False], True),
        ("Discharging", [], True),
        ("Discharging", [False, True], False),
        ("Charging", [True], False),
        ("Not charging", [], False),
        ("Full", [], False),
        ("Unknown", [False], True),
        ("Unknown", [True], False),
        ("Unknown", [], None),
    ],
)
def test_plugs_and_battery_together_tell_what_powers_a_laptop(
    status: str, plugs: list[bool], on_battery: bool | None
) -> None:
    supplies = [Supply("Battery", status=status, percent=64), *(Supply("USB", online=plug) for plug in plugs)]

    assert power(supplies) == Power(on_battery, percent=64)


def test_two_batteries_count_by_what_they_hold() -> None:
    supplies = [
        Supply("Battery", status="Discharging", percent=100, full=20_000),
        Supply("Battery", status="Unknown", percent=20, full=60_000),
    ]

    assert power(supplies) == Power(on_battery=True, percent=40)


def test_a_supply_is_read_from_the_kernels_words() -> None:
    assert supply("Battery\n", BATTERY.format("Charging")) == Supply("Battery", status="Charging", percent=64)
    assert supply("Mains\n", "POWER_SUPPLY_ONLINE=0\n") == Supply("Mains", online=False)


def test_a_mouses_battery_and_an_empty_bay_power_no_machine() -> None:
    mouse = BATTERY.format("Discharging") + "POWER_SUPPLY_SCOPE=Device\n"
    bay = BATTERY.format("Unknown").replace("PRESENT=1", "PRESENT=0")

    assert supply("Battery\n", mouse) is None
    assert supply("Battery\n", bay) is None


@pytest.mark.parametrize(
    ("readings", "degrees"),
    [
        (["45000", "61500", "52000"], 62),
        (["-274000", "0", "48000", "255000"], 48),
        (["0"], None),
        (["not a number"], None),
        ([], None),
    ],
)
def test_the_hottest_plausible_reading_counts(readings: list[str], degrees: int | None) -> None:
    assert hottest(readings) == degrees


@pytest.mark.parametrize(("number", "metered"), [(1, True), (3, True), (2, False), (4, False)])
def test_network_manager_knows_or_guesses_whether_a_network_counts(number: int, metered: bool) -> None:
    assert is_metered(number) is metered


@pytest.mark.parametrize(
    ("cost", "counted"), [(0x1, False), (0x2, True), (0x4, True), (0x40001, True), (0x10001, True), (0x20001, False)]
)
def test_windows_costs_tell_whether_a_network_counts(cost: int, counted: bool) -> None:
    assert is_counted(cost) is counted


def test_a_network_that_nobody_knows_is_told_as_unknown() -> None:
    with pytest.raises(Unserved, match="does not know"):
        is_metered(0)
    with pytest.raises(Unserved, match="does not know"):
        is_counted(0)


@pytest.mark.parametrize(
    ("now", "then", "passed"),
    [(5000, 2000, 3000), (1000, 2**32 - 1000, 2000), (2000, 2001, 0), (-(2**31), 2**31 - 60_000, 60_000)],
)
def test_windows_ticks_begin_anew_after_49_days_without_harm(now: int, then: int, passed: int) -> None:
    assert since_ms(now, then) == passed


@pytest.mark.parametrize(
    ("display", "number"),
    [(":0", 0), (":12.0", 12), ("unix:3", 3), ("localhost:10.0", None), ("elsewhere:0", None), ("", None)],
)
def test_only_this_machines_own_displays_tell_of_its_owner(display: str, number: int | None) -> None:
    assert display_number(display) == number


def test_the_cookie_of_the_right_display_on_this_host_is_found() -> None:
    authority = b"".join(
        (
            _entry(256, b"elsewhere", b"0", b"MIT-MAGIC-COOKIE-1", b"wrong host"),
            _entry(256, b"here", b"1", b"MIT-MAGIC-COOKIE-1", b"wrong display"),
            _entry(256, b"here", b"0", b"XDM-AUTHORIZATION-1", b"wrong kind"),
            _entry(256, b"here", b"0", b"MIT-MAGIC-COOKIE-1", b"right"),
        )
    )

    assert cookie(authority, b"here", 0) == b"right"
    assert cookie(authority, b"here", 2) == b""
    assert cookie(_entry(65535, b"", b"", b"MIT-MAGIC-COOKIE-1", b"for any"), b"here", 2) == b"for any"


def test_wayland_events_are_taken_whole_and_the_rest_waits() -> None:
    stream = bytearray(request(6, 0) + request(2, 0, 9, "wl_seat", 7) + request(6, 1)[:5])

    taken = list(events(stream))

    assert [(thing, opcode) for thing, opcode, _ in taken] == [(6, 0), (2, 0)]
    assert taken[1][2] == struct.pack("=II8sI", 9, 8, b"wl_seat\0", 7)
    assert stream == request(6, 1)[:5]


def test_a_wayland_event_of_no_length_is_refused_instead_of_read_for_ever() -> None:
    with pytest.raises(ValueError, match="shorter than its head"):
        list(events(bytearray(8)))


def _entry(family: int, *fields: bytes) -> bytes:
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(field)) + field for field in fields)
