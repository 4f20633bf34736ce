"""`corpuskit.compare`: two corpora side by side, or two encodings of the same documents."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.inspect.collecting import stats
from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_records import ScriptShare
from corpuskit.inspect.stats_text import joined, percent, table
from corpuskit.on_progress import OnProgress
from corpuskit.terminal.text import one_line, size


@dataclasses.dataclass(frozen=True, slots=True)
class Fertility:
    """Into how many tokens a byte of a script's text is encoded in two corpora.

    Args:
        script: The script, as `ScriptShare.script`; empty for all text, end-of-text ids left out.
        first: Tokens a byte in the first corpus; None where it has no such text.
        second: Tokens a byte in the second corpus; None where it has no such text.
    """

    script: str
    first: float | None
    second: float | None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two corpora side by side; `print()` shows it as the command line does.

    Args:
        first: What the first corpus looks like.
        second: What the second one looks like.
        same_inputs: Whether both are made of inputs with the same bytes, in the same order, and have as many
            documents in the splits that were counted.
        fertility: Tokens a byte, of all text and then of each script, those with the most bytes first; empty
            where a tokenizer is not known.
    """

    first: Stats
    second: Stats
    same_inputs: bool
    fertility: tuple[Fertility, ...]

    def __repr__(self) -> str:
        return f"<Comparison of {self.first.path!r} with {self.second.path!r}; print() shows all of it>"

    def __str__(self) -> str:
        return joined(self._facts(), self._scripts(), self._notes())

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value, by the names of the fields."""
        return {
            "first": self.first.to_json(),
            "second": self.second.to_json(),
            "same_inputs": self.same_inputs,
            "fertility": [dataclasses.asdict(one) for one in self.fertility],
        }

    def _facts(self) -> Iterator[str]:
        rows = {
            "corpus": [one_line(one.path) for one in self._both],
            "encoding": [one_line(one.tokenizer) for one in self._both],
            "vocabulary": [f"{one.vocab_size:,}" for one in self._both],
            "tokens": [f"{one.num_tokens:,}" for one in self._both],
            "documents": [f"{one.num_documents:,}" for one in self._both],
            "text": [_known(one.text_bytes, size) for one in self._both],
            "shards": [size(one.size_bytes) for one in self._both],
            "bytes a token": [_known(one.bytes_per_token, "{:.3f}".format) for one in self._both],
            "tokens a document": [f"{one.lengths.mean:,.1f}" for one in self._both],
            "unused ids": [percent(one.unused_ids, one.vocab_size) for one in self._both],
            "entropy": [f"{one.entropy_bits:.2f} bits" for one in self._both],
            "duplicates": [percent(one.duplicates.num_documents, one.num_documents) for one in self._both],
        }
        yield from table(("", ">first", ">second"), [(name, *cells) for name, cells in rows.items()])

    @property
    def _both(self) -> tuple[Stats, Stats]:
        return self.first, self.second

    def _scripts(self) -> Iterator[str]:
        if self.fertility:
            yield "Tokens a byte"
            rows = (
                (
                    one.script.replace("_", " ") or "all",
                    *("none" if rate is None else f"{rate:.4f}" for rate in (one.first, one.second)),
                    f"{one.second / one.first:.2f}" if one.first and one.second else "",
                )
                for one in self.fertility
            )
            yield from table(("script", ">first", ">second", ">second / first"), rows)

    def _notes(self) -> Iterator[str]:
        if not self.same_inputs:
            yield "Note: they are not made of the same inputs, so differences may be those of the text."
        for one in self._both:
            yield from (f"Note: {one_line(f'{one.path}: {note}')}." for note in one.notes)


def compare(
    first: Corpus | str | os.PathLike[str],
    second: Corpus | str | os.PathLike[str],
    *,
    split: str | Sequence[str] | None = None,
    encoding: str | None = None,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> Comparison:
    """Compare two corpora, or two encodings of the same documents: tokens a byte, a document, and by script.

    Args:
        first: An open corpus, its folder, or its URL.
        second: Another one.
        split: The split to count in both, or several; None is all of them.
        encoding: The tokenizer to decode with, where a manifest holds its name only.
        on_progress: Called every few MiB, such as the bars of `with corpuskit.progress() as bars`.
        options: What `corpuskit.stats` takes besides.

    Raises:
        CorpusFormatError: If one is not a corpus, or a file is damaged.
        ConfigError: If there is no such split, or an option is impossible.
        StorageError: If a file cannot be read, or the store does not answer.

    Example:
        >>> corpuskit.compare("data/tinyshakespeare/gpt2", "data/books/gpt2").same_inputs
        False
    """
    corpora = [
        one if isinstance(one, Corpus) else open_corpus(one, encoding=encoding) for one in (first, second)
    ]
    one, other = (stats(corpus, split=split, on_progress=on_progress, **options) for corpus in corpora)
    inputs = [[item.sha256 for item in corpus.manifest.inputs] for corpus in corpora]
    same = inputs[0] == inputs[1] and one.num_documents == other.num_documents
    return Comparison(one, other, same, tuple(_fertility(one, other)))


def _fertility(first: Stats, second: Stats) -> Iterator[Fertility]:
    if first.scripts is None or second.scripts is None:
        return
    shares = {one.script: one for one in first.scripts}, {one.script: one for one in second.scripts}
    sizes: Counter[str] = Counter()
    for one in (*first.scripts, *second.scripts):
        sizes[one.script] += one.num_bytes
    yield Fertility("", _rate(first.scripts), _rate(second.scripts))
    for name, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        rates = (_rate([found[name]]) if name in found else None for found in shares)
        yield Fertility(name, *rates)


def _rate(shares: Sequence[ScriptShare]) -> float | None:
    """Tokens a byte of some scripts together."""
    num_bytes = sum(one.num_bytes for one in shares)
    return sum(one.num_tokens for one in shares) / num_bytes if num_bytes else None


def _known(value: Any, shown: Any) -> str:
    return "unknown" if value is None else str(shown(value))


__all__ = ["Comparison", "Fertility", "compare"]
