"""What a derivation is: a rule, and the corpora that it makes a new one of."""

from __future__ import annotations

import abc
import dataclasses
import json
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import JsonValue

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.corpus.new_folder import holds_corpus, new_folder, one_at_a_time
from corpuskit.corpus.run_file import run_of
from corpuskit.corpus.writer import CorpusWriter, Description
from corpuskit.derivation.merging import described
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.registry.blame import not_theirs

log = logging.getLogger(__name__)

#: What a manifest's options say of how a corpus was derived: a list of steps, the first one first.
DERIVED = "derived"
#: How large shards get where neither a corpus nor a user says it.
_SHARD_BYTES = 2**29


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a derivation gave.

    Args:
        corpus: The corpus.
        made: False if it was there already.
    """

    corpus: Corpus
    made: bool


class Watch:
    """Says how far a derivation is.

    Args:
        on_progress: Called often, or None.
        total_bytes: Bytes of ids in all.
    """

    def __init__(self, on_progress: OnProgress | None, total_bytes: int) -> None:
        self._on_progress = on_progress and not_theirs(on_progress)
        self._total_bytes = total_bytes
        self._done_bytes = 0

    def add(self, size_bytes: int, label: str) -> None:
        """More bytes of ids are done.

        Args:
            size_bytes: How many.
            label: The split that they are of.
        """
        self._done_bytes += size_bytes
        if self._on_progress is not None:
            self._on_progress(Progress("derive", label, self._done_bytes, self._total_bytes))


class Derivation(abc.ABC):
    """Makes a corpus of one or several.

    Args:
        parents: The corpora, open.
        shard_bytes: The largest shard; None is as large as the parents'.

    Attributes:
        name: What the rule is called.
        parents: The corpora.
        shard_bytes: The largest shard.
    """

    name: ClassVar[str]

    def __init__(self, parents: Sequence[Corpus], *, shard_bytes: int | None = None) -> None:
        self.parents = tuple(parents)
        for parent in parents:
            if not all(split.has_digests for split in parent.values()):
                raise ConfigError(
                    f"{parent.path}: its files are read in place and have no digests; import them first, "
                    "with 'corpuskit import'",
                    path=parent.path,
                )
        said = [parent.manifest.options.get("shard_bytes") for parent in parents]
        sizes = [one for one in said if isinstance(one, int) and one > 0]
        self.shard_bytes = shard_bytes or max(sizes, default=_SHARD_BYTES)

    @property
    @abc.abstractmethod
    def splits(self) -> Sequence[str]:
        """The splits that are made, or read, by name."""

    @abc.abstractmethod
    def rule(self) -> dict[str, JsonValue]:
        """What decides which documents there are and where, as a manifest says it."""

    @abc.abstractmethod
    def write(self, writer: CorpusWriter, watch: Watch) -> Mapping[str, int]:
        """Write all splits.

        Args:
            writer: Takes them.
            watch: Is told of the bytes that were done.

        Returns:
            Documents that were left out, by why.
        """

    def description(self) -> Description:
        """What the corpus will be.

        Raises:
            ConfigError: If the parents do not go together.
        """
        found = described(self.parents)
        options = {name: value for name, value in found.options.items() if name != DERIVED}
        steps: list[JsonValue] = []
        parents: list[JsonValue] = []
        for parent in self.parents:
            own = parent.manifest.options
            said = {name: value for name, value in own.items() if name not in options}
            if len(self.parents) == 1:  # its steps go on
                before = said.pop(DERIVED, [])
                steps = before if isinstance(before, list) else []
            parents.append({**_identity(parent), **({"options": said} if said else {})})
        step = {"rule": self.name, **self.rule(), "parents": parents}
        options |= {"shard_bytes": self.shard_bytes, DERIVED: [*steps, step]}
        return dataclasses.replace(found, options=options)


def derive(
    derivation: Derivation,
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Make the corpus of a derivation, whole or not at all. If just that is there already, nothing is done.

    Args:
        derivation: What is made of what.
        output: The folder to be.
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often.

    Raises:
        ConfigError: If the place is taken, or no token is left.
        CorpusFormatError: If a parent is damaged.
        StorageError: If writing failed.
    """
    folder = new_folder(output)
    _check_apart(folder, derivation.parents)
    description = derivation.description()
    with one_at_a_time(folder):
        there = _existing(folder, description, overwrite=overwrite)
        if there is not None:
            log.info("%s holds this corpus already; nothing was changed", folder)
            return Outcome(there, made=False)
        _write(derivation, folder, description, overwrite=overwrite, on_progress=on_progress)
        corpus = open_corpus(folder)
    for name, record in corpus.manifest.splits.items():
        if not record.num_tokens and any(name in one and len(one[name]) for one in derivation.parents):
            log.warning("%s: nothing is left of split %r", folder, name)
    return Outcome(corpus, made=True)


