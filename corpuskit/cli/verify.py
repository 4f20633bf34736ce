"""corpuskit verify."""

from __future__ import annotations

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, json_option, quiet_option
from corpuskit.errors import CorpusFormatError
from corpuskit.terminal.text import one_line


@click.command("verify", cls=Command, examples=("corpuskit verify data/tinyshakespeare/gpt2",))
@corpus_argument
@json_option
@quiet_option
def command(corpus: str, as_json: bool, quiet: bool) -> None:
    """Check every byte of a corpus against its manifest.

    Checks each file's sha256, that every id is in the vocabulary, and that the documents' index is in
    order. Exits with 5 if something is wrong.
    """
    from corpuskit.cli import render
    from corpuskit.corpus.verification import verify
    from corpuskit.terminal.progress_bars import ProgressBars
    from corpuskit.urls import shown

    with ProgressBars(quiet=quiet) as bars:
        problems = verify(corpus, on_progress=bars)
    corpus = shown(corpus)
    if as_json:
        found = [{"file": problem.file, "message": problem.message} for problem in problems]
        render.print_json({"path": corpus, "ok": not problems, "problems": found})
    else:
        for problem in problems:
            click.echo(one_line(str(problem)))
    if problems:
        raise CorpusFormatError(
            f"{corpus}: {len(problems)} problem{'s' if len(problems) > 1 else ''} found; "
            "prepare it again with --overwrite"
        )
    if not as_json and not quiet:
        render.say(f"{corpus}: every byte is as the manifest says")
