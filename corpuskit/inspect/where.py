"""`corpuskit.where`: where a document, a line or a text is in a corpus, and when a run sees it."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corpuskit.batches.order import Order
from corpuskit.batches.stream import Piece
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError
from corpuskit.inspect.lines import InputLines, Place
from corpuskit.inspect.seen import Seen, when_seen
from corpuskit.inspect.text_search import find_text
from corpuskit.numbers import whole
from corpuskit.on_progress import OnProgress
from corpuskit.terminal.text import one_line, safe

if TYPE_CHECKING:
    from corpuskit.batches import Batches

#: So many tokens are decoded of a place, and before and behind it.
_SHOWN, _AROUND = 64, 12
_CHUNK = 2**20
#: What half of a character decodes to.
_CUT = "\ufffd"


@dataclasses.dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place of a corpus that was asked for.

    Args:
        split: The split's name.
        start: Its first token, counted through the split.
        stop: Where its tokens end (exclusive).
        shards: The files that the tokens are in, each with where they begin and end in it.
        document: The document that it is in, or is.
        place: Where that is in its input.
        before: Text before it in its document.
        text: Its own text, shortened.
        after: Text behind it.
        seen: At which steps the run sees it; None where no run was said.
    """

    split: str
    start: int
    stop: int
    shards: tuple[tuple[str, int, int], ...]
    document: Piece
    place: Place
    before: str
    text: str
    after: str
    seen: Seen | None = None

    def to_json(self) -> dict[str, Any]:
        """The place as a JSON value."""
        return {
            "split": self.split,
            "tokens": [self.start, self.stop],
            "shards": [{"file": file, "tokens": [start, stop]} for file, start, stop in self.shards],
            "document": self.document.document,
            "document_tokens": [self.document.document_start, self.document.document_stop],
            "place": {**self.place.to_json(), "text": str(self.place)},
            "before": self.before,
            "text": self.text,
            "after": self.after,
            "seen": None if self.seen is None else self.seen.to_json(),
        }

    def __str__(self) -> str:
        piece = self.document
        files = ", ".join(f"{file} {start:,} to {stop:,}" for file, start, stop in self.shards)
        lines = [
            f"{one_line(str(self.place))}: document {piece.document:,} of {self.split}, "
            f"its tokens {self.start - piece.document_start:,} to {self.stop - piece.document_start:,} "
            f"of {piece.document_stop - piece.document_start:,}",
            f"  tokens {files or 'none'}",
            f"  {safe(self.before + '[' + self.text + ']' + self.after).translate(_ESCAPES)}",
        ]
        if self.place.why:
            lines.insert(1, f"  no line: {one_line(self.place.why)}")
        if self.seen is not None:
            lines.append(f"  seen {self.seen}")
        return "\n".join(lines)


