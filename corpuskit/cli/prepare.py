"""corpuskit prepare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from corpuskit.prepare import Prepared


@click.command("prepare")
@click.argument("dataset", nargs=-1)
@click.option("--encoding", metavar="NAME", help="'corpuskit list tokenizers' lists them. [default: gpt2]")
@click.option("--name", metavar="NAME", help="What to call the corpus.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="[default: data/NAME/ENCODING]")
@click.option("--from", "location", metavar="PATH_OR_URL", help="Take a named corpus's bytes from here.")
@click.option("--split", metavar="RULE", help="'characters:0.1', 'valid=0.01,test=0.01' or 'none'.")
@click.option("--eot/--no-eot", default=None, help="Append the end-of-text id after each document.")
@click.option("--format", metavar="NAME", help="'corpuskit list readers' lists them. [default: by extension]")
@click.option("--text-field", metavar="FIELD", help="The field or column that holds the text.")
@click.option("--separator", metavar="TEXT", help="What separates the documents of a text file.")
@click.option("--lines", is_flag=True, default=None, help="Each line of a text file is a document.")
@click.option("--invalid-utf8", type=click.Choice(["error", "replace"]), help="[default: error]")
@click.option("--on-bad-document", type=click.Choice(["error", "skip"]), help="[default: error]")
@click.option("--on-missing", type=click.Choice(["skip", "error"]), help="No text: [default: skip]")
@click.option("--max-tokens", metavar="N", help="Stop after the document that reaches N: 10B, 500M.")
@click.option("--engine", type=click.Choice(["auto", "tiktoken", "gigatoken"]), help="[default: auto]")
@click.option("--executor", metavar="NAME", help="What runs the parts. [default: local]")
@click.option("--workers", type=int, metavar="N", help="Processes. [default: one a core]")
@click.option("--overwrite", is_flag=True, default=None, help="Replace a corpus prepared differently.")
@click.option("--config", type=click.Path(path_type=Path), help="Options from a TOML file; flags win.")
@json_option
@quiet_option
def command(dataset: tuple[str, ...], config: Path | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Turn DATASET into a verified corpus of token ids, ready to train on.

    DATASET is a corpus's name ('corpuskit list sources'), or files: a path, a folder, a glob, a URL, or
    @FILE with a path on each line. A run that was stopped goes on where it was; a corpus that is there
    already is left alone.

    \b
    corpuskit prepare tinyshakespeare --encoding gpt2
    corpuskit prepare ./my.txt --encoding cl100k_base --name mine
    """  # noqa: D301 - click reads the \b
    from corpuskit.cli import render
    from corpuskit.config import PrepareConfig, read_toml
    from corpuskit.prepare import run

    values = read_toml(config, PrepareConfig) if config is not None else {}
    if dataset:
        flags["dataset"] = dataset[0] if len(dataset) == 1 else list(dataset)
    elif "dataset" not in values:
        raise click.UsageError("Missing argument 'DATASET'; 'corpuskit list sources' lists some.")
    with render.ProgressBars(quiet=quiet) as bars:
        prepared = run(PrepareConfig.make(values, flags), on_progress=bars)
    if as_json:
        render.print_json(_as_json(prepared))
        return
    if not quiet:
        _say(prepared)
    click.echo(str(prepared.corpus.path))


def _as_json(prepared: Prepared) -> dict[str, Any]:
    corpus = prepared.corpus
    return {
        "path": str(corpus.path),
        "made": prepared.made,
        "fingerprint": corpus.fingerprint,
        "splits": {name: len(split) for name, split in corpus.items()},
        "run": prepared.run,
    }


def _say(prepared: Prepared) -> None:
    from corpuskit.cli import render

    corpus, run = prepared.corpus, prepared.run
    counts = ", ".join(f"{len(split):,} {name}" for name, split in corpus.items())
    if not prepared.made:
        click.echo(f"Already prepared: {counts} tokens. Nothing was changed.", err=True)
        return
    speed = f"{run['elapsed_s']:.1f} s, {render.size(run['bytes_per_s'])}/s"
    click.echo(f"Prepared {counts} tokens ({corpus.manifest.tokenizer.name}) in {speed}.", err=True)
    for kind, count in corpus.manifest.left_out.items():
        first = run["left_out"][kind][0]
        place = f"first in {first['input']} at {first['start']:,}: {first['reason']}"
        click.echo(f"Left out or repaired, {kind}: {count:,} ({render.safe(place)})", err=True)
