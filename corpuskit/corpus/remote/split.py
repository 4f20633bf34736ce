"""Splits of a corpus in an object store: shards come through this machine's cache when they are needed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.cache import default_cache_dir, scratch_folder
from corpuskit.corpus.index import DTYPE, Index, rows
from corpuskit.corpus.manifest import FileRecord, Manifest, ShardRecord
from corpuskit.corpus.remote.ahead import Ahead
from corpuskit.corpus.remote.layout import not_a_corpus, prefix_of, read_manifest
from corpuskit.corpus.remote.shard_cache import ShardCache, check_limit, least_limit, limit_from
from corpuskit.corpus.remote.small_cache import room, warn_of_small_cache
from corpuskit.corpus.split import Split, check_not_replaced
from corpuskit.errors import CorpusFormatError, FetchError
from corpuskit.samplers.base import AnySampler, SamplerContext
from corpuskit.stores.base import Store, Stored
from corpuskit.stores.opening import open_store
from corpuskit.urls import RemotePath


class RemoteFiles:
    """The files of one remote corpus, which its splits share.

    Args:
        store: The place.
        stored: The manifest as it was when the corpus was opened.
        manifest: The same, read.
        cache: Where the files come to.

    Attributes:
        place: The place.
    """

    def __init__(self, store: Store, stored: Stored, manifest: Manifest, cache: ShardCache) -> None:
        self.cache = cache
        self.place = store.place
        self._store = store
        self._stored = stored
        self._manifest = manifest
        self._folder: RemotePath | None = None

    def load(self, name: str, *, sha256: str, size_bytes: int, on_bytes: Callable[[], None]) -> None:
        """Have a file be in the cache; errors as those of `map`."""
        try:
            self.cache.load(self._place(name), sha256=sha256, size_bytes=size_bytes, on_bytes=on_bytes)
        except FetchError as error:
            raise self._why(error) from None

    def map(self, name: str, *, sha256: str, size_bytes: int) -> NDArray[np.uint8]:
        """A file's bytes, read-only.

        Raises:
            CorpusFormatError: If the corpus was replaced meanwhile.
            HashMismatch: If the file is, twice, not what the manifest says.
            FetchError: If it cannot be had.
        """
        try:
            return self.cache.map(self._place(name), sha256=sha256, size_bytes=size_bytes)
        except FetchError as error:
            raise self._why(error) from None

    def check_limit(self) -> None:
        """Refuse a cache that cannot hold what is read at once: the error of `cache.check_limit`."""
        check_limit(self.cache.limit_bytes, self._sizes(), self._store.place)

    def keep_little(self) -> None:
        """Have the cache's limit be the least that will do."""
        self.cache.limit_bytes = min(self.cache.limit_bytes, least_limit(self._sizes()))

    def _sizes(self) -> list[int]:
        """What is read at once: the ids and streams of each shard, each index, and each file of fields."""
        shards = [shard for split in self._manifest.splits.values() for shard in split.shards]
        sizes = [sum(file.size_bytes for file in self._manifest.files(shard)) for shard in shards]
        indexes = [shard.index_bytes for shard in shards]
        fields = [shard.fields.size_bytes if shard.fields else 0 for shard in shards]
        whole = [size - index - kept for size, index, kept in zip(sizes, indexes, fields, strict=True)]
        return whole + indexes + [size for size in fields if size]

    def _place(self, name: str) -> RemotePath:
        if self._folder is None:
            self.check_limit()
            prefix = prefix_of(self._store, self._stored, self._manifest)
            place, _ = self._store.downloads()
            self._folder = place / prefix if prefix else place
        return self._folder / name

    def _why(self, error: FetchError) -> CorpusFormatError | FetchError:
        """The error to tell: what is wrong with a file may be that there is another corpus by now."""
        found = read_manifest(self._store)
        if found is not None and found[0].data == self._stored.data:
            return error
        return CorpusFormatError(
            f"{self._store.place}: the corpus was replaced or deleted while it was in use; open it again",
            path=str(self._store.place),
        )


