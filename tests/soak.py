"""A counted campaign: corpuskit's tokenizers against tiktoken, on as many random strings as are asked for.

    python tests/soak.py --strings 1000000 --seed 7

Every string is encoded with every encoding by tiktoken's own `encode_ordinary`, by corpuskit with each of
its engines, as documents with an end-of-text id after each, and in pieces cut where corpuskit says that a
text may be cut; and decoded again. All ids must be the same. What was compared is printed: versions, seed,
counts. The exit code is 1 if anything differed, and the first differences are printed.

`tests/tokenizers/test_soak.py` runs some thousands of strings through the same code.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import importlib.util
import platform
import pydoc_data.topics
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tiktoken
from numpy.typing import NDArray

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.tokenizers import boundaries
from corpuskit.tokenizers.base import Encoded
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer, open_encoding
from corpuskit.tokenizers.unicode_guard import DISAGREEING

HERE = Path(__file__).parent
#: So many strings are compared together.
BATCH = 500
#: Given to `encode_documents`; any id does.
EOT = 5


def parts() -> list[str]:
    """The pieces that the tests of the tokenizers put strings together from."""
    found: list[str] = []
    for name in ("test_boundaries", "test_engine"):
        if name == "test_engine" and importlib.util.find_spec("gigatoken") is None:
            continue
        spec = importlib.util.spec_from_file_location(name, HERE / "tokenizers" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.PARTS
    return list(dict.fromkeys(found))


class Strings:
    """Random strings of many kinds, the same for the same seed.

    Args:
        seed: Anything; its text counts.
    """

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed))
        self._parts = parts()
        self._prose = "\n".join(pydoc_data.topics.topics.values())
        ranges = [(0, 0x7F), (0x80, 0x2FF), (0x300, 0xFFF), (0x1000, 0x2FFF), (0x3000, 0xD7FF)]
        self._ranges = [*ranges, (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF)]
        self._suspects = list(next(iter(DISAGREEING.values())))
        kinds = (self._joined, self._characters, self._piece_of_prose, self._repeated, self._suspicious)
        self._kinds: Sequence[Callable[[], str]] = (*kinds, self._joined, self._mixed)

    def batch(self, size: int) -> list[str]:
        """So many strings."""
        return [self._random.choice(self._kinds)() for _ in range(size)]

    def places(self, texts: Sequence[bytes]) -> list[int]:
        """A place in each text."""
        return [self._random.randint(0, len(text)) for text in texts]

    def _length(self, largest: int) -> int:
        """Often small."""
        return self._random.randint(0, self._random.randint(1, largest))

    def _joined(self) -> str:
        return "".join(self._random.choices(self._parts, k=self._length(30)))

    def _characters(self) -> str:
        first, last = self._random.choice(self._ranges)
        return "".join(chr(self._random.randint(first, last)) for _ in range(self._length(20)))

    def _piece_of_prose(self) -> str:
        start = self._random.randrange(len(self._prose))
        return self._prose[start : start + self._length(200)]

    def _repeated(self) -> str:
        return self._joined()[:5] * self._length(60)

    def _suspicious(self) -> str:
        first, last = self._random.choice(self._suspects)
        return self._joined()[:8] + chr(self._random.randint(first, last)) + self._joined()[:8]

    def _mixed(self) -> str:
        return self._piece_of_prose() + self._characters() + self._joined()


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to get the ids of texts: corpuskit's encoding, engine and how it is called."""

    encoding: str
    engine: str
    how: str

    def __str__(self) -> str:
        return f"{self.encoding} by {self.engine}, {self.how}"


@dataclasses.dataclass
class Result:
    """What a campaign has compared so far."""

    num_strings: int = 0
    num_characters: int = 0
    num_comparisons: int = 0
    num_ids: int = 0
    differences: list[str] = dataclasses.field(default_factory=list)


class Campaign:
    """Compares strings in every way.

    Args:
        seed: What the strings follow from.
        encodings: tiktoken's names; all by default.
    """

    def __init__(self, seed: object, encodings: Sequence[str] = ()) -> None:
        self.encodings = list(encodings) or tiktoken.list_encoding_names()
        self.result = Result()
        self._strings = Strings(seed)
        self._tokenizers = [tokenizer for name in self.encodings for tokenizer in engines_of(name)]

    @property
    def engines(self) -> list[str]:
        """Each encoding's engines, for people."""
        return [f"{tokenizer.name}: {tokenizer.engine}" for tokenizer in self._tokenizers]

    def run(self, num_strings: int, *, on_batch: Callable[[Result], None] = lambda result: None) -> Result:
        """Compare so many strings more."""
        wanted = self.result.num_strings + num_strings
        while self.result.num_strings < wanted:
            texts = self._strings.batch(min(BATCH, wanted - self.result.num_strings))
            self._compare(texts)
            self.result.num_strings += len(texts)
            self.result.num_characters += sum(map(len, texts))
            on_batch(self.result)
        return self.result

    def _compare(self, texts: list[str]) -> None:
        encoded = [text.encode() for text in texts]
        places = self._strings.places(encoded)
        pairs = zip(encoded, places, strict=True)
        pieces = [boundaries.pieces(text, target_bytes=1 + place) for text, place in pairs]
        expected = {name: encoded_by_tiktoken(name, texts) for name in self.encodings}
        for tokenizer in self._tokenizers:
            right = expected[tokenizer.name]
            for how, found in ids_in_every_way(tokenizer, encoded, places, pieces):
                self._count(Way(tokenizer.name, tokenizer.engine, how), texts, right, found)
            if tokenizer.decode_bytes(right.ids) != b"".join(encoded):
                self.result.differences.append(f"{tokenizer.name}: {texts} is not what decoding gives")

    def _count(self, way: Way, texts: list[str], expected: Encoded, found: Encoded) -> None:
        self.result.num_comparisons += len(texts)
        self.result.num_ids += len(expected.ids)
        same = np.array_equal(expected.ids, found.ids) and np.array_equal(expected.lengths, found.lengths)
        if not same:
            each = zip(texts, _split(expected), _split(found), strict=True)
            self.result.differences += [
                f"{way}: {text!r}: expected {one}, found {other}" for text, one, other in each if one != other
            ]


