"""corpuskit completion."""

from __future__ import annotations

import click

from corpuskit.cli.complete import SHELLS, script
from corpuskit.cli.help import Command


@click.command("completion", cls=Command, examples=('eval "$(corpuskit completion bash)"',))
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that has a shell complete corpuskit's commands with the Tab key.

    For bash, put the line 'eval "$(corpuskit completion bash)"' into ~/.bashrc; for zsh the same with zsh
    into ~/.zshrc; for fish 'corpuskit completion fish | source' into ~/.config/fish/config.fish. Names of
    corpora, tokenizers, samplers, templates, formats, executors, splits and commands are completed, and files
    where files go.
    """
    click.echo(script(shell, click.get_current_context().find_root().command))
