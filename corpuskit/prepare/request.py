"""What is asked for, and whether it is there already."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpuskit import registry
from corpuskit.config import PrepareConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, Manifest
from corpuskit.errors import ConfigError
from corpuskit.prepare.plan import part_bytes_for
from corpuskit.sources import open_source
from corpuskit.sources.base import Source, SourceOptions
from corpuskit.specs import TokenizerSpec
from corpuskit.tokenizers import open_tokenizer


class Request:
    """A configuration with the source that it names, open, and the place that it means.

    Args:
        config: The configuration.
        on_fetch: Called with (file, bytes done, bytes in all or None) while inputs are fetched.

    Attributes:
        source: The open source.
        name: What the corpus is called.
        output: The folder where the corpus is, or will be.
        reader_options: What the source was told, as a JSON value.

    Raises:
        UnknownName: If there is no such source or tokenizer.
    """

    def __init__(self, config: PrepareConfig, *, on_fetch: Callable[[str, int, int | None], None]) -> None:
        self._config = config
        self.reader_options = _reader_options(config)
        self.source: Source = open_source(
            config.dataset, SourceOptions(**self.reader_options, on_progress=on_fetch)
        )
        self._tokenizer_spec = registry.default().find("tokenizer", config.encoding).spec
        self.name = config.name or self.source.name
        self.output = Path(
            config.output or Path("data", _folder_name(self.name), _folder_name(config.encoding))
        )

    def options(self, total_bytes: int) -> dict[str, Any]:
        """The options that shape the bytes, as the manifest records them.

        Args:
            total_bytes: The size of all inputs, which the size of a part follows from.
        """
        config, spec = self._config, self.source.spec
        return {
            "split": self.source.default_split if config.split is None else config.split,
            "eot": self.source.default_eot if config.eot is None else config.eot,
            "format": config.format or spec.format,
            **spec.reader_options,
            **self.reader_options["reader"],
            "max_tokens": config.max_tokens,
            "part_bytes": config.part_bytes or part_bytes_for(total_bytes),
            "shard_bytes": config.shard_bytes,
        }

    @property
    def portable_encoding(self) -> str:
        """The tokenizer's name without the folder of the file it was made from, as `sp:model.model`.

        It names a tokenizer whose state holds all that opens it again; where its file was is nobody's matter.
        """
        kind, colon, argument = self._config.encoding.partition(":")
        return (
            f"{kind}:{Path(argument).name}" if colon and Path(argument).exists() else kind + colon + argument
        )

    def existing(self) -> Corpus | None:
        """The corpus that is in the place, if it is what is asked for.

        Raises:
            ConfigError: If something else is there and may not be replaced.
        """
        output = self.output
        if not (output / FILE_NAME).exists():
            if output.exists() and (not output.is_dir() or any(output.iterdir())):
                raise ConfigError(
                    f"{output} exists and is not a corpus; move it away, or choose another --output"
                )
            return None
        return self.accepted(Corpus(output, encoding=self._config.encoding), overwrite=self._config.overwrite)

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
            "replace it with --overwrite, or choose another --output"
        )

    def _differences(self, manifest: Manifest) -> list[str]:
        """What is asked for and not what a manifest says, each as one phrase."""
        total_bytes = sum(item.size_bytes for item in manifest.inputs)
        encoding = self._config.encoding
        if manifest.tokenizer.state is not None:
            encoding = self.portable_encoding
        asked = {"dataset": self.name, "encoding": encoding, **self.options(total_bytes)}
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
            return ["its inputs have changed since"]
        if isinstance(self._tokenizer_spec, TokenizerSpec) and not self._tokenizer_spec.pinned:
            # What the name stands for now: a state may hold the tokenizer itself, which would never change.
            found = open_tokenizer(self._config.encoding)
            if found.needs_fitting:
                found = open_tokenizer(encoding, state=manifest.tokenizer.state)
            if found.fingerprint != manifest.tokenizer.fingerprint:
                return [f"tokenizer {encoding!r} has changed since"]
        return []


def _reader_options(config: PrepareConfig) -> dict[str, Any]:
    """What a source is told: `corpuskit.sources.base.SourceOptions` as a JSON value."""
    reader = {
        "text_field": config.text_field,
        "separator": config.separator,
        "lines": config.lines,
        "invalid_utf8": config.invalid_utf8,
        "on_bad_document": config.on_bad_document,
        "on_missing": config.on_missing,
    }
    return {
        "location": config.location,
        "format": config.format,
        "reader": {key: value for key, value in reader.items() if value is not None},
    }


def _folder_name(name: str) -> str:
    """A name as one path component: `hf:org/name` becomes `hf-org-name`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "corpus"
