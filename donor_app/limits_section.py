"""How much is shared: one set of limits for while the owner is away, one for while they use the machine."""

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from core.model import Resources
from core.owner import Donor, Limits
from donor_app.form_rows import Level, Quantity, Section, Tick
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say

_KIB_S = 2**31 - 1


class LimitsEditor(QWidget):
    """Edits one Limits. Sliders reach up to what the machine has; more can be typed, and is explained elsewhere."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._limits = Limits()
        self._levels = {
            "cpu_millis": Level(say("Processor"), say("cores"), per_unit=1000, step=500),
            "memory_mib": Level(say("Memory"), "GiB", per_unit=1024, step=512),
            "disk_mib": Level(say("Disk"), "GiB", per_unit=1024, step=1024),
            "gpu_count": Level(say("Graphics processors"), say("GPUs"), per_unit=1, step=1),
            "gpu_memory_mib": Level(say("Memory of each GPU"), "GiB", per_unit=1024, step=1024),
        }
        unbounded = say("not limited")
        self._speeds = {
            "up_kib_s": Quantity(say("Sent by each worker"), "KiB/s", most=_KIB_S, step=128, zero=unbounded),
            "down_kib_s": Quantity(say("Received by each worker"), "KiB/s", most=_KIB_S, step=128, zero=unbounded),
        }
        self._names: dict[str, Ink] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 5)
        controls: dict[str, Level | Quantity] = {**self._levels, **self._speeds}
        for row, (field, control) in enumerate(controls.items()):
            number = control.quantity if isinstance(control, Level) else control
            name = self._names[field] = Ink(number.accessibleName(), wraps=True)
            name.setBuddy(number)
            grid.addWidget(name, row, 0)
            grid.addWidget(control, row, 1)
            control.changed.connect(self.changed)

    def fill(self, limits: Limits, total: Resources | None) -> None:
        """Show `limits` on a machine that has `total`."""
        self._limits = limits
        for field, level in self._levels.items():
            level.fill(getattr(limits, field), getattr(total, field) if total is not None else None)
        for field, speed in self._speeds.items():
            speed.fill(getattr(limits, field))
        has_gpu = bool(limits.gpu_count or (total is not None and total.gpu_count))
        for field in ("gpu_count", "gpu_memory_mib"):
            self._levels[field].setVisible(has_gpu)
            self._names[field].setVisible(has_gpu)

    def read(self) -> Limits:
        """The limits as they stand."""
        edited = {field: level.read() for field, level in self._levels.items()}
        edited |= {field: speed.read() for field, speed in self._speeds.items()}
        return msgspec.structs.replace(self._limits, **edited)


class AwaySection(Section):
    """The limits for while nobody uses the machine."""

    def __init__(self) -> None:
        super().__init__(
            say("While you are away"), say("The most that is shared, whatever is idle. 0 shares none of it.")
        )
        self._limits = LimitsEditor()
        self.wide(self._limits)
        self._limits.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._limits.fill(donor.limits, total)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(donor, limits=self._limits.read())


class InUseSection(Section):
    """The limits for while the owner works, or the same ones."""

    def __init__(self) -> None:
        super().__init__(say("While you use this machine"))
        self._same = Tick(say("The same as while you are away"))
        self._limits = LimitsEditor()
        self._calm = Ink(
            say("Workers that no longer fit are slowed or paused within two seconds of your return."),
            tone=Tone.MUTED,
            font=sized(0.92),
            wraps=True,
        )
        self._total: Resources | None = None
        self.wide(self._calm)
        self.wide(self._same)
        self.wide(self._limits)
        self._same.changed.connect(self._switched)
        self._limits.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._total = total
        self._same.fill(donor.in_use is None)
        self._limits.fill(donor.in_use or donor.limits, total)
        self._limits.setVisible(donor.in_use is not None)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(donor, in_use=None if self._same.isChecked() else self._limits.read())

    def _switched(self) -> None:
        self._limits.setVisible(not self._same.isChecked())
        self.changed.emit()
