"""Pieces: a document that is more than text, such as a conversation with its control tokens."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, Tokenizer, check_encoded


class DocumentPiece(NamedTuple):
    """Some of a document: text, or one control token.

    Args:
        text: The text in UTF-8; of a control token its name, such as `b"<|im_end|>"`, and empty for the
            tokenizer's end-of-text token, whatever its name is.
        is_control: Whether it is a control token. Text is text, however it looks.
        is_trained: Whether a model is to learn it: whether it is a target of the loss.
    """

    text: bytes
    is_control: bool = False
    is_trained: bool = False


def encode_pieces(
    tokenizer: Tokenizer, documents: Sequence[Sequence[DocumentPiece]]
) -> tuple[Encoded, NDArray[np.uint8]]:
    """The ids of documents in pieces, and which of them a model is to learn.

    Neighbouring texts are encoded as one text, up to the next control token: the ids are those of a tokenizer
    that is given the whole document with its control tokens recognised, where the pieces say that they are.
    A token is learned if it is of a piece that is, or shares a byte with one. Where the tokenizer cannot
    tell which bytes are a token's, its text is encoded in two where what is learned begins or ends.

    Args:
        tokenizer: The tokenizer.
        documents: D documents, each in pieces, whose texts are valid UTF-8.

    Returns:
        The documents' ids, and uint8[N], 1 for each id that is to be learned.

    Raises:
        TokenizerError: With `.index`, the number of the document that cannot be encoded, for instance because
            the vocabulary lacks a control token.
    """
    pieces = _Pieces.of(documents)
    control_ids = pieces.control_ids(tokenizer)
    runs = _Runs.of(tokenizer, pieces, pieces.begins())
    learned, unknown = _learned(tokenizer, pieces, runs)
    if unknown.any():
        runs = _Runs.of(tokenizer, pieces, pieces.begins(cut=unknown[runs.number]))
        learned, _ = _learned(tokenizer, pieces, runs)
    is_control = pieces.is_control[runs.first]
    sizes = np.ones(len(runs.first), np.int64)
    sizes[~is_control] = runs.encoded.lengths
    at = np.cumsum(sizes)[is_control] - 1
    ids = np.empty(int(sizes.sum()), np.uint32)
    loss = np.empty(len(ids), np.uint8)
    is_text = np.ones(len(ids), np.bool_)
    is_text[at] = False
    ids[is_text], ids[at] = runs.encoded.ids, control_ids
    loss[is_text], loss[at] = learned, pieces.is_trained[pieces.is_control]
    lengths = np.zeros(len(documents), np.int64)
    np.add.at(lengths, pieces.document[runs.first], sizes)
    return Encoded(ids, lengths), loss


@dataclasses.dataclass(frozen=True, slots=True)
class _Pieces:
    """P pieces of documents one after another, without empty texts: T texts, and C control tokens.

    Args:
        texts: The T texts.
        sizes: int64[T], each text's bytes.
        controls: The C control tokens' names.
        is_control: bool[P], whether each is a control token.
        is_trained: bool[P], whether each is to be learned.
        document: int64[P], the number of each one's document.
    """

    texts: Sequence[bytes]
    sizes: NDArray[np.int64]
    controls: Sequence[bytes]
    is_control: NDArray[np.bool_]
    is_trained: NDArray[np.bool_]
    document: NDArray[np.int64]

    @classmethod
    def of(cls, documents: Sequence[Sequence[DocumentPiece]]) -> _Pieces:
        # All fields of all pieces; the fastest way to have those of one kind together.
        flat: list[Any] = list(itertools.chain.from_iterable(itertools.chain.from_iterable(documents)))
        all_texts: list[bytes] = flat[::3]
        is_control, is_trained = (np.frombuffer(bytes(flat[at::3]), np.bool_) for at in (1, 2))
        controls = list(itertools.compress(all_texts, is_control.tobytes()))
        texts = list(itertools.compress(all_texts, (~is_control).tobytes()))
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        counts = np.fromiter(map(len, documents), np.int64, len(documents))
        document = np.repeat(np.arange(len(documents)), counts)
        is_there = sizes > 0
        if is_there.all():
            return cls(texts, sizes, controls, is_control, is_trained, document)
        says = is_control.copy()
        says[~is_control] = is_there
        texts = list(filter(None, texts))
        return cls(texts, sizes[is_there], controls, is_control[says], is_trained[says], document[says])

    @property
    def is_inside(self) -> NDArray[np.bool_]:
        """bool[P], which of them do not begin their document."""
        inside = np.zeros(len(self.document), np.bool_)
        inside[1:] = self.document[1:] == self.document[:-1]
        return inside

    def begins(self, *, cut: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """bool[P], where a run of texts or a control token begins.

        Args:
            cut: bool[T], of each text whether a run ends where what is learned begins or ends.
        """
        first = np.ones(len(self.document), np.bool_)
        here, before = self.is_control[1:], self.is_control[:-1]
        first[1:] = here | before | (self.document[1:] != self.document[:-1])
        if cut is not None:
            first[~self.is_control] |= cut & _changes(self.is_trained[~self.is_control])
        return first

    def control_ids(self, tokenizer: Tokenizer) -> NDArray[np.uint32]:
        """The ids of the control tokens, in order.

        Raises:
            TokenizerError: If the vocabulary lacks one.
        """
        names = self.controls
        known = {name: tokenizer.control_ids.get(name.decode(), -1) for name in {*names} - {b""}}
        known[b""] = -1 if tokenizer.eot_id is None else tokenizer.eot_id
        ids = np.fromiter(map(known.__getitem__, names), np.int64, len(names))
        if not (ids < 0).any():
            return ids.astype(np.uint32)
        lacking = int(np.argmax(ids < 0))
        name = names[lacking].decode()
        what = (
            f"control token {name!r}; put it behind the last id with --add-tokens"
            if name
            else ("end-of-text id, which the document asks for; leave it out of the document")
        )
        document = self.document[np.flatnonzero(self.is_control)[lacking]]
        raise TokenizerError(
            f"tokenizer {tokenizer.name!r} has no {what}, or choose an --encoding that has one",
            index=int(document),
            found=name,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Runs:
    """R runs of texts with no control token between them, encoded; T texts in all, and N ids.

    Args:
        first: int64[U], the number of the first piece of each run, and of each control token, in order.
        begins: bool[T], of each text whether a run begins with it.
        number: int64[T], the number of each text's run.
        texts: The runs' texts.
        encoded: Their ids.
    """

    first: NDArray[np.int64]
    begins: NDArray[np.bool_]
    number: NDArray[np.int64]
    texts: list[bytes]
    encoded: Encoded

    @classmethod
    def of(cls, tokenizer: Tokenizer, pieces: _Pieces, begins: NDArray[np.bool_]) -> _Runs:
        is_text = ~pieces.is_control
        begins_text = begins[is_text]
        texts = list(itertools.compress(pieces.texts, begins_text.tobytes()))
        first = np.flatnonzero(begins_text)
        sizes = np.diff(first, append=len(begins_text))
        several = np.flatnonzero(sizes > 1)  # most runs are one text, which is there already
        for run, start, size in zip(
            several.tolist(), first[several].tolist(), sizes[several].tolist(), strict=True
        ):
            texts[run] = b"".join(pieces.texts[start : start + size])
        try:
            encoded = _encoded(tokenizer, texts, pieces.is_inside[begins & is_text])
        except TokenizerError as error:
            if error.index is not None:
                error.index = int(pieces.document[np.flatnonzero(begins & is_text)[error.index]])
            raise
        return cls(np.flatnonzero(begins), begins_text, np.cumsum(begins_text) - 1, texts, encoded)


def _encoded(tokenizer: Tokenizer, texts: Sequence[bytes], is_inside: NDArray[np.bool_]) -> Encoded:
    """The ids of texts, of which some, bool[D], do not begin their document."""
    groups = [is_inside, ~is_inside] if tokenizer.has_beginning else [np.ones(len(texts), np.bool_)]
    lengths = np.zeros(len(texts), np.int64)
    found = []
    for number, group in enumerate(groups):
        some = list(itertools.compress(texts, group.tolist()))
        encode = tokenizer.encode_inside if number < len(groups) - 1 else tokenizer.encode_batch
        try:
            encoded = encode(some)
        except TokenizerError as error:
            if error.index is not None:
                error.index = int(np.flatnonzero(group)[error.index])
            raise
        check_encoded(encoded, tokenizer=tokenizer, num_texts=len(some))
        lengths[group] = encoded.lengths
        found.append(encoded.ids)
    if len(found) == 1:
        return Encoded(found[0], lengths)
    ids = np.empty(int(lengths.sum()), np.uint32)
    for group, some_ids in zip(groups, found, strict=True):
        ids[np.repeat(group, lengths)] = some_ids
    return Encoded(ids, lengths)


def _learned(
    tokenizer: Tokenizer, pieces: _Pieces, runs: _Runs
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Which ids of runs are to be learned: uint8[N].

    Also bool[R]: the runs of which a part is to be learned, and the tokenizer cannot tell which ids are its.
    If there are such, the first is empty.
    """
    is_text = ~pieces.is_control
    is_trained, sizes = pieces.is_trained[is_text], pieces.sizes
    # Stretches are neighbouring texts of one run that are all to be learned, or all not.
    first = np.flatnonzero(runs.begins | _changes(is_trained))
    run = runs.number[first]
    stops = np.cumsum(runs.encoded.lengths)
    low, high = (stops - runs.encoded.lengths)[run], stops[run]
    unknown = np.zeros(len(stops), np.bool_)
    begins_inside = ~runs.begins[first]
    if begins_inside.any():
        at = np.flatnonzero(begins_inside)
        places = (np.cumsum(sizes) - sizes)[first[at]]
        low[at], high[at - 1], unknown = _borders(tokenizer, runs, places, run[at])
        if unknown.any():
            return np.empty(0, np.uint8), unknown
    low, high = low[is_trained[first]], high[is_trained[first]]
    low[1:] = np.maximum(low[1:], high[:-1])  # a token may be of two stretches
    bounds = np.zeros(2 * len(low) + 2, np.int64)
    bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = low, high, len(runs.encoded.ids)
    flags = (np.arange(len(bounds) - 1) % 2).astype(np.uint8)
    return np.repeat(flags, np.diff(bounds)), unknown


