"""A corpus of several: their documents, one corpus after another, split by split."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.writer import CorpusWriter, Description
from corpuskit.derivation.making import Derivation, Watch
from corpuskit.derivation.merging import inputs_of
from corpuskit.derivation.whole_shards import Carrier
from corpuskit.errors import ConfigError

log = logging.getLogger(__name__)


class Concat(Derivation):
    """Several corpora as one. Shards stay as they are.

    Args:
        parents: The corpora, in order.
        dataset: What it is called; None is the corpora's names with + between.

    Raises:
        ConfigError: If there is no corpus, or tokens that no document ends would be taken for others' text.
    """

    name = "concat"

    def __init__(self, parents: Sequence[Corpus], *, dataset: str | None = None) -> None:
        if not parents:
            raise ConfigError("concat: expected two or more corpora, found none; name them", found=0)
        super().__init__(parents)
        self._dataset = dataset
        for name in self.splits:
            _check_tails(self.parents, name)

    @property
    def splits(self) -> Sequence[str]:
        """The splits of all corpora, each once, in the order in which they come."""
        return [*dict.fromkeys(name for parent in self.parents for name in parent)]

    def rule(self) -> dict[str, JsonValue]:
        """Nothing beside the corpora."""
        return {}

    def description(self) -> Description:
        """What the corpus will be, under its own name."""
        found = super().description()
        return found if self._dataset is None else dataclasses.replace(found, dataset=self._dataset)

    def write(self, writer: CorpusWriter, watch: Watch) -> Mapping[str, int]:
        """Write all splits."""
        numbers = inputs_of(self.parents)[1]
        with Carrier(writer.description, watch) as carrier:
            for name in self.splits:
                with writer.split(name) as written:
                    for parent, own in zip(self.parents, numbers, strict=True):
                        if name in parent:
                            carrier.carry(parent, name, written, own)
        return {}


def _check_tails(parents: Sequence[Corpus], name: str) -> None:
    """Refuse tokens that no document ends where a document follows, which they would become a part of."""
    splits = [parent[name] for parent in parents if name in parent]
    for position, split in enumerate(splits):
        tail = split.num_tokens - split.end_before(split.num_documents)
        if tail and any(later.num_documents for later in splits[position + 1 :]):
            raise ConfigError(
                f"{split.path}: {tail:,} tokens at the end of split {name!r} are of no document, and those "
                "of the next corpus's first would follow them; put this corpus last, or have "
                "'corpuskit filter --min-tokens 0' leave them out",
                found=tail,
            )


__all__ = ["Concat"]
