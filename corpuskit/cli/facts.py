"""What there is to say of a prepared corpus in words: what was decided by default, formats, rates."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpuskit.terminal.text import size

if TYPE_CHECKING:
    from corpuskit.config import PrepareConfig
    from corpuskit.corpus import Corpus
    from corpuskit.corpus.manifest import Manifest

#: How much of an example is shown, and in how many documents one is looked for.
_EXAMPLE_CHARACTERS, _EXAMPLE_DOCUMENTS = 40, 1000


def decided(config: PrepareConfig, corpus: Corpus) -> str:
    """What nobody asked for, with the flag that changes each; empty if everything was said."""
    manifest = corpus.manifest
    formats = formats_of(manifest)
    said = [
        _split(manifest) if config.split is None else "",
        _eot(manifest) if config.eot is None else "",
        _formats(manifest, formats) if config.format is None else "",
        _field(config, formats),
        _folder(config, corpus),
    ]
    return "; ".join(filter(None, said))


def formats_of(manifest: Manifest) -> dict[str, int]:
    """How many inputs are of each format, by the names of both."""
    from corpuskit.sources.listing.text_files import ZIP, format_of

    if imported := manifest.options.get("imported"):
        return {str(imported): len(manifest.inputs)}
    if not _is_by_name(manifest):
        return {str(manifest.options.get("format", "of several corpora")): len(manifest.inputs)}
    names = (item.name.rstrip("/").rpartition("/")[2] for item in manifest.inputs)
    formats = (format_of(name.split("?")[0]) for name in names)
    return dict(sorted(Counter(one if one and one != ZIP else "text" for one in formats).items()))


def options_of(manifest: Manifest) -> str:
    """The options that shape the bytes, as people write them."""
    said = {"split": "none" if [*manifest.splits] == ["train"] else "as given", "format": "by extension"}
    return ", ".join(
        f"{key} {_value(key, value) or said.get(key, '')}".strip()
        for key, value in manifest.options.items()
        if value is not None and key != "derived"
    )


def fields_of(corpus: Corpus) -> list[str]:
    """A line for each kept field: its name, its type, and an example where one is on this machine."""
    examples = _examples(corpus)
    lines = []
    for field in corpus.manifest.fields:
        example = examples.get(field.name)
        words = "" if example is None else f", such as {_shown_value(example)}"
        lines.append(f"{field.name}: {field.type}{words}")
    return lines


def _examples(corpus: Corpus) -> dict[str, Any]:
    """The first value of each field that one of the first documents has, if they can be read here."""
    split = next((corpus[name] for name in corpus if corpus[name].num_documents), None)
    if split is None or not corpus.manifest.fields or not isinstance(split.path, Path):
        return {}
    if importlib.util.find_spec("pyarrow") is None:
        return {}
    from corpuskit.corpus.field_tables import split_table

    rows = split_table(split, corpus.manifest.field_types, most=_EXAMPLE_DOCUMENTS).to_pydict()
    return {name: next((one for one in values if one is not None), None) for name, values in rows.items()}


def _shown_value(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= _EXAMPLE_CHARACTERS else f"{shown[:_EXAMPLE_CHARACTERS]}..."


def rates(manifest: Manifest, run: dict[str, Any]) -> str:
    """How long tokens and documents are on average."""
    tokens = sum(split.num_tokens for split in manifest.splits.values())
    documents = sum(split.num_documents for split in manifest.splits.values())
    words = [f"{tokens / documents:,.1f} tokens a document"] if documents else []
    limit = manifest.options.get("max_tokens")
    # A part that was cut at the limit counts with all of its text.
    is_cut = isinstance(limit, int) and tokens >= limit
    if run.get("num_tokens") == tokens and tokens and "text_bytes" in run and not is_cut:
        words.insert(0, f"{run['text_bytes'] / tokens:.2f} bytes a token")
    return ", ".join(words)


def streams(manifest: Manifest) -> str:
    """The streams of values beside the ids: what each is, where batches have it, and its files."""
    words = []
    shards = [shard for split in manifest.splits.values() for shard in split.shards]
    for name, record in manifest.streams.items():
        tokens = [shard.num_tokens for shard in shards if name in shard.streams]
        info = record.info
        place = "x" if info.of == "input" else "y"
        of = f"{len(tokens):,} of {len(shards):,} shard{'s' if len(shards) != 1 else ''}"
        words.append(
            f"{name}: {info.item_bytes * 8}-bit "
            f"{'float' if info.dtype == '<f4' else 'whole'} numbers, with {place}, in {of}, "
            f"{size(sum(tokens) * info.item_bytes)}; elsewhere {info.fill:g}"
        )
    return "; ".join(words)


def _is_by_name(manifest: Manifest) -> bool:
    """Whether each file's own name said its format."""
    return manifest.options.get("format") == ""


def _split(manifest: Manifest) -> str:
    rule = str(manifest.options.get("split", ""))
    if rule.startswith("characters:"):
        share = float(rule.removeprefix("characters:"))
        part = "the last tenth" if share == 0.1 else f"the last {share:.3g} of it"
        return f"split by characters, {part} is valid (--split)"
    if rule in ("", "none") and [*manifest.splits] == ["train"]:
        return "no valid split (--split valid=0.01 makes one)"
    return f"split as the corpus says: {rule or ', '.join(manifest.splits)} (--split)"


def _eot(manifest: Manifest) -> str:
    if manifest.options.get("eot"):
        return "an end-of-text id after each document (--no-eot leaves it out)"
    return "no end-of-text ids (--eot adds them)" if manifest.tokenizer.eot_id is not None else ""


def _field(config: PrepareConfig, formats: dict[str, int]) -> str:
    if config.text_field is not None or config.format is not None or not _has_field(formats):
        return ""
    return "the text is in the field 'text' (--text-field)"


def _has_field(formats: dict[str, int]) -> bool:
    from corpuskit.sources.readers.options import options_of_readers

    return any("text_field" in (options_of_readers(name)[name] or ()) for name in formats)


def _folder(config: PrepareConfig, corpus: Corpus) -> str:
    from corpuskit.paths import folder_name

    if config.name is None or config.output is not None or folder_name(config.name) == config.name:
        return ""
    return f"{config.name!r} is in the folder {folder_name(config.name)} (--output)"


def _formats(manifest: Manifest, formats: dict[str, int]) -> str:
    """As what files were read whose names said it; nothing where all are plain text."""
    plain = not _is_by_name(manifest) or [*formats] == ["text"]
    return "" if plain else f"read as {counts(formats)} (--format)"


def counts(formats: dict[str, int]) -> str:
    """How many of each format, in words."""
    if len(formats) == 1:
        return next(iter(formats))
    return ", ".join(f"{count:,} {name}" for name, count in formats.items())


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(map(str, value))
    if key.endswith("_bytes") and isinstance(value, int) and value % 2**20 == 0:
        return f"{value // 2**20:,}M"
    return str(value)


__all__ = ["counts", "decided", "formats_of", "options_of", "rates"]
