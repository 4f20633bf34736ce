"""What is asked for, and whether it is there already."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpuskit import registry
from corpuskit.config import PrepareConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, Manifest, TokenizerRecord
from corpuskit.errors import ConfigError
from corpuskit.file_errors import looking_at
from corpuskit.on_progress import OnProgress
from corpuskit.paths import folder_name, user_path, visible_name
from corpuskit.preparation.plan import part_bytes_for
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.preparation.versions import versions_of
from corpuskit.preparation.work_folder import is_of_corpus
from corpuskit.registry.specs import ExecutorSpec, ReaderSpec, SourceSpec, TokenizerSpec
from corpuskit.sources import option_names
from corpuskit.sources.base import Input, Source, SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.sources.readers.options import parse
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer

#: What else a manifest's options hold: no reader's option may take their place.
_OTHER_OPTIONS = ("split", "eot", "format", "max_tokens", "part_bytes", "shard_bytes")


class Request:
    """A configuration with the source that it names, open, and the place that it means.

    Args:
        config: The configuration.
        on_fetch: Told while inputs are fetched.

    Attributes:
        source: The open source.
        tokenizer: The tokenizer's component, which says whose it is.
        name: What the corpus is called.
        output: The folder where the corpus is, or will be.
        reader_options: What the source was told, as a JSON value.

    Raises:
        UnknownName: If there is no such source or tokenizer.
    """

    def __init__(self, config: PrepareConfig, *, on_fetch: OnProgress) -> None:
        self._config = config
        _check_named(config)
        self.reader_options = _reader_options(config)
        self.source: Source = open_source(
            config.dataset, SourceOptions(**self.reader_options, on_progress=on_fetch)
        )
        self.tokenizer = registry.default().find(TokenizerSpec, config.encoding)
        if config.eot:
            self.appends_eot(open_tokenizer(config.encoding))  # refused before any work
        self.name = visible_name(config.name or self.source.name)
        folders = folder_name(self.name), folder_name(config.encoding, registered=True)
        self.output = Path(config.output or Path("data", *folders))

    def _check_apart(self) -> None:
        """Refuse a place in a folder that is read: a later run would take the corpus for text.

        Raises:
            ConfigError: Naming both.
        """
        from corpuskit.sources.user_files import UserFiles

        patterns = self.source.patterns if isinstance(self.source, UserFiles) else ()
        for pattern in patterns:
            folder = "" if "://" in pattern else str(user_path(pattern))
            # A folder that may not be looked at is no matter here: the listing says what is wrong with it.
            if os.path.isdir(folder) and _is_inside(self.output, os.path.realpath(folder)):  # noqa: PTH112
                raise ConfigError(
                    f"{self.output} is in the folder {pattern!r}, all of which is read: the next time the "
                    "corpus would be read as text; choose another --output",
                    path=self.output,
                )

    def check_inputs_kept(self, inputs: Sequence[Input]) -> None:
        """Refuse to replace a folder that inputs are in.

        Raises:
            ConfigError: Naming the first.
        """
        inside = f"{os.path.realpath(self.output)}{os.sep}"
        for item in inputs:
            if item.location.startswith(inside):
                raise ConfigError(
                    f"{item.location} is in {self.output}, which the corpus would replace; choose another "
                    "--output",
                    path=item.location,
                )

    @property
    def wants_eot(self) -> bool:
        """Whether an end-of-text id is asked for, or is the source's default."""
        return self.source.default_eot if self._config.eot is None else self._config.eot

    def appends_eot(self, tokenizer: Tokenizer | TokenizerRecord) -> bool:
        """Whether the tokenizer's end-of-text id ends each document.

        Raises:
            ConfigError: If that is asked for and the tokenizer has none.
        """
        if self._config.eot and tokenizer.eot_id is None:
            raise ConfigError(
                f"--eot: tokenizer {tokenizer.name!r} has no end-of-text id to append; leave --eot out, or "
                "choose an --encoding that has one, such as gpt2 or bytes",
                found=tokenizer.name,
            )
        return self.wants_eot and tokenizer.eot_id is not None

    def options(self, total_bytes: int, *, eot: bool) -> dict[str, Any]:
        """The options that shape the bytes, as the manifest records them.

        Args:
            total_bytes: The size of all inputs, which the size of a part follows from.
            eot: Whether an end-of-text id ends each document.
        """
        config, spec = self._config, self.source.spec
        return {
            "split": self.source.default_split if config.split is None else config.split,
            "eot": eot,
            "format": config.format or spec.format,
            **spec.reader_options,
            **self.reader_options["reader"],
            "max_tokens": config.max_tokens,
            "part_bytes": config.part_bytes or part_bytes_for(total_bytes, fast=self.tokenizer.spec.fast),
            "shard_bytes": config.shard_bytes,
        }

    def versions(self, inputs: Sequence[Input]) -> dict[str, str]:
        """The versions of what decides the bytes of parts, by distribution."""
        found = registry.default().find
        formats = sorted({item.format for item in inputs})
        owners = [self.tokenizer.owner, *(found(ReaderSpec, format).owner for format in formats)]
        if self.source.spec.factory:
            owners.append(found(SourceSpec, self.source.spec.name).owner)
        return versions_of(owners)

    @property
    def portable_encoding(self) -> str:
        """The tokenizer's name without the folder of the file it was made from, as `sp:model.model`.

        It names a tokenizer whose state holds all that opens it again; where its file was is nobody's matter.
        """
        kind, colon, argument = self._config.encoding.partition(":")
        with contextlib.suppress(ConfigError, OSError):
            if colon and (path := user_path(argument)).exists():
                return f"{kind}:{path.name}"
        return kind + colon + argument

    def existing(self) -> Corpus | None:
        """The corpus that is in the place, if it is what is asked for.

        Raises:
            ConfigError: If something else is there and may not be replaced.
            StorageError: If the place cannot be looked at.
        """
        output = self.output
        self._check_apart()
        with looking_at(output):
            is_corpus = (output / FILE_NAME).exists()
            is_free = not output.exists() or (output.is_dir() and not any(output.iterdir()))
        if not is_corpus and not is_free:
            raise ConfigError(
                f"{output} exists and is not a corpus; move it away, or choose another --output"
            )
        if not is_corpus:
            _check_replaceable(output)
            return None
        there = Corpus(output, encoding=self._config.encoding)
        corpus = self.accepted(there, overwrite=self._config.overwrite)
        if corpus is None:
            _check_replaceable(output)
        return corpus

    def accepted(self, corpus: Corpus, *, overwrite: bool) -> Corpus | None:
        """A corpus, if it is what is asked for; None if it is not, and may be replaced.

        Raises:
            ConfigError: If it may not be replaced.
        """
        differences = self._differences(corpus.manifest)
        if not differences:
            return corpus
        if overwrite:
            return None
        raise ConfigError(
            f"{corpus.path} holds a corpus that was prepared differently: {'; '.join(differences)}; "
            "choose another --output, or replace it with --overwrite"
        )

    def _differences(self, manifest: Manifest) -> list[str]:
        """What is asked for and not what a manifest says, each as one phrase."""
        total_bytes = sum(item.size_bytes for item in manifest.inputs)
        encoding = self._config.encoding
        if manifest.tokenizer.state is not None:
            encoding = self.portable_encoding
        # What another tokenizer would do about ends of text is not known, and not what is different.
        same_tokenizer = encoding == manifest.tokenizer.name
        eot = self.appends_eot(manifest.tokenizer) if same_tokenizer else self.wants_eot
        asked = {"dataset": self.name, "encoding": encoding, **self.options(total_bytes, eot=eot)}
        there = {"dataset": manifest.dataset, "encoding": manifest.tokenizer.name, **manifest.options}
        different = [
            f"{key} is {there.get(key)!r} there and {asked.get(key)!r} now"
            for key in [*asked, *(key for key in there if key not in asked)]
            if asked.get(key) != there.get(key)
        ]
        if different:
            return different
        recorded = [(item.name, item.size_bytes, item.sha256) for item in manifest.inputs]
        if not self.source.unchanged(recorded):
            return [f"its inputs have changed since ({self.source.changes(recorded)})"]
        if not self.tokenizer.spec.pinned:
            # What the name stands for now: a state may hold the tokenizer itself, which would never change.
            found = open_tokenizer(self._config.encoding)
            if found.needs_fitting:
                found = open_tokenizer(encoding, state=manifest.tokenizer.state)
            if found.fingerprint != manifest.tokenizer.fingerprint:
                return [f"tokenizer {encoding!r} has changed since"]
        return []


