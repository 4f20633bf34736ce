"""Where a text is in a split: its ids are read once, at the speed of a disk, and nothing is decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from corpuskit.arrays import Ints, Tokens
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError
from corpuskit.inspect.phrase import Phrase
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.tokenizers.base import Tokenizer, to_utf8

#: The longest text that is searched for.
MAX_BYTES = 10_000
#: How many ids are sampled, from how many places, to see which are rare.
_SAMPLES, _SAMPLE_IDS = 64, 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Occurrence:
    """Where a text is in a split.

    Args:
        start: The token that has its first byte, counted through the split.
        stop: Where the token ends that has its last one (exclusive).
    """

    start: int
    stop: int


def find_text(
    corpus: Corpus, split: str, text: str, *, on_progress: OnProgress | None = None
) -> Iterator[Occurrence]:
    """Every place of a split where a text is, also where it overlaps itself; in order.

    Ids are compared and not text, so that it does not matter which tokens the text became. Where what an id
    stands for depends on those around it, each document is decoded instead, which takes a hundred times as
    long. A text is found inside one document.

    Args:
        corpus: The corpus.
        split: The split's name.
        text: What is looked for, as it was before it was encoded: letter case and spaces count.
        on_progress: Called as the ids are read.

    Raises:
        ConfigError: If the text is empty, or longer than 10,000 bytes.
        CorpusFormatError: If a file has other bytes than the manifest says.
        TokenizerError: If the tokenizer cannot be opened.
    """
    phrase = to_utf8(text)
    if not 1 <= len(phrase) <= MAX_BYTES:
        raise ConfigError(f"a text to search for has 1 to {MAX_BYTES:,} bytes, found {len(phrase):,}")
    token_bytes = corpus.tokenizer.token_bytes()
    if token_bytes is None:
        return _decoded(corpus, split, phrase, on_progress)
    return _scanned(corpus, split, Phrase(phrase, token_bytes, eot_id=_eot_id(corpus)), on_progress)


def _scanned(
    corpus: Corpus, name: str, phrase: Phrase, on_progress: OnProgress | None
) -> Iterator[Occurrence]:
    split, records = corpus[name], corpus.manifest.splits[name].shards
    phrase.choose(_sampled(split, corpus.vocab_size))
    if not phrase.is_possible:
        return
    find = phrase.finder(split.dtype)
    total, at, ends, ends_shard = split.num_tokens, 0, np.empty(0, np.int64), -1
    refuse = scan.refuser(split)
    for number, ids in scan.tokens(split, records, refuse):
        places = find(ids)
        if len(places):
            starts, stops, is_open = phrase.occurrences(ids, places)
            if len(starts):
                if ends_shard != number:
                    ends = scan.ends(split, number, records[number], refuse)
                    ends_shard = number
                starts, stops = starts + at, stops + at
                inside = ends.searchsorted(starts, "right") == ends.searchsorted(stops - 1, "right")
                starts, stops = starts[inside], stops[inside]
            found = {*zip(starts.tolist(), stops.tolist(), strict=True)}
            for place in is_open.tolist():
                found |= _around(split, phrase, at + place)
            yield from (Occurrence(*one) for one in sorted(found))
        at += len(ids)
        if on_progress is not None:
            item_bytes = split.dtype.itemsize
            on_progress(Progress("search", records[number].file, at * item_bytes, total * item_bytes))


def _around(split: Split, phrase: Phrase, place: int) -> set[tuple[int, int]]:
    """The occurrences around an id that is near the end of a chunk, across shards."""
    reach = phrase.num_bytes + 1
    while True:
        low, high = max(place - reach, 0), min(place + reach, split.num_tokens)
        starts, stops, is_open = phrase.occurrences(split[low:high], np.array([place - low]))
        if not len(is_open) or (low == 0 and high == split.num_tokens):
            break
        reach *= 2  # ids without a text of their own are in between
    pairs = zip((starts + low).tolist(), (stops + low).tolist(), strict=True)
    return {(start, stop) for start, stop in pairs if len(split.pieces(start, stop)) == 1}


def _sampled(split: Split, vocab_size: int) -> Ints:
    """int64[V], how often each id occurs in a sample from all over a split."""
    counts = np.zeros(vocab_size, np.int64)
    for start in np.linspace(0, max(split.num_tokens - _SAMPLE_IDS, 0), _SAMPLES).astype(int).tolist():
        ids = np.minimum(split[start : start + _SAMPLE_IDS], vocab_size)
        counts += np.bincount(ids, minlength=vocab_size + 1)[:vocab_size]
    return counts


def _decoded(
    corpus: Corpus, name: str, phrase: bytes, on_progress: OnProgress | None
) -> Iterator[Occurrence]:
    """The occurrences, where only whole documents can be decoded."""
    split, tokenizer, eot_id = corpus[name], corpus.tokenizer, _eot_id(corpus)
    item_bytes = split.dtype.itemsize
    for number in range(split.num_documents):
        piece, ids = split.document_piece(number), split.document(number)
        ids = ids[:-1] if eot_id is not None and len(ids) and ids[-1] == eot_id else ids
        text = tokenizer.decode_bytes(ids)
        at, last = text.find(phrase), None
        while at >= 0:
            first = piece.start + _reaching(tokenizer, ids, at + 1) - 1
            found = Occurrence(first, piece.start + _reaching(tokenizer, ids, at + len(phrase)))
            if found != last:
                yield found
            at, last = text.find(phrase, at + 1), found
        if on_progress is not None:
            on_progress(Progress("search", name, piece.stop * item_bytes, split.num_tokens * item_bytes))


def _reaching(tokenizer: Tokenizer, ids: Tokens, num_bytes: int) -> int:
    """How many of a document's first ids give so many bytes of its text."""
    low, high = 1, len(ids)
    while low < high:
        middle = (low + high) // 2
        if len(tokenizer.decode_bytes(ids[:middle])) >= num_bytes:
            high = middle
        else:
            low = middle + 1
    return low


def _eot_id(corpus: Corpus) -> int | None:
    return corpus.manifest.tokenizer.eot_id if corpus.manifest.options.get("eot") else None


__all__ = ["MAX_BYTES", "Occurrence", "find_text"]
