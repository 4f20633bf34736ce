"""A `tokenizer.json` as a tokenizer: the ids that `tokenizers` gives, without special tokens of any kind.

The definition is kept in the corpus's manifest (as bzip2 in base64: 0.5 MB for GPT-2's, 2 to 4 MB for those
with 128,000 to 256,000 tokens), because a path means nothing on another machine and a repository may be gone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from corpuskit.errors import ConfigError, TokenizerError, reason_of
from corpuskit.plugin import (
    Encoded,
    EngineChoice,
    Tokenizer,
    last_safe_place,
    safe_pieces,
    to_utf8,
    version_of,
)
from corpuskit_huggingface import fast
from corpuskit_huggingface.cutting import may_be_cut
from corpuskit_huggingface.decoding import table_for
from corpuskit_huggingface.definition import HIDDEN, Definition, find
from corpuskit_huggingface.places import places_in

log = logging.getLogger(__name__)

ENGINES = ("auto", "tokenizers", "gigatoken")

#: `tokenizers` takes 150 times a text's size in memory while it encodes it. Texts that may be cut are, and
#: this much is encoded in one call (14 to 40 MiB).
_PIECE_BYTES = 1 << 16
_CALL_BYTES = 1 << 18
#: A longer text that may not be cut is refused: this one takes 1.2 GiB.
_MAX_TEXT_BYTES = 8 * 2**20


class HuggingFaceTokenizer(Tokenizer):
    """One tokenizer.json. Text that looks like a special token is ordinary text.

    Args:
        name: What users type in front of the colon.
        argument: The path of a tokenizer.json or of its folder, or a repository: `org/name[@revision]`.
        state: What `state()` returned; nothing is looked for then.

    Raises:
        TokenizerError: If there is no such file, `tokenizers` cannot read it, or it has no end-of-text
            token as a file beside it names it.
        FetchError: If the Hub does not give it.
    """

    def __init__(self, *, name: str = "hf", argument: str | None = None, state: Any = None) -> None:
        if not argument:
            raise TokenizerError(f"tokenizer {name!r} needs a path or a repository: {name}:org/name")
        # corpuskit has a process for each core already; and threads do not survive a fork.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self.name = f"{name}:{argument}"
        self._definition = find(argument) if state is None else Definition.from_state(state, where=self.name)
        self._tokenizer = _load(self._definition, where=self.name)
        added = self._definition.data["added_tokens"]
        vocab = self._tokenizer.get_vocab(with_added_tokens=True)
        self.vocab_size = max(vocab.values(), default=0) + 1
        ids = {token["content"]: token["id"] for token in added}
        self.eot_id = None if self._definition.eot is None else int(ids[self._definition.eot])
        if self._definition.guessed and self._definition.eot is not None:
            self.eot_note = (
                f"no file of tokenizer {self.name!r} says which token ends a text; "
                f"{self._definition.eot!r} is taken for it, as in other models (an eos_token in a "
                "tokenizer_config.json beside it would say)"
            )
        self.control_ids = {name: int(ids[name]) for name in self._definition.control_tokens}
        self._is_control = np.zeros(self.vocab_size, np.bool_)
        self._is_control[[*self.control_ids.values()]] = True
        self.has_beginning = self._definition.has_beginning
        self._may_be_cut = may_be_cut(self._definition.data)
        self._table = table_for(self._definition.data, vocab, eot_id=self.eot_id)
        self._fast: fast.FastEngine | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over everything in the tokenizer.json that decides ids, and the end-of-text token."""
        return self._definition.fingerprint

    @property
    def engine(self) -> str:
        """The name of the engine that `encode_batch` uses."""
        return "tokenizers" if self._fast is None else "gigatoken"

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The text's ids, uint32[N], with nothing in front or after.

        Raises:
            TokenizerError: If the text is no Unicode text, or too long and may not be cut.
        """
        return self.encode_batch([to_utf8(text)]).ids

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts at once.

        Raises:
            TokenizerError: With `.index`, the number of the text that cannot be encoded.
        """
        pieces, owners = self._cut(texts)
        arrays = self._encode(pieces) if self._fast is None else self._fast.encode(pieces, self._encode)
        sizes = np.fromiter(map(len, arrays), np.int64, len(arrays))
        ids = np.concatenate(arrays) if arrays else np.empty(0, np.uint32)
        owner_of = np.asarray(owners, np.int64)
        is_control = self._is_control[ids]
        if is_control.any():
            at = int(np.argmax(is_control))
            name = next(name for name, number in self.control_ids.items() if number == ids[at])
            what = "end of text" if ids[at] == self.eot_id else "control token"
            raise TokenizerError(
                f"tokenizer {self.name!r} makes its {what}, {name!r}, out of ordinary text; take that name "
                "out of the text, or use another tokenizer",
                index=int(np.repeat(owner_of, sizes)[at]),
            )
        lengths = np.zeros(len(texts), np.int64)
        np.add.at(lengths, owner_of, sizes)
        return Encoded(ids, lengths)

    def encode_inside(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of texts behind a special token, where nothing is put in front of them.

        Raises:
            TokenizerError: With `.index`, the number of the text that cannot be encoded.
        """
        return self._inside.encode_batch(texts) if self.has_beginning else self.encode_batch(texts)

    @cached_property
    def _inside(self) -> HuggingFaceTokenizer:
        """The tokenizer without its way of beginning a document."""
        state = self._definition.without_beginning().to_state()
        prefix, _, argument = self.name.partition(":")
        return HuggingFaceTokenizer(name=prefix, argument=argument, state=state)

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, special ids as their names; as far as the tokenizer keeps bytes."""
        values = np.asarray(ids, dtype=np.int64).tolist()
        try:
            if self._table is not None:
                return self._table.decode(values)
            wrong = next((i for i in values if i < 0 or self._tokenizer.id_to_token(i) is None), None)
            if wrong is not None:
                raise KeyError(wrong)
        except (KeyError, OverflowError) as error:
            raise TokenizerError(
                f"tokenizer {self.name!r}: id {error.args[0]} is not in the vocabulary"
            ) from error
        text = self._tokenizer.decode(values, skip_special_tokens=False)
        return text.replace(HIDDEN, "").encode()

    def token_bytes(self) -> Sequence[bytes] | None:
        """The bytes of each id, where they do not depend on its place."""
        if self._table is None or self._table.strips_space:
            return None
        return [self._table.texts.get(number, b"") for number in range(self.vocab_size)]

    def token_places(
        self, texts: Sequence[bytes], encoded: Encoded
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where tokens begin and end: by their bytes if nothing changes a text, else as `tokenizers` says."""
        begins = np.full(len(encoded.ids), -1)
        ends = begins.copy()
        if self._definition.data.get("normalizer") is None:
            begins, ends = super().token_places(texts, encoded)
        stops = np.cumsum(encoded.lengths)
        unknown = np.searchsorted(stops, np.flatnonzero(begins < 0), side="right")
        starts = np.cumsum([0, *map(len, texts)])
        for number in dict.fromkeys(unknown.tolist()):
            mine = slice(stops[number] - encoded.lengths[number], stops[number])
            pieces = self._cut([texts[number]])[0]
            found = places_in(self._tokenizer, pieces, encoded.ids[mine])
            if found is None and self.has_beginning:
                found = places_in(self._inside._tokenizer, pieces, encoded.ids[mine])
            if found is not None:
                begins[mine], ends[mine] = found + starts[number]
        return begins, ends

    def boundary(self, text: bytes, at: int) -> int:
        """The last place not after `at` that is shown to be safe; see `corpuskit_huggingface.cutting`."""
        return last_safe_place(text, at) if self._may_be_cut else 0

    def state(self) -> dict[str, Any]:
        """The definition; see `Definition.to_state`."""
        return self._state

    @cached_property
    def _state(self) -> dict[str, Any]:
        return self._definition.to_state()

    def select_engine(self, engine: str) -> None:
        """Choose "auto", "tokenizers" or "gigatoken", which is used only where it is shown to be exact."""
        if engine not in ENGINES:
            raise ConfigError(f"--engine {engine}: expected one of {', '.join(ENGINES)}", found=engine)
        self._fast = None
        if engine == "tokenizers":
            return
        try:
            self._fast = fast.open_engine(self._definition, self._encode)
        except fast.NotExact as error:
            if engine == "gigatoken":
                raise ConfigError(f"--engine gigatoken: {self.name!r}: {error}; use 'auto'") from error
            log.info("tokenizers encodes %s: %s", self.name, error)

    def explain_engine(self) -> EngineChoice:
        """Whether gigatoken is taken, and what is compared with `tokenizers` then."""
        versions = {name: version_of(name) for name in ("tokenizers", "gigatoken")}
        try:
            engine = fast.open_engine(self._definition, self._encode)
        except fast.NotExact as error:
            return EngineChoice("tokenizers", versions, ["tokenizers defines the ids", str(error)])
        return EngineChoice("gigatoken", versions, engine.reasons())

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.name, self.state(), self.engine)

    def _encode(self, pieces: Sequence[bytes]) -> list[NDArray[np.uint32]]:
        """The ids of each text by `tokenizers`, which is called for a bounded amount of text at a time."""
        try:
            return [
                np.array(encoding.ids, np.uint32)
                for group in _groups(pieces)
                for encoding in self._tokenizer.encode_batch_fast(group, add_special_tokens=False)
            ]
        except Exception as error:  # the library raises nothing more precise
            raise TokenizerError(
                f"tokenizer {self.name!r} cannot encode a text: {reason_of(error):.200}; leave "
                "the text out, or use another tokenizer"
            ) from error

    def _cut(self, texts: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[int]]:
        """Texts in pieces of bounded size where that is safe, and the number of each piece's text.

        Raises:
            TokenizerError: If a piece is too long for one call.
        """
        pieces: list[bytes] = []
        owners: list[int] = []
        for number, text in enumerate(texts):
            cut = safe_pieces(text, target_bytes=_PIECE_BYTES) if self._may_be_cut else [text]
            longest = max(map(len, cut), default=0)
            if longest > _MAX_TEXT_BYTES:
                raise TokenizerError(
                    f"tokenizer {self.name!r}: a document has {longest:,} bytes that may not be cut without "
                    f"changing ids, more than {_MAX_TEXT_BYTES:,}, which take 150 times as much memory; cut "
                    "it into documents (a text file with --separator or --lines)",
                    index=number,
                    expected=_MAX_TEXT_BYTES,
                    found=longest,
                )
            pieces += cut
            owners += [number] * len(cut)
        return pieces, owners


def _load(definition: Definition, *, where: str) -> tokenizers.Tokenizer:
    try:
        tokenizer = tokenizers.Tokenizer.from_str(definition.runnable())
    except Exception as error:  # the library raises nothing more precise
        raise TokenizerError(
            f"tokenizer {where!r}: tokenizers {tokenizers.__version__} cannot read it: "
            f"{reason_of(error):.200}",
            path=where,
        ) from error
    tokenizer.encode_special_tokens = True
    return tokenizer


def _reopen(name: str, state: Any, engine: str) -> HuggingFaceTokenizer:
    prefix, _, argument = name.partition(":")
    tokenizer = HuggingFaceTokenizer(name=prefix, argument=argument, state=state)
    if engine == "gigatoken":
        tokenizer.select_engine("auto")
    return tokenizer


def _groups(pieces: Sequence[bytes]) -> Iterator[list[str]]:
    """Texts, so many at a time as one call should have."""
    group: list[str] = []
    size_bytes = 0
    for piece in pieces:
        if group and size_bytes + len(piece) > _CALL_BYTES:
            yield group
            group, size_bytes = [], 0
        group.append(piece.decode())
        size_bytes += len(piece)
    if group:
        yield group


__all__ = ["ENGINES", "HuggingFaceTokenizer"]
