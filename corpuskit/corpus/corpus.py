"""An open corpus: its manifest, its splits as token streams, and where their documents are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from corpuskit.arrays import Tokens
from corpuskit.config.keywords import BatchKeywords, EvaluationKeywords, checked, takes
from corpuskit.corpus.decoding import decode, recorded_tokenizer
from corpuskit.corpus.local import open_local
from corpuskit.corpus.select import selection_of
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError, CorpusFormatError, TokenizerError
from corpuskit.markup import display
from corpuskit.paths import user_path
from corpuskit.urls import RemotePath, remote_path

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from corpuskit.batches import Batches
    from corpuskit.config import BatchConfig, RunConfig
    from corpuskit.corpus.select import Excluded
    from corpuskit.evaluation.evaluation import Evaluation
    from corpuskit.selection import Selection
    from corpuskit.tokenizers.base import Tokenizer


class Corpus(Mapping[str, Split]):
    """A prepared corpus, opened and checked: `corpus["train"]` is a `Split`.

    Every file is opened relative to one directory and mapped at once, so a corpus that is replaced while
    it is open goes on giving the tokens it was opened with. One that is replaced while it is being opened is
    the old one or the new one.

    Of a corpus in an object store only the manifest is read at once; see `corpuskit.corpus.remote`.

    Args:
        path: The folder, or the URL of one in an object store.
        cache_bytes: How much of this machine's disk the shards of object stores may take, a number or "200G";
            by default what CORPUSKIT_SHARD_CACHE_BYTES says, else half of what is free.
        encoding: The tokenizer to decode with, where the manifest holds its name only; it must be the one
            that made the ids.

    Attributes:
        path: The folder, or its place in an object store; where that has versions, that of the one opened.
        manifest: What the corpus is: its inputs, tokenizer, options and shards.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is missing or of the wrong size.
        ConfigError: If the limit is too small for the corpus.
        StorageError: If a file cannot be read, or the store does not answer, or refuses.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | RemotePath,
        *,
        cache_bytes: int | str | None = None,
        encoding: str | None = None,
    ) -> None:
        place = remote_path(path)
        self._cache_bytes = cache_bytes
        self._encoding = encoding
        self._splits: Mapping[str, Split]
        self.path: Path | RemotePath
        if place is None:
            self.path = user_path(path, what="corpus")
            self.manifest, self._splits = open_local(self.path)
        else:
            from corpuskit.corpus.remote.split import open_remote

            self.path, self.manifest, self._splits = open_remote(place, cache_bytes)
        for split in self._splits.values():
            split.encoding = encoding

    def __getitem__(self, name: str) -> Split:
        if name not in self._splits:
            known = ", ".join(self._splits)
            raise ConfigError(
                f"{self.path} has no split {name!r}; it has {known}", expected=known, found=name
            )
        return self._splits[name]

    def __contains__(self, name: object) -> bool:
        return name in self._splits  # the mixin's waits for a KeyError

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # a mapping has none by itself, and a mixture names its weights by corpora
        return id(self)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(split):,}" for name, split in self._splits.items())
        return f"<Corpus {str(self.path)!r}: {counts} tokens of {self.manifest.tokenizer.name}>"

    def _repr_html_(self) -> str:
        manifest = self.manifest
        facts = {
            "text": f"{manifest.dataset}, {len(manifest.inputs):,} inputs",
            "encoding": f"{manifest.tokenizer.name}, {self.vocab_size:,} ids",
            "fingerprint": self.fingerprint,
        }
        rows = [
            (name, split.num_tokens, split.num_documents, len(manifest.splits[name].shards))
            for name, split in self._splits.items()
        ]
        return display(f"Corpus {self.path}", facts, ("split", "tokens", "documents", "shards"), rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self._cache_bytes, self._encoding, self.fingerprint)

    @property
    def fingerprint(self) -> str:
        """Identifies the tokens, their order, their documents and their tokenizer."""
        return self.manifest.fingerprint

    @property
    def tokenizer_fingerprint(self) -> str:
        """Identifies the tokenizer; corpora of one mixture share it."""
        return self.manifest.tokenizer.fingerprint

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the ids, opened again and compared with the manifest.

        Raises:
            CorpusFormatError: If what is installed under its name would give other ids.
            TokenizerError: If the manifest holds too little of it; it opens no path and asks no network.
            UnknownName: If nothing of its name is installed; the message says which distribution had it.
        """
        return recorded_tokenizer(self.manifest.tokenizer, self.path, encoding=self._encoding)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits' names in order: ("train", "valid")."""
        return tuple(self._splits)

    @property
    def vocab_size(self) -> int:
        """V; every id is smaller."""
        return self.manifest.tokenizer.vocab_size

    def encode(self, text: str) -> Tokens:
        """The ids of a text, [N] in the corpus's dtype. Text that looks like a special token is text.

        Raises:
            TokenizerError: If it is no text, or the tokenizer has no id for a part of it.
            CorpusFormatError: If what is installed under its name would give other ids.
        """
        if not isinstance(text, str):
            found = type(text).__name__
            raise TokenizerError(f"encode takes one text, a str, and found {found}", expected=str, found=text)
        return self.tokenizer.encode(text).astype(self.manifest.dtype)

    @overload
    def decode(self, ids: Sequence[int]) -> str: ...
    @overload
    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]: ...
    @overload
    def decode(self, ids: Any) -> Any: ...
    def decode(self, ids: Any) -> Any:
        """The text that ids stand for; of the rows of a batch, a list of texts.

        Args:
            ids: An id, ids [N], or rows of them [B, N]: a sequence, an array, or a tensor on any device.

        Raises:
            TokenizerError: If they are no whole numbers, or one is not in the vocabulary.
            CorpusFormatError: If what is installed under its name would give other ids.
        """
        return decode(self.tokenizer, ids)

    @checked
    @takes(BatchKeywords)
    def batches(
        self,
        split: str | None = None,
        *,
        config: BatchConfig | RunConfig | None = None,
        **options: Unpack[BatchKeywords],
    ) -> Batches:
        """Batches of windows of a split; see `corpuskit.Batches` for the options.

        Args:
            split: The split's name; by default the configuration's, else "train".
            config: Options from a `corpuskit.BatchConfig` or a `corpuskit.RunConfig`; `options` win over it,
                but its `debug` shrinks whatever they say.
            options: What `corpuskit.Batches` takes: batch_size, block_size, sampler, seed, device, ... A
                `selection` may be a condition on kept fields, and `exclude` is a file of ids, numbers of
                documents or a selection: none of them is drawn. Both are as `corpuskit.select` takes them.

        Raises:
            ConfigError: If there is no such split, or an option is impossible.
        """
        from corpuskit.batches import Batches
        from corpuskit.config import BatchConfig, part_of

        given: dict[str, Any] = {**options}
        if config is not None:
            chosen = part_of(config, BatchConfig)
            base = chosen.options()
            if given.get("context_length") is not None:
                del base["block_size"]
            given = {**base, **given}
            split = split or chosen.split
        chosen_split = self[split or "train"]
        exclude, asked = given.pop("exclude", None), given.get("selection")
        given["selection"] = selection_of(chosen_split, asked, exclude)
        return Batches(chosen_split, **given)

    @checked
    @takes(EvaluationKeywords)
    def evaluation(
        self,
        split: str = "valid",
        *,
        bos: int | str | None = "auto",
        selection: Selection | str | None = None,
        exclude: Excluded | None = None,
        **options: Unpack[EvaluationKeywords],
    ) -> Evaluation:
        """Batches of a split in which every token is a target exactly once; see `corpuskit.Evaluation`.

        Args:
            split: The split's name.
            bos: The id that stands before the first token, or a control token's name; None is none. "auto" is
                the end-of-text id where this corpus's documents end with it and none was put in front of
                them; else none.
            selection: Which documents are evaluated, or a condition on kept fields, as `corpuskit.select`
                takes it; None is all of them.
            exclude: Documents that are left out, as `corpuskit.select` takes them: a file of ids, such as a
                ban list, numbers, or a selection.
            options: What `corpuskit.Evaluation` takes: batch_size, block_size, stride, documents, device, ...

        Raises:
            ConfigError: If there is no such split, an option is impossible, or there is no target.
        """
        from corpuskit.evaluation.evaluation import Evaluation

        chosen = self[split]
        if bos == "auto":
            said = self.manifest.options
            has_eot = said.get("eot") is True and "bos" not in said
            bos = self.manifest.tokenizer.eot_id if has_eot else None
        return Evaluation(chosen, bos=bos, selection=selection_of(chosen, selection, exclude), **options)


