"""`corpuskit.health`: rules that a corpus keeps if its text is what its maker thinks."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.errors import ConfigError, CorpuskitError
from corpuskit.inspect.collecting import stats
from corpuskit.inspect.round_trip import RoundTrip, round_trip
from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_text import count, percent, quoted
from corpuskit.near import near
from corpuskit.on_progress import OnProgress
from corpuskit.terminal.text import one_line

#: Each rule's threshold, and what is measured: shares, which may be that at most, and bits, at least.
RULES: Mapping[str, tuple[float, str]] = {
    "one-token": (0.5, "the share of the most frequent token, end of text aside"),
    "unknown": (0.001, "the share of tokens that stand for text without an id, such as <unk>"),
    "replacement": (0.001, "the share of the text's bytes that are U+FFFD"),
    "entropy": (3.0, "bits a token, at least"),
    "duplicates": (0.1, "the share of documents with an earlier copy"),
    "leak": (0.01, "the share of later splits' documents with a copy in the first"),
    "empty": (0.01, "the share of documents without text"),
    "untrained": (0.01, "the share of documents without a single target to be learned"),
    "round-trip": (0.0, "the share of sampled documents that are encoded to other ids again"),
}
_AT_LEAST = "entropy"
#: How many documents are decoded and encoded again.
_DOCUMENTS = 64
_REPLACEMENT_BYTES = len("\ufffd".encode())


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a corpus breaks.

    Args:
        rule: The rule's name.
        found: What was measured: a share from 0 to 1, or bits a token.
        threshold: The most that it may be, or of bits a token the least.
        message: What was found and what to do, in one line.
    """

    rule: str
    found: float
    threshold: float
    message: str

    def __str__(self) -> str:
        return one_line(f"{self.rule}: {self.message}")

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value."""
        return dataclasses.asdict(self)


def health(
    corpus: Corpus | str | os.PathLike[str],
    *,
    rules: Mapping[str, float] | None = None,
    split: str | Sequence[str] | None = None,
    encoding: str | None = None,
    on_progress: OnProgress | None = None,
) -> list[Finding]:
    """Look for what is wrong with the text of a corpus while its bytes are right.

    A token that is most of the corpus, documents again and again, U+FFFD for bytes that were no text, ids
    that another tokenizer made: each rule has a threshold that holds for most corpora. Rules about text are
    left out where the tokenizer cannot be opened.

    Args:
        corpus: An open corpus, its folder, or its URL.
        rules: Thresholds by the names of rules, for those that should have another one; a share of 1 allows
            everything.
        split: The split to look at, or several; None is all of them.
        encoding: The tokenizer to decode with, where the manifest holds its name only.
        on_progress: Called every few MiB, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The rules that are broken, in the order of the rules; empty for a healthy corpus.

    Raises:
        ConfigError: If there is no such rule or split.
        CorpusFormatError: If it is not a corpus, or a file is damaged.
        StorageError: If a file cannot be read, or the store does not answer.

    Example:
        >>> corpuskit.health("data/tinyshakespeare/gpt2")
        []
    """
    allowed = thresholds(rules or {})
    opened = corpus if isinstance(corpus, Corpus) else open_corpus(corpus, encoding=encoding)
    found = stats(opened, split=split, top=2, on_progress=on_progress)
    names = [one.name for one in found.splits]
    try:
        trip = round_trip(opened, names, documents=_DOCUMENTS)
    except CorpuskitError:  # the tokenizer cannot be opened
        trip = RoundTrip(0, ())
    return [
        Finding(rule, measure, allowed[rule], message)
        for rule, measure, message in _measured(found, trip, opened)
        if (measure < allowed[rule] if rule == _AT_LEAST else measure > allowed[rule])
    ]


def thresholds(rules: Mapping[str, float]) -> dict[str, float]:
    """Every rule's threshold.

    Args:
        rules: Those that are not the usual ones, by the names of rules.

    Raises:
        ConfigError: If there is no such rule, or a threshold is no number.
    """
    for name, value in rules.items():
        if name not in RULES:
            close = near(name, [*RULES], most=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(RULES)}"
            raise ConfigError(f"no health rule {name!r}; {hint}", expected=tuple(RULES), found=name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise ConfigError(f"health rule {name} = {value!r}: must be a number, 0 or more", found=value)
    return {name: rules.get(name, threshold) for name, (threshold, _) in RULES.items()}


def _measured(found: Stats, trip: RoundTrip, corpus: Corpus) -> Iterator[tuple[str, float, str]]:
    """What each rule measures, where there is something to measure, and what to say if it is too much."""
    documents, path = max(found.num_documents, 1), corpus.path
    if found.num_tokens:
        eot_id = corpus.manifest.tokenizer.eot_id
        most = next((one for one in found.most_frequent if one.id != eot_id), None)
        if most is not None:
            share = most.count / found.num_tokens
            name = f"id {most.id:,} {quoted(most.text)}".strip()
            yield (
                "one-token",
                share,
                f"{name} is {percent(share)} of the tokens; look at some: corpuskit show {path}",
            )
    if found.unknown_tokens is not None and found.num_tokens:
        share = found.unknown_tokens / found.num_tokens
        words = f"{percent(share)} of the tokens stand for text that the tokenizer has no id for"
        yield "unknown", share, f"{words}; prepare it with another --encoding"
    if found.replacement_characters is not None and found.text_bytes:
        share = found.replacement_characters * _REPLACEMENT_BYTES / found.text_bytes
        words = f"{percent(share)} of the text is U+FFFD, in the place of bytes that were no UTF-8"
        yield "replacement", share, f"{words}; prepare it from files in their own encoding made UTF-8"
    if found.num_tokens:
        words = f"the ids have {found.entropy_bits:.2f} bits of entropy a token"
        yield "entropy", found.entropy_bits, f"{words}; look at some: corpuskit show {path}"
    same = found.duplicates
    share = same.num_documents / documents
    remedy = "leave copies out before it is prepared; corpuskit stats names the worst"
    yield "duplicates", share, f"{percent(share)} of the documents have an earlier copy; {remedy}"
    if later := sum(one.num_documents for one in found.splits[1:]):
        share = same.leaked / later
        words = f"{percent(share)} of the documents after split {found.splits[0].name} are in it as well"
        yield "leak", share, f"{words}; leave copies out before it is split"
    share = found.empty.count / documents
    words = f"{count(found.empty.count, 'document')} of {found.num_documents:,} have no text"
    yield "empty", share, f"{words}; leave them out, or see whether --text-field names the right field"
    if found.untrained is not None:
        share = found.untrained.count / documents
        words = f"{count(found.untrained.count, 'document')} of {found.num_documents:,} have no target"
        remedy = f"leave them out, or look at some: corpuskit show {path} --chat"
        yield "untrained", share, f"{words}; {remedy}"
    if trip.num_documents:
        share = len(trip.changed) / trip.num_documents
        words = (
            f"{len(trip.changed)} of {trip.num_documents} sampled documents are encoded to other ids again"
        )
        first = (
            f", the first of them {trip.changed[0].split} {trip.changed[0].document:,}"
            if trip.changed
            else ""
        )
        yield "round-trip", share, f"{words}{first}; prepare it again, or use a tokenizer that keeps text"


__all__ = ["RULES", "Finding", "health", "thresholds"]