def _write(
    derivation: Derivation,
    folder: Path,
    description: Description,
    *,
    overwrite: bool,
    on_progress: OnProgress | None,
) -> None:
    total = sum(
        shard.size_bytes
        for parent in derivation.parents
        for name in derivation.splits
        if name in parent
        for shard in parent.manifest.splits[name].shards
    )
    watch = Watch(on_progress, total)
    with CorpusWriter(folder, description, shard_bytes=derivation.shard_bytes) as writer:
        left_out = Counter(description.left_out) + Counter(derivation.write(writer, watch))
        writer.commit(
            run=_run(derivation.parents),
            description=dataclasses.replace(description, left_out=left_out),
            overwrite=overwrite,
        )


def _identity(corpus: Corpus) -> dict[str, JsonValue]:
    """What a corpus is, kept fields and all."""
    manifest = corpus.manifest
    return {"dataset": manifest.dataset, "fingerprint": manifest.fingerprint, "manifest": manifest.sha256}


def _run(parents: Sequence[Corpus]) -> dict[str, Any]:
    """What `run.json` says: what the runs said that all agree on."""
    runs = [run_of(parent) for parent in parents]
    names = ("license", "plugins", "inputs_folder")
    return {
        name: runs[0][name]
        for name in names
        if name in runs[0] and all(run.get(name) == runs[0][name] for run in runs)
    }


def _check_apart(output: Path, parents: Sequence[Corpus]) -> None:
    """Refuse to write where a parent is, in it or around it.

    Raises:
        ConfigError: Naming the parent.
    """
    place = os.path.realpath(output)
    for parent in parents:
        if not isinstance(parent.path, Path):
            continue
        own = os.path.realpath(parent.path)
        where = "is" if place == own else "is in" if place.startswith(f"{own}{os.sep}") else ""
        if own.startswith(f"{place}{os.sep}"):
            where = "holds"
        if where:
            raise ConfigError(
                f"--output {output} {where} the corpus {parent.path}, which is read; choose another --output",
                path=output,
            )


def _existing(output: Path, description: Description, *, overwrite: bool) -> Corpus | None:
    """The corpus that is in the place, if it is the one that is asked for and may not be replaced.

    Raises:
        ConfigError: If something else is there.
        CorpusFormatError: If a damaged corpus is there and may not be replaced.
    """
    if not holds_corpus(output) or overwrite:
        return None
    try:
        corpus = open_corpus(output)
    except CorpusFormatError as error:
        raise CorpusFormatError(
            f"{output} holds a damaged corpus; replace it with --overwrite, or choose another --output "
            f"({error})",
            path=output,
        ) from error
    manifest = corpus.manifest
    there, asked = ((one.dataset, json.dumps(one.options)) for one in (manifest, description))
    if there != asked:  # as text: which new split comes first decides what the others get
        raise ConfigError(
            f"{output} holds another corpus already; replace it with --overwrite, or choose another --output",
            path=output,
        )
    return corpus


__all__ = ["DERIVED", "Derivation", "Outcome", "Watch", "derive"]
