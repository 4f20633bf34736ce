"""Reading a manifest, with suspicion.

It is bounded in size and in what that size may become in memory, strict JSON without duplicate keys or NaN,
and every number is checked, as is that file names can only name files beside it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from corpuskit import sealed
from corpuskit.corpus.manifest import FORMAT_VERSION, MAX_NAMES, Manifest, exceeded
from corpuskit.errors import CorpusFormatError

#: More than any record has; each one that does not belong there would be an error to report.
_MAX_FIELDS = 32
_NAMED = ("splits", "options", "left_out", "left_out_files", "streams")
_SHOWN_CHARACTERS = 60


def parse_manifest(data: bytes, *, where: str) -> Manifest:
    """The manifest in a file's bytes.

    Args:
        data: The file's content.
        where: What to call the file in errors.

    Raises:
        CorpusFormatError: If it is not one, is damaged, or was written by another version of corpuskit.
    """
    value = _load(data, where)
    _check_version(value["format_version"], where)
    if not sealed.is_whole(data):
        raise CorpusFormatError(
            f"{where}: damaged: its sha256 field is not the digest of the bytes before it; copy the corpus "
            "again, or make it again with --overwrite",
            path=where,
        )
    _check_counts(value, where)
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(_shown(part) for part in first["loc"]) or "manifest"
        raise CorpusFormatError(f"{where}: {field}: {first['msg']}", path=where) from None


def _load(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object in a file, whatever its fields, but for a format version."""
    if (limit := exceeded(data)) is not None:
        raise CorpusFormatError(f"{where}: {limit}", path=where)
    try:
        text = data.decode()
        value = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
        if b"\\u" in data:  # may spell half a character, which is no text
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "bytes that are not UTF-8" if isinstance(error, UnicodeError) else error
        raise _not_a_manifest(where, reason) from None
    if not isinstance(value, dict) or type(value.get("format_version")) is not int:
        raise _not_a_manifest(where, "it has no format_version")
    return value


def _not_a_manifest(where: str, reason: object) -> CorpusFormatError:
    return CorpusFormatError(
        f"{where}: not a manifest: {reason}; if it was a corpus's, prepare that again with --overwrite",
        path=where,
    )


def _check_version(version: int, where: str) -> None:
    if version > FORMAT_VERSION:
        raise CorpusFormatError(
            f"{where}: format version {version} is newer than {FORMAT_VERSION}; upgrade corpuskit", path=where
        )
    if version < FORMAT_VERSION:
        raise CorpusFormatError(
            f"{where}: format version {version} is older than {FORMAT_VERSION}; make the corpus again "
            "with --overwrite",
            path=where,
        )


def _check_counts(value: dict[str, Any], where: str) -> None:
    """Refuse names and fields without end, before each of them becomes an error to report."""
    for field, found, limit in _counted(value):
        if len(found) > limit:
            raise CorpusFormatError(
                f"{where}: {field}: {len(found):,} fields, expected at most {limit:,}", path=where
            )


def _counted(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """The objects of a manifest but for a tokenizer's own, and how many fields they may have."""
    splits = value.get("splits")
    splits = list(splits.values()) if isinstance(splits, dict) and len(splits) <= MAX_NAMES else []
    records: list[tuple[str, Any, int]] = [
        ("manifest", value, _MAX_FIELDS),
        *((name, value.get(name), MAX_NAMES) for name in _NAMED),
        ("tokenizer", value.get("tokenizer"), _MAX_FIELDS),
        *(("splits", split, _MAX_FIELDS) for split in splits),
    ]
    lists = [("inputs", value.get("inputs"))]
    lists += [("shards", split.get("shards")) for split in splits if isinstance(split, dict)]
    yield from (record for record in records if isinstance(record[1], dict))
    for name, items in lists:
        if isinstance(items, list):
            for item in items:
                if isinstance(item, dict):
                    yield name, item, _MAX_FIELDS
                    if isinstance(item.get("streams"), dict):
                        yield "streams", item["streams"], _MAX_FIELDS


def _shown(part: str | int) -> str:
    """A key of the file as an error may show it: short, and with nothing that moves a terminal's cursor."""
    text = str(part)[:_SHOWN_CHARACTERS]
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


__all__ = ["parse_manifest"]
