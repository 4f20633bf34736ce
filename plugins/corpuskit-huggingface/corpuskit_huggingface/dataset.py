"""A prepared corpus as a `datasets.Dataset`, over the corpus's own mapped files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset  # type: ignore[import-untyped]
from datasets.table import InMemoryTable  # type: ignore[import-untyped]
from numpy.typing import NDArray

import corpuskit
from corpuskit import Corpus
from corpuskit.errors import ConfigError

#: The stream of values that says which tokens are to be learned, and what others call such a mask.
_LOSS, _MASKS = "loss", "assistant_masks"


def corpus_to_hf(
    corpus: Corpus | str | os.PathLike[str],
    split: str = "train",
    *,
    block_size: int | None = None,
    column: str = "input_ids",
) -> Dataset:
    """A split as a dataset of token ids, without copying them.

    A row is a document with its end-of-text id, or, with `block_size`, that many tokens of the stream. The
    column lies over the corpus's mapped shards: opening costs a look at the document index and no memory for
    tokens, but for the few rows that go over the end of one shard into the next, which are put together. Ids
    have the corpus's type, uint16 or uint32; `datasets` gives them as Python integers, or as arrays after
    `with_format("numpy")`.

    Where the split has the stream "loss", as conversations do, there is a second column, "assistant_masks": 1
    for a token that is to be learned, else 0. TRL's SFTTrainer makes labels of it, unless it is to pack them.

    Args:
        corpus: An open corpus, or its folder.
        split: Which split.
        block_size: T, tokens a row; the rest of the stream, fewer than T tokens, is left out. None gives
            documents.
        column: What the column is called.

    Raises:
        ConfigError: If there is no such split, or the block size is not positive.
        CorpusFormatError: If the folder is not a corpus.

    Example:
        >>> dataset = corpus_to_hf("data/tinyshakespeare/gpt2", block_size=1024)
        >>> dataset.with_format("torch")[0]["input_ids"].shape
        torch.Size([1024])
    """
    opened = corpus if isinstance(corpus, Corpus) else corpuskit.open(corpus)
    tokens = opened[split]
    if block_size is not None and block_size < 1:
        raise ConfigError(f"block_size: expected a number of tokens, 1 or more, found {block_size!r}")
    if block_size is None:
        ends = tokens.document_ends()
        if not len(ends) or ends[-1] < len(tokens):  # what follows the last whole document
            ends = np.append(ends, len(tokens))
    else:
        ends = np.arange(1, len(tokens) // block_size + 1, dtype=np.int64) * block_size
    columns = {column: _column(tokens, ends)}
    if _LOSS in tokens.streams:
        columns[_MASKS] = _column(tokens.stream(_LOSS), ends)
    table = InMemoryTable(pa.table(columns))
    # Without a name of its own a dataset would be hashed for one, all tokens of it.
    rows = "documents" if block_size is None else str(block_size)
    return Dataset(table, fingerprint=f"{tokens.fingerprint:.32}-{rows}-{column}")


def _column(tokens: Any, ends: NDArray[np.int64]) -> pa.ChunkedArray:
    type_ = pa.large_list(pa.from_numpy_dtype(tokens.dtype.newbyteorder("=")))
    """Rows of a split, or of a stream of values of it."""
    return pa.chunked_array(list(_chunks(tokens, ends, type_)) if len(tokens) else [], type_)


def _chunks(tokens: Any, ends: NDArray[np.int64], type_: pa.DataType) -> Iterator[pa.LargeListArray]:
    """The rows of each shard over its mapped file, and between them the rows that two or more shards share.

    Args:
        tokens: The split, or a stream of values of it.
        ends: int64[R], where each row ends in the stream; each begins where the one before it ends.
        type_: A list's, of the tokens' type.
    """
    begins = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    done = 0
    for number, (start, stop) in enumerate(
        zip(tokens.shard_starts[:-1], tokens.shard_starts[1:], strict=True)
    ):
        inside = max(done, int(np.searchsorted(begins, start, side="left")))
        for row in range(done, inside):  # begun in an earlier shard: at most one that no shard has whole
            yield _over(np.ascontiguousarray(tokens[int(begins[row]) : int(ends[row])]), [0], type_)
        last = int(np.searchsorted(ends, stop, side="right"))
        if last > inside:
            bounds = np.append(begins[inside], ends[inside:last]) - start
            items = tokens.shard(number)
            if items is None:  # it has no file of the stream
                items = np.full(stop - start, tokens.fill, tokens.dtype)
            yield _over(items, bounds, type_)
        done = max(inside, last)


def _over(tokens: NDArray[np.unsignedinteger[Any]], bounds: object, type_: pa.DataType) -> pa.LargeListArray:
    """Rows over an array that is not copied; one row of all of it if no bounds are given but its start."""
    offsets = np.asarray(bounds, np.int64)
    if len(offsets) == 1:
        offsets = np.array([0, len(tokens)], np.int64)
    values = pa.Array.from_buffers(type_.value_type, len(tokens), [None, pa.py_buffer(tokens)])
    return pa.LargeListArray.from_arrays(pa.array(offsets), values)


__all__ = ["corpus_to_hf"]
