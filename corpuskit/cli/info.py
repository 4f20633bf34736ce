"""corpuskit info."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, json_option
from corpuskit.terminal.text import one_line, size

if TYPE_CHECKING:
    from corpuskit.corpus import Corpus
    from corpuskit.preparation.corpora import Listed


@click.command(
    "info",
    cls=Command,
    examples=(
        "corpuskit info data/tinyshakespeare/gpt2",
        "corpuskit info data/tinyshakespeare/gpt2 --json | jq .splits",
    ),
)
@corpus_argument
@json_option
def command(corpus: str, as_json: bool) -> None:
    """Say what a prepared corpus is: its splits, tokenizer, options and inputs.

    Of a folder that corpora are in, list them; of a corpus in the making, say how far it is.
    """
    from corpuskit.cli import render
    from corpuskit.corpus import open_corpus

    others = _instead_of(corpus)
    if others:
        from corpuskit.cli.corpora import show

        show(others, as_json=as_json)
        return
    opened = open_corpus(corpus)
    if as_json:
        described = {"path": str(opened.path), "fingerprint": opened.fingerprint}
        render.print_json({**described, **opened.manifest.to_json()})
    else:
        _print(opened)


def _instead_of(corpus: str) -> list[Listed]:
    """What there is to list where a path is not, or not yet, a corpus; nothing if it is one, or empty.

    Raises:
        CorpusFormatError: If the path is no folder, and one of this name is where corpora are made.
    """
    from corpuskit.corpus.manifest import FILE_NAME
    from corpuskit.errors import CorpusFormatError
    from corpuskit.file_errors import looking_at
    from corpuskit.paths import user_path
    from corpuskit.preparation.corpora import Listed, corpora_in, making
    from corpuskit.urls import remote_path

    if remote_path(corpus) is not None:
        return []
    path = user_path(corpus, what="corpus")
    with looking_at(path):
        if (path / FILE_NAME).exists():
            return []
        begun = making(path) if path.name else None
    found = [*([Listed(path, making=begun)] if begun else []), *corpora_in(path)]
    default = Path("data") / path
    if not found and not path.exists() and any(corpora_in(default)):
        raise CorpusFormatError(
            f"{path}: no such file or directory; 'corpuskit info {default}' lists the corpora there",
            path=path,
        )
    return found


def _print(corpus: Corpus) -> None:
    from corpuskit.cli import facts, render
    from corpuskit.corpus.run_file import run_of
    from corpuskit.inspect.derivations import derived_of

    manifest, console = corpus.manifest, render.stdout_console()
    tokenizer = manifest.tokenizer
    title = one_line(f"{manifest.dataset}, encoded with {tokenizer.name}")
    console.print(title, style="bold", markup=False)
    table = render.table("split", ">tokens", ">documents", ">shards", ">size")
    for name, split in manifest.splits.items():
        stored = size(sum(shard.size_bytes for shard in split.shards))
        render.add_row(
            table, name, f"{split.num_tokens:,}", f"{split.num_documents:,}", f"{len(split.shards):,}", stored
        )
    console.print(table)
    eot = "none" if tokenizer.eot_id is None else f"id {tokenizer.eot_id:,}"
    dtype = "uint16" if manifest.dtype == "<u2" else "uint32"
    run = run_of(corpus)
    rows = {
        "vocabulary": f"{tokenizer.vocab_size:,} ids as {dtype}; end of text: {eot}",
        "tokenizer": tokenizer.fingerprint,
        "corpus": corpus.fingerprint,
        "rates": facts.rates(manifest, run),
        "streams": facts.streams(manifest),
        "options": facts.options_of(manifest),
        "derived": one_line(derived_of(manifest)),
        "left out": _counts(manifest.left_out, "documents"),
        "": _counts(manifest.left_out_files, "files or folders"),
        "license": run.get("license", ""),
        "made by": ", ".join(map(str, run.get("plugins", ()))),
    }
    for key, value in rows.items():
        if not value:
            continue
        render.print_fact(console, key, value)
    for number, words in enumerate(facts.fields_of(corpus)):
        render.print_fact(console, "" if number else "fields", words)
    stored = size(sum(item.size_bytes for item in manifest.inputs))
    formats = facts.counts(facts.formats_of(manifest))
    render.print_fact(console, "inputs", f"{len(manifest.inputs):,}, {stored}: {formats}")
    for item in manifest.inputs[:10]:
        unverified = " (given by --from, unverified)" if item.unverified else ""
        render.print_fact(console, "", f"{item.name}{unverified}")
    if len(manifest.inputs) > 10:
        console.print(f"            ... and {len(manifest.inputs) - 10:,} more")


def _counts(left_out: Mapping[str, int], of: str) -> str:
    counts = ", ".join(f"{kind}: {count:,}" for kind, count in left_out.items())
    return f"{of}: {counts}" if counts else f"no {of}"