class RemoteSplit(Split):
    """A split whose shards are fetched when they are needed, and ahead of it where that is known.

    Attributes:
        is_streamed: True: what reads it should ask for a shard each time, keep none, and announce them.
    """

    is_streamed = True

    def __init__(
        self,
        place: RemotePath,
        manifest: Manifest,
        name: str,
        files: RemoteFiles,
        cache_bytes: int | str | None,
    ) -> None:
        super().__init__(place, manifest, name)
        self._records: Sequence[ShardRecord] = manifest.splits[name].shards
        self._files = files
        self._cache_bytes = cache_bytes
        self._ahead = Ahead(self._load)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self.name, self.fingerprint, self._cache_bytes)

    def shard(self, number: int) -> Tokens:
        """One shard's ids, mapped and read-only. Its room is not free for others while the array is kept."""
        self._ahead.used(number)
        record = self._records[number]
        name, sha256, size_bytes = record.file, record.sha256, record.size_bytes
        return self._files.map(name, sha256=sha256, size_bytes=size_bytes).view(self.dtype)

    def index(self, number: int) -> Index:
        """One shard's document index, uint64[D, 4]: see `corpuskit.corpus.index`."""
        record = self._records[number]
        name, sha256, size_bytes = record.index_file, record.index_sha256, record.index_bytes
        return rows(self._files.map(name, sha256=sha256, size_bytes=size_bytes).view(DTYPE))

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One shard's items of a stream, mapped and read-only; None where all are the fill."""
        record, info = self._records[number], self.streams[name]
        if name not in record.streams:
            return None
        size_bytes, sha256 = record.num_tokens * info.item_bytes, record.streams[name]
        mapped = self._files.map(record.stream_file(name), sha256=sha256, size_bytes=size_bytes)
        return mapped.view(info.dtype)

    def fields_data(self, number: int) -> NDArray[np.uint8]:
        """The bytes of one shard's file of kept fields, mapped and read-only."""
        record = self._records[number]
        assert record.fields is not None
        size_bytes, sha256 = record.fields.size_bytes, record.fields.sha256
        return self._files.map(record.fields_file, sha256=sha256, size_bytes=size_bytes)

    def open_sampler(self, name: str, context: SamplerContext) -> AnySampler:
        """The sampler of a name over this split; a warning says if it reads more at a time than is kept."""
        sampler = super().open_sampler(name, context)
        warn_of_small_cache(
            name,
            sampler,
            context,
            place=self._files.place,
            limit_bytes=self._files.cache.limit_bytes,
            shard_bytes=[self._size_bytes(number) for number in range(len(self._records))],
            num_tokens=self.num_tokens,
        )
        return sampler

    def is_here(self, number: int) -> bool:
        """Whether a shard and its streams are on this machine."""
        return all(self._files.cache.holds(file.sha256) for file in self._data_files(number))

    def fits(self, numbers: Iterable[int]) -> bool:
        """Whether shards can all be on this machine at once, with room for more to arrive."""
        taken = sum(map(self._size_bytes, numbers))
        return taken <= room(self._files.cache.limit_bytes)

    def will_need(self, numbers: Sequence[int], *, again: bool = False) -> None:
        """Say which shards are read next, in order; a thread fetches as many of them as there is room for.

        It replaces what was said before. Nothing has to be right: a shard that is not announced is fetched
        when it is read, and one that is never read costs a download.

        Args:
            numbers: The shards.
            again: Whether each is read again and again for some time. Those that there is room for are then
                fetched without waiting for others to be read, and are the last to be deleted.
        """
        if again:
            self._keep(numbers)
            return
        left = self._files.cache.limit_bytes // 2
        ahead: list[int] = []
        for number in numbers:
            left -= self._size_bytes(number)
            if left < 0 and ahead:
                break
            ahead.append(number)
        self._ahead.announce(numbers, at_once=len(ahead))

    def keep_little(self) -> None:
        """Keep no more of the corpus on this machine than has to be: for who reads it once."""
        self._files.keep_little()

    def _keep(self, numbers: Sequence[int]) -> None:
        most = self._files.cache.limit_bytes - max(map(self._size_bytes, numbers), default=0)
        taken = itertools.accumulate(map(self._size_bytes, numbers))
        kept = [number for number, total in zip(numbers, taken, strict=True) if total <= most]
        self._files.cache.keep(
            self.name, [file.sha256 for number in kept for file in self._data_files(number)]
        )
        missing = [number for number in kept if not self.is_here(number)]
        self._ahead.announce(missing, at_once=len(missing))

    def _load(self, number: int, on_bytes: Callable[[], None]) -> None:
        for name, size_bytes, sha256 in self._data_files(number):
            self._files.load(name, sha256=sha256, size_bytes=size_bytes, on_bytes=on_bytes)

    def _data_files(self, number: int) -> list[FileRecord]:
        """The files of a shard that batches read: its ids and its streams."""
        record = self._records[number]
        others = (record.index_file, record.fields_file)
        return [file for file in self._manifest.files(record) if file.name not in others]

    def _size_bytes(self, number: int) -> int:
        return sum(file.size_bytes for file in self._data_files(number))


def open_remote(
    place: RemotePath, cache_bytes: int | str | None, *, cache_dir: Path | None = None
) -> tuple[RemotePath, Manifest, dict[str, Split]]:
    """The place, the manifest and the splits of a corpus in an object store; only the manifest is read.

    Where a store has versions, the place is that of the one that was found.

    Args:
        place: Where it is.
        cache_bytes: How much all shards may take on this machine; None as the environment says.
        cache_dir: The cache; by default the one that everything shares.

    Raises:
        CorpusFormatError: If there is no corpus.
        ConfigError: If the limit is too small for it.
        StorageError: If the store does not answer, or refuses.
    """
    store = open_store(place).pinned()
    found = read_manifest(store)
    if found is None:
        raise not_a_corpus(place)
    stored, manifest = found
    cache_dir = cache_dir or default_cache_dir()
    _, options = store.downloads()
    cache = ShardCache(cache_dir, limit_from(cache_bytes, cache_dir), options)
    files = RemoteFiles(store, stored, manifest, cache)
    if cache_bytes is not None:
        files.check_limit()
    splits = {name: RemoteSplit(store.place, manifest, name, files, cache_bytes) for name in manifest.splits}
    return store.place, manifest, {**splits}


@contextlib.contextmanager
def open_afresh(place: RemotePath) -> Iterator[tuple[Manifest, dict[str, Split]]]:
    """The same with a cache of its own that is deleted afterwards: what is read comes from the store."""
    with scratch_folder("verify") as folder:
        _, manifest, splits = open_remote(place, None, cache_dir=folder)
        for split in splits.values():
            assert isinstance(split, RemoteSplit)
            split.keep_little()
        yield manifest, splits


def _reopen(place: RemotePath, name: str, fingerprint: str, cache_bytes: int | str | None) -> Split:
    _, _, splits = open_remote(place, cache_bytes)
    return check_not_replaced(splits.get(name), place, name, fingerprint)
