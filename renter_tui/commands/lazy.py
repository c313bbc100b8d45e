"""A group of verbs each of which is imported when it is used: the help of all of them needs none."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import ClassVar

import click
from click.shell_completion import CompletionItem

from renter_tui.commands.shell import Verbs


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb is (`module:attribute`), and what the group's help says of it: nothing of a hidden one."""

    where: str
    help: str = ""

    def load(self) -> click.Command:
        """The verb itself."""
        module, _, attribute = self.where.partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found


class LazyVerbs(Verbs):
    """The verbs of `sections`, by the title under which the help lists them."""

    sections: ClassVar[Mapping[str, Mapping[str, Verb]]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as the help lists them."""
        return [name for verbs in self.sections.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, imported now; None where there is none."""
        found = next((verbs[cmd_name] for verbs in self.sections.values() if cmd_name in verbs), None)
        return found.load() if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that `args` begin with. Raises click.UsageError, which names one of nearly that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as unknown:
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            if not near:
                raise
            raise click.UsageError(f"There is no command {args[0]}. Did you mean {near[0]}?", ctx) from unknown

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs and options that begin with `incomplete`; none of the verbs is imported for it."""
        verbs = [(name, verb.help) for section in self.sections.values() for name, verb in section.items()]
        found = [CompletionItem(name, help=help) for name, help in verbs if help and name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with a sentence each, section by section."""
        widest = max(len(name) for name in self.list_commands(ctx))
        for title, verbs in self.sections.items():
            rows = [(name.ljust(widest), verb.help) for name, verb in verbs.items() if verb.help]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
