"""gigatoken, where it gives the ids of `tokenizers`.

It is used under six conditions, and `tokenizers` does the rest:

1. the two installed versions are ones whose splitting of text has been compared for every code point, and a
   text holds none of those that they split differently (`DISAGREEING`);
2. the tokenizer is a byte-level BPE with one of the patterns of `cutting` and no marks on words, and nothing
   around it but what the next condition is about;
3. a text is in NFC already where that is the normalizer, and holds none of the tokens that are found in text:
   both then leave it as it is;
4. gigatoken reads its definition;
5. both give the same ids for a sample that is made of the tokenizer's own vocabulary, each time it is opened;
6. both give the same ids for the first texts of a run and for one in a thousand after that.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError, reason_of
from corpuskit.plugin import UNICODE_17, CodePoints, UnicodeGuard, install_command
from corpuskit_huggingface.cutting import PATTERNS, may_be_cut, pattern_of
from corpuskit_huggingface.definition import Definition
from corpuskit_huggingface.normal_form import NFC, is_nfc

#: Gives the ids of each text, as `tokenizers` does.
Encode = Callable[[Sequence[bytes]], list[NDArray[np.uint32]]]

#: By the versions of tokenizers and gigatoken: the code points that they split differently. These were found
#: by encoding each one between a letter, a digit and a punctuation mark, with each of the patterns (80 s); a
#: test looks at them and around them again.
DISAGREEING: dict[tuple[str, str], CodePoints] = {("0.23.3", "0.10.0"): UNICODE_17}

#: gigatoken never forgets a word that it has seen (130 MB after 20 MB of random letters), so it is loaded
#: afresh (0.04 to 0.2 s) after so much text.
_RELOAD_AFTER_BYTES = 64 << 20
_FIRST_COMPARED = 4
_COMPARED_ONE_IN = 1000
_SAMPLE_TEXTS = 48
_SAMPLE_TOKENS = 400


class NotExact(Exception):
    """gigatoken is not known to give a tokenizer's ids; the message says why."""


class FastEngine:
    """gigatoken where the two libraries agree, and `tokenizers` elsewhere.

    Args:
        definition: The tokenizer.
        guard: Knows the code points that the two split differently.

    Attributes:
        num_sampled: How many texts of the sample both gave the same ids.
    """

    def __init__(self, definition: Definition, guard: UnicodeGuard) -> None:
        self._json = _bare(definition)
        self._guard = guard
        self._makes_nfc = definition.data.get("normalizer") == NFC
        names = [token["content"] for token in definition.data["added_tokens"] if not token.get("special")]
        normalized = [unicodedata.normalize("NFC", name) for name in names]
        self._found_in_text = [name.encode() for name in dict.fromkeys([*names, *normalized])]
        self._num_compared = 0
        self.num_sampled = 0
        self._load()

    def encode(self, texts: Sequence[bytes], reference: Encode) -> list[NDArray[np.uint32]]:
        """The ids of each text.

        Args:
            texts: The texts.
            reference: `tokenizers`, for the texts that the two may split differently, and to compare.

        Raises:
            TokenizerError: If the two give different ids.
        """
        suspects = set(self._guard.suspects(texts))
        result: list[NDArray[np.uint32]] = []
        for number, text in enumerate(texts):
            if number in suspects or self.may_change(text):
                result += reference([text])
                continue
            ids = self.encode_one(text)
            if self._num_compared < _FIRST_COMPARED or _is_chosen(text):
                self._num_compared += 1
                if not np.array_equal(ids, reference([text])[0]):
                    raise TokenizerError(
                        "gigatoken and tokenizers give different ids for the text that starts with "
                        f"{text[:40].decode(errors='replace')!r}; use --engine tokenizers, and report it"
                    )
            result.append(ids)
        self._num_bytes += sum(map(len, texts))
        if self._num_bytes >= _RELOAD_AFTER_BYTES:
            self._load()
        return result

    def may_change(self, text: bytes) -> bool:
        """Whether `tokenizers` may do something to a text before its pattern splits it."""
        return any(name in text for name in self._found_in_text) or (self._makes_nfc and not is_nfc(text))

    def reasons(self) -> list[str]:
        """Why it was taken, in sentences without a full stop."""
        more = []
        if self._makes_nfc:
            more.append("texts that are not in NFC go to tokenizers, which makes NFC of them first")
        if self._found_in_text:
            more.append(
                f"texts with one of {len(self._found_in_text):,} added tokens, such as "
                f"{self._found_in_text[0].decode()!r}, go to tokenizers, which finds them in text"
            )
        return [
            "gigatoken is installed, was compared with this version of tokenizers, and reads the definition",
            *more,
            f"texts with one of {self._guard.num_code_points:,} code points go to tokenizers, as the two put "
            "these into different classes of Unicode",
            f"{self.num_sampled} sample texts of the vocabulary were encoded by both just now, with the same "
            f"ids; so are the first {_FIRST_COMPARED} texts of a process and about one in "
            f"{_COMPARED_ONE_IN:,} of all others",
        ]

    def encode_one(self, text: bytes) -> NDArray[np.uint32]:
        """The ids of one text, by gigatoken alone."""
        return np.asarray(self._fast.encode(text), np.uint32)

    def _load(self) -> None:
        from gigatoken.gigatoken_rs import load_hf_json

        self._fast = load_hf_json(self._json)
        self._num_bytes = 0


