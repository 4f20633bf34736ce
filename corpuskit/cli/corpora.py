"""Corpora of a folder as the command line shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from corpuskit.terminal.text import size

if TYPE_CHECKING:
    from corpuskit.preparation.corpora import Listed


def show(corpora: Sequence[Listed], *, as_json: bool) -> None:
    """Print corpora as a table, or as JSON."""
    from corpuskit.cli import render

    if as_json:
        render.print_json([_as_json(one) for one in corpora])
        return
    table = render.table("folder", "name", "encoding", "tokens", ">size")
    for one in corpora:
        render.add_row(table, str(one.path), *_cells(one))
    render.print_table(table, wrap="tokens")


def _cells(one: Listed) -> list[str]:

    if one.manifest is None:
        return ["", "", str(one.making or one.error), ""]
    counts = ", ".join(f"{split.num_tokens:,} {name}" for name, split in one.manifest.splits.items())
    return [one.manifest.dataset, one.manifest.tokenizer.name, counts, size(one.size_bytes)]


def _as_json(one: Listed) -> dict[str, Any]:
    described: dict[str, Any] = {"path": str(one.path)}
    if one.manifest is not None:
        return described | {
            "name": one.manifest.dataset,
            "encoding": one.manifest.tokenizer.name,
            "splits": {name: split.num_tokens for name, split in one.manifest.splits.items()},
            "size_bytes": one.size_bytes,
            "fingerprint": one.manifest.fingerprint,
        }
    if one.making is not None:
        return described | {
            "preparing": {"parts_done": one.making.parts_done, "num_parts": one.making.num_parts}
        }
    return described | {"error": one.error}
