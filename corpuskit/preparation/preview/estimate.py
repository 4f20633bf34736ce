"""What a preparation will make and take, judged from a sample of its documents."""

from __future__ import annotations

import dataclasses
import heapq
import math
import time
from collections.abc import Sequence

import numpy as np

from corpuskit.corpus.index import ROW_BYTES
from corpuskit.errors import CorpuskitError
from corpuskit.machine import resident_bytes, usable_cores
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.preview import places as sample_places
from corpuskit.preparation.preview.places import Group, stored_bytes
from corpuskit.preparation.preview.sample import OnProblem, group_key, take_sample
from corpuskit.preparation.preview.totals import Guess, Range, Totals, totals
from corpuskit.preparation.split_rule import SplitRule
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.value_streams import LOSS_INFO

#: A run takes so long whatever it makes, and writes, hashes and joins so many bytes a second.
_RUN_S, _WRITTEN_BYTES_PER_S = 0.2, 500e6
#: What a manifest says of an input, beside its name.
_INPUT_BYTES = 170
#: A worker has a batch of text, its ids, and files that are written, beside what it was seen to grow by.
_WORKER_BYTES = 24 * 2**20
#: What a process holds where the system does not say it.
_PROCESS_BYTES = 300 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Sampled:
    """How much of a corpus was looked at.

    Args:
        places: Places that were looked at.
        files: Files that they are in.
        of_files: Files in all.
        read_bytes: Stored bytes that were read.
        of_bytes: Stored bytes in all.
        encoded_bytes: Bytes of text that were encoded.
        whole: Whether all of it was read.
        from_front: Whether of some files only the beginning was read, because there is no reading them from
            elsewhere: what comes later may be other text.
    """

    places: int
    files: int
    of_files: int
    read_bytes: int
    of_bytes: int
    encoded_bytes: int
    whole: bool
    from_front: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A judgement from a sample.

    Args:
        text_bytes: Bytes of text.
        documents: How many documents there are.
        tokens: Tokens, end-of-text ids included.
        splits: The tokens of each split.
        output_bytes: Size of the corpus on disk.
        memory_bytes: Peak memory of all processes together.
        elapsed_s: Seconds with so many workers.
        workers: How many processes work: no more than there are parts.
        sample: What was looked at.
    """

    text_bytes: Range
    documents: Range
    tokens: Range
    splits: dict[str, Range]
    output_bytes: int
    memory_bytes: int
    elapsed_s: float
    workers: int
    sample: Sampled

    @property
    def num_tokens(self) -> int:
        """The best guess of the tokens."""
        return self.tokens.value


def estimate(
    source: Source,
    plan: Plan,
    tokenizer: Tokenizer,
    rule: SplitRule,
    *,
    workers: int,
    on_problem: OnProblem | None = None,
) -> Judgement:
    """Read and encode some places of a corpus, evenly spread, and judge the whole by them.

    Args:
        source: The source.
        plan: The plan.
        tokenizer: The tokenizer.
        rule: How documents find their split.
        workers: How many processes are asked for.
        on_problem: Called for what cannot be read; by default it is raised.
    """
    started = time.perf_counter()
    tokenizer.load()  # which is no part of the work
    load_s, loaded_bytes = time.perf_counter() - started, resident_bytes()
    groups = take_sample(
        source,
        plan,
        tokenizer,
        cut=rule.kind != "documents",
        limits=sample_places.LIMITS,
        on_problem=on_problem or _raise,
    )
    return Judgement(
        source,
        plan,
        rule,
        groups,
        workers=workers,
        load_s=load_s,
        loaded_bytes=loaded_bytes,
        grown_bytes=max(resident_bytes() - loaded_bytes, 0),
    )


class Judgement:
    """What a sample says about a plan.

    Args:
        source: The source.
        plan: The plan.
        rule: How documents find their split.
        groups: The sample.
        workers: How many processes are asked for.
        load_s: Seconds that loading the tokenizer took.
        loaded_bytes: What the process held then.
        grown_bytes: By how much it grew while it read and encoded the sample.
    """

    def __init__(
        self,
        source: Source,
        plan: Plan,
        rule: SplitRule,
        groups: Sequence[Group],
        *,
        workers: int,
        load_s: float,
        loaded_bytes: int,
        grown_bytes: int,
    ) -> None:
        self._plan, self._rule, self._groups = plan, rule, groups
        self._item_bytes, self._added = plan.recipe.item_bytes, plan.recipe.options.added_ids
        self._workers = max(min(workers, len(plan.parts)), 1)
        self._load_s, self._loaded_bytes, self._grown_bytes = load_s, loaded_bytes, grown_bytes
        self._totals = [totals(group, _num_records(source, plan, group)) for group in groups]
        self._numbers = {group.key: number for number, group in enumerate(groups)}

    def estimate(self, max_tokens: int | None = None) -> Estimate:
        """What will be made and taken, if the work stops after so many tokens.

        Args:
            max_tokens: Where the work stops, if it stops early.
        """
        shares, num_parts = self._made(max_tokens)
        kept = [whole.times(share) for whole, share in zip(self._totals, shares, strict=True)]
        all_kept = sum(kept, Totals())
        least = Totals() if max_tokens is not None else self._counted()
        tokens = all_kept.num_tokens(added=self._added)
        documents = all_kept.num_documents.range(least.num_documents.value)
        output_bytes = round(tokens.value * self._item_bytes) + documents.value * ROW_BYTES
        output_bytes += self._stream_bytes(kept) + round(all_kept.field_bytes.value)
        output_bytes += sum(len(item.name) + _INPUT_BYTES for item in self._plan.inputs)
        return Estimate(
            text_bytes=all_kept.text_bytes.range(least.text_bytes.value),
            documents=documents,
            tokens=tokens.range(),
            splits={name: guess.range() for name, guess in self._splits(kept).items()},
            output_bytes=output_bytes,
            memory_bytes=self._memory_bytes(),
            elapsed_s=self._elapsed_s(num_parts) + output_bytes / _WRITTEN_BYTES_PER_S,
            workers=self._workers,
            sample=self._sampled(),
        )

    def _stream_bytes(self, kept: Sequence[Totals]) -> int:
        """What the streams beside the ids take: an item a token."""
        tokens = (
            found.num_tokens(added=self._added).value
            for group, found in zip(self._groups, kept, strict=True)
            if group.has_loss
        )
        return round(sum(tokens) * LOSS_INFO.item_bytes)

    def num_parts(self, max_tokens: int) -> int:
        """How many parts are made, at the least one, if the work stops after so many tokens."""
        return max(self._made(max_tokens)[1], 1)

    def _made(self, max_tokens: int | None) -> tuple[list[float], int]:
        """The share of each group that is made, and how many parts that is, if the work stops early."""
        if max_tokens is None:
            return [1.0] * len(self._groups), len(self._plan.parts)
        rates = [
            whole.num_tokens(added=self._added).value / group.size_bytes
            for whole, group in zip(self._totals, self._groups, strict=True)
        ]
        made, left, num_parts = [0.0] * len(rates), float(max_tokens), 0
        for part in self._plan.parts:
            if left <= 0:
                break
            num_parts += 1
            for piece in part.pieces:
                number = self._numbers[group_key(self._plan.inputs[piece.input], piece)]
                tokens = stored_bytes(piece) * rates[number]
                made[number] += stored_bytes(piece) * min(max(left, 0) / tokens if tokens else 1.0, 1.0)
                left -= tokens
        shares = [size / group.size_bytes for size, group in zip(made, self._groups, strict=True)]
        return shares, num_parts

    def _counted(self) -> Totals:
        """What was seen in the sample, which surely is there."""
        return Totals(
            Guess(sum(group.column("text_bytes").sum() for group in self._groups)),
            Guess(sum(group.column("num_documents").sum() for group in self._groups)),
        )

    def _splits(self, kept: Sequence[Totals]) -> dict[str, Guess]:
        """The tokens of each split: as inputs and places say, or by the fractions of the rule."""
        splits = {name: Guess(0) for name in self._rule.names}
        if self._rule.kind != "documents":
            for group, found in zip(self._groups, kept, strict=True):
                name = group.split or "train"
                splits[name] = splits.get(name, Guess(0)) + found.num_tokens(added=self._added)
            return splits
        whole = sum(kept, Totals())
        fractions = {
            "train": 1 - sum(share for _, share in self._rule.fractions),
            **dict(self._rule.fractions),
        }
        for name, fraction in fractions.items():
            # A split has its share of documents by chance, and long ones count more.
            chance = math.sqrt((1 - fraction) / fraction * self._largest_shares()) if fraction else 0.0
            splits[name] = whole.num_tokens(added=self._added).times(fraction, error=chance)
        return splits

    def _largest_shares(self) -> float:
        """The sum of the squares of the shares that documents have of the text: 1 / N for N of one size."""
        squares = text = 0.0
        for group, whole in zip(self._groups, self._totals, strict=True):
            seen = max(group.column("text_bytes").sum(), 1)
            squares += group.column("squared_bytes").sum() / seen * whole.text_bytes.value
            text += whole.text_bytes.value
        return min(squares / text**2, 1.0) if text else 1.0

    def _elapsed_s(self, num_parts: int) -> float:
        """Seconds for the first so many parts: each worker takes the next one when it is done."""
        rates = [
            _seconds_per_byte(group, whole) for group, whole in zip(self._groups, self._totals, strict=True)
        ]
        workers = [0.0] * min(self._workers, usable_cores())
        for part in self._plan.parts[:num_parts]:
            seconds = sum(
                stored_bytes(piece) * rates[self._numbers[group_key(self._plan.inputs[piece.input], piece)]]
                for piece in part.pieces
            )
            heapq.heappushpop(workers, workers[0] + seconds)
        return max(workers) + self._load_s + _RUN_S

    def _memory_bytes(self) -> int:
        """What this process holds, which forked workers share with it, and what each of them adds."""
        process = self._loaded_bytes or _PROCESS_BYTES
        return process + self._workers * (self._grown_bytes + _WORKER_BYTES)

    def _sampled(self) -> Sampled:
        files = {number for group in self._groups for number in group.files}
        read = sum(group.column("read_bytes").sum() for group in self._groups)
        return Sampled(
            places=sum(len(group.places) for group in self._groups),
            files=len(files),
            of_files=len(self._plan.inputs),
            read_bytes=round(read),
            of_bytes=self._plan.size_bytes,
            encoded_bytes=round(sum(group.column("encoded_bytes").sum() for group in self._groups)),
            whole=all(group.whole for group in self._groups),
            from_front=any(group.unread > 0 for group in self._groups),
        )


def _num_records(source: Source, plan: Plan, group: Group) -> int | None:
    total = 0
    for piece in group.pieces:
        count = source.num_records(plan.inputs[piece.input], piece.slice)
        if count is None:
            return None
        total += count
    return total


def _seconds_per_byte(group: Group, whole: Totals) -> float:
    """Seconds for reading and encoding a stored byte of a group."""
    read = group.column("read_s").sum() / max(group.column("read_bytes").sum(), 1)
    # Engines remember words: what they do after a while is what they do for most of a corpus.
    encoded = group.column("encoded_bytes")
    warm = slice(np.searchsorted(np.cumsum(encoded), encoded.sum() / 2), None)
    encode = group.column("encode_s")[warm].sum() / max(encoded[warm].sum(), 1)
    return float(read + encode * whole.text_bytes.value / group.size_bytes)


def _raise(item: Input, error: CorpuskitError) -> None:
    raise error


__all__ = ["Estimate", "Judgement", "Sampled", "estimate"]
