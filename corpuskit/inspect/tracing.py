"""The rows of a step with the lines that their documents are from, and what each token cost."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.order import Order, decode_rows
from corpuskit.batches.segments import IGNORED
from corpuskit.batches.stream import Piece
from corpuskit.batches.trace import runs, trace
from corpuskit.inspect.lines import InputLines, Place
from corpuskit.inspect.losses import levels_of

#: Tokens that a character may be made of, and then some.
_MOST_JOINED = 16


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TracedPiece:
    """Tokens of one document in a row.

    Args:
        piece: Where they are.
        place: Where the piece is in its input.
        texts: What they say: one text; with losses or a loss stream, runs of tokens that are alike in both.
        levels: The level of each text: 0, or 1 to 3 for losses above 80, 95 and 99 % of the batch's.
        learned: Whether each text is to be learned; None without a loss stream.
        learned_tokens: The tokens that are, `[first, last (exclusive)]` of each run in the split.
        num_losses: How many of them have a loss that counts.
        sum_losses: The sum of those.
    """

    piece: Piece
    place: Place
    texts: tuple[str, ...]
    levels: tuple[int, ...]
    learned: tuple[bool, ...] | None = None
    learned_tokens: tuple[tuple[int, int], ...] = ()
    num_losses: int = 0
    sum_losses: float = 0.0

    @property
    def text(self) -> str:
        """All that they say."""
        return "".join(self.texts)

    def to_json(self) -> dict[str, Any]:
        """The piece as a JSON value."""
        piece = self.piece
        value: dict[str, Any] = {
            "corpus": piece.corpus,
            "split": piece.split,
            "document": piece.document,
            "tokens": [piece.start, piece.stop],
            "document_tokens": [piece.document_start, piece.document_stop],
            "place": {**self.place.to_json(), "text": str(self.place)},
            "text": self.text,
        }
        if piece.front is not None:
            value["front"] = piece.front
        if self.learned is not None:
            value["learned"] = [[*one] for one in self.learned_tokens]
        if self.num_losses:
            value["mean_loss"] = self.sum_losses / self.num_losses
        return value


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RowTrace:
    """One row of a step.

    Args:
        row: Its number in the batch.
        sample: Its number in the global order.
        pieces: The documents in it, in order.
        mean_loss: The mean of its losses; None without losses.
    """

    row: int
    sample: int
    pieces: tuple[TracedPiece, ...]
    mean_loss: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON value."""
        value: dict[str, Any] = {"row": self.row, "sample": self.sample}
        if self.mean_loss is not None:
            value["mean_loss"] = self.mean_loss
        return {**value, "documents": [piece.to_json() for piece in self.pieces]}


@dataclasses.dataclass(frozen=True, slots=True)
class WorstDocument:
    """The document that raised a batch's loss the most: by how far its losses are above the mean, in sum.

    Args:
        document: The piece of it that raised it the most.
        rows: The rows that it is in.
        mean_loss: The mean of its losses.
        num_losses: Of how many tokens.
        batch_loss: The batch's mean loss.
    """

    document: TracedPiece
    rows: tuple[int, ...]
    mean_loss: float
    num_losses: int
    batch_loss: float

    def to_json(self) -> dict[str, Any]:
        """The value as JSON."""
        return {
            "corpus": self.document.piece.corpus,
            "document": self.document.piece.document,
            "place": str(self.document.place),
            "rows": list(self.rows),
            "mean_loss": self.mean_loss,
            "num_losses": self.num_losses,
            "batch_loss": self.batch_loss,
        }


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StepTrace:
    """The rows of a step, and where each is from.

    Args:
        step: The step; None for samples that are not one step's.
        rows: The rows in order; with losses, those with the largest first.
        of_targets: Whether the tokens are the targets y, as with losses, and not x.
        worst: The document that raised the loss the most; None without losses.
    """

    step: int | None
    rows: tuple[RowTrace, ...]
    of_targets: bool = False
    worst: WorstDocument | None = None

    def to_json(self) -> dict[str, Any]:
        """The trace as a JSON value."""
        value: dict[str, Any] = {"step": self.step, "of": "y" if self.of_targets else "x"}
        if self.worst is not None:
            value["worst"] = self.worst.to_json()
        return {**value, "rows": [row.to_json() for row in self.rows]}


