"""What a report says of a corpus from its manifest: what it is, and what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.run_file import run_of
from corpuskit.derivation.making import DERIVED
from corpuskit.inspect.derivations import derived_of
from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_records import DocumentPlace
from corpuskit.markup import escape, table
from corpuskit.terminal.text import size

#: Inputs that are listed; the manifest has them all.
_MAX_INPUTS = 200
#: Groups of copies, and copies of each, that are named.
_MAX_GROUPS, _MAX_PLACES = 8, 2


def summary_html(corpus: Corpus, stats: Stats) -> str:
    """The first numbers: tokens, documents, bytes a token; and the splits."""
    rate = stats.bytes_per_token
    unused = stats.unused_ids / stats.vocab_size
    tiles = {
        "tokens": f"{stats.num_tokens:,}",
        "documents": f"{stats.num_documents:,}",
        "tokens a document": f"{stats.lengths.mean:,.1f}",
        "bytes of text a token": "" if rate is None else f"{rate:.2f}",
        "ids in the vocabulary": f"{stats.vocab_size:,}",
        "of them unused": f"{unused:.1%}",
        "bits a token (entropy)": f"{stats.entropy_bits:.2f}",
        "on disk": size(stats.size_bytes),
        "license": run_of(corpus).get("license", ""),
    }
    cards = "".join(
        f"<div><dd>{escape(value)}</dd><dt>{escape(name)}</dt></div>"
        for name, value in tiles.items()
        if value
    )
    splits = [(one.name, one.num_tokens, one.num_documents) for one in stats.splits]
    return f'<dl class="tiles">{cards}</dl><h3>Splits</h3>{_table(("split", "tokens", "documents"), splits)}'


def findings_html(stats: Stats) -> str:
    """What deserves a look: duplicates, empty and very long documents, ids that are not given again."""
    found = stats.duplicates
    rows: list[tuple[object, ...]] = [
        (
            "documents with an earlier copy",
            found.num_documents,
            _of(found.num_documents, stats.num_documents),
        ),
        ("their tokens", found.num_tokens, _of(found.num_tokens, stats.num_tokens)),
        ("of them in another split than the first copy", found.leaked, ""),
        ("empty documents", stats.empty.count, _of(stats.empty.count, stats.num_documents)),
        (
            f"documents of more than {stats.long_tokens:,} tokens",
            stats.long.count,
            _of(stats.long.count, stats.num_documents),
        ),
    ]
    if stats.untrained is not None:
        share = _of(stats.untrained.count, stats.num_documents)
        rows.append(("documents without a target to be learned", stats.untrained.count, share))
    if stats.replacement_characters is not None:
        rows.append(("characters U+FFFD, which stand for damage", stats.replacement_characters, ""))
    if stats.unknown_tokens is not None:
        share = _of(stats.unknown_tokens, stats.num_tokens)
        rows.append(("ids that stand for unknown text", stats.unknown_tokens, share))
    if stats.reencoding is not None:
        share = _of(stats.reencoding.num_tokens, stats.num_tokens)
        rows.append(("tokens whose own text gives other ids", stats.reencoding.num_tokens, share))
    worst = [
        (one.copies, one.num_tokens, "; ".join(map(_place, one.examples[:_MAX_PLACES])))
        for one in found.worst[:_MAX_GROUPS]
    ]
    parts = ["<h3>What deserves a look</h3>", _table(("", "count", "share"), rows)]
    parts += [f'<p class="note">{escape(note)}.</p>' for note in stats.notes]
    if worst:
        parts += ["<h3>Documents with the most copies</h3>", _table(("copies", "tokens", "the first"), worst)]
    if stats.long.examples:
        longest = [(one.num_tokens, _place(one)) for one in stats.long.examples]
        parts += ["<h3>The longest documents</h3>", _table(("tokens", "document"), longest)]
    return "".join(parts)


def provenance_html(corpus: Corpus) -> str:
    """What the corpus was made of: inputs with their digests, tokenizer, options, and what was left out."""
    manifest, run = corpus.manifest, run_of(corpus)
    tokenizer = manifest.tokenizer
    made_by = ", ".join([f"corpuskit {manifest.corpuskit_version}", *map(str, run.get("plugins", ()))])
    facts: dict[str, object] = {
        "dataset": manifest.dataset,
        "license": run.get("license") or "not known",
        "fingerprint": corpus.fingerprint,
        "tokenizer": tokenizer.name,
        "its fingerprint": tokenizer.fingerprint,
        "its distribution": " ".join(filter(None, (tokenizer.distribution, tokenizer.distribution_version))),
        "made by": made_by,
        **{
            name: _option(value)
            for name, value in manifest.options.items()
            if value is not None and name != DERIVED
        },
        "made of": derived_of(manifest),
        **{f"left out: {kind}": f"{count:,} documents" for kind, count in manifest.left_out.items()},
        **{f"not read: {kind}": f"{count:,} files" for kind, count in manifest.left_out_files.items()},
    }
    said = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value != ""
    )
    inputs = [
        (one.name + (" (unverified)" if one.unverified else ""), one.split or "", one.size_bytes, one.sha256)
        for one in manifest.inputs[:_MAX_INPUTS]
    ]
    more = len(manifest.inputs) - len(inputs)
    parts = [f'<dl class="facts">{said}</dl>', f"<h3>Inputs: {len(manifest.inputs):,}</h3>"]
    parts.append(_table(("input", "split", "bytes", "sha256"), inputs))
    parts.append(f'<p class="note">and {more:,} more, which the manifest lists</p>' if more else "")
    return "".join(parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return f'<div class="wide">{table(columns, rows)}</div>'


def _place(place: DocumentPlace) -> str:
    return f"{place.split} {place.document:,}, {place.input} at {place.input_start:,}"


def _of(count: int, total: int) -> str:
    return f"{count / total:.2%}" if total else ""


def _option(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


__all__ = ["findings_html", "provenance_html", "summary_html"]
