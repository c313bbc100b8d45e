"""`man`: the manual's pages, made from what the verbs say of themselves."""

import inspect
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from core.errors import InvalidInput
from renter_tui.commands.shell import Shell, json_option, pass_shell


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_shell
def man(shell: Shell, folder: Path) -> None:
    """Write a page of the manual for sparecloud and for each of its verbs into FOLDER/man1.

    \b
    sparecloud man ~/.local/share/man && man sparecloud-launch
    """
    root = click.get_current_context().find_root().command
    target = folder / "man1"
    try:
        target.mkdir(parents=True, exist_ok=True)
        written = [_write(target, page, words) for words, page in pages(root)]
    except OSError as problem:
        raise InvalidInput(f"{target} cannot be written: {problem.strerror}.", "Name another folder.") from problem
    shell.show({"pages": [str(path) for path in written]}, f"{len(written)} pages are in {target}.")


def pages(root: click.Command) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every verb that help shows, by the words that call it, and its page in roff (man(7))."""
    yield from _pages(root, ("sparecloud",), click.Context(root, info_name="sparecloud"))


def _pages(
    command: click.Command, words: tuple[str, ...], context: click.Context
) -> Iterator[tuple[tuple[str, ...], str]]:
    verbs = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            if verb is not None and not verb.hidden:
                verbs.append((name, verb))
    yield words, _page(command, words, context, verbs)
    for name, verb in verbs:
        yield from _pages(verb, (*words, name), click.Context(verb, info_name=name, parent=context))


def _page(
    command: click.Command, words: tuple[str, ...], context: click.Context, verbs: list[tuple[str, click.Command]]
) -> str:
    title, (summary, *rest) = "-".join(words), _paragraphs(inspect.cleandoc(command.help or ""))
    lines = [f'.TH "{title.upper()}" "1" "{date.today():%Y-%m}" "Sparecloud"', ".SH NAME"]
    lines += [f"{_safe(title)} \\- {_safe(summary)}", ".SH SYNOPSIS", f".B {_safe(' '.join(words))}"]
    lines += [_safe(" ".join(command.collect_usage_pieces(context)))]
    if rest:
        lines.append(".SH DESCRIPTION")
    for paragraph in rest:
        example = paragraph.startswith("\b\n")
        body = [_safe(line) for line in paragraph.removeprefix("\b\n").splitlines()]
        lines += [".PP", ".nf", ".RS", *body, ".RE", ".fi"] if example else [".PP", *body]
    records = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
    if any(meaning for _, meaning in records):
        lines.append(".SH OPTIONS")
    for option, meaning in records:
        if meaning:
            lines += [".TP", f".B {_safe(option)}", _safe(meaning)]
    if verbs:
        lines.append(".SH COMMANDS")
    for name, verb in verbs:
        lines += [".TP", f".B {_safe(name)}", _safe(verb.get_short_help_str(200))]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> list[str]:
    """Paragraphs as click reads them; one that keeps its lines begins with a backspace and a line end."""
    return [part.strip("\n") for part in text.split("\n\n") if part.strip()] or [""]


def _safe(text: str) -> str:
    """`text` as roff shows it: a backslash, a dash, and a dot that begins a line mean something there."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _write(folder: Path, page: str, words: tuple[str, ...]) -> Path:
    path = folder / f"{'-'.join(words)}.1"
    path.write_text(page, "utf-8")
    return path
