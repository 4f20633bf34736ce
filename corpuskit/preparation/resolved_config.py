"""A configuration whose names are resolved: the source is open, the tokenizer and the place are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpuskit import registry
from corpuskit.chat.opening import open_template
from corpuskit.config import PrepareConfig
from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.errors import ConfigError
from corpuskit.on_progress import OnProgress
from corpuskit.paths import folder_name, visible_name, without_folder
from corpuskit.preparation.plan import part_bytes_for
from corpuskit.preparation.recipe import RecipeOptions
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.preparation.versions import versions_of
from corpuskit.registry.specs import ExecutorSpec, ReaderSpec, SourceSpec, TemplateSpec, TokenizerSpec
from corpuskit.sources import option_names
from corpuskit.sources.base import Input, Source, SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.options import options_of_readers, parse
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer

#: What else a manifest's options hold: no reader's option may take their place.
_OTHER_OPTIONS = {field.name for field in dataclasses.fields(RecipeOptions)} - {"reader"} | {
    "template_fingerprint"
}


class ResolvedConfig:
    """A configuration with the source that it names, open, and the place that it means.

    Args:
        config: The configuration.
        on_fetch: Called while inputs are fetched.

    Attributes:
        config: The configuration.
        source: The open source.
        tokenizer: The tokenizer's component, which says whose it is.
        name: What the corpus is called.
        output: The folder where the corpus is, or will be.
        reader_options: What the source was told, as a JSON value.

    Raises:
        UnknownName: If there is no such source or tokenizer.
    """

    def __init__(self, config: PrepareConfig, *, on_fetch: OnProgress) -> None:
        self.config = config
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

    @property
    def wants_eot(self) -> bool:
        """Whether an end-of-text id is asked for, or is the source's default."""
        return self.source.default_eot if self.config.eot is None else self.config.eot

    def appends_eot(self, tokenizer: Tokenizer | TokenizerRecord) -> bool:
        """Whether the tokenizer's end-of-text id ends each document.

        Raises:
            ConfigError: If that is asked for and the tokenizer has none.
        """
        if self.config.eot and tokenizer.eot_id is None:
            raise ConfigError(
                f"--eot: tokenizer {tokenizer.name!r} has no end-of-text id to append; leave --eot out, or "
                "choose an --encoding that has one, such as gpt2 or bytes",
                found=tokenizer.name,
            )
        return self.wants_eot and tokenizer.eot_id is not None

    def options(self, total_bytes: int, *, eot: bool) -> RecipeOptions:
        """The options that shape the bytes.

        Args:
            total_bytes: The size of all inputs, in bytes, which the size of a part follows from.
            eot: Whether an end-of-text id ends each document.
        """
        config, spec = self.config, self.source.spec
        return RecipeOptions(
            split=self.source.default_split if config.split is None else config.split,
            eot=eot,
            format=config.format or spec.format,
            reader=_recorded(
                {**spec.reader_options, **self.reader_options["reader"]}, config.format or spec.format
            ),
            max_tokens=config.max_tokens,
            part_bytes=config.part_bytes or part_bytes_for(total_bytes, fast=self.tokenizer.spec.fast),
            shard_bytes=config.shard_bytes,
            bos=config.bos,
        )

    def versions(self, inputs: Sequence[Input]) -> dict[str, str]:
        """The versions of what decides the bytes of parts, by distribution."""
        found = registry.default().find
        formats = sorted({item.format for item in inputs})
        owners = [self.tokenizer.owner, *(found(ReaderSpec, format).owner for format in formats)]
        said = {**self.source.spec.reader_options, **self.reader_options["reader"]}
        for format in formats:
            options = options_of_readers(format)[format] or {}
            if "template" in options:
                owners.append(found(TemplateSpec, said.get("template", options["template"])).owner)
        if self.source.spec.factory:
            owners.append(found(SourceSpec, self.source.spec.name).owner)
        return versions_of(owners)

    @property
    def portable_encoding(self) -> str:
        """The tokenizer's name without the folder of the file it was made from, as `sp:model.model`.

        It names a tokenizer whose state holds all that opens it again; where its file was is not recorded.
        """
        return without_folder(self.config.encoding)


def _recorded(said: dict[str, Any], format: str | None) -> dict[str, Any]:
    """Options of readers as a manifest has them.

    Of a reader of conversations, also those that were not said: they decide what is learned. Of a template
    that is in a file, its name and its digest.

    Raises:
        ConfigError: If there is no such template.
    """
    own = (options_of_readers(format)[format] or {}) if format else {}
    defaults = {name: own[name] for name in own if name not in Reader.COMMON_OPTIONS and own[name] != ""}
    reader = {**defaults, **said} if "template" in own else said
    if reader.get("template") is None:
        return reader
    fingerprint = open_template(reader["template"]).fingerprint
    recorded = {**reader, "template": without_folder(reader["template"])}
    return {**recorded, "template_fingerprint": fingerprint} if fingerprint else recorded


def _check_named(config: PrepareConfig) -> None:
    """Refuse what is no rule and what nobody has, before it is compared with what a corpus was made by.

    Raises:
        ConfigError: If the split's rule is none.
        UnknownName: If there is no such reader, template or executor.
    """
    if config.split is not None:
        parse_rule(config.split, given=False)
    if config.format is not None:
        registry.default().find(ReaderSpec, config.format)
    if config.template is not None:
        registry.default().find(TemplateSpec, config.template)
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


__all__ = ["ResolvedConfig"]