_ESCAPES = str.maketrans({"\n": "\\n", "\t": "\\t"})


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What `corpuskit.where` has found.

    Args:
        places: The places, in the order of the corpus.
        is_all: Whether those are all of them.
    """

    places: tuple[FoundPlace, ...]
    is_all: bool

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[FoundPlace]:
        return iter(self.places)

    def to_json(self) -> dict[str, Any]:
        """The value as JSON."""
        return {"is_all": self.is_all, "places": [place.to_json() for place in self.places]}

    def __str__(self) -> str:
        words = "nowhere" if not self.places else "\n".join(map(str, self.places))
        return words if self.is_all else f"{words}\nand more; this is where the search ended"


def where(
    corpus: Corpus | str | os.PathLike[str],
    *,
    document: int | None = None,
    input: str | None = None,
    text: str | None = None,
    split: str | None = None,
    inputs: str | os.PathLike[str] | None = None,
    batches: Batches | None = None,
    steps: tuple[int, int] | None = None,
    most: int = 100,
    on_progress: OnProgress | None = None,
) -> Found:
    """Where something is in a corpus: its shard, its tokens, its document, and the line of an input.

    Args:
        corpus: The corpus, or where it is.
        document: The number of a document of the split, from 0.
        input: A line of an input, "books/a.txt:12", counted from 1, or a row, "rows.csv#7", from 0.
        text: A text, wherever it is inside a document; exactly one of `document`, `input` and `text` is said.
        split: The split that is looked at; by default that of the batches, else for a document "train", and
            for other things all of them.
        inputs: The folder of the inputs; by default where they were when they were prepared.
        batches: Batches of a run of this corpus, or of a mixture that it is in: says when that run sees it.
        steps: The first and the last step that are looked at; by default those of an epoch.
        most: How many places are found, and rows of the run for each.
        on_progress: Called on the way, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The places, as values with `to_json()`.

    Raises:
        ConfigError: If there is no such document, line or split, or the steps must be said and are not.
        CorpusFormatError: If a file has other bytes than the manifest says.
        TokenizerError: If the tokenizer cannot be opened.

    Example:
        >>> found = corpuskit.where("data/tinyshakespeare/gpt2", text="zounds")
        >>> found.places[0].start
        78285
    """
    if sum(one is not None for one in (document, input, text)) != 1:
        raise ConfigError("where takes one of document, input and text")
    if not isinstance(text, (str, type(None))):
        raise ConfigError(f"where takes a text, a str, and found {type(text).__name__}", found=text)
    if document is not None:
        document = whole("document", document, least=0)
    if steps is not None and batches is None:
        raise ConfigError("steps are those of a run: pass its batches, too", found=steps)
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    most = whole("most", most, least=1)
    stream = None if batches is None else batches.order.stream
    split = split or (None if stream is None else stream.name) or ("train" if document is not None else None)
    names = corpus.splits if split is None else (corpus[split].name,)
    lines = InputLines(corpus, inputs, on_progress=on_progress)
    if document is not None:
        piece = _document(corpus, names[0], document)
        found = iter([(names[0], piece.start, piece.stop)])
    elif input is not None:
        found = _at_input(corpus, names, lines, input)
    else:
        assert text is not None
        found = (
            (name, one.start, one.stop)
            for name in names
            for one in find_text(corpus, name, text, on_progress=on_progress)
        )
    ranges = list(itertools.islice(found, most))
    is_all = len(ranges) < most or next(found, None) is None
    pieces = [
        piece if document is not None else corpus[name].pieces(start, stop)[0] for name, start, stop in ranges
    ]
    places = lines.find(pieces)
    seen: Sequence[Seen | None] = [None] * len(ranges)
    if batches is not None:
        seen = _seen(batches.order, corpus, ranges, steps, most, on_progress)
    made = zip(ranges, pieces, places, seen, strict=True)
    return Found(tuple(_place(corpus, *one) for one in made), is_all)


def _document(corpus: Corpus, split: str, number: int) -> Piece:
    try:
        return corpus[split].document_piece(number)
    except IndexError as error:
        raise ConfigError(str(error), found=number) from error


def _place(
    corpus: Corpus, where: tuple[str, int, int], piece: Piece, place: Place, seen: Seen | None
) -> FoundPlace:
    name, start, stop = where
    split = corpus[name]
    low, high = max(start - _AROUND, piece.document_start), min(stop + _AROUND, piece.document_stop)
    shown = min(stop, start + _SHOWN)
    return FoundPlace(
        name,
        start,
        stop,
        _shards(corpus, split, start, stop),
        piece,
        place,
        split.decode(split[low:start]).lstrip(_CUT),
        split.decode(split[start:shown]) + ("..." if shown < stop else ""),
        split.decode(split[stop:high]).rstrip(_CUT),
        seen,
    )


def _shards(corpus: Corpus, split: Split, start: int, stop: int) -> tuple[tuple[str, int, int], ...]:
    """The files that tokens are in, each with where they begin and end in it."""
    found = []
    for number, record in enumerate(corpus.manifest.splits[split.name].shards):
        low, high = int(split.shard_starts[number]), int(split.shard_starts[number + 1])
        if low < stop and start < high:
            found.append((record.file, max(start, low) - low, min(stop, high) - low))
    return tuple(found)


def _at_input(
    corpus: Corpus, names: Sequence[str], lines: InputLines, said: str
) -> Iterator[tuple[str, int, int]]:
    """The tokens of a line, or of the documents that begin in it, or of a row's document."""
    parts = re.fullmatch(r"(.+)([:#])([0-9]{1,18})", said, re.DOTALL)
    if parts is None:
        raise ConfigError(f"--input {said}: must be FILE:LINE, or FILE#ROW of a file with rows", found=said)
    name, number = lines.name_of(parts[1]), int(parts[3])
    if (lines.unit(name) == "row") != (parts[2] == "#"):
        right = f"rows, from 0: {name}#ROW" if parts[2] == ":" else f"lines, from 1: {name}:LINE"
        raise ConfigError(f"--input {said}: this file is known by its {right}", found=said)
    if parts[2] == ":" and not number:
        raise ConfigError(f"--input {said}: lines are counted from 1", found=said)
    low, high = (number, number + 1) if parts[2] == "#" else lines.bounds(name, number)
    begun, covering = _documents(corpus, names, name, low, high)
    if covering is not None and lines.is_verbatim(name):
        found = _tokens_of_bytes(corpus, covering, low, high)
        begun = begun if found is None else [found, *begun]
    if not begun:
        what = "is of this row" if parts[2] == "#" else "begins in this line"
        raise ConfigError(f"--input {said}: no document of {', '.join(names)} {what}", found=said)
    return iter(begun)


