"""What is known, and not known, of the machine's surroundings, a line each. Pure."""

from dataclasses import dataclass

from core.sentences import length
from core.view import DonorView
from donor_app.words import say


@dataclass(frozen=True, slots=True)
class Surrounding:
    """One condition: its name, and how it stands; `known` is False where nothing here can tell."""

    name: str
    text: str
    known: bool = True


def surroundings(view: DonorView) -> tuple[Surrounding, ...]:
    """Every condition that settings can ask for, in a fixed order."""
    seen = view.conditions
    return (
        _line(say("You"), _owner(view)),
        _line(say("Power"), _power(seen.on_battery, seen.battery_percent)),
        _line(say("Network"), _either(seen.metered, say("metered"), say("not metered"))),
        _line(say("Temperature"), None if seen.celsius is None else f"{seen.celsius} °C"),
        _line(say("Full screen"), _either(seen.full_screen, say("a program fills the screen"), say("no"))),
        *_programs(view),
    )


def _line(name: str, text: str | None) -> Surrounding:
    return Surrounding(name, text) if text is not None else Surrounding(name, say("not known here"), known=False)


def _owner(view: DonorView) -> str | None:
    idle_s = view.conditions.idle_s
    if idle_s is None or view.allowance.in_use is None:
        return None
    if view.allowance.in_use:
        return say("at this machine")
    return say("away for {time}", time=length(idle_s // 60 * 60))


def _power(on_battery: bool | None, percent: int | None) -> str | None:
    if on_battery is None:
        return None
    if percent is None:
        return say("on battery") if on_battery else say("on mains")
    if on_battery:
        return say("battery {percent} %, discharging", percent=percent)
    return say("on mains, battery {percent} %", percent=percent)


def _either(known: bool | None, yes: str, no: str) -> str | None:
    return None if known is None else yes if known else no


def _programs(view: DonorView) -> tuple[Surrounding, ...]:
    """Only where the owner named programs to pause for."""
    if not view.settings.when.pause_for:
        return ()
    running = ", ".join(sorted(view.conditions.programs))
    return (Surrounding(say("Programs to pause for"), running or say("none of them runs")),)
