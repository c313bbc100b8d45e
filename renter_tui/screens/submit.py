"""The submit dialog: which program, with which arguments, input, packages, files and settings."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.errors import SparecloudError
from core.parsing import spark_settings
from core.submission import Extras
from renter_tui.widgets.field import Field


@dataclass(frozen=True, slots=True)
class Submission:
    """What to run."""

    program: Path
    arguments: tuple[str, ...]
    inputs: Path | None
    extras: Extras


class SubmitDialog(ModalScreen[Submission | None]):
    """Answers a Submission, or None where the person thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, cluster: str) -> None:
        super().__init__()
        self._cluster = cluster

    def compose(self) -> ComposeResult:
        """Six fields and two buttons."""
        with Vertical(classes="dialog medium") as dialog:
            dialog.border_title = f"Submit a program to {self._cluster}".replace("[", "\\[")
            yield Field("Program", "program", placeholder="path of a PySpark program, job.py")
            yield Field("Arguments", "arguments", placeholder="optional")
            yield Field("Input", "inputs", placeholder="optional: a file or folder, read as /job/input")
            yield Field("Packages", "packages", placeholder="optional: wheels, zips or modules to import")
            yield Field("Files", "files", placeholder="optional: files that lie beside every worker")
            yield Field("Settings", "conf", placeholder="optional: spark.sql.shuffle.partitions=16 ...")
            yield Static(id="refusal", classes="refusal", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Submit", id="submit", compact=True, variant="primary")
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """The first field has the keyboard."""
        self.query_one("#program", Input).focus()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#submit")
    def _submit(self) -> None:
        program, inputs = (self.query_one(f"#{name}", Input).value.strip() for name in ("program", "inputs"))
        if not program:
            self._refuse("Name the program to run: the path of a Python file.")
            return
        arguments, packages, files, conf = (self._words(name) for name in ("arguments", "packages", "files", "conf"))
        if arguments is None or packages is None or files is None or conf is None:
            return
        try:
            extras = Extras(_paths(packages), _paths(files), spark_settings(conf))
        except SparecloudError as error:
            self._refuse(str(error))
            return
        self.dismiss(
            Submission(Path(program).expanduser(), arguments, Path(inputs).expanduser() if inputs else None, extras)
        )

    def _words(self, name: str) -> tuple[str, ...] | None:
        """What a field says, in words as a shell divides them; None where they are no words, and it is said so."""
        try:
            return tuple(shlex.split(self.query_one(f"#{name}", Input).value))
        except ValueError:
            label = {"arguments": "arguments", "packages": "packages", "files": "files", "conf": "settings"}[name]
            self._refuse(f"The {label} have a quotation mark without its partner.")
            return None

    def _refuse(self, sentence: str) -> None:
        self.query_one("#refusal", Static).update(f"▲ {sentence}")


def _paths(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(Path(word).expanduser().absolute()) for word in words)
