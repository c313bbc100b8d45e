"""Settings: what is malformed is refused with the file and the key named; what is written is read back."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.owner import WEEK, Asking, Donor, Hours, Limits, When
from core.settings import DonorFile, Network, Renter, Settings, parse, read, text, write


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("[donor]\nnmae = 'x'", "nmae"),
        ("colour = 1", "colour"),
        ("[donor.limits]\ncpu_milis = 1", "cpu_milis"),
        ("[donor.limits]\ncpu_millis = -1", "donor.limits.cpu_millis"),
        ("[donor.limits]\nmemory_mib = 3000000000", "donor.limits.memory_mib"),
        ("[donor.limits]\nmemory_mib = '4096'", "donor.limits.memory_mib"),
        ("[donor.limits]\nmemory_mib = 1.5", "donor.limits.memory_mib"),
        ("[donor.asking]\ngpu = -5", "donor.asking.gpu"),
        ("[donor]\nname = ''", "donor.name"),
        (f"[donor]\nname = '{'x' * 41}'", "donor.name"),
        ("[donor]\noffer_every_s = 0", "donor.offer_every_s"),
        ("[donor.when]\non_battery = 1", "donor.when.on_battery"),
        ('[[donor.when.schedule]]\nstart = "24:00"', "donor.when.schedule"),
        ('[donor]\nblocked = ["0x12"]', "an address is 0x"),
        ("[donor]\nlongest_lease_s = 59", "donor.longest_lease_s"),
        ("[renter]\nagent_port = 65536", "renter.agent_port"),
        ("[renter]\ninterval_s = 0", "renter.interval_s"),
        ("[network]\ncoin = '0x12'", "network.coin"),
        ("[network]\nescrow = 'somewhere'", "network.escrow"),
        ("[network]\nbus_url = 4222", "network.bus_url"),
        ("[network]\nname = 'ropsten'", "network.name"),
        ("[network]\nconfirmations = -1", "network.confirmations"),
        ("[network]\nconfirmations = 'few'", "network.confirmations"),
        ("[network]\nhighest_gas_gwei = 0", "network.highest_gas_gwei"),
        ("[network]\nallow_plain_http = 'yes'", "network.allow_plain_http"),
        ("network = 4", "network"),
    ],
)
def test_a_setting_that_is_not_acceptable_is_refused_with_file_and_key(content: str, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(content, "/somewhere/settings.toml")

    assert "/somewhere/settings.toml" in refused.value.title
    assert key in refused.value.title
    assert refused.value.hint


@pytest.mark.parametrize("content", ["[donor", "a = ", "= 1", "\x00", "[donor]\n[donor]"])
def test_what_is_not_toml_is_refused_with_the_file_named(content: str) -> None:
    with pytest.raises(InvalidInput, match=r"settings\.toml"):
        parse(content, "settings.toml")


@given(st.text(max_size=200))
def test_any_text_is_settings_or_refused(content: str) -> None:
    with suppress(InvalidInput):
        assert isinstance(parse(content, "f"), Settings)


_count = st.integers(0, 2**31 - 1)
_account = st.just("") | st.integers(0, 2**160 - 1).map(lambda number: f"0x{number:040x}")
_printable = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
_settings = st.builds(
    Settings,
    network=st.builds(
        Network,
        name=st.sampled_from(["development", "ethereum", "sepolia", "classic", "mordor", "custom"]),
        rpc_url=_printable,
        coin=_account,
        escrow=_account,
        bus_url=_printable,
        confirmations=st.none() | st.integers(0, 100),
        highest_gas_gwei=st.integers(1, 10**6),
        allow_plain_http=st.booleans(),
    ),
    donor=st.builds(
        Donor,
        name=_printable.filter(bool),
        limits=st.builds(Limits, cpu_millis=_count, memory_mib=_count, disk_mib=_count, gpu_count=_count),
        asking=st.builds(Asking, cpu_milli=st.integers(0, 10**18), gpu=st.integers(0, 10**18)),
        in_use=st.none() | st.builds(Limits, cpu_millis=_count, up_kib_s=_count),
        when=st.builds(
            When,
            only_when_idle=st.booleans(),
            schedule=st.lists(
                st.builds(
                    Hours,
                    days=st.lists(st.sampled_from(WEEK), min_size=1, max_size=7).map(tuple),
                    start=st.sampled_from(["00:00", "07:30", "23:59"]),
                    end=st.sampled_from(["00:00", "12:15", "24:00"]),
                ),
                max_size=3,
            ).map(tuple),
            pause_for=st.lists(_printable.filter(bool), max_size=3).map(tuple),
        ),
        blocked=st.lists(st.integers(0, 2**160 - 1).map(lambda number: f"0x{number:040x}"), max_size=2).map(tuple),
    ),
    renter=st.builds(Renter, agent_port=st.integers(0, 65535)),
)


@given(_settings)
def test_settings_written_as_text_are_read_back_the_same(settings: Settings) -> None:
    assert parse(text(settings), "settings.toml") == settings


@pytest.mark.parametrize("name", ["\\u007f", "a\\u0007b", "two\\nlines"])
def test_a_name_that_cannot_be_printed_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="donor: name must be printable"):
        parse(f'[donor]\nname = "{name}"', "settings.toml")


def test_a_donors_settings_are_kept_beside_the_others(tmp_path: Path) -> None:
    write(tmp_path, Settings(renter=Renter(agent_port=4711)))

    DonorFile(tmp_path).write(Donor(name="linen"))

    assert read(tmp_path) == Settings(renter=Renter(agent_port=4711), donor=Donor(name="linen"))
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_settings_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        write(tmp_path / "file", Settings())


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path) == Settings()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(InvalidInput, match=r"settings\.toml"):
        read(tmp_path)
