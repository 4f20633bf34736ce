"""An evaluation: batches in order, in which every token of a split is a target exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from corpuskit.batches.bos import bos_id, ids_at
from corpuskit.batches.engines import Batch, Engine
from corpuskit.batches.labels import label_runs
from corpuskit.batches.opening import open_engine, open_reader
from corpuskit.batches.options import options_of
from corpuskit.batches.prefetch import Prefetcher
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.target_counts import target_counter
from corpuskit.batches.targets import TargetWatch
from corpuskit.batches.window_plan import RankSlice, WindowPlan
from corpuskit.config.keywords import EvaluationKeywords, checked, takes
from corpuskit.errors import ConfigError
from corpuskit.evaluation.source import EvaluationRows, EvaluationSource
from corpuskit.evaluation.stretches import stretches_of
from corpuskit.evaluation.window_table import WindowTable
from corpuskit.numbers import as_whole, whole
from corpuskit.selection import Selection
from corpuskit.value_streams import LOSS

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Evaluation:
    """Batches (x, y) of one split in order, in which every token is a target exactly once.

    x and y are int64 (batch_size / world_size, block_size), y is x shifted by one token, and both always have
    this shape: what is missing in the last rows is padding, 0 in x and -100 in y. Every rank has as many
    batches as the others, and no target is on two of them.

    A window begins every `stride` tokens. The first `block_size - stride` targets of a later window were
    targets before, so they are -100: each target has at least so many tokens of context, or all there are.

    The first token of the stream (of each document, with `documents`; of each run of selected documents, with
    `selection`) has nothing before it. With `bos` it has that id, and is a target; without, it is none.

    Args:
        split: `corpus["valid"]`; use `corpus.evaluation("valid", ...)`.
        batch_size: B, rows in a batch over all ranks; a multiple of `world_size`.
        block_size: T, tokens in a row.
        stride: How many tokens after one window the next one begins, 1 to T; by default T.
        bos: The id that stands before the first token, or a control token's name; None is none.
        documents: True has each document by itself, one window in a row: no model sees what is before it.
            "packed" has several in a row, and gives `(x, y, documents)`, with the `corpuskit.Segments`, for
            attention that does not look across them. False has the whole stream as one text.
        labels: The name of a kept field has a batch end with the `corpuskit.Labels` of its values, as
            `corpuskit.Batches` has it.
        selection: Which documents are evaluated, as `corpuskit.select` gives them; None is all of them.
        loss: Have y be -100 wherever the corpus's stream "loss", if it has one, is 0 for the target.
        device: Where torch tensors go, as `corpuskit.Batches` has it.
        output: "torch", or "numpy", which imports no torch.
        rank: This process's number among `world_size`, or "auto", as `corpuskit.Batches` has it.
        world_size: Processes that share each batch, or "auto".
        prefetch: How many batches a thread makes ahead while iterating.

    Attributes:
        split: The split.
        batch_size: B, rows in a batch over all ranks.
        block_size: T, tokens in a row.
        stride: How many tokens after one window the next one begins.
        bos: The id that stands before the first token, or None.
        documents: False, True or "packed".
        selection: Which documents are evaluated; None is all of them.

    Raises:
        ConfigError: If an option is impossible, or there is no target.

    Example:
        >>> corpus = corpuskit.open("data/tinyshakespeare/gpt2")
        >>> evaluation = corpus.evaluation("valid", block_size=128, stride=64, bos="<|endoftext|>")
        >>> evaluation.num_targets == len(corpus["valid"])
        True
    """

    @checked
    @takes(EvaluationKeywords)
    def __init__(
        self,
        split: TokenStream,
        *,
        bos: int | str | None = None,
        selection: Selection | None = None,
        **options: Unpack[EvaluationKeywords],
    ) -> None:
        given: dict[str, Any] = {**options}
        stride = given.pop("stride", None)
        self.documents = _checked_documents(given.pop("documents", False))
        self._options = options_of(**given, documents=self.documents == "packed")
        if self._options.schedule is not None:
            raise ConfigError(
                "an evaluation has one batch_size and one block_size, whatever the training's schedule is; "
                "say a number for each",
                found=self._options.schedule,
            )
        self.bos = None if bos is None else bos_id(split, bos, option="bos", remedy="say bos=None")
        # A DataLoader's worker makes it again, and must not look for ranks of its own.
        place = {"rank": self._options.rank, "world_size": self._options.world_size}
        self._given: dict[str, Any] = {"bos": self.bos, "selection": selection, **options, **place}
        labels = self._options.labels
        self._labels = label_runs(split, labels) if labels else None
        self.split = split
        self.selection = selection
        self.batch_size, self.block_size = self._options.batch_size, self._options.block_size
        self.stride = _checked_stride(stride, self.block_size)
        what = f"split {split.name!r}"
        stretches = stretches_of(split, selection, by_document=bool(self.documents), what=what)
        self._num_tokens = int((stretches.stops - stretches.starts).sum())
        self._first_places = stretches.starts
        self._table = WindowTable(
            stretches,
            block_size=self.block_size,
            stride=self.stride,
            has_bos=self.bos is not None,
            packed=self.documents == "packed",
        )
        if not self._table.num_targets:
            raise ConfigError(
                f"{what} has {self._num_tokens:,} tokens to evaluate and no target among them: a first token "
                "has nothing before it; say bos=, or evaluate more",
                expected=1,
                found=0,
            )

    @property
    def num_tokens(self) -> int:
        """The tokens that are evaluated: of the split, or of the selected documents."""
        return self._num_tokens

    @property
    def num_rows(self) -> int:
        """Rows with targets in all batches, over all ranks."""
        return self._table.num_rows

    @cached_property
    def num_targets(self) -> int:
        """The targets in all batches, over all ranks, that are not -100: what a mean loss is divided by.

        `num_tokens`, less the first tokens that have no `bos`, less those that the stream "loss" leaves out.
        """
        count = target_counter(self.split) if self._options.loss else None
        if count is None:
            return self._table.num_targets
        starts, counts = self._table.target_spans
        return int(count(starts - 1, counts).sum())

    @property
    def is_masked(self) -> bool:
        """Whether the stream "loss" leaves targets out."""
        return self._options.loss and LOSS in self.split.streams

    @cached_property
    def has_all_text(self) -> bool:
        """Whether every token that stands for text is a target.

        It is with a `bos` and no mask. Without a `bos` it is where each first token is a control token.
        """
        if self.num_targets == self.num_tokens:
            return True
        if self.is_masked:
            return False
        control = np.array([*self.split.control_ids.values()], np.int64)
        return all(np.isin(ids, control).all() for ids in ids_at(self.split, self._first_places))

    @cached_property
    def num_text_bytes(self) -> int:
        """The bytes of the evaluated documents' text in UTF-8, as they were counted when it was prepared.

        They are of all of the text, and of no more: end-of-text ids and control tokens have none.

        Raises:
            ConfigError: If the split does not say it, or not of all tokens.
        """
        sizes = self.split.document_text_bytes()
        if self.selection is not None:
            return int(sizes[self.selection.numbers].sum())
        ends = self.split.document_ends()
        if (int(ends[-1]) if len(ends) else 0) != self.split.num_tokens:
            raise ConfigError(
                f"split {self.split.name!r}: no document ends with its last tokens, so the bytes of their "
                "text are not known; evaluate a selection of its documents",
                found=self.split.num_tokens,
            )
        return int(sizes.sum())

    def __len__(self) -> int:
        """Batches, the same number on every rank."""
        return -(-self.num_rows // self.batch_size)

    def __getitem__(self, step: int) -> Batch:
        number = as_whole(step)
        if number is None:
            raise TypeError(f"a step is an integer, not {type(step).__name__}")
        if not 0 <= number < len(self):
            raise IndexError(f"step {number:,} of an evaluation of {len(self):,} batches")
        return self._engine.finish(self._start(number))

    def __iter__(self) -> Iterator[Batch]:
        """All batches, from the first one on."""
        steps, ahead = len(self), self._options.prefetch
        prefetcher = None
        if ahead:
            prefetcher = Prefetcher(self._start, 0, after=lambda step: step + 1, depth=ahead, end=steps)
        try:
            for step in range(steps):
                started = prefetcher.get() if prefetcher else self._start(step)
                yield self._engine.finish(started)
                del started
        finally:
            if prefetcher:
                prefetcher.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.split, self._given)

    def __repr__(self) -> str:
        said = f"block_size={self.block_size}, stride={self.stride}, bos={self.bos}"
        return (
            f"<Evaluation of {self.split!r}: {len(self):,} batches of {self.batch_size}, {said}, "
            f"documents={self.documents!r}>"
        )

    def _start(self, step: int) -> Any:
        """Begin this rank's part of a batch."""
        first = step * self.batch_size
        try:
            return self._engine.start(self._plan.rows(first), self._part.run(first))
        except MemoryError as error:
            raise self._options.out_of_memory() from error

    @cached_property
    def _part(self) -> RankSlice:
        return RankSlice(self.batch_size, self._options.rank, self._options.world_size)

    @cached_property
    def _plan(self) -> WindowPlan[EvaluationRows]:
        return WindowPlan(self._part, self._source.resolve)

    @cached_property
    def _source(self) -> EvaluationSource:
        scattered = self.documents == "packed"
        loss = open_reader(self.split.stream(LOSS), 1, random_access=scattered) if self.is_masked else None
        return EvaluationSource(
            self._table,
            open_reader(self.split, 1, random_access=scattered),
            block_size=self.block_size,
            bos=self.bos,
            loss=loss,
        )

    @cached_property
    def _engine(self) -> Engine:
        # The source itself hides what is not learned: nothing is to be warned of in rows that are padding.
        options = self._options.replace(loss=False)
        watch = TargetWatch(options.batch_size)
        return open_engine(self._source, self.split, options, watch, self._labels)


def _again(split: TokenStream, given: dict[str, Any]) -> Evaluation:
    return Evaluation(split, **given)


def _checked_documents(documents: bool | Literal["packed"]) -> bool | Literal["packed"]:
    if documents == "packed" or isinstance(documents, bool):
        return documents
    raise ConfigError(
        f"documents = {documents!r:.80}: must be False, True or 'packed' in an evaluation", found=documents
    )


def _checked_stride(stride: int | None, block_size: int) -> int:
    if stride is None:
        return block_size
    found = whole("stride", stride, least=1)
    if found > block_size:
        raise ConfigError(
            f"stride = {found:,}: tokens between windows of block_size {block_size:,} would never be "
            f"targets; choose 1 to {block_size:,}",
            expected=block_size,
            found=found,
        )
    return found


__all__ = ["Evaluation"]
