"""What a tokenizer is: text to ids and back, exactly and always the same."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.registry.discovery import Owner
from corpuskit.value_streams import StreamInfo

#: More ids than this in a text on average are many; see `with_eot`.
_MANY_IDS = 512


@dataclasses.dataclass(frozen=True, slots=True)
class Encoded:
    """The ids of a batch of texts, one after the other.

    Args:
        ids: uint32[N], all texts' ids in order.
        lengths: int64[D], how many of them each text has; their sum is N.
    """

    ids: NDArray[np.uint32]
    lengths: NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which of a tokenizer's engines "auto" takes on this machine, and why.

    Args:
        engine: Its name, as `--engine` takes it.
        versions: The version of each library that could have a part in it; None if it is not installed.
        reasons: Sentences without a full stop.
    """

    engine: str
    versions: Mapping[str, str | None]
    reasons: Sequence[str]


class Tokenizer(abc.ABC):
    """Text to ids and back.

    A subclass sets `name`, `vocab_size` and `eot_id` and implements `encode`, `decode_bytes` and
    `fingerprint`; everything else has a default that is right, if not fast.

    Attributes:
        name: What users type after `--encoding`.
        vocab_size: V; every id is in [0, V). Unused ids below the largest one count.
        eot_id: The id appended after a document, or None for a tokenizer without one; known before `fit`.
        control_ids: The control tokens: the id of each by its name. `decode_bytes` gives the name, and
            `encode` never gives the id. The names are known before `fit`.
        streams: Streams of values that the tokenizer has for its ids, by their names: `stream_items` gives
            them, and a corpus keeps them beside the ids.
        eot_note: Where the end-of-text id is a guess, one line that says so; `prepare` passes it on.
        owner: Whose it is; set by who opens it.
        has_beginning: True for a tokenizer that writes the beginning of a document in its own way, such as
            with a space in front: `encode_inside` is called for texts behind a control token.
        needs_fitting: True for a tokenizer whose vocabulary comes from the corpus: `fit` is called with
            all of its text before the first `encode`.
    """

    name: str = ""
    vocab_size: int = 0
    eot_id: int | None = None
    control_ids: Mapping[str, int] = MappingProxyType({})
    streams: Mapping[str, StreamInfo] = MappingProxyType({})
    eot_note: str | None = None
    has_beginning: bool = False
    needs_fitting: bool = False
    owner: Owner | None = None

    @property
    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A sha256 over everything that decides the ids: two tokenizers with one fingerprint are equal."""

    @abc.abstractmethod
    def encode(self, text: str) -> NDArray[np.uint32]:
        """The ids of one text, uint32[N]. Text that looks like a special token is text."""

    @abc.abstractmethod
    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, special ids as their text.

        Raises:
            TokenizerError: If an id is not in the vocabulary.
        """

    def decode(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> str:
        """The text that ids stand for; a character that is cut in half reads as U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def token_bytes(self) -> Sequence[bytes] | None:
        """What each id stands for wherever it is; None where that depends on the ids around it.

        Returns:
            V byte strings, by id, empty for an id that nothing has. `decode_bytes` of ids is theirs, one
            after the other.
        """
        return None

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts at once.

        Args:
            texts: D texts in UTF-8, already checked.
        """
        encoded = [self.encode(text.decode("utf-8")) for text in texts]
        ids = np.concatenate(encoded).astype(np.uint32, copy=False) if encoded else np.empty(0, np.uint32)
        return Encoded(ids, np.array([len(one) for one in encoded], np.int64))

    def encode_inside(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of texts that do not begin their document; called where the tokenizer has a beginning.

        Args:
            texts: D texts in UTF-8, already checked.
        """
        return self.encode_batch(texts)

    def encode_documents(self, texts: Sequence[bytes], *, eot_id: int, continues: bool) -> Encoded:
        """The same with an end-of-text id after each text, which the lengths count.

        Args:
            texts: D texts in UTF-8, already checked.
            eot_id: The id to append.
            continues: Whether the last text goes on in the next batch: it gets none yet.

        Raises:
            TokenizerError: If `encode_batch` gives what it must not.
        """
        encoded = self.encode_batch(texts)
        check_encoded(encoded, tokenizer=self, num_texts=len(texts))
        return with_eot(encoded, len(texts) - continues, eot_id)

    def token_places(
        self, texts: Sequence[bytes], encoded: Encoded
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where tokens begin and end in their texts.

        By default that follows from `token_bytes`, of texts whose tokens have as many bytes as they have.

        Args:
            texts: D texts in UTF-8.
            encoded: What `encode_batch` gives for them.

        Returns:
            int64[N] and int64[N]: the byte with which each token begins, and the one before which it ends,
            counted through all texts one after another. Neither ever falls; a character may be of several
            tokens. -1 for all tokens of a text where that cannot be told.
        """
        sizes = self._token_sizes
        if sizes is None:
            return np.full(len(encoded.ids), -1), np.full(len(encoded.ids), -1)
        mine = sizes[encoded.ids]
        ends = np.cumsum(mine, dtype=np.int64)
        found = np.concatenate(([0], ends))[np.concatenate(([0], np.cumsum(encoded.lengths)))]
        expected = np.cumsum([0, *map(len, texts)])
        begins = ends - mine
        if not np.array_equal(found, expected):
            shift = np.repeat((expected - found)[:-1], encoded.lengths)
            is_known = np.repeat(np.diff(found) == np.diff(expected), encoded.lengths)
            begins, ends = (np.where(is_known, places + shift, -1) for places in (begins, ends))
        return begins, ends

    @cached_property
    def _token_sizes(self) -> NDArray[np.int32] | None:
        """int32[V], the bytes of each token; None where they depend on the ids around it."""
        texts = self.token_bytes()
        return None if texts is None else np.fromiter(map(len, texts), np.int32, len(texts))

    def boundary(self, text: bytes, at: int) -> int:
        """A place near and not after `at` where a text may be cut without changing its ids.

        For the returned p: encode(text) == encode(text[:p]) + encode(text[p:]), whatever the text before
        and after. 0 means that no such place is known: the text is then encoded in one piece.
        """
        return 0

    def stream_items(self, encoded: Encoded) -> Mapping[str, NDArray[Any]]:
        """The items of each of `streams` for some documents.

        An item may depend on its own document's ids alone, and where `boundary` allows a cut of a text, no
        item of one side on ids of the other: documents come in any company, and long ones in several calls.

        Args:
            encoded: The ids of D documents, or of parts of them, control tokens and end-of-text ids included.

        Returns:
            An item for each id, [N] in the stream's dtype, for each of `streams`.
        """
        return {}

    def load(self) -> None:  # noqa: B027 - most have nothing left to load
        """Load all that `encode_batch` needs and that is loaded when it is first used."""

    def fit(self, texts: Iterable[bytes]) -> None:
        """Make the vocabulary from the corpus's text, for a tokenizer that `needs_fitting`."""
        raise TypeError(f"tokenizer {self.name!r} has a fixed vocabulary")

    def state(self) -> Any:
        """What the manifest must hold to open the tokenizer again: a JSON value, or None."""
        return None

    def select_engine(self, engine: str) -> None:
        """Choose what computes the ids; never which ids.

        Args:
            engine: "auto" for the fastest that is exact, or an engine's name.

        Raises:
            ConfigError: If this tokenizer has no such engine.
        """
        if engine != "auto":
            raise ConfigError(f"--engine {engine}: tokenizer {self.name!r} has one engine only; use 'auto'")

    def explain_engine(self) -> EngineChoice:
        """Which engine "auto" takes here, and why; what it takes is loaded and tried.

        Raises:
            CorpuskitError: If the engine cannot be loaded, or gives other ids.
        """
        return EngineChoice("auto", {}, ["the tokenizer has one engine only"])


def check_encoded(encoded: Encoded, *, tokenizer: Tokenizer, num_texts: int) -> None:
    """Check what a tokenizer that corpuskit does not know gave, before anything is built on it.

    Raises:
        TokenizerError: If it is not what `Encoded` says, or an id is outside the vocabulary.
    """
    ids, lengths = encoded.ids, encoded.lengths

    def refuse(expected: str, found: object) -> TokenizerError:
        message = f"tokenizer {tokenizer.name!r}: encode_batch must give {expected}, found {found}"
        return TokenizerError(message, expected=expected, found=found)

    for name, array, dtype in (("ids", ids, np.uint32), ("lengths", lengths, np.int64)):
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
            found = getattr(array, "dtype", type(array).__name__)
            raise refuse(f"{name} as a one-dimensional {np.dtype(dtype)} array", found)
    if len(lengths) != num_texts:
        raise refuse(f"a length for each of {num_texts:,} texts", f"{len(lengths):,}")
    if (lengths < 0).any() or int(lengths.sum()) != len(ids):
        raise refuse(f"lengths that add up to {len(ids):,} ids", f"{int(lengths.sum()):,}")
    if len(ids) and int(ids.max()) >= tokenizer.vocab_size:
        raise refuse(f"ids below {tokenizer.vocab_size:,}", f"{int(ids.max()):,}")


def check_items(items: Mapping[str, Any], encoded: Encoded, *, tokenizer: Tokenizer) -> None:
    """Check what `stream_items` of a tokenizer gave.

    Raises:
        TokenizerError: If it is not an item for each id, in the stream's dtype, for each of its streams.
    """
    for name, info in tokenizer.streams.items():
        found = items.get(name)
        if not isinstance(found, np.ndarray) or found.dtype != info.dtype or found.shape != encoded.ids.shape:
            what = f"{found.dtype}{[*found.shape]}" if isinstance(found, np.ndarray) else repr(found)
            raise TokenizerError(
                f"tokenizer {tokenizer.name!r}: stream_items must give {name!r} as "
                f"{np.dtype(info.dtype)}[{len(encoded.ids)}], found {what:.60}",
                expected=info.dtype,
                found=found,
            )


def with_eot(encoded: Encoded, num_ended: int, eot_id: int) -> Encoded:
    """The same ids with another one after each of the first texts.

    Args:
        encoded: The texts' ids.
        num_ended: How many texts get one.
        eot_id: The id that ends a text.
    """
    ends = np.cumsum(encoded.lengths)[:num_ended]
    ids = np.empty(len(encoded.ids) + num_ended, np.uint32)
    places = ends + np.arange(num_ended)
    if len(encoded.ids) > _MANY_IDS * num_ended:  # a copy for each text is faster than a mask over its ids
        start = 0
        for number, stop in enumerate([*ends.tolist(), len(encoded.ids)]):
            ids[start + number : stop + number] = encoded.ids[start:stop]
            start = stop
    else:
        is_text = np.ones(len(ids), np.bool_)
        is_text[places] = False
        ids[is_text] = encoded.ids
    ids[places] = eot_id
    lengths = encoded.lengths.copy()
    lengths[:num_ended] += 1
    return Encoded(ids, lengths)


def with_front(encoded: Encoded, first: int, front_id: int) -> Encoded:
    """The same ids with another one in front of each text.

    Args:
        encoded: The texts' ids.
        first: The first text that gets one.
        front_id: The id in front.
    """
    starts = (np.cumsum(encoded.lengths) - encoded.lengths)[first:]
    ids = np.insert(encoded.ids, starts, np.uint32(front_id))
    lengths = encoded.lengths.copy()
    lengths[first:] += 1
    return Encoded(ids.astype(np.uint32, copy=False), lengths)


def character_start(text: bytes, at: int) -> int:
    """The last place not after `at` where a character of a UTF-8 text starts or its last whole one ends."""
    at = max(0, min(at, len(text)))
    start = at
    while start > 0 and text[start - 1] & 0xC0 == 0x80:
        start -= 1
    start = max(0, start - 1)
    # `start` is the lead byte of the character before `at`: does all of it fit in front of `at`?
    lead = text[start] if text else 0
    width = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return at if start + width <= at else start


def to_utf8(text: str) -> bytes:
    """A text's UTF-8.

    Raises:
        TokenizerError: If a lone surrogate keeps it from having any.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise lone_surrogate(error) from error


def lone_surrogate(error: UnicodeEncodeError) -> TokenizerError:
    """The error for a text that is not Unicode text."""
    return TokenizerError(
        f"the text has a lone surrogate at character {error.start}; decode it from UTF-8 with "
        "errors='replace', not 'surrogateescape'",
        found=error.start,
    )
