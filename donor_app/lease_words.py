"""What the leases' page says of a share: short names, amounts, instants. Pure, but for the owner's time zone."""

from datetime import datetime
from typing import Final

from core.lease import ServicePhase
from core.view import DonorView, ServiceLine
from donor_app.words import say

_PHASES: Final = {
    ServicePhase.ACCEPTED: "Accepted",
    ServicePhase.STARTING: "Starting",
    ServicePhase.SERVING: "Serving",
    ServicePhase.LEAVING: "Leaving",
    ServicePhase.STOPPING: "Stopping",
    ServicePhase.CLAIMING: "Claiming",
    ServicePhase.ENDED: "Ended",
}


def phase_word(line: ServiceLine) -> str:
    """The phase of `line`; a paused worker is one."""
    if line.state == ServicePhase.SERVING and not line.granted_permille:
        return say("Paused")
    return say(_PHASES[ServicePhase(line.state)])


def short(address: str) -> str:
    """An address or a lease by its two ends."""
    return f"{address[:6]}…{address[-4:]}"


def digest(image: str) -> str:
    """The first twelve digits of an image's digest; a word where there is none yet."""
    return image.removeprefix("sha256:")[:12] or say("not built yet")


def instant(at: int, now: int) -> str:
    """`at` on the owner's clock: "14:05" today, "2026-11-21 14:05" else, a dash where it never came."""
    if not at:
        return "–"
    moment = datetime.fromtimestamp(at)
    return f"{moment:%H:%M}" if moment.date() == datetime.fromtimestamp(now).date() else f"{moment:%Y-%m-%d %H:%M}"


def traffic(count: int) -> str:
    """`count` bytes in decimal units: "310 MB", "1.2 GB"."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"


def granted_cpu_millis(line: ServiceLine) -> int:
    """What `line`'s worker may use of the processor now."""
    return line.resources.cpu_millis * line.granted_permille // 1000


def nothing_served(view: DonorView) -> str:
    """What an empty page says."""
    if view.sharing and not view.offered.cpu_millis:
        return say("No share has been served yet, and nothing is on the market at the moment.")
    if view.sharing:
        return say("No renter has taken a share yet. Yours is on the market; nothing more is needed from you.")
    return say("No share has been served yet. Turn on Share resources to put this machine's idle part on the market.")
