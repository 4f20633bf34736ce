"""What is known of a corpus or a mixture that its dataset card can say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.index import ends_of
from corpuskit.corpus.manifest import InputRecord, Manifest
from corpuskit.corpus.run_file import run_of
from corpuskit.errors import CorpusFormatError
from corpuskit.inspect.licenses import License, license_of

#: The distribution that is in the manifest already.
_OURS = "corpuskit-core "


@dataclasses.dataclass(frozen=True)
class CardSplit:
    """A split, counted.

    Args:
        name: Its name.
        num_documents: Documents in it.
        num_tokens: Tokens in it.
        num_shards: Shards in it.
        size_bytes: The size of its shards, without their indexes.
    """

    name: str
    num_documents: int
    num_tokens: int
    num_shards: int
    size_bytes: int


@dataclasses.dataclass(frozen=True)
class CardInput:
    """An input, with what the corpus has of it.

    Args:
        name: Where it came from: a URL, or a path.
        size_bytes: Its size.
        sha256: The digest of its bytes.
        num_documents: Documents of it.
        num_tokens: Their tokens, with the ids that end texts.
        unverified: Whether nothing said what its bytes must be.
    """

    name: str
    size_bytes: int
    sha256: str
    num_documents: int
    num_tokens: int
    unverified: bool = False


@dataclasses.dataclass(frozen=True)
class CardCorpus:
    """A corpus, alone or of a mixture.

    Args:
        manifest: Its manifest.
        license: The licence that its source names, if this is known.
        made_by: The distributions of plugins that took part in making it, with their versions.
        splits: Its splits in order.
        inputs: Its inputs in order.
    """

    manifest: Manifest
    license: License | None
    made_by: tuple[str, ...]
    splits: tuple[CardSplit, ...]
    inputs: tuple[CardInput, ...]

    @property
    def name(self) -> str:
        """The name of its dataset."""
        return self.manifest.dataset

    @property
    def encoding(self) -> str:
        """The name of its tokenizer."""
        return self.manifest.tokenizer.name

    @property
    def num_documents(self) -> int:
        """Documents in all splits."""
        return sum(split.num_documents for split in self.splits)

    @property
    def num_tokens(self) -> int:
        """Tokens in all splits."""
        return sum(split.num_tokens for split in self.splits)

    def to_json(self) -> dict[str, Any]:
        """The corpus as a JSON value."""
        known = self.license
        return {
            "name": self.name,
            "encoding": self.encoding,
            "fingerprint": self.manifest.fingerprint,
            "license": known and {"said": known.said, "spdx": known.expression},
            "made_by": list(self.made_by),
            "splits": [dataclasses.asdict(split) for split in self.splits],
            "inputs": [dataclasses.asdict(one) for one in self.inputs],
        }


@dataclasses.dataclass(frozen=True)
class CardStage:
    """The weights of a mixture's corpora from a place on.

    Args:
        begins: Where it begins, in words: "step 1,000"; empty for the beginning.
        weights: The weight of each corpus, in the order of the corpora.
    """

    begins: str
    weights: tuple[float, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each corpus in the tokens that are drawn."""
        total = sum(self.weights)
        return tuple(weight / total for weight in self.weights)


@dataclasses.dataclass(frozen=True)
class CardFacts:
    """All that a card says.

    Args:
        name: The name of the corpus's dataset, or of the mixture.
        corpora: The corpus, or those of the mixture.
        stages: The weights of a mixture's corpora, stage by stage; none for a corpus alone.
        max_epochs: How often each sample of a mixture's corpora may be drawn; None is without end.
    """

    name: str
    corpora: tuple[CardCorpus, ...]
    stages: tuple[CardStage, ...] = ()
    max_epochs: tuple[float | None, ...] = ()

    @property
    def is_mixture(self) -> bool:
        """Whether it is the card of a mixture."""
        return bool(self.stages)

    @property
    def licenses(self) -> list[License] | None:
        """The licence of each corpus; None where one is not known."""
        found = [corpus.license for corpus in self.corpora]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None


def corpus_facts(corpus: Corpus) -> CardCorpus:
    """What there is to say of one corpus; every byte of its indexes is read and compared.

    Args:
        corpus: The corpus, open.

    Raises:
        CorpusFormatError: If an index is damaged.
        StorageError: If it cannot be read.
    """
    manifest, run = corpus.manifest, run_of(corpus)
    documents, tokens = _by_input(corpus)
    return CardCorpus(
        manifest,
        license_of(run.get("license")),
        tuple(name for name in map(str, run.get("plugins", ())) if not name.startswith(_OURS)),
        tuple(
            CardSplit(
                name,
                split.num_documents,
                split.num_tokens,
                len(split.shards),
                sum(shard.size_bytes for shard in split.shards),
            )
            for name, split in manifest.splits.items()
        ),
        tuple(
            _input(record, int(documents[number]), int(tokens[number]))
            for number, record in enumerate(manifest.inputs)
        ),
    )


def _input(record: InputRecord, num_documents: int, num_tokens: int) -> CardInput:
    return CardInput(
        record.name, record.size_bytes, record.sha256, num_documents, num_tokens, record.unverified
    )


def _by_input(corpus: Corpus) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[I] twice: the documents of each input that end in a split, and their tokens."""
    num_inputs = len(corpus.manifest.inputs)
    documents, tokens = np.zeros(num_inputs, np.int64), np.zeros(num_inputs, np.int64)
    for name, split in corpus.items():
        last = 0
        for number, rows in scan.indexes(split, corpus.manifest.splits[name].shards, scan.refuser(split)):
            ends = ends_of(rows).astype(np.int64) + split.shard_starts[number]
            which = rows[:, 1].astype(np.int64)
            if int(which.max()) >= num_inputs or int(which.min()) < 0:
                raise CorpusFormatError(
                    f"{corpus.path}: {name}: an index names input {rows[:, 1].max()} of {num_inputs:,}; "
                    "make the corpus again with --overwrite"
                )
            first = int(which.min())  # documents of an input are neighbours
            counts = np.bincount(which - first)
            documents[first : first + len(counts)] += counts
            sums = np.bincount(which - first, np.diff(ends, prepend=last))
            tokens[first : first + len(counts)] += sums.astype(np.int64)
            last = int(ends[-1])
    return documents, tokens


__all__ = ["CardCorpus", "CardFacts", "CardInput", "CardSplit", "CardStage", "corpus_facts"]
