"""The records that statistics are made of."""

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
        num_targets: The tokens that are to be learned; None where no loss stream says it.
    """

    name: str
    num_tokens: int
    num_documents: int
    num_targets: int | None = None


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


__all__ = [
    "DocumentPlace",
    "DuplicateGroup",
    "Duplicates",
    "InputShare",
    "LengthBin",
    "Lengths",
    "RankCount",
    "Reencoding",
    "SamplerShare",
    "ScriptShare",
    "SomeDocuments",
    "SplitSize",
    "TokenCount",
]
