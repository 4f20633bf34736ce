"""What a corpus looks like, in numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from corpuskit.inspect import stats_text
from corpuskit.inspect.stats_records import (
    Duplicates,
    InputShare,
    Lengths,
    RankCount,
    Reencoding,
    SamplerShare,
    ScriptShare,
    SomeDocuments,
    SplitSize,
    TokenCount,
)
from corpuskit.inspect.stats_text import count, percent
from corpuskit.terminal.text import one_line, size


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
        text_bytes: Bytes of the text: the sum of the tokens' own, those of control tokens left out. None
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
        num_targets: Tokens that are to be learned, as the loss stream says; None without one.
        untrained: Documents with tokens of which none is to be learned; None without a loss stream.
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
    num_targets: int | None = None
    untrained: SomeDocuments | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        counts = f"{self.num_tokens:,} tokens, {self.num_documents:,} documents"
        return f"<Stats of {self.dataset!r}: {counts}; print() shows all of it>"

    def __str__(self) -> str:
        return stats_text.joined(
            self._facts(),
            stats_text.lengths(self.lengths),
            stats_text.of_kind("Empty documents", self.empty, self.num_documents),
            stats_text.of_kind(
                "Documents without a target", self.untrained or SomeDocuments(0, ()), self.num_documents
            ),
            stats_text.of_kind(f"Documents over {self.long_tokens:,} tokens", self.long, self.num_documents),
            stats_text.tokens(self.most_frequent, self.num_tokens),
            stats_text.scripts(self.scripts or ()),
            stats_text.inputs(self.inputs, self.num_inputs, self.num_tokens),
            stats_text.duplicates(self.duplicates, self.num_documents, self.num_tokens),
            stats_text.samplers(self.samplers, self.block_size, self.batch_size),
            (f"Note: {one_line(note)}." for note in self.notes),
        )

    def _facts(self) -> Iterator[str]:
        yield one_line(f"{self.dataset}, encoded with {self.tokenizer}")
        for split in self.splits if len(self.splits) > 1 else ():
            words = f"{count(split.num_tokens, 'token')} in {count(split.num_documents, 'document')}"
            if split.num_targets is not None:
                words += f", {count(split.num_targets, 'target')}"
            yield stats_text.fact(split.name, words)
        words = f"{self.num_tokens:,} in {count(self.num_documents, 'document')}"
        yield stats_text.fact("tokens", f"{words}, {size(self.size_bytes)} of shards")
        if self.bytes_per_token is not None and self.text_bytes is not None:
            yield stats_text.fact(
                "text", f"{size(self.text_bytes)}, {self.bytes_per_token:.2f} bytes a token"
            )
        if self.num_targets is not None:
            share = percent(self.num_targets, self.num_tokens)
            yield stats_text.fact("targets", f"{self.num_targets:,}, {share} of the tokens")
        unused = f"{self.unused_ids:,} ({percent(self.unused_ids, self.vocab_size)}) do not"
        words = f"{self.vocab_size - self.unused_ids:,} of {self.vocab_size:,} occur, {unused}"
        yield stats_text.fact("ids", words)
        yield stats_text.fact("entropy", f"{self.entropy_bits:.2f} bits a token")
        if self.reencoding is not None and self.reencoding.num_ids:
            share = percent(self.reencoding.num_tokens, self.num_tokens)
            words = f"{count(self.reencoding.num_ids, 'id')}, {share} of tokens"
            yield stats_text.fact("not given", f"{words}, that their text alone is not encoded to")
        if self.replacement_characters:
            words = (
                f"{count(self.replacement_characters, 'character')} in the place of bytes that were no text"
            )
            yield stats_text.fact("U+FFFD", words)
        if self.unknown_tokens:
            yield stats_text.fact("unknown", f"{count(self.unknown_tokens, 'token')} for text that has no id")

    @property
    def bytes_per_token(self) -> float | None:
        """Bytes of text a token, end-of-text ids counted as tokens; None where the text is not known."""
        if self.text_bytes is None:
            return None
        return self.text_bytes / self.num_tokens if self.num_tokens else 0.0

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value, by the names of the fields."""
        return dataclasses.asdict(self) | {"bytes_per_token": self.bytes_per_token}


__all__ = ["Stats"]