def open_corpus(
    path: str | os.PathLike[str], *, cache_bytes: int | str | None = None, encoding: str | None = None
) -> Corpus:
    """Open a prepared corpus; its manifest and every file's size are checked, its bytes are not read.

    A corpus in an object store (`s3://bucket/name`) is read through a cache on this machine: each shard is
    fetched when it is first needed, and compared with its sha256.

    Args:
        path: The folder, or the URL of one in an object store.
        cache_bytes: How much the shards of object stores may take on this machine, a number or "200G"; by
            default what CORPUSKIT_SHARD_CACHE_BYTES says, else half of what is free.
        encoding: The tokenizer to decode with, where the manifest holds its name only; it must be the one
            that made the ids.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is missing or of the wrong size.
        ConfigError: If the limit is too small for the corpus.
        StorageError: If a file cannot be read, or the store does not answer, or refuses.

    Example:
        >>> corpus = corpuskit.open("data/tinyshakespeare/gpt2")
        >>> corpus["train"][:5]
        array([ 5962, 22307,    25,   198,  8421], dtype=uint16)
    """
    return Corpus(path, cache_bytes=cache_bytes, encoding=encoding)


def _reopen(
    path: Path | RemotePath, cache_bytes: int | str | None, encoding: str | None, fingerprint: str
) -> Corpus:
    return check_not_another(Corpus(path, cache_bytes=cache_bytes, encoding=encoding), fingerprint)


def check_not_another(found: Corpus, fingerprint: str) -> Corpus:
    """The corpus that was opened again, if it is the one that it was.

    Raises:
        CorpusFormatError: If it was replaced by another one.
    """
    if found.fingerprint != fingerprint:
        raise CorpusFormatError(
            f"{found.path}: was replaced by another corpus while it was in use; open it again",
            path=str(found.path),
            expected=fingerprint,
            found=found.fingerprint,
        )
    return found
