"""`corpuskit.fetch_bundle`: every file that preparing needs, in one folder, each under its sha256.

What preparing needs is what it asks `corpuskit.fetch` for: the sources list their inputs, the tokenizers are
loaded, and what they get on the way is put into the folder. So nothing has to know beforehand what there is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
from collections.abc import Iterator, Sequence, Set
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from corpuskit import cache, reading, storage
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError, FetchError, StorageError
from corpuskit.fetching import keep, mirrors
from corpuskit.fetching.bundle_index import FILE_NAME, MAX_BYTES, BundledFile, BundleIndex, parse_index
from corpuskit.fetching.recording import Recorded, recorded
from corpuskit.locks import lock_or_go_on
from corpuskit.on_progress import OnProgress
from corpuskit.paths import local_path, user_path
from corpuskit.preparation.api import run
from corpuskit.preparation.first_inputs import count_through
from corpuskit.sources.base import Input, Source, SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.urls import redact_url, remote_path, shown, url_id

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Bundle:
    """A folder that has what preparing needs, for a machine that reaches no network.

    Args:
        path: The folder, to name in CORPUSKIT_MIRRORS there.
        files: Its files, those of earlier runs included.
        num_new: How many of them this run put there.
        left_out: What the sources read that is not in it, each as a line: files of this machine, and what a
            plugin keeps in a place of its own.
    """

    path: Path
    files: tuple[BundledFile, ...]
    num_new: int
    left_out: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """The size of its files together."""
        return sum({file.sha256: file.size_bytes for file in self.files}.values())

    @property
    def num_files(self) -> int:
        """How many files it has; one that is at several URLs is one."""
        return len({file.sha256 for file in self.files})

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "path": str(self.path),
            "size_bytes": self.size_bytes,
            "num_new": self.num_new,
            "left_out": [*self.left_out],
            "files": [file.to_json() for file in self.files],
        }


def fetch_bundle(
    path: str | os.PathLike[str],
    sources: str | Sequence[str] = (),
    *,
    encodings: str | Sequence[str] = (),
    format: str | None = None,
    max_tokens: int | str | None = None,
    on_progress: OnProgress | None = None,
) -> Bundle:
    """Collect every file that preparing some corpora needs, for a machine that reaches no network.

    Each file is in the folder under its sha256, as mirrors have them, and bundle.json says what it is. A run
    that was stopped goes on where it was, and what is there already is fetched by none.

    Args:
        path: The folder. There, CORPUSKIT_MIRRORS names it.
        sources: Corpora by name, or URLs: what `prepare` takes.
        encodings: The tokenizers whose vocabularies are needed: what `prepare` takes as `encoding`.
        format: The reader of files whose names do not say it.
        max_tokens: Fetch only the files that corpora of so many tokens need, in any of the encodings. It is
            found by preparing them. Corpora whose files' sizes or sha256s nobody publishes are fetched whole.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The bundle.

    Raises:
        ConfigError: If nothing is asked for, or the folder is in an object store.
        UnknownName: If there is no such source or encoding.
        FetchError: If a file cannot be had.
        StorageError: If the folder cannot be written.

    Example:
        >>> bundle = corpuskit.fetch_bundle("stick", ["tinyshakespeare"], encodings=["gpt2", "bytes"])
    """
    sources = [sources] if isinstance(sources, str) else [*sources]
    encodings = [encodings] if isinstance(encodings, str) else [*encodings]
    if not sources and not encodings:
        raise ConfigError("nothing is asked for; name a source, or an encoding with --encoding")
    if max_tokens is not None and not encodings:
        raise ConfigError(f"--max-tokens {max_tokens}: nothing says in which encoding; add --encoding")
    asked = PrepareConfig.make({}, {"dataset": "-", "format": format, "max_tokens": max_tokens})
    collector = _Collector(_folder(path))
    options = SourceOptions(format=format, on_progress=on_progress)
    opened = [open_source(name, options) for name in sources]  # a wrong name is found before all downloads
    with mirrors.added(collector.folder):
        for name in dict.fromkeys(encodings):
            with collector.collecting(f"encoding {name}") as found:
                open_tokenizer(name, engine="auto").load()
            if ":" in name and not found:
                collector.leave_out(f"encoding {name}: its plugin reads it from a place of its own")
        for name, source in zip(sources, opened, strict=True):
            limited = asked.max_tokens is not None and source.first_inputs(1) is not None
            count = _num_needed(name, encodings, asked, on_progress) if limited else 0
            only: set[str] = set()
            with collector.collecting(f"source {shown(name)}", only=only if limited else None) as found:
                inputs = _first(source, count, only) if limited else source.inputs()
            collector.check(shown(name), inputs, found)
    return collector.bundle()


class _Collector:
    """Puts files into a bundle.

    Args:
        folder: The bundle's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._left_out: list[str] = []
        self._num_new = 0
        self._index = self._read_index()
        storage.make_directory(folder)

    @contextlib.contextmanager
    def collecting(self, needed_by: str, *, only: Set[str] | None = None) -> Iterator[list[Recorded]]:
        """Have what is fetched while the block runs, and the index with it.

        Args:
            needed_by: What needs it.
            only: The sha256s of what is had, known when the block ends; None is all.
        """
        with recorded() as files:
            yield files
        kept = [
            file
            for file in files
            if local_path(file.file.url) is None and (only is None or file.sha256 in only)
        ]
        for file in kept:
            self._put(file)
        with self._one_at_a_time():
            self._index = self._read_index()  # to which another run may have added
            for file in kept:
                self._index.add(_bundled(file, needed_by))
            data = self._index.to_bytes()
            path = self.folder / FILE_NAME
            if not path.exists() or path.read_bytes() != data:
                storage.write_bytes(path, data)

    def check(self, name: str, inputs: Sequence[Input], found: Sequence[Recorded]) -> None:
        """Note which inputs of a source were not fetched, and are not in the bundle."""
        there = {str(file.path.absolute()) for file in found if file.path is not None}
        missing = [item for item in inputs if item.location and item.location not in there]
        if missing:
            more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            self.leave_out(f"source {name}: {redact_url(missing[0].location)}{more} is read from where it is")

    def leave_out(self, line: str) -> None:
        """Note what is not in the bundle, and say so."""
        self._left_out.append(line)
        log.warning("%s, and is not in the bundle; carry it there too", line)

    def bundle(self) -> Bundle:
        """The bundle as it is now."""
        return Bundle(self.folder, tuple(self._index.files), self._num_new, tuple(self._left_out))

    def _put(self, file: Recorded) -> None:
        place = self.folder / file.sha256[:2] / file.sha256
        if (file.path is not None and file.path == place.absolute()) or keep.is_at(place, file.sha256):
            return
        storage.make_directory(place.parent)
        cache.tidy(place.parent)
        storage.remove_file(place)
        if file.path is not None:
            keep.link_or_copy(file.path, place, file.sha256)
        else:
            storage.write_bytes(place, file.data or b"")
        self._num_new += 1

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let one run at a time change the index. The lock is in the cache: a bundle is carried away."""
        folder = cache.make_folder(cache.default_cache_dir(), "locks")
        with lock_or_go_on(folder / f"bundle-{url_id(str(self.folder.resolve()))}.lock", timeout_s=60.0):
            yield

    def _read_index(self) -> BundleIndex:
        path = self.folder / FILE_NAME
        try:
            return parse_index(reading.read_file(path, max_bytes=MAX_BYTES), where=str(path))
        except FetchError:
            raise
        except (FileNotFoundError, NotADirectoryError):
            return BundleIndex()
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror or error}", path=path) from error


def _num_needed(
    name: str, encodings: Sequence[str], asked: PrepareConfig, on_progress: OnProgress | None
) -> int:
    """How many of a corpus's files are needed for so many tokens, in any of the encodings."""
    counts = []
    for encoding in encodings:
        with cache.scratch_folder("fetch") as folder:
            update = {"dataset": name, "encoding": encoding, "output": folder / "corpus"}
            corpus = run(asked.model_copy(update=update), on_progress=on_progress).corpus
            sizes = [item.size_bytes for item in corpus.manifest.inputs]
            indexes = [
                corpus[split].index(number)
                for split, record in corpus.manifest.splits.items()
                for number in range(len(record.shards))
            ]
            last = max((int(index[-1, 1]) for index in indexes if len(index)), default=0)
            # The part that the corpus ends in must be whole.
            part_bytes = int(str(corpus.manifest.options["part_bytes"]))
            counts.append(count_through(sizes, sum(sizes[: last + 1]) + part_bytes))
    return max(counts)


def _first(source: Source, count: int, only: set[str]) -> list[Input]:
    """The first inputs of a source, fetched; their sha256s are added to `only`."""
    found = source.first_inputs(count)
    assert found is not None
    inputs = [*found[0][:count]]
    only.update(item.sha256 for item in inputs)
    return inputs


def _bundled(file: Recorded, needed_by: str) -> BundledFile:
    url = redact_url(file.file.url)
    path = re.split(r"[?#]", url.partition("://")[2].partition("::")[0])[0]
    return BundledFile(
        name=unquote(PurePosixPath(path).name) or url,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        url=url,
        read_from=redact_url(file.read_from),
        published=file.file.sha256 is not None,
        needed_by=(needed_by,),
    )


def _folder(path: str | os.PathLike[str]) -> Path:
    if (remote := remote_path(path)) is not None:
        raise ConfigError(
            f"--to {remote}: a bundle is a folder of this machine; choose one, and copy it to the store with "
            "its own tool",
            path=str(remote),
        )
    folder = user_path(path, what="--to")
    if folder.resolve() == folder.resolve().parent:
        raise ConfigError(f"--to {folder}: a bundle needs a folder with a name of its own", path=folder)
    return folder


__all__ = ["Bundle", "fetch_bundle"]
