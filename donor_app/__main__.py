"""`sparecloud-donor`: the tray application, with `--headless` a service without a screen, and verbs for what runs."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import click
import platformdirs

from core.errors import InvalidInput, SparecloudError
from core.gateway.process import held
from core.settings import DonorFile
from donor_app.agent import Agent
from donor_app.commands import VERBS, Verbs
from donor_app.logs import logged
from donor_app.words import LANGUAGES, speak

LOCK_NAME: Final = "donor.lock"


@click.group(cls=Verbs, invoke_without_command=True)
@click.option("--headless", is_flag=True, help="Serve without a screen until SIGTERM or SIGINT.")
@click.option("--window", "open_window", is_flag=True, help="Open the window at once, not only the tray icon.")
@click.option("--minimised", is_flag=True, help="Open no window: how a session starts it.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SPARECLOUD_HOME",
    help="Where settings, keys and the journal are kept. Default: the desktop's place for application data.",
)
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append what happens to this file, too.")
@click.option("--language", type=click.Choice(sorted(LANGUAGES)), help="What screens speak. Default: the session's.")
@click.pass_context
def main(
    context: click.Context,
    headless: bool,
    open_window: bool,
    minimised: bool,
    home: Path | None,
    log: Path | None,
    language: str | None,
) -> None:
    """Share this machine's idle part, and watch what it earns. Without a verb: start doing so."""
    place = (home or platformdirs.user_data_path("sparecloud")).absolute()
    context.obj = place
    if context.invoked_subcommand is not None:
        return
    speak(language or _owners_language(place) or _session_language())
    folder = _folder(place)
    with held(folder / LOCK_NAME) as ours:
        if not ours:
            click.echo(asyncio.run(_hand_over(folder)))
            return
        with logged(place, log):
            # Starting a service by hand is the consent that a tray asks for with its toggle.
            code = _headless(place) if headless else _desktop(place, open_window=open_window, minimised=minimised)
        context.exit(code)


for _verb in VERBS:
    main.add_command(_verb)


def _headless(home: Path) -> int:
    # Imported late, as all that one way of starting needs alone: a server need not have Qt's libraries.
    from donor_app.headless import serve_headless

    def waiting(problem: SparecloudError) -> None:
        click.echo(f"{problem.title} {problem.hint}", err=True)

    return serve_headless(lambda: _open(home, consented=True, waiting=waiting))


def _desktop(home: Path, *, open_window: bool, minimised: bool) -> int:
    from donor_app.plain_imports import import_plainly

    import_plainly()
    from donor_app.desktop import run_desktop

    def opened(
        raise_window: Callable[[], None], waiting: Callable[[SparecloudError], None]
    ) -> AbstractAsyncContextManager[Agent]:
        return _open(home, consented=False, raise_window=raise_window, waiting=waiting)

    where = home if home != platformdirs.user_data_path("sparecloud") else None
    return run_desktop(opened, open_window=open_window, minimised=minimised, home=where)


@asynccontextmanager
async def _open(
    home: Path,
    *,
    consented: bool,
    raise_window: Callable[[], None] | None = None,
    waiting: Callable[[SparecloudError], None] | None = None,
) -> AsyncGenerator[Agent]:
    """The agent of `home`, reachable by the command line while the context lasts."""
    from core.control.server import controlled
    from donor_app.wiring import build_agent

    async with (
        build_agent(home, consented=consented, waiting=waiting) as agent,
        controlled(agent, home / "donor", version=_version(), raise_window=raise_window),
    ):
        yield agent


async def _hand_over(folder: Path) -> str:
    """What a second start says, once it asked the first one to show itself."""
    from core.control.client import running

    # The first one may be just starting.
    for _ in range(20):
        try:
            async with running(folder) as agent:
                if await agent.open():
                    return "Sparecloud runs already; its window is in front now."
                return "Sparecloud runs already, without a window."
        except SparecloudError:
            await asyncio.sleep(0.1)
    return "Sparecloud runs already; it is just starting or ending."


def _folder(home: Path) -> Path:
    folder = home / "donor"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Opened here once, so that what forbids it is told in a sentence.
        (folder / LOCK_NAME).open("ab").close()
    except OSError as problem:
        raise InvalidInput(
            f"The folder {folder} cannot be written: {problem}.", "Make room or make it writable, or choose --home."
        ) from problem
    return folder


def _owners_language(home: Path) -> str:
    """The language of the owner's settings; empty where none is chosen, or they cannot be read: the agent says so."""
    try:
        return DonorFile(home).read().language
    except InvalidInput:
        return ""


def _session_language() -> str:
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    if not said and not sys.platform.startswith("linux"):
        import locale

        said = locale.getlocale()[0] or ""
    code = said[:2].lower()
    return code if code in LANGUAGES else "en"


def _version() -> str:
    try:
        return version("sparecloud")
    except PackageNotFoundError:
        return "checkout"


if __name__ == "__main__":
    main(prog_name="sparecloud-donor")
