"""What batches need of a token stream: a split of a corpus is one, and so are those of a mixture."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, overload

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.errors import ConfigError
from corpuskit.near import hint
from corpuskit.samplers.base import AnySampler, SamplerContext
from corpuskit.samplers.opening import least_tokens, open_sampler
from corpuskit.value_streams import LOSS, LOSS_INFO, StreamInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of one document that follow each other in a stream.

    Args:
        start: Where they begin in the split, in tokens.
        stop: Where they end (exclusive).
        document: The document's number in the split, from 0.
        document_start: Where the document begins in the split.
        document_stop: Where it ends (exclusive), its end-of-text id included.
        split: The split's name.
        corpus: Which corpus of a mixture it is; empty without one.
        input: The name of the input that the document came from, as the manifest has it; empty if unknown.
        input_start: Where the document starts in its input: a byte, or the number of its row, from 0.
        front: The id that a row has in front of them and the split has not; None without one. It counts in
            `len(piece)`.
    """

    start: int
    stop: int
    document: int
    document_start: int
    document_stop: int
    split: str
    corpus: str = ""
    input: str = ""
    input_start: int = 0
    front: int | None = None

    def __len__(self) -> int:
        return self.stop - self.start + (self.front is not None)

    def to_json(self) -> dict[str, Any]:
        """The piece as a JSON value; an id in front is in it where there is one."""
        value = dataclasses.asdict(self)
        if self.front is None:
            del value["front"]
        return value


