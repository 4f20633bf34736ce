"""The manifest's fields and its JSON schema, as the page on files shows them."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from typing import Any

from docstrings import code, fence, markdown, table, type_name
from pydantic import BaseModel

from corpuskit.corpus.manifest import Manifest


def manifest_reference() -> str:
    """The manifest's records as tables, then its JSON schema."""
    schema = Manifest.model_json_schema()
    parts = []
    for name, record in manifest_records():
        rows = [
            [code(field), code(type_name(info.annotation)), info.description or ""]
            for field, info in record.model_fields.items()
        ]
        parts += [f"### {name}", markdown(inspect.getdoc(record) or "")]
        parts += [table(["field", "type", "meaning"], rows)]
    parts += [
        "### JSON schema",
        '<a href="manifest.schema.json">manifest.schema.json</a> is this schema as a file.',
    ]
    parts += ["<details><summary>The manifest's JSON schema</summary>"]
    parts += [fence("json", json.dumps(schema, indent=2)), "</details>"]
    return "\n\n".join(parts)


def manifest_records(model: type[BaseModel] = Manifest) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and those that its fields hold, each once, outermost first."""
    waiting, seen = [model], set()
    while waiting:
        record = waiting.pop(0)
        if record in seen:
            continue
        seen.add(record)
        yield record.__name__, record
        for info in record.model_fields.values():
            waiting += _models(info.annotation)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models(part)]
