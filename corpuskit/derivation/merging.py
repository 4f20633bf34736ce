"""What several corpora are together: their inputs, streams, kept fields and options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import JsonValue

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import InputRecord, Manifest
from corpuskit.corpus.writer import Description
from corpuskit.errors import ConfigError
from corpuskit.sources.kept_fields import FieldType
from corpuskit.value_streams import StreamInfo

#: Options that say what is around each document. Readers of a corpus count on them.
_AROUND = ("eot", "bos")


def described(corpora: Sequence[Corpus]) -> Description:
    """What a corpus is that holds others; the options are those that all of them have.

    Args:
        corpora: The others, at least one.

    Raises:
        ConfigError: If they do not go together: naming two of them, and why.
    """
    first = corpora[0]
    manifests = [corpus.manifest for corpus in corpora]
    for corpus in corpora[1:]:
        _check(first, corpus)
    infos: dict[str, StreamInfo] = {}
    types: dict[str, FieldType] = {}
    for corpus in corpora:
        streams = {name: record.info for name, record in corpus.manifest.streams.items()}
        _unite(infos, streams, corpora, "stream", lambda info: info.words())
        fields = {one.name: one.type for one in corpus.manifest.fields}
        _unite(types, fields, corpora, "kept field", str)
    left_out: Counter[str] = Counter()
    left_out_files: Counter[str] = Counter()
    for manifest in manifests:
        left_out.update(manifest.left_out)
        left_out_files.update(manifest.left_out_files)
    return Description(
        dataset="+".join(dict.fromkeys(manifest.dataset for manifest in manifests)),
        tokenizer=manifests[0].tokenizer,
        dtype="<u4" if any(manifest.dtype == "<u4" for manifest in manifests) else "<u2",
        options=_common(manifests),
        inputs=inputs_of(corpora)[0],
        streams=infos,
        fields=types,
        left_out=left_out,
        left_out_files=left_out_files,
    )


def inputs_of(corpora: Sequence[Corpus]) -> tuple[list[InputRecord], list[Ints]]:
    """The inputs of corpora, each once; and for each corpus the numbers that its inputs have among them."""
    numbers: dict[str, int] = {}
    found: list[InputRecord] = []
    places = []
    for corpus in corpora:
        own = []
        for item in corpus.manifest.inputs:
            key = item.model_dump_json()
            if key not in numbers:
                numbers[key] = len(found)
                found.append(item)
            own.append(numbers[key])
        places.append(np.array(own, np.int64))
    return found, places


def _check(first: Corpus, other: Corpus) -> None:
    """Refuse corpora whose ids mean other texts, or whose documents begin or end otherwise."""
    if first.tokenizer_fingerprint != other.tokenizer_fingerprint:
        one, two = first.manifest.tokenizer, other.manifest.tokenizer
        raise ConfigError(
            f"{first.path} and {other.path} have other tokenizers: {one.name} ({one.fingerprint:.12}) and "
            f"{two.name} ({two.fingerprint:.12}); prepare one of them again with the other's --encoding",
            expected=one.fingerprint,
            found=two.fingerprint,
        )
    for name in _AROUND:
        here, there = first.manifest.options.get(name), other.manifest.options.get(name)
        if here != there:
            raise ConfigError(
                f"{first.path} and {other.path} were prepared with another {name}: {here!r} and {there!r}; "
                f"prepare one of them again with the --{name} of the other",
                expected=here,
                found=there,
            )


def _unite(
    into: dict[str, Any],
    of: Mapping[str, Any],
    corpora: Sequence[Corpus],
    what: str,
    words: Callable[..., str],
) -> None:
    """Add what is new, and refuse what is there otherwise."""
    for name, value in of.items():
        if into.setdefault(name, value) != value:
            raise ConfigError(
                f"the {what} {name!r} is {words(into[name])} in one of {_paths(corpora)}, and {words(value)} "
                "in another; prepare them alike",
                expected=into[name],
                found=value,
            )


def _paths(corpora: Sequence[Corpus]) -> str:
    shown = ", ".join(str(corpus.path) for corpus in corpora[:4])
    return shown + (", ..." if len(corpora) > 4 else "")


def _common(manifests: Sequence[Manifest]) -> dict[str, JsonValue]:
    """The options that all have; what one does not know of its documents is known of none."""
    options = [manifest.options for manifest in manifests]
    found = {
        name: value
        for name, value in options[0].items()
        if all(name in one and one[name] == value for one in options)
    }
    unknown = not all(manifest.knows_text_bytes for manifest in manifests)
    return {**found, "text_bytes": False} if unknown else found


__all__ = ["described", "inputs_of"]
