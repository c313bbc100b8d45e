"""NVIDIA GPUs: which are here, whether the engine can hand them to a worker, and what is missing where it cannot."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DEADLINE_S: Final = 5
_DRIVER: Final = Path("/proc/driver/nvidia/version")
_DEVICES: Final = Path("/sys/bus/pci/devices")
_NVIDIA: Final = "0x10de"
_DISPLAY: Final = "0x03"


@dataclass(frozen=True, slots=True)
class Gpus:
    """The NVIDIA GPUs of a machine, and their memory added up: `cards` are on its bus, `count` of them answer."""

    cards: int = 0
    driver: bool = False
    tool: bool = False
    count: int = 0
    memory_mib: int = 0
    free_mib: int = 0


NO_GPUS: Final = Gpus()


def found_gpus(driver: Path = _DRIVER, devices: Path = _DEVICES) -> Gpus:
    """What is here. Blocks for as long as `nvidia-smi` takes, 5 s at most."""
    tool = shutil.which("nvidia-smi")
    listing = _listed(tool) if tool is not None else ""
    answering = [pair for line in listing.splitlines() if (pair := _memory(line)) is not None]
    return Gpus(
        cards=_cards(devices),
        driver=driver.exists(),
        tool=tool is not None,
        count=len(answering),
        memory_mib=sum(total for total, _ in answering),
        free_mib=sum(free for _, free in answering),
    )


def hands_gpus_over(info: Mapping[str, object]) -> bool:
    """Whether the engine that says `info` of itself serves the requests for GPUs that the sandbox makes.

    An engine that knows them as CDI devices alone refuses those.
    """
    runtimes = info.get("Runtimes")
    return isinstance(runtimes, Mapping) and "nvidia" in runtimes


def gpu_note(gpus: Gpus, *, handed_over: bool) -> str:
    """Why no GPU is offered where one might be expected, in a sentence; empty where all is well or none is here."""
    if gpus.count:
        return "" if handed_over else "An NVIDIA GPU is here, but the engine has no NVIDIA runtime."
    if gpus.driver and not gpus.tool:
        return "NVIDIA's driver is here, but nvidia-smi is not: the GPU cannot be asked."
    if gpus.driver:
        return "NVIDIA's driver is here, but no GPU answers."
    if gpus.cards:
        return "An NVIDIA GPU is here, but its driver is not."
    return "The engine could hand NVIDIA GPUs over, but none is here." if handed_over else ""


def _listed(tool: str) -> str:
    command = [tool, "--query-gpu=memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_DEADLINE_S).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _memory(line: str) -> tuple[int, int] | None:
    """(total, free) MiB of a line of nvidia-smi's list, None where it is unreadable."""
    total, _, free = (part.strip() for part in line.partition(","))
    return (int(total), int(free)) if total.isdecimal() and free.isdecimal() else None


def _cards(devices: Path) -> int:
    """NVIDIA's display and compute devices on the PCI bus; none where there is no such list."""
    try:
        return sum(map(_is_card, devices.iterdir()))
    except OSError:
        return 0


def _is_card(device: Path) -> bool:
    try:
        vendor, kind = (device / "vendor").read_text().strip(), (device / "class").read_text().strip()
    except OSError:
        return False
    return vendor == _NVIDIA and kind.startswith(_DISPLAY)
