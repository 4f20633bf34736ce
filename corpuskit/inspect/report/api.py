"""`corpuskit.report`: a corpus as one page to look at and to pass on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpuskit import storage
from corpuskit.batches import state as run_state
from corpuskit.batches.batches import Batches
from corpuskit.batches.order import Order, names_in
from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError, CorpuskitError
from corpuskit.inspect import collecting
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report import charts, drawing
from corpuskit.inspect.report.batch_rows import steps_html
from corpuskit.inspect.report.coverage import Coverage, coverage
from corpuskit.inspect.report.documents import documents_html
from corpuskit.inspect.report.page import Section, page
from corpuskit.inspect.report.provenance import findings_html, provenance_html, summary_html
from corpuskit.inspect.report.token_markup import TokenMarkup
from corpuskit.inspect.stats import Stats
from corpuskit.markup import escape
from corpuskit.numbers import whole
from corpuskit.on_progress import OnProgress
from corpuskit.paths import output_file
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer

#: Samplers whose coverage is shown, whatever the batches are drawn by.
_COVERED = ("random", "shuffled")
#: Bins of a coverage strip; the most frequent tokens and the largest inputs that are shown.
_BINS, _TOP = 240, 20


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A report that was written.

    Args:
        path: The file.
        size_bytes: Its size.
        steps: The steps whose rows it shows.
        covered: The share of the split's tokens that a run has drawn, by sampler.
        stats: The statistics that it shows.
    """

    path: Path
    size_bytes: int
    steps: tuple[int, ...]
    covered: dict[str, float]
    stats: Stats

    def __str__(self) -> str:
        return str(self.path)

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value."""
        return {
            "path": str(self.path),
            "size_bytes": self.size_bytes,
            "steps": [*self.steps],
            "covered": self.covered,
            "stats": self.stats.to_json(),
        }


def report(
    corpus: Corpus | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    batches: Batches | None = None,
    steps: Sequence[int] = (0,),
    run_steps: int | None = None,
    num_documents: int = 6,
    encodings: Sequence[str] = (),
    inputs: str | os.PathLike[str] | None = None,
    static: bool = False,
    overwrite: bool = False,
    stats: Stats | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Write a page about a corpus: one HTML file that asks for no other, to look at and to pass on.

    It shows the statistics with charts, what a run draws and what samplers leave out, documents as tokens,
    rows of batches, and what the corpus was made of. Every byte of the corpus is read.

    Args:
        corpus: An open corpus, its folder, or its URL.
        output: The file to be, such as `report.html`.
        batches: The batches of the corpus to show, which say the split, too; None is
            `corpus.batches(sampler="shuffled")`.
        steps: The steps whose rows are shown.
        run_steps: The steps of the run whose coverage is shown; None is as many as ask for as many tokens as
            there are.
        num_documents: How many documents are shown; the seed of the batches decides which.
        encodings: Names of other tokenizers that the documents are shown with, side by side.
        inputs: The folder in which the inputs' lines are counted; None is where they were when they were
            prepared.
        static: Whether to leave out the script: charts are drawings, and all parts are below each other.
        overwrite: Whether a file that is there may be replaced.
        stats: Statistics of this corpus that were counted already; None counts them.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Raises:
        ConfigError: If an option is impossible, the file is there, or what draws charts is not installed.
        CorpusFormatError: If the corpus is damaged.
        UnknownName: If there is no such encoding.
        StorageError: If writing failed.

    Example:
        >>> corpuskit.report("data/tinyshakespeare/gpt2", "report.html", steps=[0, 100]).steps
        (0, 100)
    """
    opened = corpus if isinstance(corpus, Corpus) else open_corpus(corpus)
    path = output_file(output, overwrite=overwrite, what="report")
    order, split = _order_of(opened, batches)
    shown = tuple(_step("a step", step, order) for step in steps)
    num_steps = _steps_of(order) if run_steps is None else _step("run_steps", run_steps, order)
    num_documents = whole("num_documents", num_documents, least=0)
    others = {name: _other(name) for name in encodings}
    lines = InputLines(opened, inputs, on_progress=on_progress)
    drawing.check_installed()

    if stats is None:
        stats = collecting.stats(
            opened,
            block_size=order.options.block_size,
            batch_size=order.options.batch_size,
            top=_TOP,
            on_progress=on_progress,
        )
    eot_id = opened.manifest.tokenizer.eot_id
    tokenizer, why = _own(opened)
    covered = _covered(order, num_steps)
    epochs = num_steps * order.options.batch_size * order.options.block_size / max(len(split), 1)
    documents = documents_html(
        split,
        num_documents,
        seed=order.options.seed,
        tokenizer=tokenizer,
        eot_id=eot_id,
        others=others,
        lines=lines,
    )
    markup = TokenMarkup(tokenizer, eot_id, names_in(order))
    summary = summary_html(opened, stats) + findings_html(stats)
    run = [
        charts.of_coverage(covered, steps=num_steps, epochs=epochs),
        *charts.of_samplers(stats, split.name),
    ]
    sections = [
        Section("summary", "Summary", summary),
        Section("charts", "Charts", charts=charts.of_stats(stats)),
        Section("documents", "Documents", _note(_DOCUMENTS, why) + documents),
        Section("run", "A run", charts=run),
        Section("batches", "Batches", _note(_drawn(order), why) + steps_html(order, shown, markup, lines)),
        Section("provenance", "Provenance", provenance_html(opened)),
    ]
    manifest = opened.manifest
    text = page(
        manifest.dataset,
        f"{stats.num_tokens:,} tokens of {manifest.tokenizer.name} in {stats.num_documents:,} documents",
        sections,
        footer=f"{opened.path} · {opened.fingerprint} · made by corpuskit",
        static=static,
    ).encode()
    storage.write_bytes(path, text)
    return Report(path, len(text), shown, {one.sampler: one.share for one in covered}, stats)


