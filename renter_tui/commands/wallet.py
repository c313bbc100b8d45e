"""`wallet`: the account that pays and is paid, and its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TextIO

import click

from core.errors import ChainUnavailable, InvalidInput, SparecloudError
from core.model import Address
from core.observed import Balances
from core.sentences import bonded, exact, thawing, to_spend
from renter_tui.commands.lazy import LazyVerbs, Verb
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option

if TYPE_CHECKING:
    from renter_tui.holder import Holder

_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="SPARECLOUD_PASSPHRASE_FILE",
    help="Encrypt the key under its first line, not in the keyring.  [env: SPARECLOUD_PASSPHRASE_FILE]",
)


_HERE: Final = "renter_tui.commands"


class _Wallet(LazyVerbs):
    sections: ClassVar[Mapping[str, Mapping[str, Verb]]] = {
        "Coin": {
            "show": Verb(f"{_HERE}.wallet:show", "Show the address, balances and stake."),
            "deposit": Verb(f"{_HERE}.vault:deposit", "Bring coin into the vault, which pays leases and bonds."),
            "withdraw": Verb(f"{_HERE}.vault:withdraw", "Pay free coin out of the vault."),
            "stake": Verb(f"{_HERE}.vault:stake", "Put coin up to back your promises."),
            "thaw": Verb(f"{_HERE}.vault:thaw", "Begin to take stake back."),
            "send": Verb(f"{_HERE}.vault:send", "Send coin to another account."),
            "earnings": Verb(f"{_HERE}.earnings:earnings", "List what leases paid, as the chain tells it."),
        },
        "Key": {
            "create": Verb(f"{_HERE}.wallet:create", "Make a new key."),
            "import": Verb(f"{_HERE}.wallet:import_key", "Keep a key you already have."),
            "export": Verb(f"{_HERE}.wallet:export", "Write the key to an encrypted file."),
            "lock": Verb(f"{_HERE}.wallet:lock", "Sign nothing until it is unlocked."),
            "unlock": Verb(f"{_HERE}.wallet:unlock", "Let it sign again."),
        },
    }


@click.group(cls=_Wallet, invoke_without_command=True)
@json_option
@click.pass_context
def wallet(context: click.Context) -> None:
    """Show the wallet's address, balances and stake; without an agent, for donors and renters alike.

    \b
    sparecloud wallet
    sparecloud wallet stake 50
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the wallet stands at its market. `native` is what the chain calls its own coin."""

    address: Address
    network: str
    native: str
    balances: Balances
    now: int


@click.command()
@json_option
@pass_shell
def show(shell: Shell) -> None:
    """Show the address, what it holds, and its account in the vault.

    \b
    sparecloud wallet show
    """
    try:
        standing = shell.hold(_standing)
    except (InvalidInput, ChainUnavailable) as problem:
        # Without a market there is an address all the same, and somebody may want to send coin there.
        address = shell.tools.wallets().wallet_address(shell.home)
        shell.show(
            {"address": address, "balances": None, "problem": problem.title, "hint": problem.hint},
            f"Address:  {address}\n{problem.title}\n{problem.hint}".rstrip(),
        )
        return
    account = standing.balances.account
    facts = (
        ("Address", standing.address),
        ("Network", standing.network),
        ("Coin", to_spend(standing.balances)),
        ("Stake", bonded(account)),
        ("Thawing", thawing(account, standing.now)),
        ("For fees", exact(standing.balances.native, standing.native)),
    )
    text = "\n".join(f"{name + ':':<10}{fact}" for name, fact in facts if fact)
    told = {"address": standing.address, "network": standing.network, "balances": standing.balances}
    shell.show(told, text)


async def _standing(holder: "Holder") -> _Standing:
    network, chain = holder.network, holder.chain
    return _Standing(holder.address, network.title, network.native, await chain.balances(), await chain.now())


@click.command()
@_passphrase_option
@json_option
@pass_shell
def create(shell: Shell, passphrase_file: Path | None) -> None:
    """Make a key and keep it on this machine.

    \b
    sparecloud wallet create
    """
    address = shell.tools.wallets().wallet_create(shell.home, passphrase_file)
    shell.show(
        {"address": address},
        f"{address}\nSend SPARE and a little of the chain's own coin there. `sparecloud wallet export` backs it up.",
    )


@click.command("import")
@_passphrase_option
@click.option("--key-file", type=click.File(), help="Read the private key from a file, or from stdin with -.")
@click.option("--keystore", type=click.File(), help="Read an encrypted V3 key file instead; its passphrase is asked.")
@click.option(
    "--keystore-passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the key file's passphrase from its first line.",
)
@json_option
@pass_shell
def import_key(
    shell: Shell,
    passphrase_file: Path | None,
    key_file: TextIO | None,
    keystore: TextIO | None,
    keystore_passphrase_file: Path | None,
) -> None:
    """Keep a key that you have. It is asked for without being shown, and never an argument that others could list.

    \b
    sparecloud wallet import
    sparecloud wallet import --keystore backup.json
    """
    wallets = shell.tools.wallets()
    if keystore is not None:
        if key_file is not None:
            raise InvalidInput("--key-file and --keystore name two keys.", "Name one of them.")
        text = keystore.read()
        opening = _secret("Passphrase of the key file", keystore_passphrase_file)
        address = wallets.wallet_import_keystore(shell.home, text, opening, passphrase_file)
    else:
        key = key_file.read().strip() if key_file is not None else _secret("Private key (64 hexadecimal digits)", None)
        address = wallets.wallet_import(shell.home, key, passphrase_file)
    shell.show({"address": address}, str(address))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Encrypt under its first line instead of asking.",
)
@json_option
@pass_shell
def export(shell: Shell, file: Path, passphrase_file: Path | None) -> None:
    """Back the key up: write it to FILE, an encrypted V3 key file that wallets everywhere can read.

    \b
    sparecloud wallet export backup.json
    """
    wallets = shell.tools.wallets()
    passphrase = _secret("Passphrase for the backup", passphrase_file, confirmed=True)
    address = wallets.wallet_export(shell.home, file, passphrase)
    shell.show(
        {"address": address, "path": str(file)},
        f"The key of {address} is in {file}. It is worth nothing without its passphrase: keep both, and apart.",
    )


@click.command()
@yes_option
@json_option
@pass_shell
def lock(shell: Shell, yes: bool) -> None:
    """Forget the passphrase that is kept beside the key. Nothing is signed any more until `wallet unlock`.

    An agent that runs has unlocked the key already, and keeps it in its memory until it is stopped.

    \b
    sparecloud wallet lock
    """
    question = "Forget the wallet's passphrase? Who does not know it can never open the key again."
    shell.confirm(question, yes)
    shell.tools.wallets().wallet_lock(shell.home)
    shell.show(
        {"locked": True}, "Locked. An agent that runs keeps the key in its memory: stop it, if that is not wanted."
    )


@click.command()
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the passphrase from its first line instead of asking.",
)
@json_option
@pass_shell
def unlock(shell: Shell, passphrase_file: Path | None) -> None:
    """Keep the passphrase beside the key again, so that agents and verbs can sign.

    \b
    sparecloud wallet unlock
    """
    wallets = shell.tools.wallets()
    address = wallets.wallet_unlock(shell.home, _secret("Passphrase", passphrase_file))
    shell.show({"address": address}, f"Unlocked: {address}")


def _secret(prompt: str, file: Path | None, *, confirmed: bool = False) -> str:
    """What is typed and not shown, or the first line of `file`. Raises SparecloudError."""
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as unreadable:
            raise InvalidInput(f"{file} cannot be read.", "Name a readable text file.") from unreadable
        return lines[0] if lines else ""
    try:
        return str(click.prompt(prompt, hide_input=True, err=True, confirmation_prompt=confirmed))
    except click.Abort as nobody:
        raise SparecloudError("Nothing was done: nobody answered.", "Type it, or name a file.") from nobody
