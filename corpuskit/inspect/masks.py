"""Documents with the mask that training on them has: what `corpuskit show --chat` shows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.batches.stream import Piece
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError
from corpuskit.inspect.spelling import Speller, spelled
from corpuskit.terminal.mask_lines import MaskedText
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.value_streams import LOSS


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MaskedDocument:
    """A document, and which of its tokens a model is to learn.

    Args:
        ids: int[N], its ids.
        learned: bool[N], whether each is a target that is to be learned.
        piece: Where it is.
    """

    ids: NDArray[np.integer[Any]]
    learned: NDArray[np.bool_]
    piece: Piece

    @property
    def num_targets(self) -> int:
        """How many tokens are to be learned."""
        return int(self.learned.sum())

    def texts(self, tokenizer: Tokenizer) -> Iterator[MaskedText]:
        """What it is made of: each control token, and the text between them, cut where the mask changes.

        Args:
            tokenizer: What made the ids.

        Raises:
            TokenizerError: If an id is not in the vocabulary.
        """
        names = {number: name for name, number in tokenizer.control_ids.items()}
        if tokenizer.eot_id is not None:
            names.setdefault(tokenizer.eot_id, "")
        is_control = np.isin(self.ids, [*names])
        begins = np.ones(len(self.ids), np.bool_)
        begins[1:] = is_control[1:] | is_control[:-1] | (self.learned[1:] != self.learned[:-1])
        parts = [*Speller(tokenizer).parts(self.ids)]
        cuts = [*np.flatnonzero(begins).tolist(), len(self.ids)]
        for start, stop in itertools.pairwise(cuts):
            text = spelled(b"".join(parts[start:stop]))
            yield MaskedText(text, bool(self.learned[start]), bool(is_control[start]))

    def to_json(self, tokenizer: Tokenizer) -> dict[str, Any]:
        """The document as a JSON value: its ids, its mask, and its text in parts of one kind."""
        return {
            "document": dataclasses.asdict(self.piece),
            "num_tokens": len(self.ids),
            "num_targets": self.num_targets,
            "ids": self.ids.tolist(),
            LOSS: self.learned.astype(int).tolist(),
            "texts": [dataclasses.asdict(text) for text in self.texts(tokenizer)],
        }


def learned_of(split: Split, start: int, stop: int) -> NDArray[np.bool_]:
    """bool[stop - start], which tokens of a split are to be learned: all, where it has no loss stream."""
    if LOSS not in split.streams:
        return np.ones(stop - start, np.bool_)
    found: NDArray[np.bool_] = split.stream(LOSS)[start:stop] != 0
    return found


def masked_document(split: Split, number: int) -> MaskedDocument:
    """A document of a prepared corpus.

    Args:
        split: The split.
        number: The document's number, counted from 0.

    Raises:
        ConfigError: If there is no such document.
    """
    if number >= split.num_documents:
        raise ConfigError(f"--document {number}: split {split.name!r} has {split.num_documents:,} documents")
    piece = split.document_piece(number)
    return MaskedDocument(split[piece.start : piece.stop], learned_of(split, piece.start, piece.stop), piece)


__all__ = ["MaskedDocument", "learned_of", "masked_document"]