def encoded_by_tiktoken(name: str, texts: Sequence[str]) -> Encoded:
    """What tiktoken's own `encode_ordinary` gives."""
    encoding = open_encoding(name)
    lists = [encoding.encode_ordinary(text) for text in texts]
    return Encoded(np.concatenate([np.array(ids, np.uint32) for ids in lists]), _lengths(lists))


def engines_of(name: str) -> list[TiktokenTokenizer]:
    """An encoding's tokenizer with each engine that it has."""
    found = []
    for engine in ("tiktoken", "gigatoken"):
        tokenizer = TiktokenTokenizer(name=name)
        try:
            tokenizer.select_engine(engine)
        except ConfigError:  # it is not installed, or not exact for this encoding
            continue
        found.append(tokenizer)
    return found


def ids_in_every_way(
    tokenizer: TiktokenTokenizer,
    texts: Sequence[bytes],
    places: Sequence[int],
    pieces: Sequence[Sequence[bytes]],
) -> Iterator[tuple[str, Encoded]]:
    """Each way's name, and the ids that it gives the texts.

    Args:
        tokenizer: It, with its engine.
        texts: In UTF-8.
        places: A place in each text, near which it is cut if it may be.
        pieces: The texts' pieces, cut where a text may be cut.
    """
    yield "together", tokenizer.encode_batch(texts)
    documents = tokenizer.encode_documents(texts, eot_id=EOT, continues=False)
    lasts = np.cumsum(documents.lengths) - 1
    if (documents.ids[lasts] == EOT).all():
        documents = Encoded(np.delete(documents.ids, lasts), documents.lengths - 1)
    yield "as documents", documents
    cuts = [tokenizer.boundary(text, place) for text, place in zip(texts, places, strict=True)]
    pairs = [[text[:cut], text[cut:]] for text, cut in zip(texts, cuts, strict=True)]
    yield "cut in two", _encoded_in_pieces(tokenizer, pairs)
    if tokenizer._may_be_cut:
        yield "in pieces", _encoded_in_pieces(tokenizer, pieces)


def _encoded_in_pieces(tokenizer: TiktokenTokenizer, texts: Sequence[Sequence[bytes]]) -> Encoded:
    """The ids of texts that are given in pieces."""
    encoded = tokenizer.encode_batch([piece for pieces in texts for piece in pieces])
    ends = np.cumsum(_lengths(texts))
    sums = np.append(0, np.cumsum(encoded.lengths))[np.append(0, ends)]
    return Encoded(encoded.ids, np.diff(sums))


def _lengths(lists: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    return np.fromiter(map(len, lists), np.int64, len(lists))


def _split(encoded: Encoded) -> list[list[int]]:
    """A list of ids for each text."""
    ends = np.cumsum(encoded.lengths).tolist()
    ids = encoded.ids.tolist()
    return [ids[start:stop] for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def versions() -> str:
    """Of everything that has a part in the ids."""
    found = [f"corpuskit {corpuskit.__version__}", f"Python {platform.python_version()}"]
    for name in ("tiktoken", "gigatoken"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign; returns the exit code."""
    parser = argparse.ArgumentParser(description="corpuskit's tokenizers against tiktoken, on random strings")
    parser.add_argument("--strings", type=int, default=100_000, help="how many [default: 100000]")
    parser.add_argument("--seed", default="0", help="what they follow from [default: 0]")
    parser.add_argument("--encoding", action="append", default=[], help="may be repeated [default: all]")
    options = parser.parse_args(arguments)
    campaign = Campaign(options.seed, options.encoding)
    print(f"{versions()}; seed {options.seed}")
    print(f"engines: {', '.join(campaign.engines)}", flush=True)
    started = time.monotonic()

    def on_batch(result: Result) -> None:
        if result.num_strings % (40 * BATCH) == 0 or result.num_strings == options.strings:
            seconds = time.monotonic() - started
            print(
                f"{result.num_strings:,} strings, {seconds:,.0f} s, {len(result.differences)} differences",
                flush=True,
            )

    result = campaign.run(options.strings, on_batch=on_batch)
    print(f"{result.num_strings:,} strings of {result.num_characters:,} characters", end=", ")
    print(f"{len(campaign.encodings)} encodings, {result.num_comparisons:,} comparisons", end=", ")
    print(f"{result.num_ids:,} ids: {len(result.differences)} differences")
    print("\n".join(result.differences[:100]))
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
