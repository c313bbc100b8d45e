"""The three ways to begin: each more generous than the last, none beyond the machine."""

from hypothesis import given
from hypothesis import strategies as st

from core.allowance import contradictions
from core.model import Resources
from core.observed import Measured
from core.owner import Donor, Limits
from donor_app.presets import Preset, preset

_machine = st.builds(
    lambda cores, gib, disk_gib, free, gpus: Measured(
        Resources(cores * 1000, gib * 1024, disk_gib * 1024, gpus, gpus * 8192),
        Resources(0, 0, disk_gib * 1024 * free // 100),
    ),
    st.integers(1, 128),
    st.integers(1, 512),
    st.integers(20, 4000),
    st.integers(10, 100),
    st.integers(0, 4),
)


@given(_machine)
def test_no_preset_contradicts_itself_or_the_machine(measured: Measured) -> None:
    for which in Preset:
        assert contradictions(preset(which, Donor(), measured), measured) == ()


@given(_machine)
def test_each_preset_shares_at_least_what_the_one_before_it_does(measured: Measured) -> None:
    gentle, balanced, generous = (preset(which, Donor(), measured).limits.resources() for which in Preset)

    assert gentle.fits(balanced)
    assert balanced.fits(generous)


@given(_machine)
def test_cores_are_shared_whole_and_the_disk_only_as_far_as_it_is_free(measured: Measured) -> None:
    for which in Preset:
        limits = preset(which, Donor(), measured).limits

        assert limits.cpu_millis % 1000 == 0
        assert limits.disk_mib <= measured.free.disk_mib


def test_gentle_shares_only_while_the_owner_is_away() -> None:
    measured = Measured(Resources(8000, 16_384, 200_000), Resources(8000, 16_384, 100_000))

    when = {which: preset(which, Donor(), measured).when.only_when_idle for which in Preset}

    assert when == {Preset.GENTLE: True, Preset.BALANCED: False, Preset.GENEROUS: False}


def test_what_a_preset_does_not_speak_of_stays() -> None:
    measured = Measured(Resources(8000, 16_384, 200_000), Resources(8000, 16_384, 100_000))
    donor = Donor(name="linen", limits=Limits(up_kib_s=512))

    chosen = preset(Preset.BALANCED, donor, measured)

    assert (chosen.name, chosen.limits.up_kib_s) == ("linen", 512)
    assert chosen.limits.resources() == Resources(4000, 8192, 50_000 // 1024 * 1024)
