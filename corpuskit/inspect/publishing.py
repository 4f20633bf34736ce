"""`corpuskit.publish`: a corpus on this machine, with its card, to a repository or another object store."""

from __future__ import annotations

import os
from pathlib import Path

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.errors import ConfigError
from corpuskit.inspect.card import card
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.publish import publish as put
from corpuskit.stores.opening import open_store
from corpuskit.urls import RemotePath, remote_path


def publish(
    corpus: Corpus | str | os.PathLike[str],
    to: str | RemotePath,
    *,
    overwrite: bool = False,
    private: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Put a corpus that is on this machine where others can open it, and open it there.

    Every byte is compared with the manifest before it leaves. In a repository (`hf://org/name`) all of it is
    one commit, with a dataset card: the README.md of the corpus's folder, else what `corpuskit.card` knows.
    In another object store the manifest is put last. The same corpus again changes nothing.

    Args:
        corpus: The corpus, open or its folder.
        to: Where: `hf://org/name[@branch][/folder]`, `s3://bucket/folder`, or another store's URL.
        overwrite: Whether another corpus there may be replaced, and a README.md by one of the folder.
        private: Whether a repository that is not there yet is made for nobody else to see.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The corpus there; its `path` names the commit, where there is one.

    Raises:
        ConfigError: If something else is there and may not be replaced, or `to` is no place for a corpus.
        CorpusFormatError: If it is no corpus, or damaged.
        StorageError: If the store refuses, or does not answer. Nothing that was there is lost.

    Example:
        >>> corpuskit.publish("data/tinyshakespeare/gpt2", "memory://examples/mine").splits
        ('train', 'valid')
    """
    return published(corpus, to, overwrite=overwrite, private=private, on_progress=on_progress)[0]


def published(
    corpus: Corpus | str | os.PathLike[str],
    to: str | RemotePath,
    *,
    overwrite: bool = False,
    private: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Corpus, bool]:
    """The same, and whether anything had to be put."""
    place = remote_path(to)
    if place is None:
        raise ConfigError(
            f"{str(to)!r:.80}: not a URL, such as hf://org/name or s3://bucket/folder; on this machine, "
            "copy the folder",
            found=to,
        )
    local = corpus if isinstance(corpus, Corpus) else open_corpus(corpus)
    if not isinstance(local.path, Path):
        raise ConfigError(
            f"{local.path} is not on this machine; download its files into a folder, and publish that",
            found=local.path,
        )
    made = put(
        local.path,
        open_store(place),
        overwrite=overwrite,
        private=private,
        card=lambda: card(local).to_markdown().encode(),
        on_progress=on_progress,
    )
    return Corpus(place), made


__all__ = ["publish", "published"]
