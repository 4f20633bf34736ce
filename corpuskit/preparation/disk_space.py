"""How much disk a preparation takes at its peak, and whether there is as much.

Parts leave files of their own. The commit joins small neighbours into shards while the parts are still there,
so until it ends such a corpus is there twice; larger files become shards by a second name. File systems give
out whole blocks, which is more than the bytes where parts are tiny.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

from corpuskit.corpus.index import ROW_BYTES
from corpuskit.errors import StorageError
from corpuskit.paths import existing_folder
from corpuskit.preparation.commit import MIN_SHARD_BYTES
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.preview.estimate import Estimate, estimate
from corpuskit.preparation.split_rule import SplitRule
from corpuskit.sources.base import Source
from corpuskit.sources.kept_fields import parse_keep
from corpuskit.tokenizers.base import Tokenizer

#: Text becomes as many ids as bytes at most; compressed files hold up to so many times their size.
_MAX_EXPANSION = 20
#: What the job, the manifest and the run's record say about an input, and the job about a piece of a part.
_INPUT_BYTES, _PIECE_BYTES = 1024, 256
#: What a kept field of a document takes at most, beside the characters of a text, which are in the input.
_FIELD_BYTES = 9


def check_disk(
    output: Path,
    parts_folder: Path,
    source: Source,
    plan: Plan,
    tokenizer: Tokenizer,
    rule: SplitRule,
    *,
    workers: int,
) -> None:
    """Refuse to begin where the corpus cannot fit; costs a sample only where it is not plain that it can.

    Args:
        output: Where the corpus will be.
        parts_folder: Where the plan's parts are made; those of an earlier run need no more room.
        source: The source.
        plan: The plan.
        tokenizer: The tokenizer.
        rule: How documents find their split.
        workers: How many processes will work.

    Raises:
        StorageError: If there is clearly too little room, saying how much is needed and how much is free.
    """
    free = shutil.disk_usage(existing_folder(output)).free + _used_bytes(parts_folder)
    block_bytes = block_bytes_at(output)
    fixed = _fixed_bytes(plan, rule, num_parts=len(plan.parts), block_bytes=block_bytes)
    fields = parse_keep(plan.recipe.options.reader.get("keep"))
    most = 2 * plan.size_bytes * (plan.recipe.item_bytes + ROW_BYTES + 1 + len(fields) * _FIELD_BYTES)
    if most * _MAX_EXPANSION + fixed <= free:
        return
    if most + fixed <= free and not any(source.expansion(item) > 1 for item in plan.inputs):
        return
    judged = estimate(source, plan, tokenizer, rule, workers=workers)
    found = judged.estimate()
    needed = peak_bytes(found, plan, rule, block_bytes=block_bytes)
    if needed > free:
        raise StorageError(
            f"{output}: making the corpus needs about {needed:,} bytes and {free:,} are free there; choose "
            "another --output, or stop earlier with --max-tokens",
            path=output,
            expected=needed,
            found=free,
        )


def block_bytes_at(output: Path) -> int:
    """How much the file system at a place gives out at once."""
    return os.statvfs(existing_folder(output)).f_frsize


def peak_bytes(found: Estimate, plan: Plan, rule: SplitRule, *, block_bytes: int) -> int:
    """About how much is on the disk just before the commit ends.

    Args:
        found: What the whole of the plan makes.
        plan: The plan.
        rule: How documents find their split.
        block_bytes: What the file system gives out at once.
    """
    num_parts, max_tokens = max(len(plan.parts), 1), plan.recipe.options.max_tokens
    kept, made, cut = 1.0, num_parts, 0.0
    if max_tokens is not None and max_tokens < found.num_tokens:
        kept = max_tokens / found.num_tokens
        # Other workers are in the middle of later parts, and the last part that counts is cut: a new file.
        made, cut = min(num_parts, int(kept * num_parts) + 1 + found.workers), found.output_bytes / num_parts
    min_bytes = min(MIN_SHARD_BYTES, plan.recipe.options.shard_bytes)
    joined = sum(
        share
        for share in _shares(rule)
        if num_parts > 1 and share * found.output_bytes / num_parts < min_bytes
    )
    fixed = _fixed_bytes(plan, rule, num_parts=made, block_bytes=block_bytes)
    fixed += 2 * block_bytes * (found.output_bytes // plan.recipe.options.shard_bytes)  # parts of many shards
    return fixed + round(found.output_bytes * (made / num_parts + kept * joined) + cut)


def _shares(rule: SplitRule) -> list[float]:
    """Of all that a part makes, how much goes into each file; where inputs or places decide, into one."""
    if rule.kind != "documents":
        return [1.0]
    others = [fraction for _, fraction in rule.fractions]
    return [1 - sum(others), *others]


def _fixed_bytes(plan: Plan, rule: SplitRule, *, num_parts: int, block_bytes: int) -> int:
    """What is there whatever the text: records of parts and inputs, and what is left free in last blocks."""
    files_of_part = 2 * max(len(_shares(rule)), 2) + 2
    num_pieces = sum(len(part.pieces) for part in plan.parts)
    records = (
        2 * len(json.dumps(plan.recipe.to_json()))
        + len(plan.inputs) * _INPUT_BYTES
        + num_pieces * _PIECE_BYTES
    )
    return records + (num_parts * files_of_part + 16) * block_bytes


def _used_bytes(folder: Path) -> int:
    """What the files of a folder take on the disk; other runs may delete some meanwhile."""
    total = 0
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += path.lstat().st_blocks * 512
    return total


__all__ = ["block_bytes_at", "check_disk", "peak_bytes"]