_DOCUMENTS = (
    "Some documents, drawn at random. Each colour is a token: hover one for its id, or choose a text and go "
    "through it with the arrow keys."
)


def _drawn(order: Order) -> str:
    options = order.options
    counted = [
        f"{what.replace('_', ' ').capitalize()}: {count:,}. "
        for one in order.counted().values()
        for what, count in one.items()
    ]
    return (
        f"Rows of {options.block_size:,} tokens, {options.batch_size:,} a batch, sampler {options.sampler}, "
        f"seed {options.seed}. {''.join(counted)}A number begins each document: hover it for the file "
        "and the place. Dim tokens have no target where the loss is kept inside documents; hatched places "
        "are padding."
    )


def _note(text: str, why: str) -> str:
    return "".join(f'<p class="note">{escape(one)}</p>' for one in (text, why) if one)


def _step(name: str, value: int, order: Order) -> int:
    step = whole(name, value, least=0)
    if step * order.options.batch_size > run_state.MAX_SAMPLE:
        raise ConfigError(f"{name} = {run_state.short(step)}: samples count up to 2**62", found=step)
    return step


def _order_of(corpus: Corpus, batches: Batches | None) -> tuple[Order, Split]:
    """The order to show, whose rows are made here and have their masks; and its split."""
    if batches is None:
        batches = corpus.batches(sampler="shuffled", output="numpy")
    split = batches.order.stream
    if not isinstance(split, Split) or corpus.get(split.name) is None or split.path != corpus.path:
        raise ConfigError(
            f"batches: those of {corpus.path} were expected, found those of {split!r}; make them with "
            "corpus.batches(...)",
            found=split,
        )
    if batches.schedule is not None:
        raise ConfigError(
            "a report is of batches of one shape, and these have a schedule; say one batch_size and one "
            "block_size",
            found=batches.schedule,
        )
    here = {"output": "numpy", "device": None, "resident": False, "prefetch": 0, "rank": 0, "world_size": 1}
    return Order(split, batches.options.replace(documents="mask", **here)), split


def _steps_of(order: Order) -> int:
    """As many steps as ask for as many tokens as there are."""
    return -(-order.num_tokens // (order.options.batch_size * order.options.block_size))


def _covered(order: Order, num_steps: int) -> list[Coverage]:
    options = order.options
    orders = [Order(order.stream, options.replace(sampler=name, sampler_options={})) for name in _COVERED]
    if options.sampler not in _COVERED:
        orders.append(order)
    return [coverage(one, num_steps * options.batch_size, bins=_BINS) for one in orders]


def _own(corpus: Corpus) -> tuple[Tokenizer | None, str]:
    """The corpus's tokenizer, or why there is none."""
    try:
        return corpus.tokenizer, ""
    except CorpuskitError as error:
        return None, f"Ids are shown instead of text: {error}"


def _other(name: str) -> Tokenizer:
    tokenizer = open_tokenizer(name)
    if tokenizer.needs_fitting:
        raise ConfigError(
            f"encoding {name!r}: its vocabulary comes from a corpus, so it encodes no others; choose another "
            "with --encodings",
            found=name,
        )
    return tokenizer


__all__ = ["Report", "report"]
