"""Sampled documents of a report, each under several encodings side by side."""

from __future__ import annotations

import codecs
import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.split import Split
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report.places import places_of
from corpuskit.inspect.report.token_markup import TokenMarkup, box
from corpuskit.markup import escape
from corpuskit.tokenizers.base import Tokenizer

#: Tokens of a document that are shown.
_MAX_TOKENS = 320


def documents_html(
    split: Split,
    count: int,
    *,
    seed: int,
    tokenizer: Tokenizer | None,
    eot_id: int | None,
    others: Mapping[str, Tokenizer],
    lines: InputLines,
) -> str:
    """Some documents of a split, drawn at random.

    Args:
        split: The split.
        count: How many documents, as far as there are so many.
        seed: Decides which.
        tokenizer: The tokenizer that made the ids; None if it is not known.
        eot_id: The id that ends a text, if there is one.
        others: Other tokenizers that the same text is shown with, by name.
        lines: Finds where the documents are from.
    """
    numbers = random.Random(seed).sample(range(split.num_documents), min(count, split.num_documents))
    own = TokenMarkup(tokenizer, eot_id)
    name = "" if tokenizer is None else tokenizer.name
    parts = []
    shown = [split.document_piece(number) for number in sorted(numbers)]
    for piece, place in zip(shown, places_of(shown, lines), strict=True):
        ids = split[piece.start : min(piece.stop, piece.start + _MAX_TOKENS)]
        columns = [_column(name, ids, own, "" if tokenizer is None else _text(ids, tokenizer, eot_id))]
        if tokenizer is not None:
            text = _text(ids, tokenizer, eot_id)
            for other, opened in others.items():
                columns.append(_column(other, opened.encode(text), TokenMarkup(opened, opened.eot_id), text))
        counts = f"{len(piece):,} tokens"
        if len(ids) < len(piece):
            counts = f"the first {len(ids):,} of {counts}"
        title = f"<h3>{escape(place[0].upper() + place[1:])}<small>, {counts}</small></h3>"
        parts.append(f'<article>{title}<div class="columns">{"".join(columns)}</div></article>')
    return "".join(parts) or "<p>There are no documents.</p>"


def _text(ids: NDArray[np.unsignedinteger], tokenizer: Tokenizer, eot_id: int | None) -> str:
    """The text of ids, without the end-of-text id and without a last character that is cut."""
    if len(ids) and int(ids[-1]) == eot_id:
        ids = ids[:-1]
    return codecs.getincrementaldecoder("utf-8")(errors="replace").decode(
        tokenizer.decode_bytes(ids), final=False
    )


def _column(name: str, ids: NDArray[np.unsignedinteger], markup: TokenMarkup, text: str) -> str:
    rate = f", {len(text.encode()) / len(ids):.2f} bytes a token" if text and len(ids) else ""
    label = escape(name or "ids")
    title = f"<h4>{label} <small>{len(ids):,} tokens{rate}</small></h4>"
    return f"<div>{title}{box(f'Tokens of {label}', markup.tokens(ids))}</div>"


__all__ = ["documents_html"]
