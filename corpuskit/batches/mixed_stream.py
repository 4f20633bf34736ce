"""The corpora of a mixture as one token stream with a sampler of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.batches.bos import bos_resolver
from corpuskit.batches.selected import SelectedDocuments, open_selected
from corpuskit.batches.stream import Piece, TokenStream, ValueStream
from corpuskit.batches.target_counts import target_counter
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import AnySampler, SamplerContext, SpanSampler
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.mixture import MixtureSampler, MixtureSpanSampler, Part, Turns
from corpuskit.samplers.phased_mixture import open_phased_mixture
from corpuskit.samplers.phases import Phases
from corpuskit.selection import Selection
from corpuskit.value_streams import StreamInfo


class MixedStream(TokenStream):
    """The splits of a mixture's corpora, one after another, as one token stream with a sampler of its own.

    Args:
        names: The corpora's names.
        identities: What each corpus's own order depends on, beside the seed: its text and tokenizer, and not
            how it was cut into shards or what it is called here.
        splits: Their splits.
        samplers: Their samplers' names.
        stages: (first sample, one weight a corpus) of each stage; where the block size changes along the run,
            the first window of the largest size.
        max_epochs: How often each corpus's samples may be drawn, or None.
        selections: Which documents of each corpus are drawn from, or None; empty is all of each.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        identities: tuple[str, ...],
        splits: tuple[TokenStream, ...],
        samplers: tuple[str, ...],
        stages: tuple[tuple[int, tuple[Fraction, ...]], ...],
        max_epochs: tuple[float | None, ...],
        selections: tuple[Selection | None, ...] = (),
    ) -> None:
        selections = selections or (None,) * len(splits)
        self._arguments = (names, identities, splits, samplers, stages, max_epochs, selections)
        self.name = splits[0].name
        self.dtype = splits[0].dtype
        self._widest = max(
            splits, key=lambda split: split.num_ids or 0
        )  # they share a tokenizer, or extend it
        self.num_ids = self._widest.num_ids
        sizes = [split.num_tokens for split in splits]
        self._offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        self.num_tokens = int(self._offsets[-1])
        shifted = [
            split.shard_starts[:-1] + offset for split, offset in zip(splits, self._offsets, strict=False)
        ]
        self.shard_starts: NDArray[np.int64] = np.concatenate([*shifted, self._offsets[-1:]])
        self._shards = [(split, shard) for split in splits for shard in range(len(split.shard_starts) - 1)]
        own = [
            split.fingerprint if selection is None else [split.fingerprint, selection.fingerprint]
            for split, selection in zip(splits, selections, strict=True)
        ]
        prefixes = [own[: n + 1] for n in range(len(splits))]
        digests = [hashlib.sha256(json.dumps(prefix).encode()).hexdigest() for prefix in prefixes]
        self.fingerprint = digests[-1]
        self.earlier_fingerprints = frozenset(digests[:-1])

    def __reduce__(self) -> tuple[Any, ...]:
        return MixedStream, self._arguments

    def __repr__(self) -> str:
        return f"<MixedStream {self.name!r} of {', '.join(self.names)}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The corpora's names."""
        names: tuple[str, ...] = self._arguments[0]
        return names

    @property
    def corpus_ends(self) -> NDArray[np.int64]:
        """int64[C]: where each corpus ends in the stream."""
        return self._offsets[1:]

    def parts(self) -> list[tuple[TokenStream, int]]:
        """Each shard's split, and its number there."""
        return self._shards

    def shard(self, number: int) -> Tokens:
        """One shard's ids, mapped from disk and read-only."""
        split, shard = self._shards[number]
        return split.shard(shard)

    @property
    def streams(self) -> Mapping[str, StreamInfo]:
        """The streams of values that any of its corpora has; those of the others read as the fill."""
        return {name: info for split in reversed(self._arguments[2]) for name, info in split.streams.items()}

    def stream(self, name: str) -> ValueStream:
        """A stream of values beside the ids; a corpus that has none of this name reads as its fill.

        Raises:
            ConfigError: If no corpus has one, or two have different ones.
        """
        found = super().stream(name)
        for corpus, split in zip(self.names, self._arguments[2], strict=True):
            own = split.streams.get(name, found.info)
            if own != found.info:
                raise ConfigError(
                    f"stream {name!r} of {corpus} is of {own.words()}, that of another corpus of the mixture "
                    f"of {found.info.words()}; give one of them another name, or leave the corpus out",
                    expected=found.info,
                    found=own,
                )
        return found

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One shard's items of a stream of values; None where each is the fill."""
        split, shard = self._shards[number]
        return split.stream_shard(name, shard) if name in split.streams else None

    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream; a corpus's end is one."""
        splits = self._arguments[2]
        ends = [
            np.append(split.document_ends() + offset, offset + split.num_tokens)
            for split, offset in zip(splits, self._offsets.tolist(), strict=False)
        ]
        return np.concatenate(ends)

    @property
    def field_names(self) -> Sequence[str]:
        """The kept fields that any of its corpora has."""
        return [*dict.fromkeys(name for split in self._arguments[2] for name in split.field_names)]

    def document_labels(self, field: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The values of a kept field, united by name; the documents of a corpus without it have none."""
        numbers: dict[str, int] = {}
        found = []
        for split in self._arguments[2]:
            has_any = field in split.field_names
            names, codes = split.document_labels(field) if has_any else _unlabelled(split)
            own = [numbers.setdefault(name, len(numbers)) for name in names]
            # A code of -1 is the last one here; one more is that of the corpus's end.
            found.append(np.array([*own, -1], np.int32)[np.append(codes, np.int32(-1))])
        return tuple(numbers), np.concatenate(found)

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """A range of tokens, cut where documents and corpora end; places are those in its own split."""
        splits: tuple[TokenStream, ...] = self._arguments[2]
        found = []
        for name, split, offset in zip(self.names, splits, self._offsets.tolist(), strict=False):
            pieces = split.pieces(max(start - offset, 0), min(stop - offset, split.num_tokens))
            found += [dataclasses.replace(piece, corpus=name) for piece in pieces]
        return found

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The text that ids stand for; the corpora share a tokenizer, or extend it."""
        return self._widest.decode(ids)

    @property
    def control_ids(self) -> Mapping[str, int]:
        """The ids of control tokens, by their names."""
        return self._widest.control_ids

    def open_sampler(self, name: str, context: SamplerContext) -> AnySampler:
        """The sampler over all corpora; `name` is the mixture's own and says nothing."""
        _, _, _, samplers, stages, max_epochs, _ = self._arguments
        openers = [self._opener(number, sampler, context) for number, sampler in enumerate(samplers)]
        opened = [opener(None) for opener in openers]
        epochs = [sampler.samples_per_epoch for sampler in opened]
        caps = [_cap(*each) for each in zip(self.names, samplers, epochs, max_epochs, strict=True)]
        parts = self._parts(opened)
        _check_joined(self.names, samplers, opened)
        turns = Turns(stages, caps)
        mixture: MixtureSampler | MixtureSpanSampler
        mixture = windows = MixtureSampler(turns, parts, batch_size=context.batch_size)
        if any(isinstance(sampler, SpanSampler) for sampler in opened):
            mixture = MixtureSpanSampler(windows, parts, block_size=context.block_size)
        if context.phases is None:
            return mixture

        def open_parts(phases: Sequence[Phases]) -> list[Part]:
            return self._parts([opener(own) for opener, own in zip(openers, phases, strict=True)])

        return open_phased_mixture(mixture, turns, context.phases, open_parts)

    def least_tokens(self, name: str, block_size: int) -> int:
        """None: each corpus is asked for itself."""
        return 0

    def _parts(self, samplers: Sequence[AnySampler]) -> list[Part]:
        return [
            Part(sampler, offset)
            for sampler, offset in zip(samplers, self._offsets[:-1].tolist(), strict=True)
        ]

    def _opener(
        self, number: int, sampler: str, context: SamplerContext
    ) -> Callable[[Phases | None], AnySampler]:
        """What opens the sampler of one corpus, along a schedule of its own samples."""
        split: TokenStream = self._arguments[2][number]
        selection: Selection | None = self._arguments[6][number]
        what = f"split {split.name!r} of {self.names[number]}"
        documents, num_tokens, said = None, split.num_tokens, what
        if selection is not None:
            documents = SelectedDocuments(split, selection, what=what)
            num_tokens, said = documents.num_tokens, f"the selection of {what}"
        least = split.least_tokens(sampler, context.block_size)
        if num_tokens < least:
            raise ConfigError(
                f"{said} has {num_tokens:,} tokens, a window of block_size {context.block_size:,} needs "
                f"{least:,}; leave the corpus out or choose a smaller block_size",
                expected=least,
                found=num_tokens,
            )
        own = dataclasses.replace(
            context,
            num_tokens=split.num_tokens,
            seed=hash_words("mixture", context.seed, self._arguments[1][number])[0],
            document_ends=split.document_ends,
            fingerprint=split.table_identity,
            batch_size=1,
            count_targets=target_counter(split),
            bos_id=bos_resolver(split),
            shard_starts=lambda: split.shard_starts,
        )

        def opened(phases: Phases | None) -> AnySampler:
            its = dataclasses.replace(own, phases=phases)
            if documents is None:
                return split.open_sampler(sampler, its)
            return open_selected(split, sampler, its, documents)

        return opened


def _unlabelled(split: TokenStream) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The labels of documents that have no value."""
    return (), np.full(len(split.document_ends()), -1, np.int32)


def exact(weight: float) -> Fraction:
    """A weight as it was written: 0.1 is one tenth."""
    return Fraction(weight) if isinstance(weight, Rational) else Fraction(str(weight))


def _check_joined(names: Sequence[str], samplers: Sequence[str], opened: Sequence[AnySampler]) -> None:
    """Refuse joined rows beside rows that are neither joined nor windows.

    Raises:
        ConfigError: Naming a corpus of each.
    """
    kinds = {each.joined: number for number, each in enumerate(opened) if isinstance(each, SpanSampler)}
    if len(kinds) > 1:
        one, other = kinds[True], kinds[False]
        raise ConfigError(
            f"rows of sampler {samplers[one]!r}, of {names[one]}, cannot be mixed with those of "
            f"{samplers[other]!r}, of {names[other]}, which may have padding; choose {samplers[one]!r} for "
            "both, or 'random' or 'shuffled' without a selection",
            found=samplers[other],
        )


def _cap(name: str, sampler: str, samples_per_epoch: int | None, max_epochs: float | None) -> int | None:
    if max_epochs is None:
        return None
    if samples_per_epoch is None:
        raise ConfigError(
            f"max_epochs of {name}: sampler {sampler!r} has no epochs; use 'shuffled'", found=sampler
        )
    cap = int(exact(max_epochs) * samples_per_epoch)
    if cap < 1:
        raise ConfigError(f"max_epochs of {name} = {max_epochs!r}: must be more than 0", found=max_epochs)
    return cap
