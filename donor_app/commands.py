"""The verbs of `sparecloud-donor`: each asks the agent that runs for the same home folder, tray or headless alike."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click
import msgspec

from core.allowance import NEVER
from core.errors import InvalidInput, NotFound, SparecloudError, first_problem
from core.model import address
from core.view import DonorView, ServiceLine, resources_text, spare
from core.zone import OwnersZone
from donor_app import logs
from donor_app.instants import length_s, until

if TYPE_CHECKING:
    # aiohttp takes a while to import, and `logs` and `--help` need none of it.
    from core.control.client import ControlClient
    from core.selftest import Check

INTERRUPTED: Final = 130
_JSON: Final = "sparecloud.json"
_MARKS: Final = {"passed": "+", "warned": "!", "failed": "x", "running": "."}
_Answer = TypeVar("_Answer")


def _keep_json(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    context.find_root().meta[_JSON] = value
    return value


_json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_keep_json,
    help="Print JSON: the answer, or the error on stderr.",
)


class Verbs(click.Group):
    """A group whose errors are sentences, and whose exit code is the error's."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; exit with 0, the error's code, or 130 where it was interrupted."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except (SparecloudError, BaseExceptionGroup) as problem:
            error = first_problem(problem) if isinstance(problem, BaseExceptionGroup) else problem
            if not isinstance(error, SparecloudError):
                raise
            _fail(error, as_json=ctx.meta.get(_JSON, False))
            ctx.exit(error.exit_code)


@click.command()
@_json_option
@click.pass_obj
def status(home: Path, as_json: bool) -> None:
    """What this machine shares now, and every reason why it is not more."""
    view = _asked(home, lambda agent: agent.view())
    lines = [view.headline, *(f"  {holding.sentence}" for holding in view.allowance.holdings)]
    if view.problem:
        lines.append(f"{view.problem} {view.hint}".strip())
    lines += [f"Note: {sentence}" for sentence in view.contradictions]
    lines.append(f"Earned today: {spare(view.earnings.today.earned)}; now {spare(view.earnings.hourly)} an hour.")
    _show(view, "\n".join(lines), as_json)


@click.command()
@click.option("--for", "length", metavar="LENGTH", help="For 45m, 1h, 1h30m or 2d.")
@click.option("--until", "time", metavar="TIME", help="Until 07:00 by this machine's clock, or `resumed`.")
@_json_option
@click.pass_obj
def pause(home: Path, length: str | None, time: str | None, as_json: bool) -> None:
    """Hold every worker up and offer nothing: until you resume, or for a time."""
    if length is not None and time is not None:
        raise InvalidInput("--for and --until contradict each other.", "Give one of them.")
    local = datetime.now(OwnersZone())
    ends_at = int(local.timestamp()) + length_s(length) if length is not None else until(time or "resumed", local)
    _order(home, lambda agent: agent.pause(ends_at), as_json)


@click.command()
@_json_option
@click.pass_obj
def resume(home: Path, as_json: bool) -> None:
    """End a pause, or take new work again."""
    _order(home, lambda agent: agent.resume(), as_json)


@click.command()
@_json_option
@click.pass_obj
def finish(home: Path, as_json: bool) -> None:
    """Take nothing new; once what runs has ended, sharing is off."""
    _order(home, lambda agent: agent.finish(), as_json)


@click.command()
@click.argument("switch", type=click.Choice(("on", "off")))
@click.option("--at-once", is_flag=True, help="Give workers no notice.")
@_json_option
@click.pass_obj
def share(home: Path, switch: str, at_once: bool, as_json: bool) -> None:
    """Start to share, or take the machine back."""
    _order(home, lambda agent: agent.share(switch == "on", at_once=at_once), as_json)


@click.command()
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write every share that served to a file."
)
@_json_option
@click.pass_obj
def earnings(home: Path, file: Path | None, as_json: bool) -> None:
    """What was earned today, this week, this month and ever."""

    async def work(agent: "ControlClient") -> tuple[DonorView, str]:
        return await agent.view(), await agent.export() if file is not None else ""

    view, csv = _asked(home, work)
    if file is not None:
        _write(file, csv)
    earned = view.earnings
    periods = {"Today": earned.today, "This week": earned.week, "This month": earned.month, "Ever": earned.lifetime}
    currency = view.settings.costs.currency
    lines = [
        f"{name + ':':<12}{spare(bar.earned)}, electricity about {bar.electricity_milli / 1000:.2f} {currency}"
        for name, bar in periods.items()
    ]
    lines.append(f"{'Now:':<12}{spare(earned.hourly)} an hour; {spare(view.unredeemed)} not redeemed yet")
    answer = {**asdict(earned), "unredeemed": view.unredeemed, "held_back": view.held_back, "currency": currency}
    _show(answer, "\n".join(lines), as_json)


@click.command()
@_json_option
@click.pass_obj
def leases(home: Path, as_json: bool) -> None:
    """Every share that this machine serves or served: its name, renter, size, pay, and how it stands."""
    services = _asked(home, lambda agent: agent.view()).services
    lines = [_line(service) for service in services] or ["No share has been served here yet."]
    _show(services, "\n".join(lines), as_json)


