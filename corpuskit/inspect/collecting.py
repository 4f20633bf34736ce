"""`corpuskit.stats`: what a corpus looks like, in numbers, from one pass over its bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.config import BATCH_SIZE, BLOCK_SIZE
from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.errors import ConfigError, CorpuskitError
from corpuskit.inspect.counting import CountingPass
from corpuskit.inspect.document_counts import DocumentCounts
from corpuskit.inspect.duplicates import DuplicateFinder
from corpuskit.inspect.mask_counts import MaskCounts
from corpuskit.inspect.reencoding import counts_of, reencode
from corpuskit.inspect.sampler_shares import sampler_shares
from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_records import (
    DocumentPlace,
    DuplicateGroup,
    Duplicates,
    InputShare,
    RankCount,
    SomeDocuments,
    SplitSize,
)
from corpuskit.inspect.token_counts import TextCounts, TokenCounts
from corpuskit.inspect.token_table import token_table
from corpuskit.numbers import whole
from corpuskit.on_progress import OnProgress
from corpuskit.tokenizers.base import Tokenizer

#: What there may be of ids: counts and tables of more would take more than the rest of it all.
_MOST_IDS = 2**22
#: How many documents of a group or a kind are named.
_EXAMPLES = 5


def stats(
    corpus: Corpus | str | os.PathLike[str],
    *,
    split: str | Sequence[str] | None = None,
    block_size: int = BLOCK_SIZE,
    batch_size: int = BATCH_SIZE,
    top: int = 10,
    long_tokens: int = 100_000,
    max_hashes: int = 4_000_000,
    encoding: str | None = None,
    on_progress: OnProgress | None = None,
) -> Stats:
    """Count what a corpus is made of: tokens, documents, lengths, duplicates, inputs, scripts, and more.

    Every byte is read once and compared with the manifest's sha256 on the way. Memory depends on the
    vocabulary, the number of inputs, 8 bytes a document of one split, and `max_hashes`; not on the tokens.

    Args:
        corpus: An open corpus, its folder, or its URL.
        split: The split to count, or several; None is all of them, as one.
        block_size: T, tokens in a row, for the shares by sampler.
        batch_size: B, rows in a batch, for the same.
        top: How many of the most frequent tokens, of inputs and of groups of duplicates are named.
        long_tokens: Documents of more tokens than this are very long.
        max_hashes: How many documents' hashes are kept at most to find duplicates, 32 bytes each; of more
            documents a sample by content is taken.
        encoding: The tokenizer to decode with, where the manifest holds its name only.
        on_progress: Called every few MiB, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The numbers; `print()` shows them, and `to_json()` has all.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is damaged.
        ConfigError: If there is no such split, a number is too small, or the vocabulary is too large.
        StorageError: If a file cannot be read, or the store does not answer.

    Example:
        >>> corpuskit.stats("data/tinyshakespeare/gpt2").num_tokens
        338025
    """
    for name, value in (("block_size", block_size), ("batch_size", batch_size), ("long_tokens", long_tokens)):
        whole(name, value, least=1)
    whole("top", top, least=0)
    whole("max_hashes", max_hashes, least=2)
    opened = corpus if isinstance(corpus, Corpus) else open_corpus(corpus, encoding=encoding)
    splits = _splits(opened, split)
    if opened.vocab_size > _MOST_IDS:
        raise ConfigError(
            f"{opened.path}: a vocabulary of {opened.vocab_size:,} ids is too large to count; at most "
            f"{_MOST_IDS:,} can be",
            found=opened.vocab_size,
        )
    tokenizer, notes = _tokenizer(opened)
    tokens = TokenCounts(opened.vocab_size) if tokenizer is None else TextCounts(token_table(tokenizer))
    documents = DocumentCounts(len(opened.manifest.inputs), long_tokens=long_tokens, top=_EXAMPLES)
    duplicates = DuplicateFinder(max_hashes)
    masks = MaskCounts(top=_EXAMPLES)
    counting = CountingPass(opened, tokens, documents, duplicates, masks, top=_EXAMPLES)
    counting.run(splits, on_progress)
    places = _Places(opened, splits)
    found = _duplicates(duplicates, places, top)
    if found.sampled > 1:
        notes.append(
            f"duplicates are judged from one in {found.sampled:,} contents, because there are more than "
            f"{max_hashes:,} documents"
        )
    order = _by_count(tokens.counts)
    text = tokens if isinstance(tokens, TextCounts) else None
    reencoding = unknown = None
    if tokenizer is not None:
        reencoding, unknown = reencode(order, tokens.counts, tokenizer, examples=_EXAMPLES)
    records = opened.manifest.splits
    return Stats(
        path=str(opened.path),
        dataset=opened.manifest.dataset,
        tokenizer=opened.manifest.tokenizer.name,
        fingerprint=opened.fingerprint,
        splits=tuple(
            SplitSize(name, opened[name].num_tokens, opened[name].num_documents, masks.num_targets.get(name))
            for name in splits
        ),
        vocab_size=opened.vocab_size,
        num_tokens=sum(opened[name].num_tokens for name in splits),
        num_documents=documents.num_documents,
        size_bytes=sum(shard.size_bytes for name in splits for shard in records[name].shards),
        text_bytes=None if text is None else text.num_bytes,
        entropy_bits=_entropy(tokens.counts),
        lengths=documents.lengths.lengths(),
        empty=SomeDocuments(counting.num_empty, places.of(counting.empty)),
        num_targets=sum(masks.num_targets.values()) if masks.num_targets else None,
        untrained=(
            SomeDocuments(masks.num_untrained, places.of(masks.untrained)) if masks.num_targets else None
        ),
        long=SomeDocuments(documents.num_long, places.of(documents.longest)),
        long_tokens=long_tokens,
        unused_ids=int(np.count_nonzero(tokens.counts == 0)),
        most_frequent=counts_of(order[:top].tolist(), tokens.counts, tokenizer),
        rank_counts=_ranks(tokens.counts[order]),
        reencoding=reencoding,
        replacement_characters=None if text is None else text.replacements,
        unknown_tokens=unknown,
        duplicates=found,
        num_inputs=int(np.count_nonzero(documents.input_documents)),
        inputs=_inputs(opened, documents, top),
        scripts=None if text is None else text.scripts(opened.manifest.tokenizer.eot_id),
        block_size=block_size,
        batch_size=batch_size,
        samplers=tuple(
            share
            for name in splits
            for share in sampler_shares(opened[name], block_size=block_size, batch_size=batch_size)
        ),
        notes=tuple(notes),
    )


def _splits(corpus: Corpus, split: str | Sequence[str] | None) -> tuple[str, ...]:
    names = corpus.splits if split is None else (split,) if isinstance(split, str) else tuple(split)
    for name in names:
        corpus[name]  # which says what there is
    return tuple(name for name in corpus.splits if name in names)


def _tokenizer(corpus: Corpus) -> tuple[Tokenizer | None, list[str]]:
    """The corpus's tokenizer, or why nothing is said of text."""
    try:
        return corpus.tokenizer, []
    except CorpuskitError as error:
        return None, [f"nothing is said of the text, because the tokenizer cannot be opened: {error}"]