def _documents(
    corpus: Corpus, names: Sequence[str], name: str, low: int, high: int
) -> tuple[list[tuple[str, int, int]], Piece | None]:
    """The documents of an input that start in a range of it, and the last one that starts before."""
    numbers = [number for number, record in enumerate(corpus.manifest.inputs) if record.name == name]
    begun, before = [], (-1, "", -1)
    for split in names:
        first = 0
        for _, rows in scan.indexes(
            corpus[split], corpus.manifest.splits[split].shards, scan.refuser(corpus[split])
        ):
            of = np.flatnonzero(np.isin(rows[:, 1], numbers))
            starts = rows[of, 2].astype(np.int64)
            for at in of[(starts >= low) & (starts < high)].tolist():
                piece = corpus[split].document_piece(first + at)
                begun.append((split, piece.start, piece.stop))
            earlier = starts < low
            if earlier.any():
                at = int(np.flatnonzero(earlier)[np.argmax(starts[earlier])])
                before = max(before, (int(starts[at]), split, first + int(of[at])))
            first += len(rows)
    covering = corpus[before[1]].document_piece(before[2]) if before[1] else None
    return [one for one in begun if one[1] < one[2]], covering


def _tokens_of_bytes(corpus: Corpus, piece: Piece, low: int, high: int) -> tuple[str, int, int] | None:
    """The tokens of a range of an input's bytes in a document whose text they are; None if it ends before."""
    texts = corpus.tokenizer.token_bytes()
    if texts is None:
        return piece.split, piece.start, piece.stop
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    eot_id = corpus.manifest.tokenizer.eot_id
    if eot_id is not None and corpus.manifest.options.get("eot"):
        lengths[eot_id] = 0
    at, first = piece.input_start, None
    for start in range(piece.start, piece.stop, _CHUNK):
        ends = at + np.cumsum(lengths[corpus[piece.split][start : min(start + _CHUNK, piece.stop)]])
        if first is None and ends[-1] > low:
            first = start + int(ends.searchsorted(low, "right"))
        if first is not None and ends[-1] >= high:
            return piece.split, first, start + int(ends.searchsorted(high, "left")) + 1
        at = int(ends[-1])
    return None if first is None else (piece.split, first, piece.stop)


def _seen(
    order: Order,
    corpus: Corpus,
    ranges: Sequence[tuple[str, int, int]],
    steps: tuple[int, int] | None,
    most: int,
    on_progress: OnProgress | None,
) -> list[Seen]:
    stream = order.stream
    if any(name != stream.name for name, _, _ in ranges):
        raise ConfigError(f"the batches are of split {stream.name!r}; look for it in that one")
    offset = None
    for number, (part, shard) in enumerate(stream.parts()):
        if shard == 0 and part.fingerprint == corpus[stream.name].fingerprint:
            offset = int(stream.shard_starts[number])
    if offset is None:
        raise ConfigError(f"{corpus.path} is none of the corpora that the batches are of")
    tokens = [(start + offset, stop + offset) for _, start, stop in ranges]
    return when_seen(order, tokens, steps=steps, most=most, on_progress=on_progress)


__all__ = ["Found", "FoundPlace", "where"]
