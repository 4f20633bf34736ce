"""What computes the ids of tiktoken's encodings: tiktoken, or gigatoken where it gives the same ones.

tiktoken defines the ids. gigatoken is 20 to 30 times faster and is used for the encodings in `_EXACT` only,
which are known by their ranks and pattern and not by their name. Texts that hold a code point on which the
two libraries disagree go to tiktoken (`unicode_guard`), and so does a sample of all others, to compare.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import random
import re
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.machine import resident_bytes
from corpuskit.registry.distribution import install_command
from corpuskit.registry.specs import RemoteFile
from corpuskit.tokenizers import boundaries
from corpuskit.tokenizers.base import Encoded, character_start, lone_surrogate, to_utf8
from corpuskit.tokenizers.encodings import open_encoding, ranks_fingerprint
from corpuskit.tokenizers.long_words import LongWords, may_have_long_word
from corpuskit.tokenizers.unicode_guard import Encode, UnicodeGuard, guard_for
from corpuskit.tokenizers.vocabulary import CL100K_BASE, O200K_BASE, R50K_BASE, vocabulary_path

if TYPE_CHECKING:
    from tiktoken import Encoding

log = logging.getLogger(__name__)

_ENGINES = ("auto", "tiktoken", "gigatoken")


@dataclasses.dataclass(frozen=True, slots=True)
class _Exact:
    """How gigatoken loads an encoding: its name for the pattern, and the file of the ranks."""

    pretokenizer: str
    ranks: RemoteFile


#: By `ranks_fingerprint` of tiktoken's encoding: what gigatoken was compared with tiktoken for.
_EXACT = {
    "aee34f12daf160d8e5ea88b05fe0260e09f8fe4b9510e8b554311df06cfe469a": _Exact("gpt2", R50K_BASE),
    "a3d0768eff2210032232cca99bca14cbe95f172b1a8539dc7b6681ced91baa11": _Exact("gpt4", CL100K_BASE),
    "223f103c101ebd36aac6da7d73078177e826c23512885f173e348f8683313764": _Exact("o200k", O200K_BASE),
}

#: Texts compared at the start of every engine's life, and about one in how many after that.
FIRST_COMPARED = 4
COMPARED_ONE_IN = 1000
#: How much of a text is compared; tiktoken takes some 1.5 ms for it.
_COMPARED_BYTES = 1 << 14

#: About how much of a long text around a code point for tiktoken goes there.
_SUSPECT_BYTES = 1 << 14

#: Longer texts are cut before they come here, if they have a safe place. Where there is none, and words are
#: long, `LongWords` is faster.
_NO_SAFE_PLACE_FOR = 1 << 20

#: gigatoken remembers every word it has seen and never forgets (130 MB after 20 MB of random letters): after
#: every so much text it is looked at, and loaded afresh if the process has grown by so much since it was.
_LOOK_AFTER_BYTES = 8 << 20
_RELOAD_GROWTH_BYTES = 128 << 20


class Engine(Protocol):
    """Computes ids. `name` is what `--engine` calls it."""

    name: str

    def encode(self, texts: Sequence[bytes]) -> list[NDArray[np.uint32]]:
        """The ids of each text, uint32[N] each.

        Raises:
            TokenizerError: With `.index`, the number of the text that is at fault.
        """
        ...


class TiktokenEngine:
    """tiktoken itself, without a Python list of the ids."""

    name = "tiktoken"

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._long_words = LongWords(encoding)

    def encode(self, texts: Sequence[bytes]) -> list[NDArray[np.uint32]]:
        """The ids of each text."""
        result: list[NDArray[np.uint32]] = []
        try:
            for text in texts:
                result.append(self.encode_one(text.decode()))
        except TokenizerError as error:
            error.index = len(result)
            raise
        return result

    def encode_one(self, text: str) -> NDArray[np.uint32]:
        """The ids of one text, uint32[N]; read-only. What has no safe place for long goes another way."""
        if len(text) <= _LONG or self._encoding._pat_str not in boundaries.SAFE_PATTERNS:
            return self._encode_whole(text)
        pieces = boundaries.pieces(to_utf8(text), target_bytes=_SUSPECT_BYTES)
        return np.concatenate(
            [
                self._long_words.encode(piece)
                if len(piece) > _LONG and piece.isascii() and may_have_long_word(piece)
                else self._encode_runs(piece.decode())
                for piece in pieces
            ]
        )

    def _encode_runs(self, text: str) -> NDArray[np.uint32]:
        r"""The same of a text that may have long runs of spaces.

        o200k's `\s+(?!\S)` gives up on a run of some million spaces. Such a run after a visible character is
        one piece, but for its last space, which goes with a visible character that follows. All patterns of
        `boundaries` say so, and need not be asked.
        """
        if len(text) <= _GIVES_UP_AT:
            return self._encode_whole(text)
        parts, start = [], 0
        for run in _LONG_RUN.finditer(text):
            stop = run.end() - (run.end() < len(text))
            spaces = self._long_words.encode_word(text[run.start() : stop].encode())
            parts += [self._encode_whole(text[start : run.start()]), np.array(spaces, np.uint32)]
            start = stop
        return (
            np.concatenate([*parts, self._encode_whole(text[start:])]) if parts else self._encode_whole(text)
        )

    def _encode_whole(self, text: str) -> NDArray[np.uint32]:
        try:
            # With no special token allowed this is encode_ordinary.
            buffer = self._encoding._core_bpe.encode_to_tiktoken_buffer(text, frozenset())
        except UnicodeEncodeError as error:
            raise lone_surrogate(error) from error
        except ValueError as error:
            raise TokenizerError(f"tiktoken cannot encode the text: {error}") from error
        return np.frombuffer(buffer, np.uint32)


#: A text that is longer is looked at for safe places, and goes to `LongWords` where it has none for so long,
#: but long words.
_LONG = 1 << 17
#: tiktoken 0.14 fails on runs of white space somewhere between 900,000 and 1,300,000 characters.
_GIVES_UP_AT = 500_000
_LONG_RUN = re.compile(r"(?<![^!-~])[ \t]{10000,}(?=[!-~]|\Z)")


class GigatokenEngine:
    """gigatoken where the two libraries agree, and tiktoken elsewhere.

    Args:
        encoding: The encoding that tiktoken opened.
        exact: How gigatoken loads it.
        tiktoken: The engine for everything else.
    """

    name = "gigatoken"

    def __init__(self, encoding: Encoding, exact: _Exact, tiktoken: TiktokenEngine) -> None:
        self._encoding = encoding
        self._exact = exact
        self._tiktoken = tiktoken
        self._num_compared = 0
        self._load()
        self._guard = _guard()

    def encode(self, texts: Sequence[bytes]) -> list[NDArray[np.uint32]]:
        """The ids of each text."""
        suspects = set(self._guard.suspects(texts))
        encode = self._fast.encode
        result: list[NDArray[np.uint32]] = []
        try:
            for number, text in enumerate(texts):
                if number in suspects:
                    result.append(self._encode_suspect(text))
                    continue
                if len(text) > _NO_SAFE_PLACE_FOR and text.isascii() and may_have_long_word(text):
                    result.append(self._tiktoken.encode_one(text.decode()))
                    continue
                ids = encode(text)
                if self._num_compared < FIRST_COMPARED or _is_chosen(text):
                    self._compare(text, ids)
                result.append(ids)
        except TokenizerError as error:
            error.index = len(result)
            raise
        self._bound_memory(sum(map(len, texts)))
        return result

    def compare_sample(self, texts: Sequence[bytes], encoded: Encoded, *, num_after: int = 0) -> None:
        """Compare some of the texts that were encoded together, as `encode` does of those it is given.

        Args:
            texts: D texts.
            encoded: Their ids.
            num_after: How many of each text's ids are not its own: the last ones.

        Raises:
            TokenizerError: If tiktoken gives others.
        """
        stops = np.cumsum(encoded.lengths)
        # To ask `_is_chosen` of each takes as long as to encode it. The same ids give the same draw.
        draw = random.Random(zlib.crc32(encoded.ids[-1000:].tobytes()))
        count = (len(texts) + draw.randrange(COMPARED_ONE_IN)) // COMPARED_ONE_IN
        for number in draw.sample(range(len(texts)), count):
            stop, length = int(stops[number]), int(encoded.lengths[number])
            self._compare(texts[number], encoded.ids[stop - length : stop - num_after])

    @property
    def num_suspects(self) -> int:
        """How many code points send a text that holds one of them to tiktoken."""
        return self._guard.num_code_points

    def _encode_suspect(self, text: bytes) -> NDArray[np.uint32]:
        """The ids of a text that holds a code point for tiktoken, which gets no more of it than it must."""
        may_be_cut = self._encoding._pat_str in boundaries.SAFE_PATTERNS
        pieces = boundaries.pieces(text, target_bytes=_SUSPECT_BYTES) if may_be_cut else [text]
        suspects = set(self._guard.suspects(pieces))
        return np.concatenate(
            [
                self._tiktoken.encode_one(piece.decode()) if at in suspects else self._fast.encode(piece)
                for at, piece in enumerate(pieces)
            ]
        )

    def _compare(self, text: bytes, ids: NDArray[np.uint32]) -> None:
        self._num_compared += 1
        stop = len(text)
        if stop > _COMPARED_BYTES:
            stop = boundaries.last_safe_place(text, _COMPARED_BYTES)
            if not stop:  # both encode the beginning alone, or tiktoken would take a second for each MB
                text = text[: character_start(text, _COMPARED_BYTES)]
                ids, stop = self._fast.encode(text), len(text)
        expected = self._tiktoken.encode([text[:stop]])[0]
        found = ids[: len(expected)]
        if (stop == len(text) and len(ids) != len(expected)) or not np.array_equal(found, expected):
            raise TokenizerError(
                f"encoding {self._encoding.name!r}: gigatoken and tiktoken give different ids for the text "
                f"that starts with {text[:40].decode(errors='replace')!r}; use --engine tiktoken, report it",
                expected=expected,
                found=found,
            )

    def _load(self) -> None:
        self._fast = _load_gigatoken(self._exact)
        self._fast.encode(b"a")  # builds what is built once, in 0.05 s: forked processes then have it
        self._num_bytes = 0
        self._resident_bytes = resident_bytes()

    def _bound_memory(self, num_bytes: int) -> None:
        self._num_bytes += num_bytes
        if self._num_bytes < _LOOK_AFTER_BYTES:
            return
        self._num_bytes = 0
        if resident_bytes() - self._resident_bytes >= _RELOAD_GROWTH_BYTES:
            del self._fast
            self._load()


def resolve(engine: str, encoding: Encoding) -> str:
    """The name of the engine that will be used; nothing is loaded.

    Args:
        engine: One of `_ENGINES`; "auto" is gigatoken where it is installed and exact.
        encoding: What it has to be exact for.

    Raises:
        ConfigError: If there is no such engine, or gigatoken is asked for and cannot be used.
    """
    if engine not in _ENGINES:
        raise ConfigError(f"--engine {engine}: expected one of {', '.join(_ENGINES)}", found=engine)
    if engine == "tiktoken":
        return engine
    if ranks_fingerprint(encoding) not in _EXACT:
        if engine == "auto":
            return "tiktoken"
        raise ConfigError(
            f"--engine gigatoken: it is not known to give tiktoken's ids for {encoding.name!r}; use 'auto'"
        )
    if find_spec("gigatoken") is None:  # finds it without importing it
        if engine == "auto":
            log.info("tiktoken encodes; gigatoken is 20 to 30 times faster: %s", install_command("fast"))
            return "tiktoken"
        raise ConfigError(
            f"--engine gigatoken: it is not installed; {install_command('fast')}, or use 'auto'"
        )
    return "gigatoken"


def make_engine(name: str, encoding: Encoding, tiktoken: TiktokenEngine) -> Engine:
    """Load the engine of a name that `resolve` gave; gigatoken takes 0.04 to 0.2 s."""
    if name == "tiktoken":
        return tiktoken
    return GigatokenEngine(encoding, _EXACT[ranks_fingerprint(encoding)], tiktoken)


def probing_encoders() -> list[tuple[Encode, Encode]]:
    """cl100k_base and o200k_base, by tiktoken and by gigatoken alone, for `unicode_guard.derive`."""
    pairs: list[tuple[Encode, Encode]] = []
    for name in ("cl100k_base", "o200k_base"):
        encoding = open_encoding(name)
        fast = _load_gigatoken(_EXACT[ranks_fingerprint(encoding)])
        pairs.append((TiktokenEngine(encoding).encode_one, fast.encode))
    return pairs


def _load_gigatoken(exact: _Exact) -> Any:
    try:
        from gigatoken.gigatoken_rs import BPETokenizer
    except ImportError as error:
        raise ConfigError(
            f"gigatoken is installed but cannot be imported: {error}; use --engine tiktoken"
        ) from error
    with vocabulary_path(exact.ranks) as path:
        # The Rust class itself: what wraps it adds nothing here, and its batches need awkward (0.3 s).
        return BPETokenizer.from_tiktoken(path, exact.pretokenizer, {})


def _is_chosen(text: bytes) -> bool:
    """Whether a text is in the sample. Its end and its length decide: many texts begin alike."""
    return zlib.crc32(text[-64:], len(text)) % COMPARED_ONE_IN == 0


def _guard() -> UnicodeGuard:
    versions = (importlib.metadata.version("tiktoken"), importlib.metadata.version("gigatoken"))
    return guard_for(*versions, probing_encoders)


__all__ = [
    "COMPARED_ONE_IN",
    "FIRST_COMPARED",
    "Engine",
    "GigatokenEngine",
    "TiktokenEngine",
    "make_engine",
    "probing_encoders",
    "resolve",
]