@click.command()
@click.argument("name", metavar="LEASE/INDEX")
@click.option("--at-once", is_flag=True, help="Give the worker no notice.")
@_json_option
@click.pass_obj
def stop(home: Path, name: str, at_once: bool, as_json: bool) -> None:
    """Stop one share's worker. LEASE may be how the lease's name begins."""

    async def work(agent: "ControlClient") -> None:
        service = named(name, (await agent.view()).services)
        await agent.stop(service.lease, service.index, at_once=at_once)

    _order(home, work, as_json)


@click.command()
@click.argument("renter", metavar="ADDRESS")
@click.option("--undo", is_flag=True, help="Serve it again.")
@_json_option
@click.pass_obj
def block(home: Path, renter: str, undo: bool, as_json: bool) -> None:
    """Refuse a renter from now on, and give notice to what it rents."""
    try:
        account = address(renter)
    except ValueError as problem:
        raise InvalidInput(f"{renter!r} is not an account: {problem}.", "Copy it from `leases`, whole.") from problem
    _order(home, lambda agent: agent.block(account, not undo), as_json)


@click.command()
@_json_option
@click.pass_obj
def selftest(home: Path, as_json: bool) -> None:
    """Check everything from the container engine to the market, and say what a renter sees. Takes a minute or so."""

    async def work(agent: "ControlClient") -> list["Check"]:
        found = {}
        async for check in agent.selftest():
            found[check.name] = check
            if not as_json:
                running = check.state == "running"
                text = f"{_MARKS[check.state]} {check.name}: {check.sentence} {check.hint}".rstrip()
                click.echo(text, err=running)
        return list(found.values())

    checks = _asked(home, work)
    if as_json:
        click.echo(msgspec.json.encode(checks))
    if any(check.state == "failed" for check in checks):
        raise click.exceptions.Exit(1)


@click.command(name="logs")
@click.option("--lines", type=click.IntRange(1, 10_000), default=200, show_default=True)
@click.option("--follow", is_flag=True, help="Go on as more is written, until Ctrl+C.")
@_json_option
@click.pass_obj
def show_logs(home: Path, lines: int, follow: bool, as_json: bool) -> None:
    """What happened lately, without secrets. The agent need not run."""
    found = logs.tail(home, lines)
    _show(found.splitlines(), found or "Nothing has been logged yet.", as_json)
    if follow:
        for line in logs.follow(home):
            click.echo(msgspec.json.encode(line) if as_json else line)


VERBS: Final = (status, pause, resume, finish, share, earnings, leases, stop, block, selftest, show_logs)


def named(name: str, services: tuple[ServiceLine, ...]) -> ServiceLine:
    """The one share that is not over and that "LEASE/INDEX" names. Raises InvalidInput, NotFound."""
    lease, slash, index = name.partition("/")
    if not (slash and index.isdecimal() and lease.startswith("0x") and len(lease) > 2):
        raise InvalidInput(f"{name!r} names no share.", "Write it as `leases` does: 0x12ab34cd/0.")
    found = [
        each
        for each in services
        if each.lease.startswith(lease.lower()) and each.index == int(index) and not each.ended
    ]
    if not found:
        raise NotFound(f"No share that is being served is called {name}.", "`sparecloud-donor leases` lists them.")
    if len(found) > 1:
        raise InvalidInput(f"{name} names several shares.", "Write more of the lease's name.")
    return found[0]


def _asked(home: Path, work: "Callable[[ControlClient], Awaitable[_Answer]]") -> _Answer:
    """What `work` gets from the running agent. Raises AgentUnavailable."""
    from core.control.client import running

    async def asked() -> _Answer:
        async with running(home / "donor") as agent:
            return await work(agent)

    return asyncio.run(asked())


def _order(home: Path, work: "Callable[[ControlClient], Awaitable[None]]", as_json: bool) -> None:
    """Have the agent do something, and show where it stands then."""

    async def ordered(agent: "ControlClient") -> DonorView:
        await work(agent)
        return await agent.view()

    view = _asked(home, ordered)
    pause_ends = view.orders.paused_until
    answer = {"headline": view.headline, "sharing": view.sharing, "paused": pause_ends > view.now}
    if pause_ends > view.now:
        answer["until"] = None if pause_ends >= NEVER else pause_ends
    _show(answer, view.headline, as_json)


def _show(answer: object, text: str, as_json: bool) -> None:
    click.echo(msgspec.json.encode(answer) if as_json else text)


def _fail(error: SparecloudError, *, as_json: bool) -> None:
    if as_json:
        told = {"error": type(error).__name__, "title": error.title, "hint": error.hint}
        click.echo(msgspec.json.encode(told), err=True)
    else:
        click.echo("\n".join(filter(None, (error.title, error.hint))), err=True)


def _line(service: ServiceLine) -> str:
    name = f"{service.lease[:10]}/{service.index}"
    what = f"{resources_text(service.resources)} for {service.renter}"
    return f"{name}  {service.state:<9} {what}, {spare(service.earned)} earned. {service.sentence}"


def _write(file: Path, text: str) -> None:
    try:
        # Exactly as it came: CSV ends its lines itself (RFC 4180).
        file.write_bytes(text.encode())
    except OSError as problem:
        raise InvalidInput(f"{file} cannot be written: {problem}.", "Name another file.") from problem
