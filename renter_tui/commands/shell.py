"""What every verb shares: the home folder, how the agent is reached, and how answers and errors are printed."""

import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import click
import platformdirs

from core.errors import InvalidInput, SparecloudError, first_problem

if TYPE_CHECKING:
    # Help needs none of these, and web3 takes seconds to import.
    from core.gateway.agent import RenterAgent
    from core.gateway.host import Build
    from core.model import Address
    from core.selftest import Tell
    from renter_tui.deploying import Deployer, Order
    from renter_tui.holder import Holder

INTERRUPTED: Final = 130
_Answer = TypeVar("_Answer")


class Wallets(Protocol):
    """What the verbs about keys and money need of renter_tui/wiring.py; all raise children of SparecloudError."""

    def wallet_create(self, home: Path, passphrase_file: Path | None) -> "Address":
        """Make a key and keep it in `home` (without a passphrase: in the keyring)."""
        ...

    def wallet_import(self, home: Path, key: str, passphrase_file: Path | None) -> "Address":
        """Keep the private key `key`, 64 hexadecimal digits."""
        ...

    def wallet_import_keystore(self, home: Path, text: str, passphrase: str, passphrase_file: Path | None) -> "Address":
        """Keep the key of a V3 key file's `text`, which `passphrase` opens."""
        ...

    def wallet_export(self, home: Path, target: Path, passphrase: str) -> "Address":
        """Write the key to `target`, a V3 key file under `passphrase`."""
        ...

    def wallet_address(self, home: Path) -> "Address":
        """Whose wallet it is."""
        ...

    def wallet_lock(self, home: Path) -> None:
        """Forget the wallet's passphrase."""
        ...

    def wallet_unlock(self, home: Path, passphrase: str) -> "Address":
        """Keep the wallet's passphrase."""
        ...

    def holder(self, home: Path) -> "AbstractAsyncContextManager[Holder]":
        """The wallet at its market's contracts."""
        ...

    async def examine(self, home: Path, tell: "Tell") -> None:
        """Check all that a cluster of `home`'s owner needs; `tell` hears of each check."""
        ...

    def deployer(self, home: Path, order: "Order") -> "Deployer":
        """A deployment of the contracts."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """The adapters that __main__ picked; each imports what it needs when it is first called."""

    connect: "Callable[[Path], AbstractAsyncContextManager[RenterAgent]]"
    build: "Callable[[], Build]"
    wallets: Callable[[], Wallets]
    version: Callable[[], str] = str


@dataclass(slots=True)
class Shell:
    """One run of the command line."""

    tools: Tools
    chosen_home: Path | None = None
    as_json: bool = False
    patience_s: float = 5.0

    @property
    def home(self) -> Path:
        """The folder of this renter's agent."""
        return (self.chosen_home or platformdirs.user_data_path("sparecloud")).absolute()

    def ask(self, work: "Callable[[RenterAgent], Awaitable[_Answer]]") -> _Answer:
        """What `work` gets from the agent, which is started where it does not run."""

        async def asked() -> _Answer:
            async with self.tools.connect(self.home) as agent:
                return await work(agent)

        return _run(asked())

    def hold(self, work: "Callable[[Holder], Awaitable[_Answer]]") -> _Answer:
        """What `work` gets done with the wallet at its market's contracts. No agent is needed."""

        async def held() -> _Answer:
            async with self.tools.wallets().holder(self.home) as holder:
                return await work(holder)

        return _run(held())

    def examine(self, tell: "Tell") -> None:
        """Check all that a cluster needs here; `tell` hears of each check."""
        _run(self.tools.wallets().examine(self.home, tell))

    def show(self, answer: object, text: str) -> None:
        """Print what was asked for: `answer` as one line of JSON, or `text`."""
        click.echo(_json(answer) if self.as_json else text)

    def say(self, sentence: str) -> None:
        """Print progress, which is no part of the answer."""
        if not self.as_json:
            click.echo(sentence, err=True)

    def confirm(self, question: str, unasked: bool) -> None:
        """Return where the person agrees (or said so before: `unasked`). Raises SparecloudError."""
        if unasked:
            return
        try:
            agreed = click.confirm(question, default=False, err=True)
        except click.Abort as nobody:
            raise SparecloudError("Nothing was done: nobody answered.", "Add --yes to agree beforehand.") from nobody
        if not agreed:
            raise SparecloudError("Nothing was done.", "Answer y to go on.")

    async def sign(self, sentence: str, unasked: bool, work: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Do `work`, which signs, once the person agreed to `sentence`. Raises SparecloudError."""
        if unasked:
            self.say(sentence)
        # Nothing else runs in this process meanwhile, so the prompt may block the loop.
        self.confirm(f"{sentence} Go on?", unasked)
        self.say("Waiting until the chain has it.")
        return await work()

    def fail(self, error: SparecloudError) -> None:
        """Print `error`: what happened, and below it what to do."""
        if self.as_json:
            told = {"error": type(error).__name__, "title": error.title, "hint": error.hint}
            click.echo(_json(told), err=True)
        else:
            click.echo("\n".join(filter(None, (error.title, error.hint))), err=True)


class Verbs(click.Group):
    """A group whose errors are sentences, and whose exit code is the error's."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; exit with 0, the error's code, or 130 where it was interrupted."""
        shell = ctx.ensure_object(Shell)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            shell.say("Interrupted.")
            ctx.exit(INTERRUPTED)
        except (SparecloudError, click.ClickException, click.Abort, BaseExceptionGroup) as problem:
            error = _sentence(problem)
            shell.fail(error)
            ctx.exit(error.exit_code)


def _run(work: Coroutine[object, object, _Answer]) -> _Answer:
    # Here and below: what help does not need is not waited for.
    import asyncio

    return asyncio.run(work)


def _json(answer: object) -> str:
    import msgspec

    return msgspec.json.encode(answer).decode()


def _sentence(problem: BaseException) -> SparecloudError:
    match problem:
        case SparecloudError():
            return problem
        case click.UsageError(ctx=click.Context(command_path=path)):
            return InvalidInput(problem.format_message(), f"Run `{path} --help` for an example.")
        case click.ClickException():
            return InvalidInput(problem.format_message())
        case click.Abort():
            return SparecloudError("Nothing was done: nobody answered.")
        case BaseExceptionGroup():
            first = first_problem(problem)
            if isinstance(first, SparecloudError):
                return first
    raise problem


def _keep_home(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    context.ensure_object(Shell).chosen_home = value


def _keep_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Shell).as_json |= value


home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SPARECLOUD_HOME",
    expose_value=False,
    callback=_keep_home,
    help="Folder of the agent and the wallet.  [env: SPARECLOUD_HOME]",
)
json_option = click.option(
    "--json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_keep_json,
    help="Print JSON: the answer on stdout, an error on stderr.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would happen, and what it would cost.")
pass_shell = click.make_pass_decorator(Shell)


def tolerate_any_character() -> None:
    """Print what the terminal's encoding lacks as a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
