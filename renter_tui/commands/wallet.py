"""`wallet`: the account that pays."""

from pathlib import Path
from typing import TextIO

import click

from core.view import spare
from renter_tui.commands.shell import Shell, json_option, pass_shell

_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="SPARECLOUD_PASSPHRASE_FILE",
    help="Encrypt the key under its first line, not in the keyring.  [env: SPARECLOUD_PASSPHRASE_FILE]",
)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def wallet(context: click.Context) -> None:
    """Show the wallet's address and balances; `create` or `import` its key.

    \b
    sparecloud wallet
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@wallet.command()
@json_option
@pass_shell
def show(shell: Shell) -> None:
    """Show the address and what it holds.

    \b
    sparecloud wallet show
    """
    view = shell.ask(lambda agent: agent.view())
    if view.balances is None:
        money = [view.problem or "The balances are not known yet.", view.hint]
    else:
        money = [f"Coin:     {spare(view.balances.coin)}", f"For fees: {spare(view.balances.native, 'native coin')}"]
    text = "\n".join(filter(None, (f"Address:  {view.address}", *money)))
    shell.show({"address": view.address, "balances": view.balances}, text)


@wallet.command()
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
        {"address": address}, f"{address}\nSend SPARE and a little of the chain's own coin there, and back it up."
    )


@wallet.command("import")
@_passphrase_option
@click.option("--key-file", type=click.File(), help="Read the private key from a file, or from stdin with -.")
@json_option
@pass_shell
def import_key(shell: Shell, passphrase_file: Path | None, key_file: TextIO | None) -> None:
    """Keep a key that you have. It is asked for without being shown, and never an argument that others could list.

    \b
    sparecloud wallet import
    """
    if key_file is not None:
        key = key_file.read().strip()
    else:
        key = str(click.prompt("Private key (64 hexadecimal digits)", hide_input=True, err=True))
    address = shell.tools.wallets().wallet_import(shell.home, key, passphrase_file)
    shell.show({"address": address}, str(address))
