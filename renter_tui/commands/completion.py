"""`completion`: what a shell needs to complete verbs and options."""

import click

from renter_tui.commands.shell import Shell, json_option, pass_shell

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("kind", type=click.Choice(SHELLS), metavar="[bash|zsh|fish]")
@json_option
@pass_shell
def completion(shell: Shell, kind: str) -> None:
    """Print a script after which the shell completes verbs and options, with Tab.

    \b
    sparecloud completion bash > ~/.local/share/bash-completion/completions/sparecloud
    sparecloud completion zsh > "${fpath[1]}/_sparecloud"
    sparecloud completion fish > ~/.config/fish/completions/sparecloud.fish
    """
    from click.shell_completion import get_completion_class

    known = get_completion_class(kind)
    assert known is not None, "click brings the three."
    script = known(click.get_current_context().find_root().command, {}, "sparecloud", "_SPARECLOUD_COMPLETE").source()
    shell.show({"script": script}, script)
