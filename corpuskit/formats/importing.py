"""`corpuskit.import_tokens`: a corpus of another trainer's files.

The ids are copied as they are, block by block, and compared with the vocabulary that is said to have made
them. Where the layout does not say where documents end, the end-of-text id does.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.decoding import distribution_of, record_of
from corpuskit.corpus.manifest import InputRecord, TokenizerRecord
from corpuskit.corpus.new_folder import holds_corpus, new_folder, one_at_a_time, shard_size
from corpuskit.corpus.writer import SHARD_BYTES, CorpusWriter, Description
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.base import Format
from corpuskit.formats.beside import Beside, InputDigests
from corpuskit.formats.copying import Marks, SplitCopy, text_sizes
from corpuskit.formats.foreign import DTYPES, ForeignFile, ForeignPlace, MappedFile, split_called
from corpuskit.formats.foreign_bytes import check_here, sha256_of, state_of
from corpuskit.formats.foreign_tokenizer import tokenizer_of
from corpuskit.formats.opening import open_format
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import folder_name, user_path, visible_name
from corpuskit.registry.blame import not_theirs

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: "auto" looks at the first id; the others are `Marks`.
Documents = Literal["auto", "end", "start", "none"]


def import_tokens(
    path: str | os.PathLike[str],
    format: str,
    *,
    name: str,
    encoding: str,
    added_tokens: Sequence[str] = (),
    vocabulary_from: str | os.PathLike[str] | None = None,
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
        format: The format's name: "nanogpt", "llmc", "megatron", "datatrove", "olmo", ..., or a plugin's.
        name: What the corpus is called.
        encoding: The tokenizer that made the ids: no token file says it, so you must.
        added_tokens: The names of control tokens whose ids follow the vocabulary's last one, in that order.
            By default those that an `export.json` of corpuskit beside the files says.
        vocabulary_from: The text that the vocabulary was made from, where it is made from text as that of
            "chars" is. By default the vocabulary is that of an `export.json` beside the files.
        output: The folder to be; by default data/NAME/ENCODING.
        dtype: The type of an id where files do not say it: "uint8", "uint16", "uint32", "uint64", "int32" or
            "int64"; by default what the vocabulary needs.
        documents: Where documents end in layouts that do not say it: "end" after each end-of-text id, "start"
            before it, "none" at the end of a split. "auto" is "start" if the first id is one, else "end".
        split: The split of files whose names do not say train, valid or test.
        shard_bytes: How large shards get, in bytes, or "1G".
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Raises:
        UnknownName: If there is no such format or tokenizer.
        ConfigError: If the format cannot be read, an option is impossible, the vocabulary is not known, or
            `output` is taken.
        TokenizerError: If the tokenizer cannot be opened, or an added token's name is taken.
        CorpusFormatError: If a file is not what the format says, or an id is not in the vocabulary.
        StorageError: If reading or writing failed.

    Example:
        >>> files = corpuskit.export("data/tinyshakespeare/gpt2", "nanogpt", "nanoGPT/data/mine")
        >>> corpus = corpuskit.import_tokens("nanoGPT/data/mine", "nanogpt", name="mine", encoding="gpt2")
    """
    _check("documents", documents, get_args(Documents))
    if dtype is not None:
        _check("dtype", dtype, DTYPES)
    check_here(path)
    name = visible_name(name)
    folders = folder_name(name), folder_name(encoding, registered=True)
    where = new_folder(output if output is not None else Path("data", *folders))
    job = _Import(
        path=user_path(path, what="import"),
        format=open_format(format),
        name=name,
        encoding=encoding,
        added_tokens=added_tokens,
        vocabulary_from=vocabulary_from,
        dtype=dtype,
        documents=documents,
        split=split_called(split),
        shard_bytes=shard_size(shard_bytes) or SHARD_BYTES,
        on_progress=on_progress and not_theirs(on_progress),
    )
    with one_at_a_time(where):
        if not job.is_at(where, overwrite=overwrite):
            job.write(where, overwrite=overwrite)
    return Corpus(where, encoding=encoding)


