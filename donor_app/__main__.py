"""`sparecloud-donor`: the tray application, or with `--headless` a service without a screen."""

import logging
import sys
from pathlib import Path

import click
import platformdirs

from core.errors import SparecloudError
from donor_app.agent import OpenAgent
from donor_app.wiring import build_agent


@click.command()
@click.option("--headless", is_flag=True, help="Serve without a screen until SIGTERM or SIGINT.")
@click.option("--window", "open_window", is_flag=True, help="Open the window at once, not only the tray icon.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SPARECLOUD_HOME",
    help="Where settings, keys and the journal are kept. Default: the desktop's place for application data.",
)
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append what happens to this file.")
def main(headless: bool, open_window: bool, home: Path | None, log: Path | None) -> None:
    """Share this machine's idle part, and watch what it earns."""
    place = home or platformdirs.user_data_path("sparecloud")
    try:
        _start_log(log)
        # Starting a service by hand is the consent that a tray asks for with its toggle.
        sys.exit(_run(lambda: build_agent(place, consented=headless), headless=headless, open_window=open_window))
    except SparecloudError as refused:
        print(f"{refused.title}\n{refused.hint}".rstrip(), file=sys.stderr, flush=True)
        sys.exit(refused.exit_code)


def _run(open_agent: OpenAgent, *, headless: bool, open_window: bool) -> int:
    # Imported late, each for itself: a server that serves headless need not have Qt's libraries.
    if headless:
        from donor_app.headless import serve_headless

        return serve_headless(open_agent)
    from donor_app.desktop import run_desktop

    return run_desktop(open_agent, open_window=open_window)


def _start_log(path: Path | None) -> None:
    if path is None:
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as refused:
        raise SparecloudError(f"The log file {path} cannot be written: {refused}.", "Name another file.") from refused
    logging.basicConfig(
        handlers=[handler], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


if __name__ == "__main__":
    main()