def _borders(
    tokenizer: Tokenizer, runs: _Runs, places: NDArray[np.int64], run: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The ids around B places inside runs.

    Args:
        tokenizer: The tokenizer.
        runs: The runs.
        places: int64[B], bytes of all runs' texts one after another, ascending.
        run: int64[B], the number of each one's run.

    Returns:
        int64[B], the first id that ends behind each place; int64[B], the first that does not begin before it;
        and bool[R], the runs with such places of which the tokenizer cannot tell.
    """
    is_asked = np.zeros(len(runs.texts), np.bool_)
    is_asked[run] = True
    lengths = runs.encoded.lengths
    texts = list(itertools.compress(runs.texts, is_asked.tobytes()))
    asked = Encoded(runs.encoded.ids[np.repeat(is_asked, lengths)], lengths[is_asked])
    begins, ends = tokenizer.token_places(texts, asked)
    unknown = np.zeros(len(runs.texts), np.bool_)
    if (begins < 0).any():
        unknown[np.repeat(np.flatnonzero(is_asked), asked.lengths)[begins < 0]] = True
        return np.zeros_like(run), np.zeros_like(run), unknown
    # What is not asked for lies before some of the runs: bytes of text, and ids.
    sizes = np.fromiter(map(len, runs.texts), np.int64, len(runs.texts))
    bytes_before = np.cumsum(np.where(is_asked, 0, sizes))[run]
    ids_before = np.cumsum(np.where(is_asked, 0, lengths))[run]
    places = places - bytes_before
    low = np.searchsorted(ends, places, side="right") + ids_before
    return low, np.searchsorted(begins, places) + ids_before, unknown


def _changes(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a flag is another than the one before."""
    changes = np.zeros(len(flags), np.bool_)
    changes[1:] = flags[1:] != flags[:-1]
    return changes


__all__ = ["DocumentPiece", "encode_pieces"]