def _is_chosen(text: bytes) -> bool:
    """Whether a text is in the sample. Its end and its length decide: many texts begin alike."""
    return zlib.crc32(text[-64:], len(text)) % _COMPARED_ONE_IN == 0


def open_engine(definition: Definition, reference: Encode) -> FastEngine:
    """The engine for a tokenizer.

    Raises:
        NotExact: If one of the conditions is not met.
    """
    if find_spec("gigatoken") is None:
        raise NotExact(f"gigatoken is not installed ({install_command('fast')})")
    versions = importlib.metadata.version("tokenizers"), importlib.metadata.version("gigatoken")
    if versions not in DISAGREEING:
        raise NotExact(f"tokenizers {versions[0]} and gigatoken {versions[1]} have not been compared")
    if obstacle := _obstacle(definition.data):
        raise NotExact(f"gigatoken is not known to be exact for tokenizers of its kind: {obstacle}")
    try:
        engine = FastEngine(definition, _guard(versions))
    except (ValueError, RuntimeError, TypeError) as error:
        raise NotExact(f"gigatoken cannot read it: {reason_of(error):.200}") from error
    texts = [text for text in sample(definition.data) if not engine.may_change(text)]
    if not texts or any(
        not np.array_equal(ids, engine.encode_one(text))
        for ids, text in zip(reference(texts), texts, strict=True)
    ):
        raise NotExact("gigatoken gives other ids than tokenizers")
    engine.num_sampled = len(texts)
    return engine


def sample(data: dict[str, Any]) -> Iterator[bytes]:
    """Texts out of a tokenizer's own vocabulary, always the same ones."""
    from corpuskit_huggingface.decoding import table_for

    vocab: dict[str, int] = data["model"]["vocab"]
    table = table_for(data, vocab, eot_id=None)
    texts = [] if table is None else [table.texts[number] for number in sorted(vocab.values())]
    chance = random.Random(0)
    for number in range(_SAMPLE_TEXTS):
        parts = chance.choices(texts or [b""], k=_SAMPLE_TOKENS)
        glue = (b"", b" ", b"\n", b"'", b".", b"\r\n\r\n", b"  ", b"1")[number % 8]
        text = glue.join(parts).decode(errors="ignore")
        yield (unicodedata.normalize("NFC", text) if data.get("normalizer") == NFC else text).encode()


def _obstacle(data: dict[str, Any]) -> str:
    """Why a tokenizer is not of the kind that the two libraries were compared for; empty if it is."""
    model = data["model"]
    marks = ("unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "fuse_unk")
    if model.get("type") != "BPE":
        return f"its model is {model.get('type')}, not BPE"
    if data.get("normalizer") not in (None, NFC):
        return "its normalizer is another than NFC"
    if pattern_of(data) not in PATTERNS:
        return "its words are not split by one of the patterns that were compared"
    if not may_be_cut(data):
        return "its added tokens take something from the text around them, or have names of several kinds"
    if mark := next((mark for mark in marks if model.get(mark)), None):
        return f"its model has {mark}"
    if '"Digits"' in json.dumps(data["pre_tokenizer"]):
        return "digits are split off before its pattern is asked"
    return ""


def _bare(definition: Definition) -> str:
    """The definition without what is done to text before a pattern splits it."""
    return json.dumps({**definition.data, "added_tokens": [], "normalizer": None}, ensure_ascii=False)


@cache
def _guard(versions: tuple[str, str]) -> UnicodeGuard:
    return UnicodeGuard(DISAGREEING[versions])


__all__ = ["DISAGREEING", "FastEngine", "NotExact", "open_engine", "sample"]
