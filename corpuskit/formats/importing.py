"""`corpuskit.import_tokens`: a corpus of another trainer's files.

The ids are copied as they are, block by block, and compared with the vocabulary that is said to have made them.
Where the layout does not say where documents end, the end-of-text id does.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from corpuskit.cache import default_cache_dir
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.decoding import distribution_of, record_of
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.manifest import FILE_NAME, InputRecord
from corpuskit.corpus.writer import SHARD_BYTES, Block, CorpusWriter, Description, SplitWriter, is_of_corpus
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.fetching.places import hash_file
from corpuskit.file_errors import looking_at
from corpuskit.formats.foreign import ForeignBlock, ForeignFile, Place, split_called
from corpuskit.formats.opening import open_format
from corpuskit.locks import lock_or_go_on
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import folder_name, user_path, visible_name
from corpuskit.registry.blame import not_theirs
from corpuskit.sources.kept_fields import FieldType
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.units import parse_bytes
from corpuskit.value_streams import StreamInfo

log = logging.getLogger(__name__)

#: What ends a document where the layout does not say: the end-of-text id "end"s it, or it "start"s the next one.
Documents = Literal["auto", "end", "start", "none"]
_DTYPES = ("uint16", "uint32", "int32", "int64")


def import_tokens(
    path: str | os.PathLike[str],
    format: str,
    *,
    name: str,
    encoding: str,
    output: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
    documents: Documents = "auto",
    split: str = "train",
    shard_bytes: int | str = SHARD_BYTES,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """A corpus of another trainer's token files. The files stay as they are.

    The folder appears whole or not at all. If the same files were imported there before, nothing is done.

    Args:
        path: A file, or the folder of the files.
        format: The format's name: "nanogpt", "llmc", "megatron", "datatrove", or a plugin's.
        name: What the corpus is called.
        encoding: The tokenizer that made the ids: no token file says it, so you must.
        output: The folder to be; by default data/NAME/ENCODING.
        dtype: The type of an id, "uint16", "uint32", "int32" or "int64", where files do not say it; by default
            what the vocabulary needs.
        documents: Where documents end in layouts that do not say it: "end" after each end-of-text id, "start"
            before it, "none" at the end of a file. "auto" is what the layout's own tools write.
        split: The split of files whose names do not say train, valid or test.
        shard_bytes: How large shards get, in bytes, or "1G".
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Raises:
        UnknownName: If there is no such format or tokenizer.
        ConfigError: If the format cannot be read, an option is impossible, or `output` is taken.
        CorpusFormatError: If a file is not what the format says, or an id is not in the vocabulary.
        StorageError: If reading or writing failed.

    Example:
        >>> corpus = corpuskit.import_tokens("nanoGPT/data/mine", "nanogpt", name="mine", encoding="gpt2")
    """
    job = _Import(
        path=user_path(path, what="import"),
        format=format,
        name=visible_name(name),
        encoding=encoding,
        dtype=dtype,
        documents=documents,
        split=split_called(split),
        shard_bytes=parse_bytes(shard_bytes, what="shard_bytes"),
        on_progress=on_progress and not_theirs(on_progress),
    )
    folders = folder_name(job.name), folder_name(encoding, registered=True)
    where = user_path(output if output is not None else Path("data", *folders), what="--output")
    place = hashlib.sha256(os.fsencode(os.path.realpath(where))).hexdigest()
    with lock_or_go_on(
        default_cache_dir() / "locks" / place,
        on_wait=lambda: log.warning("another process is writing %s; waiting for it", where),
    ):
        return job.found(where, overwrite=overwrite) or job.make(where, overwrite=overwrite)
