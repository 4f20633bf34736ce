"""What a corpus looks like, in numbers."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class SplitSize:
    """How large a split is.

    Args:
        name: The split's name.
        num_tokens: Its tokens.
        num_documents: The documents that end in it.
    """

    name: str
    num_tokens: int
    num_documents: int


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentPlace:
    """A document, and where it came from.

    Args:
        split: The split's name.
        document: Its number in the split, from 0.
        num_tokens: Its tokens, its end-of-text id included.
        input: The name of its input, as the manifest has it.
        input_start: Where it starts in its input: a byte, or the number of its row, from 0.
    """

    split: str
    document: int
    num_tokens: int
    input: str
    input_start: int


@dataclasses.dataclass(frozen=True, slots=True)
class LengthBin:
    """Documents of about one length.

    Args:
        shortest: The fewest tokens, 0 or a power of two.
        longest: The most tokens, inclusive.
        num_documents: Documents whose length is between these.
        num_tokens: The tokens of these documents.
    """

    shortest: int
    longest: int
    num_documents: int
    num_tokens: int


@dataclasses.dataclass(frozen=True, slots=True)
class Lengths:
    """How long documents are, in tokens, end-of-text ids included; all exact.

    Args:
        mean: Tokens a document on average; 0 without documents.
        quantiles: Shares from 0 to 1, each with the length that so many documents do not exceed (the smallest
            such length); those of 0 and 1 are the shortest and the longest document. Empty without documents.
        bins: Documents by length, each bin's end twice the one before; from the shortest to the longest one.
    """

    mean: float
    quantiles: tuple[tuple[float, int], ...]
    bins: tuple[LengthBin, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SomeDocuments:
    """How many documents are of a kind, and some of them.

    Args:
        count: Documents of this kind.
        examples: Some of them: of long documents the longest, of others the first.
    """

    count: int
    examples: tuple[DocumentPlace, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TokenCount:
    r"""How often an id occurs.

    Args:
        id: The id.
        count: How often it occurs.
        text: What it stands for, bytes that are no whole characters as `\xNN`; None where the tokenizer is
            not known.
    """

    id: int
    count: int
    text: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class RankCount:
    """How often the id of a rank occurs.

    Args:
        rank: 1 for the most frequent id, and on in powers of two.
        count: How often it occurs.
    """

    rank: int
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Reencoding:
    """Ids of the corpus whose own text, encoded alone, is not that one id again.

    No text that is just this token gives the id. Such an id comes from its context (a tokenizer that adds a
    space before a text has many), is a special one, or was not made by this tokenizer. The end-of-text id is
    not looked at, nor is an id whose bytes are no whole characters and so are no text.

    Args:
        num_ids: Different ids of this kind.
        num_tokens: How often they occur.
        unchecked_ids: Different ids that are no text by themselves.
        unchecked_tokens: How often those occur.
        examples: The most frequent ones of this kind.
    """

    num_ids: int
    num_tokens: int
    unchecked_ids: int
    unchecked_tokens: int
    examples: tuple[TokenCount, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Documents with the same ids.

    Args:
        copies: How many there are.
        num_tokens: The tokens of each.
        examples: The first of them.
    """

    copies: int
    num_tokens: int
    examples: tuple[DocumentPlace, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicates:
    """Documents whose ids another document has as well, by a 128-bit hash; empty documents are not counted.

    Args:
        num_groups: Different contents that occur more than once.
        num_documents: Documents that have an earlier copy: what would go if each content was kept once.
        num_tokens: The tokens of these.
        leaked: Those of them outside the first split whose content is in the first split.
        worst: The groups whose copies take the most tokens.
        sampled: 1 where every document was looked at. Where it is n, only the contents whose hash begins in
            one of n ways were, with all their copies, and the numbers above are n times what was found.
    """

    num_groups: int
    num_documents: int
    num_tokens: int
    leaked: int
    worst: tuple[DuplicateGroup, ...]
    sampled: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class InputShare:
    """What is of one input.

    Args:
        name: The input's name, as the manifest has it.
        num_tokens: The tokens of its documents.
        num_documents: Its documents.
    """

    name: str
    num_tokens: int
    num_documents: int


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptShare:
    """What is of one script of Unicode.

    Each token is of the script that most of its characters have. One that is the rest of a character is of
    the script of the token in which the character begins, whose first bytes say it.

    Args:
        script: "Latin", "Han", ...; "Common" for what all scripts share, such as digits, spaces, punctuation
            and symbols; "Other" for scripts that are rare today; "Unknown" where the first bytes of a
            character that is cut do not say its script.
        num_tokens: Its tokens, without end-of-text ids.
        num_bytes: The bytes of these tokens.
        num_characters: Characters of the script, each counted where it begins.
    """

    script: str
    num_tokens: int
    num_bytes: int
    num_characters: int


@dataclasses.dataclass(frozen=True, slots=True)
class SamplerShare:
    """What an epoch of a sampler makes of a split.

    Args:
        split: The split's name.
        sampler: The sampler's name.
        options: Its options, such as `{"tail": "pad"}`.
        num_rows: Rows of an epoch; of a sampler without epochs as many as it takes to draw N - 1 targets.
        kept: The share of the split's tokens that are a target in an epoch, each counted once. Of a sampler
            that draws at random it is the expected share.
        cropped: The share that are not; `kept + cropped` is 1.
        padded: The share of the places of the epoch's rows that are padding.
        is_expected: Whether `kept` is an expectation.
    """

    split: str
    sampler: str
    options: dict[str, Any]
    num_rows: int
    kept: float
    cropped: float
    padded: float
    is_expected: bool = False


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Stats:
    """What a corpus looks like; `print()` shows it as the command line does.

    Args:
        path: The corpus's folder or URL.
        dataset: What was prepared.
        tokenizer: The tokenizer's name.
        fingerprint: Identifies the corpus's tokens, their order and their tokenizer.
        splits: The splits that were counted, in the manifest's order.
        vocab_size: Ids that there could be.
        num_tokens: Tokens of these splits, end-of-text ids included.
        num_documents: Documents that end in them.
        size_bytes: Bytes of their shards.
        text_bytes: Bytes of the text: the sum of the tokens' own, those of end-of-text ids left out. None
            where the tokenizer is not known, as all below that can be None.
        entropy_bits: The entropy of the ids' distribution, in bits a token.
        lengths: How long documents are.
        empty: Documents without a token but an end-of-text id.
        long: Documents of more than `long_tokens` tokens.
        long_tokens: How many tokens make a document very long.
        unused_ids: Ids of the vocabulary that do not occur.
        most_frequent: The most frequent ids, in order.
        rank_counts: How often the ids of some ranks occur, for a chart of rank and frequency.
        reencoding: Ids whose own text does not give them again.
        replacement_characters: How often U+FFFD, which stands for bytes that were no text, is in the text:
            inside one token, or as the ids that it is encoded to alone.
        unknown_tokens: How often an id stands for unknown text, such as `<unk>` where that text itself is
            encoded to other ids.
        duplicates: Documents that occur more than once.
        num_inputs: Inputs that have documents in these splits.
        inputs: The inputs with the most tokens, in order.
        scripts: What is of each script, the largest first.
        block_size: T, tokens in a row, of the shares by sampler.
        batch_size: B, rows in a batch, of the same.
        samplers: What an epoch of each built-in sampler makes of each split; splits too short for one are
            left out.
        notes: What should be known of these numbers, each as a sentence.
    """

    path: str
    dataset: str
    tokenizer: str
    fingerprint: str
    splits: tuple[SplitSize, ...]
    vocab_size: int
    num_tokens: int
    num_documents: int
    size_bytes: int
    text_bytes: int | None
    entropy_bits: float
    lengths: Lengths
    empty: SomeDocuments
    long: SomeDocuments
    long_tokens: int
    unused_ids: int
    most_frequent: tuple[TokenCount, ...]
    rank_counts: tuple[RankCount, ...]
    reencoding: Reencoding | None
    replacement_characters: int | None
    unknown_tokens: int | None
    duplicates: Duplicates
    num_inputs: int
    inputs: tuple[InputShare, ...]
    scripts: tuple[ScriptShare, ...] | None
    block_size: int
    batch_size: int
    samplers: tuple[SamplerShare, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        counts = f"{self.num_tokens:,} tokens, {self.num_documents:,} documents"
        return f"<Stats of {self.dataset!r}: {counts}; print() shows all of it>"

    @property
    def bytes_per_token(self) -> float | None:
        """Bytes of text a token, end-of-text ids counted as tokens; None where the text is not known."""
        if self.text_bytes is None:
            return None
        return self.text_bytes / self.num_tokens if self.num_tokens else 0.0

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value, by the names of the fields."""
        return dataclasses.asdict(self) | {"bytes_per_token": self.bytes_per_token}