class _Import:
    """One import: which files are read, and as what."""

    def __init__(
        self,
        *,
        path: Path,
        format: Format,
        name: str,
        encoding: str,
        added_tokens: Sequence[str],
        vocabulary_from: str | os.PathLike[str] | None,
        dtype: str | None,
        documents: Documents,
        split: str,
        shard_bytes: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._path, self._name, self._encoding, self._format = path, name, encoding, format
        self._shard_bytes, self._on_progress = shard_bytes, on_progress
        self._done_bytes = 0
        self._tokenizer, self._added_tokens = tokenizer_of(
            path, encoding, added_tokens=added_tokens, vocabulary_from=vocabulary_from
        )
        made_by = {"encoding": encoding, "fingerprint": self._tokenizer.fingerprint}
        self._files = format.read(ForeignPlace(path, self._tokenizer.vocab_size, dtype, split, **made_by))
        if all(file.num_tokens == 0 for file in self._files):
            raise CorpusFormatError(f"{path}: its files hold no tokens; name other files", path=path)
        self._paths = [*dict.fromkeys(path for file in self._files for path in file.paths)]
        self._split_of = {path: file.split for file in self._files for path in file.paths}
        self._states = [state_of(path) for path in self._paths]
        self._sizes_bytes = [size_bytes for size_bytes, *_ in self._states]
        self._marks = self._marks_of(documents)

    def is_at(self, output: Path, *, overwrite: bool) -> bool:
        """Whether just this corpus is in a place.

        Raises:
            ConfigError: If something else is there and may not be replaced.
        """
        is_corpus = holds_corpus(output)
        if is_corpus and any(path.resolve().is_relative_to(output.resolve()) for path in self._paths):
            raise ConfigError(
                f"{output} holds the files that are imported; choose another --output", path=output
            )
        if not is_corpus or overwrite:  # what is there may be damaged
            return False
        found = Corpus(output).manifest
        asked: dict[str, Any] = {"dataset": self._name, "encoding": self._record.name, **self._options}
        there = {"dataset": found.dataset, "encoding": found.tokenizer.name, **found.options}
        different = [
            f"{key} is {there.get(key)!r} there and {value!r} now"
            for key, value in asked.items()
            if there.get(key) != value
        ]
        if not different and found.tokenizer.fingerprint != self._record.fingerprint:
            different = ["its vocabulary or its added tokens are others"]
        if not different and found.inputs != (inputs := self._inputs(map(sha256_of, self._paths))):
            is_same = [item.sha256 for item in found.inputs] == [item.sha256 for item in inputs]
            different = [f"its files have {'other splits' if is_same else 'changed'} since"]
        if different:
            raise ConfigError(
                f"{output} holds another corpus: {'; '.join(different)}; choose another --output, or replace "
                "it with --overwrite",
                path=output,
            )
        log.info("%s holds this import already; nothing was changed", output)
        return True

    def write(self, output: Path, *, overwrite: bool) -> None:
        """Copy the files into a corpus."""
        began = time.monotonic()
        description = self._description()
        numbers = {path: number for number, path in enumerate(self._paths)}
        copies: list[SplitCopy] = []
        num_tokens = num_documents = 0
        with (
            CorpusWriter(output, description, shard_bytes=self._shard_bytes) as writer,
            Beside() as hashing,
        ):
            digests = InputDigests(dict(zip(self._paths, self._sizes_bytes, strict=True)), hashing)
            for name, files in self._splits().items():
                copies.append(
                    SplitCopy(
                        files,
                        [numbers[file.paths[0]] for file in files],
                        tokenizer=self._tokenizer,
                        marks=self._marks,
                        dtype=np.dtype(description.dtype),
                        text_sizes=self._text_sizes,
                        on_read=digests.follow,
                    )
                )
                with writer.split(name) as split, Beside() as writing:
                    for block in copies[-1].blocks():
                        writing.run(split.add, block)
                        self._tell(name, block.ids.nbytes)
                num_tokens, num_documents = num_tokens + split.num_tokens, num_documents + split.num_documents
            inputs = self._inputs(digests.finished())
            for path, state in zip(self._paths, self._states, strict=True):
                if state_of(path) != state:
                    raise CorpusFormatError(
                        f"{path}: was changed while it was read; import it again", path=path
                    )
            options = {**self._options, **self._found(copies)}
            writer.commit(
                run=self._run(num_tokens, num_documents, time.monotonic() - began),
                description=dataclasses.replace(description, inputs=inputs, options=options),
                overwrite=overwrite,
            )

    @cached_property
    def _text_sizes(self) -> NDArray[Any] | None:
        return text_sizes(self._tokenizer)

    @cached_property
    def _record(self) -> TokenizerRecord:
        owner = self._tokenizer.owner
        record = record_of(self._tokenizer, self._encoding, self._added_tokens)
        return record if owner is None else record.model_copy(update=distribution_of(owner))

    @property
    def _options(self) -> dict[str, Any]:
        """What decides the bytes, beside the files."""
        types = sorted({file.dtype.name for file in self._files if isinstance(file, MappedFile)})
        return {
            "imported": self._format.name,
            "documents": self._marks,
            **({"ids": ", ".join(types)} if types else {}),
            "shard_bytes": self._shard_bytes,
        }

    def _marks_of(self, documents: Documents) -> Marks:
        """What ends documents, where the layout does not say it.

        Raises:
            ConfigError: If the end-of-text id should, and the tokenizer has none.
        """
        has_eot = self._tokenizer.eot_id is not None
        if documents == "auto":
            return self._guessed_marks() if has_eot else "none"
        if documents != "none" and not has_eot:
            raise ConfigError(
                f"--documents {documents}: tokenizer {self._encoding!r} has no end-of-text id; use "
                "--documents none",
                found=documents,
            )
        return documents

    def _guessed_marks(self) -> Marks:
        """Where the end-of-text id is: before documents where the first id of all is one, else after them."""
        for file in self._files:
            for block in file.blocks():
                if len(block.ids):
                    return "start" if int(block.ids[0]) == self._tokenizer.eot_id else "end"
        return "end"

    def _description(self) -> Description:
        return Description(
            dataset=self._name,
            tokenizer=self._record,
            dtype="<u2" if self._tokenizer.vocab_size <= 2**16 else "<u4",
            options=self._options,
            streams=_united("stream", ((file.paths[0], file.streams) for file in self._files)),
            fields=_united("field", ((file.paths[0], file.fields) for file in self._files)),
        )

    def _splits(self) -> dict[str, list[ForeignFile]]:
        """The files of each split, train first."""
        names = dict.fromkeys(file.split for file in self._files)
        return {
            name: [file for file in self._files if file.split == name]
            for name in sorted(names, key=lambda name: name != "train")
        }

    def _inputs(self, digests: Iterable[str]) -> list[InputRecord]:
        folder = self._path if self._path.is_dir() else self._path.parent
        return [
            InputRecord(
                name=visible_name(os.path.relpath(path, folder)),
                size_bytes=size_bytes,
                sha256=digest,
                split=self._split_of[path],
                unverified=False,
            )
            for path, size_bytes, digest in zip(self._paths, self._sizes_bytes, digests, strict=True)
        ]

    def _found(self, copies: Iterable[SplitCopy]) -> dict[str, Any]:
        """What is known of the documents once all of them were read."""
        copies = list(copies)
        is_ended = all(copy.is_ended for copy in copies)
        found: dict[str, Any] = {"eot": is_ended}
        if not is_ended and all(copy.is_started for copy in copies):
            found["bos"] = next(
                name
                for name, number in self._tokenizer.control_ids.items()
                if number == self._tokenizer.eot_id
            )
        if self._text_sizes is None:
            found["text_bytes"] = False
        return found

    def _run(self, num_tokens: int, num_documents: int, elapsed_s: float) -> dict[str, Any]:
        """What `run.json` says, for people."""
        return {
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "elapsed_s": round(elapsed_s, 3),
            "num_tokens": num_tokens,
            "num_documents": num_documents,
        }

    def _tell(self, label: str, size_bytes: int) -> None:
        self._done_bytes += size_bytes
        if self._on_progress is not None:
            total = sum(self._sizes_bytes)
            self._on_progress(Progress("import", label, min(self._done_bytes, total), total))


def _check(option: str, value: str, known: Iterable[str]) -> None:
    known = list(known)
    if value not in known:
        raise ConfigError(
            f"--{option} {value}: expected one of {', '.join(known)}", expected=known, found=value
        )


def _united(what: str, found: Iterable[tuple[Path, Mapping[str, _T]]]) -> dict[str, _T]:
    """The streams or fields of all files; each is the same in all that have it.

    Raises:
        CorpusFormatError: If one is of two types.
    """
    united: dict[str, tuple[Path, _T]] = {}
    for path, named in found:
        for name, value in named.items():
            first, other = united.setdefault(name, (path, value))
            if value != other:
                raise CorpusFormatError(
                    f"{path}: {what} {name!r} is {value} here and {other} in {first.name}; import them apart",
                    path=path,
                    expected=other,
                    found=value,
                )
    return {name: value for name, (_, value) in united.items()}


__all__ = ["Documents", "import_tokens"]
