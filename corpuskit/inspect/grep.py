"""Documents whose text matches a regular expression, in one pass over a split and in bounded memory."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus import scan
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.tokenizers.base import Tokenizer

#: A document of more tokens is searched in stretches of so many, each beginning so many before the last one's
#: end: a match of up to that many tokens is found wherever it is.
_STRETCH, _OVERLAP = 2**22, 2**16


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """The first match in a document.

    Args:
        document: The document's number in the split.
        start: The first token of the match, in the split.
        stop: Where it ends (exclusive); an empty match has no tokens.
    """

    document: int
    start: int
    stop: int


def find_documents(
    split: Split,
    records: Sequence[ShardRecord],
    pattern: re.Pattern[str],
    *,
    on_progress: OnProgress | None = None,
    stretch: int = _STRETCH,
    overlap: int = _OVERLAP,
) -> Iterator[Match]:
    """The documents of a split whose text matches, in order; the end-of-text id is no part of the text.

    Args:
        split: The split.
        records: What the manifest says of its shards.
        pattern: What is looked for, with `search`.
        on_progress: Called after every few MiB of tokens.
        stretch: A document of more tokens is searched in stretches of so many.
        overlap: So many tokens are in two of them.

    Raises:
        CorpusFormatError: If a shard's bytes are not those that were prepared.
        TokenizerError: If an id is not in the vocabulary.
    """
    tokenizer = split.tokenizer
    found = -1
    for document, start, ids, is_last in _stretches(split, records, on_progress, stretch, overlap):
        if document == found:
            continue
        if is_last and len(ids) and ids[-1] == tokenizer.eot_id:
            ids = ids[:-1]
        match = pattern.search(tokenizer.decode(ids))
        if match is not None:
            found = document
            first, last = _tokens_of(match, ids, tokenizer)
            yield Match(document, start + first, start + last)


def _stretches(
    split: Split, records: Sequence[ShardRecord], on_progress: OnProgress | None, most: int, overlap: int
) -> Iterator[tuple[int, int, NDArray[Any], bool]]:
    """The ids of each document: its number, where they start, themselves, and whether it ends there."""
    document, start = 0, 0
    held = np.empty(0, split.dtype)  # the beginning of a document that goes on
    for ends, at, piece in _pieces(split, records, on_progress):
        done = 0
        for end in (ends - at).tolist():
            yield document, start, np.concatenate((held, piece[done:end])), True
            document, start, done, held = document + 1, at + end, end, held[:0]
        held = np.concatenate((held, piece[done:]))
        while len(held) > most:
            yield document, start, held[:most], False
            held, start = held[most - overlap :], start + most - overlap


def _pieces(
    split: Split, records: Sequence[ShardRecord], on_progress: OnProgress | None
) -> Iterator[tuple[NDArray[np.int64], int, NDArray[Any]]]:
    """All ids, a few MiB at a time: which documents end in them, where they start, and themselves."""
    total, done = sum(record.size_bytes for record in records), 0
    refuse = scan.refuser(split)
    for number, record in enumerate(records):
        at, ended = int(split.shard_starts[number]), 0
        ends = scan.ends(split, number, record, refuse)
        for piece in scan.shard(split, number, record, refuse):
            last = int(np.searchsorted(ends, at + len(piece), side="right"))
            yield ends[ended:last], at, piece
            at, ended, done = at + len(piece), last, done + piece.nbytes
            if on_progress is not None:
                on_progress(Progress("search", record.file, done, total))
        yield ends[ended:], at, np.empty(0, split.dtype)  # documents without tokens in a shard without any


def _tokens_of(match: re.Match[str], ids: NDArray[Any], tokenizer: Tokenizer) -> tuple[int, int]:
    """The first token that a match is in, and the one after its last."""

    def first(reaches: Callable[[int], bool]) -> int:
        """The smallest number of ids whose characters reach far enough."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            if reaches(len(tokenizer.decode(ids[:middle]))):
                high = middle
            else:
                low = middle + 1
        return low

    stop = first(lambda characters: characters >= match.end())
    if match.start() == match.end():
        return stop, stop
    if stop < len(ids):  # a part of the last character counts as one
        stop = max(stop, first(lambda characters: characters > match.end()) - 1)
    return first(lambda characters: characters > match.start()) - 1, stop


__all__ = ["Match", "find_documents"]