class Stream(ABC):
    """One item a token in several shards, one after another: ids, or what is said of them.

    `stream[a:b]` copies items as a numpy array, and `stream[n]` is one of them.

    Attributes:
        name: The split's name, or that of the values.
        num_tokens: N, tokens in the stream.
        dtype: The type of an item.
        shard_starts: int64[S + 1], where each of S shards starts in the stream; the last is N.
        is_streamed: Whether shards come from elsewhere when they are needed: what reads them should ask for
            a shard each time, keep none, and announce them.
        fill: Each item of a shard that has none of its own.
        noun: What messages call it.
    """

    noun: ClassVar[str]
    name: str
    num_tokens: int
    dtype: np.dtype[Any]
    shard_starts: NDArray[np.int64]
    is_streamed: bool = False
    fill: float = 0

    @abstractmethod
    def shard(self, number: int) -> NDArray[Any] | None:
        """One shard's items, [n] in the stream's dtype, read-only; None where each is the fill."""

    def parts(self) -> Sequence[tuple[Stream, int]]:
        """Each shard's own stream, and the shard's number there."""
        return [(self, number) for number in range(len(self.shard_starts) - 1)]

    def is_here(self, number: int) -> bool:
        """Whether a shard is on this machine."""
        return True

    def fits(self, numbers: Iterable[int]) -> bool:
        """Whether shards can all be on this machine at once, with room for more to arrive."""
        return True

    def will_need(  # noqa: B027 - most streams have all of them
        self, numbers: Sequence[int], *, again: bool = False
    ) -> None:
        """Hear which shards are read next, in order.

        Args:
            numbers: The shards.
            again: Whether each is read again and again for some time.
        """

    def __len__(self) -> int:
        return self.num_tokens

    @overload
    def __getitem__(self, where: int) -> Any: ...
    @overload
    def __getitem__(self, where: slice) -> NDArray[Any]: ...
    def __getitem__(self, where: int | slice) -> Any:
        if isinstance(where, slice):
            start, stop, step = where.indices(self.num_tokens)
            if step != 1:
                raise IndexError(f"a {self.noun} is sliced without a step")
            return self._read(start, max(start, stop))
        number = operator.index(where)
        position = number + self.num_tokens if number < 0 else number
        if not 0 <= position < self.num_tokens:
            raise IndexError(f"token {where} of {self.noun} {self.name!r}, which has {self.num_tokens:,}")
        return self._read(position, position + 1)[0].item()

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of the items from one token to another."""
        out = np.empty(stop - start, self.dtype)
        first = int(np.searchsorted(self.shard_starts, start, side="right")) - 1
        at = start
        for number in range(first, len(self.shard_starts) - 1):
            if at >= stop:
                break
            base = int(self.shard_starts[number])
            end = min(stop, int(self.shard_starts[number + 1]))
            shard = self.shard(number)
            out[at - start : end - start] = self.fill if shard is None else shard[at - base : end - base]
            at = end
        return out


class TokenStream(Stream):
    """One stream of ids in several shards; pickling carries a path, never the tokens.

    Attributes:
        name: The split's name.
        dtype: uint16 or uint32.
        fingerprint: Identifies the tokens, their order and their documents.
        num_ids: What all ids are below, the size of the vocabulary; None where it is not known.
        earlier_fingerprints: What the fingerprint of a mixture was before its last corpora were added.
    """

    noun = "split"

    fingerprint: str
    num_ids: int | None = None
    earlier_fingerprints: frozenset[str] = frozenset()

    @property
    def table_identity(self) -> str:
        """What samplers' tables in the cache are kept under: another text where they may be others."""
        return self.fingerprint

    @property
    def names(self) -> tuple[str, ...]:
        """What its corpora are called; of a mixture there are several."""
        return (self.name,)

    @property
    def corpus_ends(self) -> NDArray[np.int64]:
        """int64[C]: where each corpus ends in the stream, in the order of `names`."""
        return np.array([self.num_tokens])

    @abstractmethod
    def shard(self, number: int) -> Tokens:
        """One shard's ids, [n] in the stream's dtype, mapped from disk and read-only."""

    @property
    def streams(self) -> Mapping[str, StreamInfo]:
        """The streams of values beside the ids, by their names."""
        return {}

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One shard's items of a stream of values, [n] in its dtype, mapped from disk and read-only.

        Args:
            name: One of `streams`.
            number: The shard's number.

        Returns:
            None where the shard has no file of the stream: each of its items is the fill then.
        """
        raise KeyError(name)

    def stream(self, name: str) -> ValueStream:
        """A stream of values beside the ids.

        Args:
            name: One of `streams`, such as "loss".

        Raises:
            ConfigError: If there is none of this name, or "loss" is of another kind than `LOSS_INFO`.
        """
        streams = self.streams
        if name not in streams:
            known = hint(str(name), sorted(streams)) if streams else "it has none but its ids"
            raise ConfigError(
                f"split {self.name!r} has no stream {name!r:.80}; {known}",
                expected=sorted(streams),
                found=name,
            )
        if name == LOSS and streams[name] != LOSS_INFO:
            raise ConfigError(
                f"stream {name!r} of split {self.name!r} is of {streams[name].words()}, expected "
                f"{LOSS_INFO.words()}; give it another name",
                expected=LOSS_INFO,
                found=streams[name],
            )
        return ValueStream(self, name, streams[name])

    @abstractmethod
    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream."""

    @property
    def field_names(self) -> Sequence[str]:
        """The kept fields of its documents."""
        return ()

    def document_labels(self, field: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The values of a kept field of the documents.

        Args:
            field: One of `field_names`.

        Returns:
            What the values are called, and int32[D], the number of each document's value among them, or -1
            where it is null.

        Raises:
            ConfigError: If it has too many different values.
        """
        raise KeyError(field)

    def document_text_bytes(self) -> NDArray[np.int64]:
        """int64[D]: how many bytes the text of each document has in UTF-8.

        Raises:
            ConfigError: If that is not known.
        """
        raise ConfigError(f"{self.noun} {self.name!r} does not say how many bytes its documents' text has")

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """A range of tokens, cut where documents end.

        Args:
            start: Its first token.
            stop: Where it ends (exclusive), at most `num_tokens`.

        Returns:
            What it is made of, in order; documents without tokens are in none.
        """
        if start >= stop:
            return []
        ends = self.document_ends()
        first, last = np.searchsorted(ends, [start, stop - 1], side="right").tolist()
        bounds = np.concatenate(([0], ends, [self.num_tokens]))[first : last + 2].tolist()
        return [
            Piece(max(start, begin), min(stop, end), number, begin, end, self.name)
            for number, (begin, end) in enumerate(itertools.pairwise(bounds), first)
            if begin < end
        ]

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The text that ids of this stream stand for; each as `<id>` where no tokenizer is known."""
        return "".join(f"<{one}>" for one in np.asarray(ids).tolist())

    @property
    def control_ids(self) -> Mapping[str, int]:
        """The ids of control tokens, by their names; none where no tokenizer is known."""
        return {}

    def open_sampler(self, name: str, context: SamplerContext) -> AnySampler:
        """The sampler of a name over this stream.

        Raises:
            UnknownName: If there is none.
            ConfigError: If the sampler cannot do what the context says.
        """
        return open_sampler(name, context)

    def least_tokens(self, name: str, block_size: int) -> int:
        """How few tokens it may have for the sampler of a name."""
        return least_tokens(name, block_size)

    def parts(self) -> Sequence[tuple[TokenStream, int]]:
        """Each shard's own stream, and the shard's number there."""
        return [(self, number) for number in range(len(self.shard_starts) - 1)]


class ValueStream(Stream):
    """A stream of values beside the ids of another one, cut into the same shards; see `TokenStream.stream`.

    Nothing announces its shards: where they come from elsewhere, a file is asked for when it is read.

    Args:
        tokens: The stream of the ids.
        name: The name of the values.
        info: What they are.

    Attributes:
        of: Where batches have them: with x ("input"), or with y ("target").
    """

    noun = "stream"

    def __init__(self, tokens: TokenStream, name: str, info: StreamInfo) -> None:
        self.name = name
        self.info = info
        self.of: Literal["input", "target"] = info.of
        self.num_tokens = tokens.num_tokens
        self.dtype = np.dtype(info.dtype)
        self.fill = info.fill
        self.shard_starts = tokens.shard_starts
        self.is_streamed = tokens.is_streamed
        self._tokens = tokens

    def __repr__(self) -> str:
        return f"<ValueStream {self.name!r} of {self._tokens!r}>"

    def shard(self, number: int) -> NDArray[Any] | None:
        """One shard's items, [n] in the stream's dtype, read-only; None where each is the fill."""
        has_any = self.name in self._tokens.streams
        return self._tokens.stream_shard(self.name, number) if has_any else None

    def parts(self) -> Sequence[tuple[ValueStream, int]]:
        """Each shard's own stream, and the shard's number there."""
        parts = self._tokens.parts()
        own = {id(tokens): ValueStream(tokens, self.name, self.info) for tokens, _ in parts}
        return [(own[id(tokens)], number) for tokens, number in parts]

    def is_here(self, number: int) -> bool:
        """Whether a shard is on this machine."""
        return self._tokens.is_here(number)

    def fits(self, numbers: Iterable[int]) -> bool:
        """Whether shards can all be on this machine at once, with room for more to arrive."""
        return self._tokens.fits(numbers)
