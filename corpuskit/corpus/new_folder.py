"""The folder that a corpus is to be written to: where it may be, and what may be there already."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from corpuskit.cache import default_cache_dir
from corpuskit.corpus.manifest import FILE_NAME
from corpuskit.corpus.writer import is_of_corpus
from corpuskit.errors import ConfigError, StorageError
from corpuskit.file_errors import looking_at
from corpuskit.locks import lock_or_go_on
from corpuskit.numbers import whole
from corpuskit.paths import user_path
from corpuskit.units import parse_size
from corpuskit.urls import remote_path, with_two_slashes

log = logging.getLogger(__name__)


def new_folder(output: str | os.PathLike[str]) -> Path:
    """The folder of this machine that `--output` names.

    Raises:
        ConfigError: If it is in an object store, or no folder can be made of it.
    """
    if (place := remote_path(with_two_slashes(output))) is not None:
        raise ConfigError(
            f"--output {place}: the corpus is written to a folder of this machine; choose one, and put the "
            "corpus into the store with 'corpuskit publish'",
            path=str(place),
        )
    folder = user_path(output, what="--output")
    if folder.name in ("", ".."):
        raise ConfigError(f"--output {output}: a corpus needs a folder with a name of its own", path=folder)
    return folder


def holds_corpus(output: Path) -> bool:
    """Whether a corpus is in a place that one is to be written to; nothing else is ever replaced.

    Args:
        output: The place.

    Raises:
        ConfigError: If it is a link, a file, or has files that no corpus has.
        StorageError: If it cannot be looked at.
    """
    with looking_at(output):
        if output.is_symlink():
            raise ConfigError(
                f"{output} is a link to {output.readlink()}, which a corpus would take the place of; give "
                "the folder itself as --output, or delete the link",
                path=output,
            )
        if output.exists() and not output.is_dir():
            raise ConfigError(f"{output} is not a folder; choose another --output", path=output)
        names = {entry.name for entry in output.iterdir()} if output.is_dir() else set()
    if strangers := sorted(name for name in names if not is_of_corpus(name)):
        raise ConfigError(
            f"{output} holds {strangers[0]!r}, which no corpus has, and --overwrite would delete it; move it "
            "away, or choose another --output",
            path=output,
            found=strangers[0],
        )
    return FILE_NAME in names


@contextlib.contextmanager
def one_at_a_time(output: Path) -> Iterator[None]:
    """Wait for other runs of this machine that write to a place: who comes next finds what they made.

    Args:
        output: The place.
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(output))).hexdigest()
    with contextlib.ExitStack() as stack:
        try:
            lock = default_cache_dir() / "locks" / name
        except StorageError as error:
            log.debug("going on without a lock: %s", error)
        else:
            stack.enter_context(lock_or_go_on(lock, on_wait=lambda: _say_who(output)))
        yield


def _say_who(output: Path) -> None:
    log.warning("another process is writing %s; waiting for it", output)


def shard_size(shard_bytes: int | str | None) -> int | None:
    """How large shards get at most, as a user says it.

    Args:
        shard_bytes: A number of bytes, "512M", or None.

    Raises:
        ConfigError: If it is no size of a shard.
    """
    found: object = shard_bytes
    if isinstance(shard_bytes, str):
        try:
            found = parse_size(shard_bytes)
        except ValueError as error:
            raise ConfigError(
                f"--shard-bytes {shard_bytes!r:.40}: expected {error}", found=shard_bytes
            ) from error
    return None if found is None else whole("--shard-bytes", found, least=4)


__all__ = ["holds_corpus", "new_folder", "one_at_a_time", "shard_size"]