def _is_inside(path: Path, folder: str) -> bool:
    real = os.path.realpath(path)
    return real == folder or real.startswith(folder.rstrip(os.sep) + os.sep)


def _check_replaceable(output: Path) -> None:
    """Refuse a place that a corpus cannot take without something being lost that no corpus has.

    Raises:
        ConfigError: If it is a link, or has files that `prepare` did not make.
    """
    if output.is_symlink():
        raise ConfigError(
            f"{output} is a link to {output.readlink()}, which a corpus would take the place of; give the "
            "folder itself as --output, or delete the link",
            path=output,
        )
    strangers = sorted(entry.name for entry in output.iterdir()) if output.is_dir() else []
    if strangers := [name for name in strangers if not is_of_corpus(name)]:
        raise ConfigError(
            f"{output} holds {strangers[0]!r}, which no corpus has, and --overwrite would delete it; move it "
            "away, or choose another --output",
            path=output,
            found=strangers[0],
        )


def _check_named(config: PrepareConfig) -> None:
    """Refuse what is no rule and what nobody has, before it is compared with what a corpus was made by.

    Raises:
        ConfigError: If the split's rule is none.
        UnknownName: If there is no such reader or executor.
    """
    if config.split is not None:
        parse_rule(config.split, given=False)
    if config.format is not None:
        registry.default().find(ReaderSpec, config.format)
    registry.default().find(ExecutorSpec, config.executor)


def _reader_options(config: PrepareConfig) -> dict[str, Any]:
    """What a source is told: `corpuskit.sources.base.SourceOptions` as a JSON value.

    Raises:
        ConfigError: If a reader option is none, or is said twice with different values.
    """
    reader = {field: getattr(config, field) for field in option_names.FIELDS}
    for name, value in parse(config.reader_options, format=config.format).items():
        if name in _OTHER_OPTIONS:
            raise ConfigError(f"reader option {name}: the corpus has another option of this name")
        said = reader.get(name)
        if name in config.model_fields_set and said is not None and said != value:
            raise ConfigError(
                f"{name} is said twice, once as a reader option: {said!r} and {value!r}; leave one out",
                expected=said,
                found=value,
            )
        reader[name] = value
    return {
        "location": config.location,
        "format": config.format,
        "reader": {key: value for key, value in reader.items() if value is not None},
    }
