"""The first documents of files as they would be prepared: their ids, and what is to be learned of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.config import PrepareConfig
from corpuskit.preparation.parts.encoding import encode, joined
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.run import Run
from corpuskit.preparation.run_record import nothing_in
from corpuskit.sources.base import Source
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.value_streams import LOSS


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PreviewedDocument:
    """A document that is not prepared yet.

    Args:
        ids: int[N], its ids.
        learned: bool[N], whether each is a target that is to be learned.
        input: The name of its input.
        input_start: Where it starts there: a byte, or the number of its row, from 0.
    """

    ids: NDArray[Any]
    learned: NDArray[np.bool_]
    input: str
    input_start: int


class PreviewedDocuments:
    """The documents of a configuration in order, one after another; nothing is written.

    Args:
        config: What would be prepared.

    Attributes:
        tokenizer: The tokenizer, with the control tokens that it is given.
        left_out: How many documents were left out so far, by why.

    Raises:
        CorpuskitError: As `prepare` does, for what is wrong with options, files or tokenizers; at the end of
            the documents also where none of them has a token.
    """

    def __init__(self, config: PrepareConfig) -> None:
        run = Run(config, lambda progress: None)
        opened = run.plan(run.source.inputs())
        self.tokenizer: Tokenizer = opened.tokenizer
        self.left_out: dict[str, int] = {}
        self._source: Source = run.source
        self._plan: Plan = opened.plan
        self._first: dict[str, tuple[int, str]] = {}  # of each kind that is left out: its input, and why

    def __iter__(self) -> Iterator[PreviewedDocument]:
        recipe, tokenizer = self._plan.recipe, self.tokenizer
        eot_id = tokenizer.eot_id if recipe.options.eot else None
        bos_id = recipe.options.bos_id(tokenizer)
        num_empty, is_empty = 0, True
        for part in self._plan.parts:
            for piece in part.pieces:
                item = self._plan.inputs[piece.input]
                batches = self._source.read(item, piece.slice, partial(self._leave_out, piece.input))
                for batch in joined(iter(batches), tokenizer, cut=False, name=item.name):
                    made = encode(tokenizer, batch, eot_id=eot_id, dtype=recipe.dtype, bos_id=bos_id)
                    learned = made.streams.get(LOSS, np.ones(len(made.ids), np.uint8)) != 0
                    start = 0
                    for stop, begin in zip(made.ends.tolist(), batch.starts, strict=False):
                        yield PreviewedDocument(made.ids[start:stop], learned[start:stop], item.name, begin)
                        num_empty, is_empty = num_empty + (start == stop), is_empty and start == stop
                        start = stop
        if is_empty:
            raise nothing_in(self._plan.inputs, self.left_out, self._first, num_empty=num_empty)

    def _leave_out(self, item: int, kind: str, start: int, reason: str) -> None:
        self.left_out[kind] = self.left_out.get(kind, 0) + 1
        self._first.setdefault(kind, (item, reason))


__all__ = ["PreviewedDocument", "PreviewedDocuments"]
