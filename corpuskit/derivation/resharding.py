"""A corpus in shards of another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.writer import CorpusWriter
from corpuskit.derivation.making import Derivation, Watch
from corpuskit.derivation.pieces import pieces


class Reshard(Derivation):
    """The same tokens and documents in other shards.

    Args:
        parent: The corpus.
        shard_bytes: The largest shard.
    """

    name = "reshard"

    def __init__(self, parent: Corpus, shard_bytes: int) -> None:
        super().__init__([parent], shard_bytes=shard_bytes)

    @property
    def splits(self) -> Sequence[str]:
        """All splits."""
        return self.parents[0].splits

    def rule(self) -> dict[str, JsonValue]:
        """The size."""
        return {"shard_bytes": self.shard_bytes}

    def write(self, writer: CorpusWriter, watch: Watch) -> Mapping[str, int]:
        """Write all splits."""
        for name in self.splits:
            with writer.split(name) as written:
                for piece in pieces(self.parents[0], name):
                    written.add(piece.block)
                    watch.add(piece.block.ids.nbytes, name)
        return {}


__all__ = ["Reshard"]
