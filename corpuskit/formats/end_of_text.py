"""The end-of-text id in front of each document rather than behind it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from corpuskit.arrays import Tokens
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.formats.export import Export


def check_end_of_text(corpus: Corpus) -> None:
    """Refuse a corpus whose documents neither end nor begin with the id."""
    if not corpus.manifest.options.get("eot") and not _is_in_front(corpus):
        raise ConfigError(
            f"--end-of-text-first: the documents of {corpus.path} have no end-of-text id; prepare the corpus "
            "with --eot"
        )


def tokens_end_of_text_first(export: Export, split: str) -> Iterator[Tokens]:
    """A split's ids, the id at each document's end moved to its beginning; as `Export.tokens` otherwise.

    Moved in all documents that is: the id, and all ids of the split but its last one.

    Raises:
        ConfigError: If a document does not end with it.
    """
    if _is_in_front(export.corpus):
        yield from export.tokens(split)
        return
    eot_id = export.corpus.manifest.tokenizer.eot_id
    yield np.array([eot_id], export.corpus[split].dtype)
    ends, all_ends = np.empty(0, np.int64), export.document_ends(split)
    num_tokens, start = len(export.corpus[split]), 0
    for ids in export.tokens(split):
        stop = start + len(ids)
        while not len(ends) or ends[-1] < stop:
            if (more := next(all_ends, None)) is None:
                break
            ends = np.concatenate([ends, more])
        here, ends = ends[(start < ends) & (ends <= stop)], ends[ends > stop]
        if (other := ids[here - 1 - start] != eot_id).any():
            place = int(here[other.argmax()])
            raise ConfigError(
                f"--end-of-text-first: {export.corpus.path}: the document of split {split!r} that ends at "
                f"token {place:,} does not end with the end-of-text id; leave --end-of-text-first out",
                found=place,
            )
        yield ids[:-1] if stop == num_tokens else ids
        start = stop


def _is_in_front(corpus: Corpus) -> bool:
    """Whether the corpus was prepared with the id in front of its documents."""
    bos = corpus.manifest.options.get("bos")
    return isinstance(bos, str) and corpus.tokenizer.control_ids.get(bos) == corpus.manifest.tokenizer.eot_id


__all__ = ["check_end_of_text", "tokens_end_of_text_first"]
