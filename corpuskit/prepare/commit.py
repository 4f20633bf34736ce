"""From finished parts to a corpus: name the shards, write the manifest, rename the folder.

Everything happens in a folder of its own beside the parts, which takes the corpus's name in one step when
it is complete. Until then the parts keep their files, so a commit that is killed is simply done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpuskit import __version__, storage
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import (
    InputRecord,
    Manifest,
    ShardRecord,
    SplitRecord,
    TokenizerRecord,
)
from corpuskit.prepare.folder import is_of_corpus
from corpuskit.prepare.job import PartRecord, PartShard
from corpuskit.prepare.plan import Plan
from corpuskit.prepare.report import no_text
from corpuskit.sources.left_out import LeftOut

#: Neighbouring files of a split are joined until they reach this size; larger ones become shards as they
#: are. A split that takes one document in two thousand would otherwise be thousands of tiny files.
MIN_SHARD_BYTES = 4 * 2**20
_COPY_BYTES = 4 * 2**20


def commit(
    records: Sequence[PartRecord],
    plan: Plan,
    *,
    parts_folder: Path,
    output: Path,
    splits: Sequence[str],
    left_out: LeftOut,
    run: dict[str, Any],
    overwrite: bool,
) -> Manifest:
    """Make a corpus of finished parts.

    Args:
        records: One for each part, in the order of the plan.
        plan: The plan.
        parts_folder: Where the parts' files are. The manifest is left there too: it says what they became.
        output: The corpus's folder to be.
        splits: The splits' names in order; a split without tokens is kept, empty.
        left_out: The files that the source found and left out.
        run: What `run.json` says about this run.
        overwrite: Whether a corpus that is there may be replaced.

    Raises:
        SourceError: If the whole corpus has no tokens.
        StorageError: If something is at `output` and may not be replaced, or writing failed.
    """
    staged = storage.temporary_name(parts_folder)
    storage.make_directory(staged)
    names = list(splits) or _given_splits(records)
    min_bytes = min(MIN_SHARD_BYTES, plan.request["options"]["shard_bytes"])
    shards = {
        name: [
            _make_shard(f"{name}-{number:05d}.bin", group, parts_folder, staged)
            for number, group in enumerate(_grouped(records, name, min_bytes=min_bytes))
        ]
        for name in names
    }
    manifest = _describe(plan, shards, records, left_out)
    if not any(split.num_tokens for split in manifest.splits.values()):
        raise no_text(plan, records)
    storage.write_json(staged / "run.json", run)
    storage.write_json(staged / manifest_format.FILE_NAME, manifest.to_json())
    storage.write_bytes(
        parts_folder / manifest_format.FILE_NAME, (staged / manifest_format.FILE_NAME).read_bytes()
    )
    storage.make_directory(output.parent)
    storage.commit_directory(staged, output, replace=overwrite, ours=is_of_corpus)
    return manifest


def _given_splits(records: Sequence[PartRecord]) -> list[str]:
    """The splits that inputs said they belong to, train first."""
    found = {name for record in records for name in record.shards}
    return sorted(found, key=lambda name: (name != "train", name))


def _grouped(records: Sequence[PartRecord], split: str, *, min_bytes: int) -> Iterator[list[PartShard]]:
    """One split's files in order, neighbours that make one shard together."""
    group: list[PartShard] = []
    size = 0
    for record in records:
        for shard in record.shards.get(split, ()):
            if group and size + shard.size_bytes > min_bytes:
                yield group
                group, size = [], 0
            group.append(shard)
            size += shard.size_bytes
    if group:
        yield group


def _make_shard(file: str, group: Sequence[PartShard], source: Path, target: Path) -> ShardRecord:
    index_file = file.removesuffix(".bin") + ".idx"
    if len(group) == 1:
        shard = group[0]
        storage.link_file(source / shard.file, target / file)
        storage.link_file(source / shard.index_file, target / index_file)
        sha256, index_sha256 = shard.sha256, shard.index_sha256
    else:
        with storage.FileWriter(target / file) as ids, storage.FileWriter(target / index_file) as index:
            tokens = 0
            for shard in group:
                with (source / shard.file).open("rb") as part:
                    while data := part.read(_COPY_BYTES):
                        ids.write(data)
                rows = np.fromfile(source / shard.index_file, manifest_format.INDEX_DTYPE).reshape(-1, 3)
                rows[:, 0] += np.uint64(tokens)
                index.write(rows.view(np.uint8).data)
                tokens += shard.num_tokens
            sha256, index_sha256 = ids.sha256, index.sha256
    return ShardRecord(
        file=file,
        num_tokens=sum(shard.num_tokens for shard in group),
        num_documents=sum(shard.num_documents for shard in group),
        size_bytes=sum(shard.size_bytes for shard in group),
        sha256=sha256,
        index_sha256=index_sha256,
    )


def _describe(
    plan: Plan, shards: dict[str, list[ShardRecord]], records: Sequence[PartRecord], left_out: LeftOut
) -> Manifest:
    documents: Counter[str] = Counter()
    for record in records:
        documents.update(record.left_out)
    return Manifest(
        corpuskit_version=__version__,
        dataset=plan.request["dataset"],
        inputs=[
            InputRecord(name=item.name, size_bytes=item.size_bytes, sha256=item.sha256, split=item.split)
            for item in plan.inputs
        ],
        tokenizer=TokenizerRecord(**plan.request["tokenizer"]),
        dtype=plan.request["dtype"],
        options=plan.request["options"],
        left_out=dict(sorted(documents.items())),
        left_out_files=left_out.counts,
        splits={
            name: SplitRecord(
                num_tokens=sum(shard.num_tokens for shard in made),
                num_documents=sum(shard.num_documents for shard in made),
                shards=made,
            )
            for name, made in shards.items()
        },
    )
