"""From finished parts to a corpus: name the shards, write the manifest, rename the folder.

Everything happens in a folder of its own beside the parts, which takes the corpus's name in one step when
it is complete. Until then the parts keep their files, so a commit that is killed is simply done again. Where
a file system has no hard links, files are moved, and their parts are made again then.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpuskit import storage
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.decoding import distribution_of
from corpuskit.corpus.fields import FieldsWriter, open_rows
from corpuskit.corpus.index import fields_file, index_file, read_rows, stream_file
from corpuskit.corpus.manifest import (
    FieldsRecord,
    InputRecord,
    Manifest,
    ShardRecord,
)
from corpuskit.corpus.writer import Description, is_of_corpus, manifest_of, split_of
from corpuskit.preparation.parts.field_file import copy_rows
from corpuskit.preparation.parts.record import PartRecord, PartShard
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.run_record import no_text
from corpuskit.registry.discovery import Owner
from corpuskit.sources.kept_fields import FieldType
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.temporary_names import temporary_name
from corpuskit.value_streams import StreamInfo

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
    fields: Mapping[str, FieldType],
    left_out: LeftOut,
    owner: Owner,
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
        fields: The type of each field that is kept, in order.
        left_out: The files that the source found and left out.
        owner: The plugin that the tokenizer is of.
        run: What `run.json` says about this run.
        overwrite: Whether a corpus that is there may be replaced.

    Raises:
        SourceError: If the whole corpus has no tokens.
        StorageError: If something is at `output` and may not be replaced, or writing failed.
    """
    staged = temporary_name(parts_folder)
    storage.make_directory(staged)
    number = staged.stat().st_ino
    try:
        names = list(splits) or _given_splits(records)
        min_bytes = min(MIN_SHARD_BYTES, plan.recipe.options.shard_bytes)
        groups = {name: list(_grouped(records, name, min_bytes=min_bytes)) for name in names}
        streams = {name: info for record in records for name, info in record.streams.items()}
        shards = {
            name: [
                _make_shard(
                    f"{name}-{number:05d}.bin",
                    group,
                    parts_folder,
                    staged,
                    streams=streams,
                    fields=fields,
                    earlier_bytes=_earlier_bytes(records, name),
                )
                for number, group in enumerate(made)
                if _has_tokens(group)
            ]
            for name, made in groups.items()
        }
        manifest = _describe(plan, shards, streams, fields, _left_out(records, groups), left_out, owner)
        if not any(split.num_tokens for split in manifest.splits.values()):
            raise no_text(plan, records)
        storage.write_json(staged / "run.json", run)
        for folder in (staged, parts_folder):
            storage.write_bytes(folder / manifest_format.FILE_NAME, manifest.to_bytes())
        storage.make_directory(output.parent)
        storage.commit_directory(staged, output, replace=overwrite, ours=is_of_corpus)
    except BaseException:
        with contextlib.suppress(OSError):
            # Else it is the old corpus, whose name may not have changed on the disk.
            if staged.stat().st_ino == number:
                storage.remove_tree(staged)
        raise
    return manifest


def _given_splits(records: Sequence[PartRecord]) -> list[str]:
    """The splits that inputs said they belong to, train first."""
    found = {name for record in records for name in record.shards}
    return sorted(found, key=lambda name: (name != "train", name))


def _grouped(records: Sequence[PartRecord], split: str, *, min_bytes: int) -> Iterator[list[PartShard]]:
    """One split's files in order, neighbours that make one shard together.

    A shard has tokens: a file of documents without any goes with those before it, and the split's first ones
    with those after it. Only a split without a single token gives a group without any.
    """
    group: list[PartShard] = []
    size = 0
    for record in records:
        for shard in record.shards.get(split, ()):
            if size and shard.size_bytes and size + shard.size_bytes > min_bytes:
                yield group
                group, size = [], 0
            group.append(shard)
            size += shard.size_bytes
    if group:
        yield group


def _has_tokens(group: Sequence[PartShard]) -> bool:
    return any(shard.num_tokens for shard in group)


def _left_out(
    records: Sequence[PartRecord], groups: Mapping[str, Sequence[Sequence[PartShard]]]
) -> Counter[str]:
    """How many documents are not in the corpus, by kind; those of a split without a token are not."""
    left_out: Counter[str] = Counter()
    for record in records:
        left_out.update(record.left_out)
    empty = [group for made in groups.values() for group in made if not _has_tokens(group)]
    left_out["no-tokens"] += sum(shard.num_documents for group in empty for shard in group)
    return +left_out


def _earlier_bytes(records: Sequence[PartRecord], split: str) -> dict[str, int]:
    """By the files whose first document began in an earlier part: the bytes of its text that are there."""
    found: dict[str, int] = {}
    open_bytes = 0
    for record in records:
        for shard in record.shards.get(split, ()):
            if shard.num_documents and open_bytes:
                found[shard.file], open_bytes = open_bytes, 0
        open_bytes += record.open_text_bytes.get(split, 0)
    return found


