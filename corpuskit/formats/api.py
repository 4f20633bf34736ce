"""`corpuskit.export`: a corpus in another trainer's format."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.formats.opening import open_format
from corpuskit.formats.options import export_options
from corpuskit.on_progress import OnProgress
from corpuskit.urls import RemotePath


def export(
    corpus: Corpus | str | os.PathLike[str],
    format: str,
    output: str | os.PathLike[str],
    *,
    splits: Sequence[str] | None = None,
    shard_tokens: int | str | None = None,
    block_size: int | None = None,
    end_of_text_first: bool = False,
    bos_index: bool = False,
    text: bool = False,
    meta: bool = False,
    link: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> list[Path | RemotePath]:
    """Write a corpus in another trainer's format; every byte of it is checked on the way.

    The folder appears whole or not at all, with an export.json that says what it was made of. If just that
    is there already, nothing is done.

    Args:
        corpus: An open corpus, its folder, or its URL.
        format: The format's name: "nanogpt", "llmc", "megatron", or a plugin's.
        output: The folder to be, or its URL in an object store, where files are put one by one and
            `export.json` last.
        splits: Which splits, by name; None is all of them.
        shard_tokens: The most tokens in a file, such as 10**8 or "100M"; None is the format's own number.
        block_size: Tokens in a row, for the formats whose files are made for rows of one length.
        end_of_text_first: Put the end-of-text id in front of each document rather than behind it.
        bos_index: Beside each file, also write where documents begin in it.
        text: Write the documents' text rather than their ids.
        meta: Also write the file that describes the vocabulary.
        link: Where a file would be a copy of a shard, make it a hard link to the shard. Never open it for
            writing.
        overwrite: Whether an export that is there may be replaced; another folder never is.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The files, `export.json` last.

    Raises:
        UnknownName: If there is no such format.
        ConfigError: If the format cannot hold the corpus or take an option, or `output` is taken.
        CorpusFormatError: If the corpus is damaged.
        StorageError: If writing failed.

    Example:
        >>> files = corpuskit.export("data/tinyshakespeare/gpt2", "nanogpt", "nanoGPT/data/mine")
    """
    opened = corpus if isinstance(corpus, Corpus) else open_corpus(corpus)
    options = export_options(
        shard_tokens=shard_tokens,
        block_size=block_size,
        end_of_text_first=end_of_text_first,
        bos_index=bos_index,
        text=text,
        meta=meta,
        link=link,
    )
    return open_format(format).write(
        opened, output, splits=splits, options=options, overwrite=overwrite, on_progress=on_progress
    )


__all__ = ["export"]
