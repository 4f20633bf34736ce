"""run.json: what a run was, for people; no reader of a corpus needs it."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from corpuskit.config import PrepareConfig
from corpuskit.errors import CorpuskitError, SourceError
from corpuskit.preparation.parts.record import MAX_PLACES, PartRecord
from corpuskit.preparation.plan import Plan
from corpuskit.registry.discovery import Owner
from corpuskit.sources.base import Input, Source
from corpuskit.sources.kept_fields import TYPES
from corpuskit.sources.readers.columns import close_to, listed
from corpuskit.urls import is_remote
from corpuskit.version import __version__

log = logging.getLogger(__name__)

#: By what the user says which field is read, where records have none of the name.
_FIELD_FLAGS = {
    "missing-text": "--text-field",
    "missing-conversation": "--reader-option conversation_field=NAME",
}

#: The record's field with the folder that the inputs' names are relative to; it never leaves this machine.
INPUTS = "inputs_folder"


def run_record(
    config: PrepareConfig,
    plan: Plan,
    records: Sequence[PartRecord],
    source: Source,
    *,
    made: Collection[int],
    owners: Sequence[Owner],
    elapsed_s: float,
    work_s: float,
) -> dict[str, Any]:
    """What `run.json` says: versions, machine, speed, the inputs' folder, the first of each kind left out.

    Args:
        config: What was asked for.
        plan: The plan.
        records: The parts that make the corpus.
        source: The source, with the files that it found and left out.
        made: The numbers of the parts that this run made itself.
        owners: The plugins that took part.
        elapsed_s: Seconds that this run took; parts of earlier runs took theirs before.
        work_s: Seconds of them in which parts were made.
    """
    places: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        for kind, item, start, reason in record.places:
            if len(places.setdefault(kind, [])) < MAX_PLACES:
                places[kind].append({"input": plan.inputs[item].name, "start": start, "reason": reason})
    text_bytes = sum(record.text_bytes for record in records)
    made_bytes = sum(record.text_bytes for record in records if record.number in made)
    return {
        "corpuskit": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "engine": config.engine,
        "workers": config.workers,
        "elapsed_s": round(elapsed_s, 3),
        "work_s": round(work_s, 3),
        "text_bytes": text_bytes,
        "bytes_per_s": round(made_bytes / max(work_s, 1e-3)),
        "num_tokens": sum(record.num_tokens for record in records),
        "num_targets": num_targets(records),
        "num_documents": sum(record.num_documents for record in records),
        "num_parts": len(plan.parts),
        "num_parts_made": len(made),
        INPUTS: inputs_folder(plan.inputs),
        "license": source.spec.license,
        "plugins": sorted({f"{owner.distribution} {owner.version}" for owner in owners}),
        "left_out": places,
        "left_out_files": {kind: names[:MAX_PLACES] for kind, names in sorted(source.left_out.names.items())},
    }


def inputs_folder(inputs: Iterable[Input]) -> str | None:
    """The folder of this machine that the names of a user's files are relative to; None if there is not one.

    Args:
        inputs: The inputs of a run. Those that were fetched are in no folder of the user's.
    """
    found = {
        item.location[: -len(item.name)]
        for item in inputs
        if not is_remote(item.location) and item.location.endswith(f"/{item.name}")
    }
    folder = found.pop() if len(found) == 1 else None
    is_text = folder is not None and os.fsencode(folder).decode("utf-8", "replace") == folder
    return folder if is_text else None


def warn_of_separator(plan: Plan, records: Sequence[PartRecord]) -> None:
    """Say so where a separator was asked for and occurs in none of the parts, however the work was cut."""
    separator = plan.recipe.options.reader.get("separator")
    if separator is None or any(record.separated for record in records):
        return
    hint = "; its backslash is text, not the beginning of an escape" if "\\" in separator else ""
    log.warning(
        "the separator %r occurs nowhere, so each file is one document%s; choose another with --separator "
        "(in Python and TOML: separator)",
        separator,
        hint,
    )


def warn_of_fields(source: Source, plan: Plan, missing: Sequence[str]) -> None:
    """Say so where a field that is to be kept has no value in any document, with the name that was meant.

    Args:
        source: The source, which is asked for the fields that there are.
        plan: The plan.
        missing: The fields.
    """
    names: Sequence[str] = ()
    if missing:
        with contextlib.suppress(CorpuskitError):  # it was read a moment ago
            names = source.fields(plan.inputs[0])
    for field in missing:
        there = f"; {plan.inputs[0].name} has: {listed(names)}" if names else ""
        close = close_to(field, names)
        name, _, said_type = field.rpartition(":")
        if name in names:
            close = f"{said_type!r} is no type, which are {', '.join(TYPES)}"
        log.warning(
            "field %r is null in every document%s; name others with --keep%s (in Python and TOML: keep)",
            field,
            there,
            f" ({close})" if close else "",
        )


def num_targets(records: Iterable[PartRecord]) -> int | None:
    """The tokens that are to be learned; None of parts without a loss stream, where all of them are.

    Args:
        records: The parts that make the corpus.
    """
    counts = [(record.num_targets, record.num_tokens) for record in records]
    if all(targets is None for targets, _ in counts):
        return None
    return sum(tokens if targets is None else targets for targets, tokens in counts)


def warn_of_targets(records: Iterable[PartRecord], name: str) -> None:
    """Say so where no token is to be learned, which trains nothing.

    Args:
        records: The parts that make the corpus.
        name: What the corpus is called.
    """
    if num_targets(records) == 0:
        log.warning(
            "%s: no token is a target, so there is nothing to learn: do the conversations have messages of "
            "the assistant, with a weight that is not 0? See what is learned with 'corpuskit show --chat', "
            "and choose with --train-on (in Python and TOML: train_on)",
            name,
        )


def warn_of_empty_splits(
    source: Source, plan: Plan, records: Sequence[PartRecord], splits: Sequence[str]
) -> None:
    """Say so where a split that there should be got none of the documents.

    Args:
        source: The source, which says whether its text can be cut.
        plan: The plan.
        records: The parts that make the corpus.
        splits: The splits that there should be.
    """
    filled = {name for record in records for name in record.shards}
    documents = sum(record.num_documents for record in records)
    for name in splits:
        if name not in filled:
            why, remedy = f"none of the {documents:,} documents fell into it", "ask for a larger share with"
            if documents == 1:
                why, remedy = "the only document fell elsewhere", "keep it in train by none with"
                if all(source.plain_text(item) is not None for item in plan.inputs):
                    remedy = "cut the text itself by characters:0.1 with"
            rule = plan.recipe.options.split
            log.warning(
                "split %r is empty: %s under the rule %r; %s --split (in Python and TOML: split)",
                name,
                why,
                rule,
                remedy,
            )


def no_text(plan: Plan, records: Sequence[PartRecord]) -> SourceError:
    """The error about a corpus without a token, with the kind of document that was left out most often.

    Args:
        plan: The plan.
        records: The parts that make the corpus.
    """
    left_out: Counter[str] = Counter()
    first: dict[str, tuple[int, str]] = {}
    for record in records:
        left_out.update(record.left_out)
        for kind, item, _, reason in record.places:
            first.setdefault(kind, (item, reason))
    empty = sum(
        shard.num_documents for record in records for made in record.shards.values() for shard in made
    )
    return nothing_in(plan.inputs, left_out, first, num_empty=empty)


def nothing_in(
    inputs: Sequence[Input],
    left_out: Mapping[str, int],
    first: Mapping[str, tuple[int, str]],
    *,
    num_empty: int,
) -> SourceError:
    """The error about inputs without a token.

    Args:
        inputs: All inputs.
        left_out: Documents that were left out, by kind.
        first: The first of each kind: the number of its input, and the reason.
        num_empty: Documents to which the tokenizer gives no id.
    """
    words = ""
    for kind, count in Counter(left_out).most_common(1):
        item, reason = first[kind]
        words = f"; {kind}: {count:,}, first in {inputs[item].name}: {reason}"
        words += f"; choose the field with {_FIELD_FLAGS[kind]}" if kind in _FIELD_FLAGS else ""
    words += f"; no-tokens: {num_empty:,}, to which the tokenizer gives no id" if num_empty else ""
    name, more = inputs[0].name, len(inputs) - 1
    where = f"{name} and {more:,} more" if more else name
    return SourceError(
        f"{where}: no text: every document is empty or left out{words}",
        found=dict(left_out),
    )