def _make_shard(
    file: str,
    group: Sequence[PartShard],
    source: Path,
    target: Path,
    *,
    streams: Mapping[str, StreamInfo],
    fields: Mapping[str, FieldType],
    earlier_bytes: Mapping[str, int],
) -> ShardRecord:
    return ShardRecord(
        file=file,
        num_tokens=sum(shard.num_tokens for shard in group),
        num_documents=sum(shard.num_documents for shard in group),
        size_bytes=sum(shard.size_bytes for shard in group),
        sha256=_join_ids(group, source, target / file),
        index_sha256=_join_indexes(group, source, target / index_file(file), earlier_bytes),
        streams={
            name: _join_stream(group, name, info, source, target / stream_file(file, name))
            for name, info in sorted(streams.items())
            if any(name in shard.streams for shard in group if shard.num_tokens)
        },
        fields=_join_fields(group, fields, source, target / fields_file(file)) if fields else None,
    )


def _join_ids(group: Sequence[PartShard], source: Path, target: Path) -> str:
    """Make one file of the ids of several; returns its sha256. Ids that are all in one file stay in it."""
    filled = [shard for shard in group if shard.num_tokens]
    if len(filled) == 1:
        storage.link_file(source / filled[0].file, target)
        return filled[0].sha256
    with storage.FileWriter(target) as ids:
        for shard in filled:
            _append(source / shard.file, ids)
    return ids.sha256


def _join_stream(group: Sequence[PartShard], name: str, info: StreamInfo, source: Path, target: Path) -> str:
    """The same with a stream's items; those of a file without the stream are its fill."""
    filled = [shard for shard in group if shard.num_tokens]
    if len(filled) == 1:
        storage.link_file(source / filled[0].stream_file(name), target)
        return filled[0].streams[name]
    with storage.FileWriter(target) as items:
        for shard in filled:
            if name in shard.streams:
                _append(source / shard.stream_file(name), items)
                continue
            for some in info.filled(shard.num_tokens):
                items.write(some.view(np.uint8).data)
    return items.sha256


def _join_fields(
    group: Sequence[PartShard], types: Mapping[str, str], source: Path, target: Path
) -> FieldsRecord:
    """The same with the rows of fields; a file that has the types of the whole corpus stays as it is."""
    first = group[0]
    if len(group) == 1 and first.fields is not None:
        with open_rows(source / first.fields_file) as (found, _):
            is_same = [*found.items()] == [*types.items()]
        if is_same:
            storage.link_file(source / first.fields_file, target)
            return FieldsRecord(size_bytes=first.fields.size_bytes, sha256=first.fields.sha256)
    with FieldsWriter(target, types) as rows:
        for shard in group:
            if shard.fields is None:
                rows.add({}, shard.num_documents)
            else:
                copy_rows(source / shard.fields_file, rows)
    return FieldsRecord(size_bytes=rows.size_bytes, sha256=rows.sha256)


def _append(source: Path, target: storage.FileWriter) -> None:
    with source.open("rb") as part:
        while data := part.read(_COPY_BYTES):
            target.write(data)


def _join_indexes(
    group: Sequence[PartShard], source: Path, target: Path, earlier_bytes: Mapping[str, int]
) -> str:
    """The same with the indexes; the text of a document that parts share is counted as a whole."""
    if len(group) == 1 and group[0].file not in earlier_bytes:
        storage.link_file(source / group[0].index_file, target)
        return group[0].index_sha256
    tokens = 0
    with storage.FileWriter(target) as index:
        for shard in group:
            rows = read_rows(source / shard.index_file)
            rows[:, 0] += np.uint64(tokens)
            rows[:1, 3] += np.uint64(earlier_bytes.get(shard.file, 0))
            index.write(rows.view(np.uint8).data)
            tokens += shard.num_tokens
    return index.sha256


def _describe(
    plan: Plan,
    shards: dict[str, list[ShardRecord]],
    streams: Mapping[str, StreamInfo],
    fields: Mapping[str, FieldType],
    documents: Counter[str],
    left_out: LeftOut,
    owner: Owner,
) -> Manifest:
    description = Description(
        dataset=plan.recipe.dataset,
        inputs=[
            InputRecord(
                name=item.name,
                size_bytes=item.size_bytes,
                sha256=item.sha256,
                split=item.split,
                unverified=item.unverified,
            )
            for item in plan.inputs
        ],
        tokenizer=plan.recipe.tokenizer.model_copy(update=distribution_of(owner)),
        dtype=plan.recipe.dtype,
        options=plan.recipe.options.to_json(),
        left_out=documents,
        left_out_files=left_out.counts,
        streams=streams,
        fields=fields,
    )
    return manifest_of(description, {name: split_of(made) for name, made in shards.items()})