def trace_samples(
    order: Order,
    samples: Sequence[int],
    lines: Mapping[str, InputLines],
    *,
    step: int | None = None,
    first_row: int = 0,
    losses: NDArray[np.float32] | None = None,
) -> StepTrace:
    """Where the rows of samples are from, to the line, and what each token cost.

    Args:
        order: The order of the run.
        samples: Their numbers.
        lines: What finds the lines of each corpus, by its name; of a corpus that is no mixture's, by "".
        step: The step that they are of, if they are of one.
        first_row: The number of the first of them in its batch.
        losses: float32 (len(samples), T), those of the targets; the rows are then those of y.

    Raises:
        IndexError: If a number is negative.
        TokenizerError: If the text cannot be decoded.
    """
    traced = trace(order, samples, step=step, first_row=first_row, targets=losses is not None).rows
    places = _places([piece for row in traced for piece in row.pieces], lines)
    limits = None
    if losses is not None:
        counted = [losses[n, row.places][row.y != IGNORED] for n, row in enumerate(traced)]
        all_losses = np.concatenate([*counted, np.empty(0, np.float32)])
        limits = levels_of(all_losses) if len(all_losses) else np.empty(0, np.float32)
    rows = []
    for number, row in enumerate(traced):
        pieces, at = [], 0
        for piece in row.pieces:
            here = slice(at, at + len(piece))
            ids = row.ids[here]
            learned = None if row.learned is None else row.learned[here]
            levels, kept = np.zeros(len(ids), np.int64), np.empty(0, np.float32)
            if losses is not None and limits is not None:
                counts, costs = row.y[here] != IGNORED, losses[number, row.places[here]]
                levels = np.where(counts, np.searchsorted(limits, costs, side="left"), 0)
                kept = costs[counts]
            pieces.append(_painted(order, piece, places[id(piece)], ids, levels, learned, kept))
            at += len(piece)
        mean = None
        if losses is not None:
            mean = float(counted[number].mean(dtype=np.float64)) if len(counted[number]) else 0.0
        rows.append(RowTrace(row.row, row.sample, tuple(pieces), mean))
    if losses is None:
        return StepTrace(step, tuple(rows))
    batch_loss = float(all_losses.mean(dtype=np.float64)) if len(all_losses) else 0.0
    rows.sort(key=lambda row: -(row.mean_loss or 0.0))
    return StepTrace(step, tuple(rows), True, _worst(rows, batch_loss))


def _places(pieces: Sequence[Piece], lines: Mapping[str, InputLines]) -> dict[int, Place]:
    """Where each piece is in its input, by `id(piece)`."""
    of_corpus: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        of_corpus[piece.corpus].append(piece)
    found: dict[int, Place] = {}
    for name, some in of_corpus.items():
        found.update(zip(map(id, some), lines[name].find(some), strict=True))
    return found


def _painted(
    order: Order,
    piece: Piece,
    place: Place,
    ids: Ints,
    levels: Ints,
    learned: NDArray[np.bool_] | None,
    losses: NDArray[np.float32],
) -> TracedPiece:
    """A piece with its text cut where the level or the mask changes, and in no character."""
    kinds = levels if learned is None else 2 * levels + learned
    cuts = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(ids)]
    texts: list[str] = []
    found: list[int] = []
    marks: list[bool] = []
    begin = 0
    for stop, following in itertools.zip_longest(cuts[1:], cuts[2:]):
        text = decode_rows(order, ids[begin:stop])
        if text.endswith("\ufffd") and following is not None and following - begin <= _MOST_JOINED:
            continue
        texts.append(text)
        found.append(int(levels[begin:stop].max()))
        marks.append(learned is not None and bool(learned[begin:stop].any()))
        begin = stop
    own = None if learned is None else learned[piece.front is not None :]
    runs_learned = () if own is None else tuple((a, b) for a, b in runs(own, piece.start))
    return TracedPiece(
        piece,
        place,
        tuple(texts),
        tuple(found),
        None if learned is None else tuple(marks),
        runs_learned,
        len(losses),
        float(losses.sum(dtype=np.float64)),
    )


def _worst(rows: Sequence[RowTrace], batch_loss: float) -> WorstDocument | None:
    pieces: dict[tuple[str, int], list[tuple[int, TracedPiece]]] = defaultdict(list)
    for row in rows:
        for one in row.pieces:
            if one.num_losses:
                pieces[one.piece.corpus, one.piece.document].append((row.row, one))

    def excess(of: list[tuple[int, TracedPiece]]) -> float:
        return sum(one.sum_losses - batch_loss * one.num_losses for _, one in of)

    if not pieces:
        return None
    worst = max(pieces.values(), key=excess)
    count = sum(one.num_losses for _, one in worst)
    return WorstDocument(
        max(worst, key=lambda one: excess([one]))[1],
        tuple(sorted({row for row, _ in worst})),
        sum(one.sum_losses for _, one in worst) / count,
        count,
        batch_loss,
    )


__all__ = ["RowTrace", "StepTrace", "TracedPiece", "WorstDocument", "trace_samples"]
