"""A corpus of some documents of another: those that all conditions hold for, in their order."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.id_lists import IdList, listed
from corpuskit.corpus.index import ROW_BYTES, Index, ends_of
from corpuskit.corpus.select import chosen
from corpuskit.corpus.split import Split
from corpuskit.corpus.writer import CorpusWriter
from corpuskit.derivation.making import Derivation, Watch
from corpuskit.derivation.pieces import DocumentMask, check_index, picked_pieces
from corpuskit.errors import ConfigError
from corpuskit.numbers import whole
from corpuskit.selection import Selection

log = logging.getLogger(__name__)

#: Why documents were left out, as a manifest says it.
FILTERED = "filtered"
#: Rows of an index that are read at once.
_ROWS = 2**18


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conditions:
    """What must hold for a document; what is None or empty is no condition.

    Args:
        where: A condition on kept fields, as `corpuskit.select` takes it.
        exclude: Its id is not in this list.
        only: Its id is in this list.
        min_tokens: It has so many tokens or more, those between documents included.
        max_tokens: It has so many tokens or fewer.
        selection: It is in this selection, which is of one split.
    """

    where: str = ""
    exclude: IdList | None = None
    only: IdList | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    selection: Selection | None = None

    def __post_init__(self) -> None:
        for name in ("min_tokens", "max_tokens"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, whole(name, value, least=0))
        if all(getattr(self, each.name) in (None, "") for each in dataclasses.fields(self)):
            raise ConfigError(
                "no condition is said; give one or more of --where, --exclude, --min-tokens and --max-tokens"
            )

    def rule(self) -> dict[str, JsonValue]:
        """The conditions as a manifest says them."""
        found: dict[str, JsonValue] = {}
        for name in ("where", "min_tokens", "max_tokens"):
            if (value := getattr(self, name)) not in (None, ""):
                found[name] = value
        for name in ("exclude", "only"):
            if (ids := getattr(self, name)) is not None:
                found[name] = {"field": ids.field, "sha256": ids.sha256()}
        if self.selection is not None:
            found["selection"] = self.selection.fingerprint
        return found


class Filter(Derivation):
    """Keeps the documents that conditions hold for.

    Tokens that no document ends are of no document, and are left out.

    Args:
        parent: The corpus.
        conditions: The conditions, all of which must hold.
        splits: The splits that are read; others are left out. None is all of them.
        shard_bytes: The largest shard; None is as large as the parent's.

    Raises:
        ConfigError: If there is no such split, or the selection is of another corpus.
    """

    name = "filter"

    def __init__(
        self,
        parent: Corpus,
        conditions: Conditions,
        *,
        splits: Sequence[str] | None = None,
        shard_bytes: int | None = None,
    ) -> None:
        super().__init__([parent], shard_bytes=shard_bytes)
        self._parent, self._conditions = parent, conditions
        selection = conditions.selection
        if selection is not None:
            own = [name for name in parent if parent[name].fingerprint == selection.split]
            if not own or (splits is not None and [*splits] != own):
                raise ConfigError(
                    f"{parent.path}: the selection is of another split or corpus; make it with "
                    "corpuskit.select of a split of this one",
                    found=selection.split,
                )
            splits = own
        self._splits = list(parent) if splits is None else list(dict.fromkeys(splits))
        for name in self._splits:
            _ = parent[name]  # or an error that names those that there are

    @property
    def splits(self) -> Sequence[str]:
        """The splits that are read."""
        return self._splits

    def rule(self) -> dict[str, JsonValue]:
        """The conditions, and the splits where they are not all."""
        found = self._conditions.rule()
        if self._splits != [*self._parent]:
            found["splits"] = [*self._splits]
        return found

    def write(self, writer: CorpusWriter, watch: Watch) -> Mapping[str, int]:
        """Write the documents that are kept."""
        num_dropped = 0
        masks = self._masks()
        for name, mask in zip(self._splits, masks, strict=True):
            split = self._parent[name]
            num_dropped += split.num_documents - mask.num_chosen
            _say_tail(split)
            with writer.split(name) as written:
                for block, size_bytes in picked_pieces(self._parent, name, [mask]):
                    written.add(block[0])
                    watch.add(size_bytes, name)
        return {FILTERED: num_dropped}

    def _masks(self) -> list[DocumentMask]:
        """Which documents of each split are kept."""
        splits = [self._parent[name] for name in self._splits]
        types = self._parent.manifest.field_types
        lists: list[tuple[list[NDArray[np.bool_]], bool]] = []
        for ids, is_kept in ((self._conditions.exclude, False), (self._conditions.only, True)):
            if ids is not None:
                found = listed(ids, splits, types)
                log.info("%s: %s", self._parent.path, found.words(ids))
                lists.append((found.masks, is_kept))
        masks = []
        for position, split in enumerate(splits):
            mask = DocumentMask(split, tail=False)
            last_end = 0
            for number, record in enumerate(self._parent.manifest.splits[split.name].shards):
                check_index(self._parent, split, number, record)
                first, last = split.shard_documents[number : number + 2].tolist()
                lengths, last_end = _lengths(split.index(number), last_end - int(split.shard_starts[number]))
                last_end += int(split.shard_starts[number])
                kept = self._kept(split, number, lengths)
                for found_masks, is_kept in lists:
                    kept &= found_masks[position][first:last] == is_kept
                mask.add(kept)
            masks.append(mask)
        return masks

    def _kept(self, split: Split, number: int, lengths: Ints) -> NDArray[np.bool_]:
        """bool[d]: for which documents of a shard the conditions hold, those on ids left out.

        Args:
            split: The split.
            number: The shard's number.
            lengths: int64[d], the tokens of its documents.
        """
        conditions = self._conditions
        first, last = split.shard_documents[number : number + 2].tolist()
        kept = np.ones(last - first, np.bool_)
        if conditions.min_tokens is not None:
            kept &= lengths >= conditions.min_tokens
        if conditions.max_tokens is not None:
            kept &= lengths <= conditions.max_tokens
        if conditions.where:
            found = np.zeros(last - first, np.bool_)
            found[chosen(split, conditions.where, range(number, number + 1)) - first] = True
            kept &= found
            if self._parent.manifest.fields:
                data = split.fields_data(number)
                forget(data, 0, data.nbytes)
        if conditions.selection is not None:
            runs = conditions.selection.runs
            edges = np.stack((runs[:, 0], runs.sum(axis=1))).T.reshape(-1)
            kept &= np.searchsorted(edges, np.arange(first, last), side="right") % 2 == 1
        return kept


def _lengths(rows: Index, end: int) -> tuple[Ints, int]:
    """The tokens of a shard's documents, and where the last one ends.

    Args:
        rows: The shard's index, of which no more stays in memory than is read at once.
        end: Where the document before them ends, in tokens from the shard's start.
    """
    lengths = np.empty(len(rows), np.int64)
    for at in range(0, len(rows), _ROWS):
        some = rows[at : at + _ROWS]
        lengths[at : at + len(some)] = np.diff(ends_of(some).astype(np.int64), prepend=end)
        end = int(some[-1, 0])
        forget(rows, at * ROW_BYTES, (at + len(some)) * ROW_BYTES)
    return lengths, end


def _say_tail(split: Split) -> None:
    """Say so where a split has tokens that no document ends."""
    tail = split.num_tokens - split.end_before(split.num_documents)
    if tail:
        log.warning(
            "%s: %s tokens at the end of split %r are of no document and are left out",
            split.path,
            f"{tail:,}",
            split.name,
        )


__all__ = ["FILTERED", "Conditions", "Filter"]
