"""Every encoding that tiktoken knows, under tiktoken's own names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers import boundaries
from corpuskit.tokenizers.base import Encoded, EngineChoice, Tokenizer, with_eot
from corpuskit.tokenizers.encodings import fingerprint_of, open_encoding
from corpuskit.tokenizers.engine import Engine, GigatokenEngine, TiktokenEngine, make_engine, resolve
from corpuskit.tokenizers.explaining import explain
from corpuskit.tokenizers.short_texts import are_short, encode_joined

_EOT_TEXT = "<|endoftext|>"
#: A longer text is encoded in pieces of about this size where it may be cut: neither engine then needs
#: memory or time out of proportion, and a code point that only tiktoken gets right costs one piece.
_PIECE_BYTES = 1 << 20
#: Texts with fewer ids than this on average are joined first, and get their ends of text then.
_FEW_IDS = 100


class TiktokenTokenizer(Tokenizer):
    """One of tiktoken's encodings. Text that looks like a special token is ordinary text.

    Args:
        name: The encoding's name, as `tiktoken.list_encoding_names()` gives it.
        argument: What followed the name after a colon; these tokenizers take none.
        state: Ignored: the name and the fingerprint say which encoding it is.

    Raises:
        TokenizerError: If tiktoken has no such encoding, or its vocabulary cannot be had.
    """

    def __init__(self, *, name: str, argument: str | None = None, state: Any = None) -> None:
        if argument is not None:
            raise TokenizerError(f"encoding {name!r} takes no argument, found {argument!r}", found=argument)
        self.name = name
        self._encoding = open_encoding(name)
        self.vocab_size = self._encoding.max_token_value + 1
        self.control_ids = self._encoding._special_tokens
        self.eot_id = self.control_ids.get(_EOT_TEXT)
        self._may_be_cut = self._encoding._pat_str in boundaries.SAFE_PATTERNS
        self._tiktoken = TiktokenEngine(self._encoding)
        self._wanted_engine = "auto"
        self._engine: Engine | None = None

    @property
    def fingerprint(self) -> str:
        """A sha256 over ranks, pattern and special tokens: see `fingerprint_of`."""
        return fingerprint_of(self._encoding)

    @property
    def engine(self) -> str:
        """The name of the engine that `encode_batch` uses."""
        return self._loaded_engine().name

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The text's ids, uint32[N], by tiktoken itself; read-only."""
        return self._tiktoken.encode_one(text)

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts at once, by the chosen engine.

        Raises:
            TokenizerError: With `.index`, the number of the text that cannot be encoded.
        """
        return short if (short := self._encode_short(texts)) is not None else self._encode_each(texts)

    def encode_documents(self, texts: Sequence[bytes], *, eot_id: int, continues: bool) -> Encoded:
        """The same with an end-of-text id after each text; ids of longer texts are copied once."""
        if not continues and (short := self._encode_short(texts, eot_id)) is not None:
            return short
        arrays, owners = self._encode_pieces(texts)
        num_ended = len(texts) - continues
        if len(arrays) != len(texts) or sum(map(len, arrays)) <= _FEW_IDS * len(texts):
            return with_eot(_joined(arrays, owners, len(texts)), num_ended, eot_id)
        lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
        lengths[:num_ended] += 1
        parts = [np.array([eot_id], np.uint32)] * (len(texts) + num_ended)
        parts[::2] = arrays
        return Encoded(np.concatenate(parts), lengths)

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, special ids as their text."""
        values = np.asarray(ids)
        try:
            return self._encoding.decode_bytes(values.tolist())
        except (KeyError, OverflowError, TypeError) as error:
            wrong = re.search(r"\d+$", str(error.args[0])) if error.args else None
            found = f"id {wrong[0]}" if wrong else "one of the ids"
            raise TokenizerError(f"encoding {self.name!r}: {found} is not in the vocabulary") from error

    def token_bytes(self) -> Sequence[bytes]:
        """The bytes of each token, and special tokens as their text."""
        found = [b""] * self.vocab_size
        for token, rank in self._encoding._mergeable_ranks.items():
            found[rank] = token
        for text, number in self._encoding._special_tokens.items():
            found[number] = text.encode()
        return found

    def boundary(self, text: bytes, at: int) -> int:
        """The last place not after `at` that is shown to be safe, if the encoding's pattern is known."""
        return boundaries.last_safe_place(text, at) if self._may_be_cut else 0

    def select_engine(self, engine: str) -> None:
        """Choose "auto", "tiktoken" or "gigatoken"; it is loaded when it is first used."""
        self._wanted_engine = resolve(engine, self._encoding)
        self._engine = None

    def explain_engine(self) -> EngineChoice:
        """Whether gigatoken is taken, and what is compared with tiktoken then."""
        self.select_engine("auto")
        return explain(self._loaded_engine())

    def load(self) -> None:
        """Load the engine."""
        self._loaded_engine()

    def __reduce__(self) -> tuple[Any, ...]:
        # By name, like tiktoken's own encodings: another process opens its own vocabulary and engine.
        return _reopen, (self.name, self._wanted_engine)

    def _loaded_engine(self) -> Engine:
        if self._engine is None:
            name = resolve(self._wanted_engine, self._encoding)
            self._engine = make_engine(name, self._encoding, self._tiktoken)
        return self._engine

    def _encode_short(self, texts: Sequence[bytes], eot_id: int | None = None) -> Encoded | None:
        """The ids of texts that are many and short, with an id after each; None where they are others.

        Raises:
            TokenizerError: As `encode_batch`.
        """
        engine = self._loaded_engine()
        if not (isinstance(engine, GigatokenEngine) and self._may_be_cut):
            return None
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        if not are_short(sizes):
            return None
        try:
            encoded = encode_joined(texts, sizes, self._encode_each, self._token_sizes, eot_id)
        except TokenizerError as error:
            self._encode_each(texts)  # which names the text, if it is the fault of one
            error.index = None
            raise
        engine.compare_sample(texts, encoded, num_after=int(eot_id is not None))
        return encoded

    def _encode_each(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of texts that the engine is given one by one."""
        return _joined(*self._encode_pieces(texts), len(texts))

    def _encode_pieces(self, texts: Sequence[bytes]) -> tuple[list[NDArray[np.uint32]], Sequence[int]]:
        """The ids of texts in one or more arrays each, and the number of each array's text."""
        pieces, owners = self._cut(texts)
        try:
            return self._loaded_engine().encode(pieces), owners
        except TokenizerError as error:
            if error.index is not None:
                error.index = owners[error.index]
            raise

    def _cut(self, texts: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[int]]:
        """Texts in pieces of bounded size where that is safe, and the number of each piece's text."""
        if not self._may_be_cut or max(map(len, texts), default=0) <= _PIECE_BYTES:
            return texts, range(len(texts))
        pieces: list[bytes] = []
        owners: list[int] = []
        for number, text in enumerate(texts):
            cut = boundaries.pieces(text, target_bytes=_PIECE_BYTES)
            pieces += cut
            owners += [number] * len(cut)
        return pieces, owners


def _joined(arrays: Sequence[NDArray[np.uint32]], owners: Sequence[int], num_texts: int) -> Encoded:
    """The ids of texts that have one or more arrays each."""
    sizes = np.fromiter(map(len, arrays), np.int64, len(arrays))
    lengths = np.zeros(num_texts, np.int64)
    np.add.at(lengths, np.asarray(owners, np.int64), sizes)
    return Encoded(np.concatenate(arrays) if arrays else np.empty(0, np.uint32), lengths)


def _reopen(name: str, engine: str) -> TiktokenTokenizer:
    tokenizer = TiktokenTokenizer(name=name)
    tokenizer._wanted_engine = engine
    return tokenizer