def _entropy(counts: Ints) -> float:
    total = int(counts.sum())
    shares = counts[counts > 0] / max(total, 1)
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _by_count(counts: Ints) -> Ints:
    """The ids that occur, the most frequent first and the smaller first of those that are equal."""
    used = np.flatnonzero(counts)
    return used[np.argsort(-counts[used], kind="stable")]


def _ranks(counts: Ints) -> tuple[RankCount, ...]:
    ranks = [1 << power for power in range(len(counts).bit_length())]
    return tuple(RankCount(rank, int(counts[rank - 1])) for rank in ranks if rank <= len(counts))


class _Places:
    """From a document's number over all splits to where it is."""

    def __init__(self, corpus: Corpus, splits: Sequence[str]) -> None:
        self._splits = [corpus[name] for name in splits]
        self.firsts = np.cumsum([0, *(split.num_documents for split in self._splits)])

    def of(self, numbers: Sequence[int]) -> tuple[DocumentPlace, ...]:
        """Where documents are. Only their rows in the indexes are read."""
        places = []
        for number in numbers:
            at = int(np.searchsorted(self.firsts, number, side="right")) - 1
            piece = self._splits[at].document_piece(number - int(self.firsts[at]))
            place = (piece.split, piece.document, len(piece), piece.input, piece.input_start)
            places.append(DocumentPlace(*place))
        return tuple(places)


def _duplicates(finder: DuplicateFinder, places: _Places, top: int) -> Duplicates:
    groups = finder.groups(first_split=int(places.firsts[1]), top=top, examples=_EXAMPLES)
    worst = tuple(
        DuplicateGroup(group.copies, group.num_tokens, places.of(group.first)) for group in groups.worst
    )
    return Duplicates(
        groups.num_groups, groups.num_documents, groups.num_tokens, groups.leaked, worst, groups.sampled
    )


def _inputs(corpus: Corpus, documents: DocumentCounts, top: int) -> tuple[InputShare, ...]:
    order = np.argsort(-documents.input_tokens, kind="stable")
    order = order[documents.input_documents[order] > 0][:top]
    return tuple(
        InputShare(
            corpus.manifest.inputs[at].name,
            int(documents.input_tokens[at]),
            int(documents.input_documents[at]),
        )
        for at in order.tolist()
    )


__all__ = ["stats"]
