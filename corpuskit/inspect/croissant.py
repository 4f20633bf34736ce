"""A dataset card as JSON-LD of Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html)."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

from corpuskit.corpus.manifest import FILE_NAME, Manifest
from corpuskit.inspect.card_facts import CardCorpus, CardFacts, CardInput
from corpuskit.inspect.card_markdown import blank
from corpuskit.inspect.licenses import License
from corpuskit.paths import folder_name
from corpuskit.urls import is_remote

_VERSION = "http://mlcommons.org/croissant/1.1"
#: Terms of Croissant's own, each in its namespace.
_TERMS = (
    "annotation",
    "arrayShape",
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "excludes",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isArray",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "readLines",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "sdVersion",
    "separator",
    "source",
    "subField",
    "transform",
    "unArchive",
    "value",
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
#: What Croissant calls the splits that it knows.
_SPLITS = {
    "train": "TrainingSplit",
    "valid": "ValidationSplit",
    "validation": "ValidationSplit",
    "test": "TestSplit",
}
_BYTES = "application/octet-stream"
#: More inputs than these are not listed one by one.
_MAX_INPUTS = 1000


def croissant(facts: CardFacts) -> dict[str, Any]:
    """The card as a JSON value.

    Locations of files are relative to the corpus's folder; those of a mixture to a folder in which each
    corpus is in `NAME/ENCODING`, where `corpuskit prepare` puts it.

    Args:
        facts: What there is to say.
    """
    folders = _folders(facts)
    resources = [
        one for corpus, folder in zip(facts.corpora, folders, strict=True) for one in _files(corpus, folder)
    ]
    records = [_records(corpus, folder) for corpus, folder in zip(facts.corpora, folders, strict=True)]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _VERSION,
        "name": facts.name,
        "description": _description(facts),
        "license": _licenses(facts),
        "url": blank("the URL of the page of this dataset"),
        "creator": {"@type": "sc:Organization", "name": blank("who made this dataset")},
        "keywords": ["corpuskit", "token ids", "text generation"],
        "prov:wasDerivedFrom": _origins(facts),
        "prov:wasGeneratedBy": [_activity(corpus) for corpus in facts.corpora],
        "distribution": resources,
        "recordSet": [_split_names(facts), *records],
    }


def _folders(facts: CardFacts) -> list[str]:
    """What is before the name of each corpus's files: nothing for one alone."""
    if not facts.is_mixture:
        return [""]
    found: list[str] = []
    for corpus in facts.corpora:
        folder = f"{folder_name(corpus.name)}/{folder_name(corpus.encoding)}"
        number = 1
        while (name := f"{folder}-{number}/" if number > 1 else f"{folder}/") in found:
            number += 1
        found.append(name)
    return found


def _description(facts: CardFacts) -> str:
    documents = sum(corpus.num_documents for corpus in facts.corpora)
    tokens = sum(corpus.num_tokens for corpus in facts.corpora)
    lines = [
        f"{tokens:,} tokens of {documents:,} documents: ids of the encoding {facts.corpora[0].encoding}.",
    ]
    for number, corpus in enumerate(facts.corpora if facts.is_mixture else ()):
        shares = ", ".join(
            f"{stage.shares[number]:.4%}" + (f" from {stage.begins} on" if stage.begins else "")
            for stage in facts.stages
        )
        lines.append(f"{corpus.name}: {shares} of what training draws.")
    lines.append(blank("what the text is; and datePublished, which this file does not have yet"))
    return "\n".join(lines)


def _licenses(facts: CardFacts) -> Any:
    unique = {one.license.expression if one.license else "": one.license for one in facts.corpora}
    found = [_license(one) for one in unique.values()]
    return found if len(found) > 1 else found[0]


def _license(license: License | None) -> Any:
    if license is None:
        return blank("the URL of the licence of the text")
    if license.url is not None:
        return license.url
    described = {} if license.is_expression else {"description": license.said}
    return {"@type": "sc:CreativeWork", "name": license.expression, **described}


def _origins(facts: CardFacts) -> list[dict[str, Any]]:
    if not facts.is_mixture:
        return _inputs(facts.corpora[0])
    return [
        {
            "@type": "prov:Entity",
            "name": corpus.name,
            "identifier": corpus.manifest.fingerprint,
            "license": _license(corpus.license),
            "prov:wasDerivedFrom": _inputs(corpus),
        }
        for corpus in facts.corpora
    ]


def _inputs(corpus: CardCorpus) -> list[dict[str, Any]]:
    if len(corpus.inputs) > _MAX_INPUTS:
        what = f"{len(corpus.inputs):,} inputs, each with its sha256 in {FILE_NAME}"
        return [{"@type": "prov:Entity", "name": what}]
    return [_input(one) for one in corpus.inputs]


def _input(one: CardInput) -> dict[str, Any]:
    entity = {
        "@type": "prov:Entity",
        "name": one.name,
        "sha256": one.sha256,
        "contentSize": f"{one.size_bytes} B",
    }
    return {**entity, **({"url": one.name} if is_remote(one.name) else {})}


def _activity(corpus: CardCorpus) -> dict[str, Any]:
    manifest = corpus.manifest
    agents = [f"corpuskit {manifest.corpuskit_version}", *corpus.made_by]
    options = json.dumps({name: value for name, value in manifest.options.items() if value is not None})
    return {
        "@type": "prov:Activity",
        "prov:label": f"Preparation of {corpus.name} with the tokenizer {corpus.encoding}",
        "description": f"Options: {options}. Fingerprint of the tokenizer: {manifest.tokenizer.fingerprint}.",
        "prov:wasAssociatedWith": [{"@type": "prov:SoftwareAgent", "prov:label": agent} for agent in agents],
    }


def _files(corpus: CardCorpus, folder: str) -> Iterator[dict[str, Any]]:
    """Each file with its size and digest, and the sets of shards and of indexes."""
    data = _manifest_bytes(corpus.manifest)
    if data is not None:
        yield _file(folder, FILE_NAME, len(data), hashlib.sha256(data).hexdigest(), "application/json")
    for split in corpus.manifest.splits.values():
        for shard in split.shards:
            for name, size_bytes, sha256 in corpus.manifest.files(shard):
                yield _file(folder, name, size_bytes, sha256, _BYTES)
    for name, suffix, what in (
        ("shards", "bin", f"Ids of tokens as raw little-endian {_dtype(corpus)}, without a header."),
        (
            "indexes",
            "idx",
            "Four little-endian uint64 a document: where it ends, its input, where it starts there, and the "
            "bytes of its text.",
        ),
        *(
            (name, f"{name}.bin", f"Stream {name}: an item a token as raw little-endian {record.dtype[1:]}.")
            for name, record in corpus.manifest.streams.items()
        ),
    ):
        yield {
            "@type": "cr:FileSet",
            "@id": f"{folder}{name}",
            "name": f"{folder}{name}",
            "description": what,
            "encodingFormat": _BYTES,
            "includes": [f"{folder}{split}-*.{suffix}" for split in corpus.manifest.splits],
            **_excluded(corpus, folder, suffix),
        }


def _excluded(corpus: CardCorpus, folder: str, suffix: str) -> dict[str, list[str]]:
    """What a set of shards does not hold though its pattern says so: the streams beside the ids."""
    streams = corpus.manifest.streams if suffix == "bin" else {}
    excluded = [f"{folder}{split}-*.{name}.bin" for split in corpus.manifest.splits for name in streams]
    return {"excludes": excluded} if excluded else {}


def _file(folder: str, name: str, size_bytes: int, sha256: str, encoding_format: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": urllib.parse.quote(f"{folder}{name}"),
        "name": name,
        "contentUrl": urllib.parse.quote(f"{folder}{name}"),
        "contentSize": f"{size_bytes} B",
        "encodingFormat": encoding_format,
        "sha256": sha256,
    }


def _manifest_bytes(manifest: Manifest) -> bytes | None:
    """The bytes of the manifest's file; None if this version would write others."""
    data = manifest.to_bytes()
    return data if manifest.sha256 and f'"{manifest.sha256}"'.encode() in data[-80:] else None


def _split_names(facts: CardFacts) -> dict[str, Any]:
    names = {split.name: None for corpus in facts.corpora for split in corpus.splits}
    data: list[dict[str, str]] = []
    for name in names:
        known = {"splits/url": f"cr:{_SPLITS[name]}"} if name in _SPLITS else {}
        data.append({"splits/name": name, **known})
    url = {"@type": "cr:Field", "@id": "splits/url", "dataType": ["sc:URL", "cr:Split"]}
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "dataType": "sc:Text"},
            *([url] if all(len(one) > 1 for one in data) else []),
        ],
        "data": data if all(len(one) > 1 for one in data) else [{"splits/name": name} for name in names],
    }


def _records(corpus: CardCorpus, folder: str) -> dict[str, Any]:
    """A record a shard: which split it is of, and its ids. Croissant cannot say how to read raw integers."""
    names = "|".join(map(re.escape, corpus.manifest.splits))
    source = {"fileSet": {"@id": f"{folder}shards"}}
    return {
        "@type": "cr:RecordSet",
        "@id": f"{folder}ids",
        "name": f"{folder}ids",
        "description": f"The ids of each shard: raw little-endian {_dtype(corpus)} without a header.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{folder}ids/split",
                "name": "split",
                "dataType": "sc:Text",
                "source": {
                    **source,
                    "extract": {"fileProperty": "filename"},
                    "transform": {"regex": f"^({names})-[0-9]+\\.bin$"},
                },
                "references": {"field": {"@id": "splits/name"}},
            },
            {
                "@type": "cr:Field",
                "@id": f"{folder}ids/ids",
                "name": "ids",
                "description": f"Ids of {corpus.encoding}, below {corpus.manifest.tokenizer.vocab_size:,}.",
                "dataType": "cr:UInt16" if corpus.manifest.dtype == "<u2" else "cr:UInt32",
                "isArray": True,
                "arrayShape": "-1",
                "source": {**source, "extract": {"fileProperty": "content"}},
            },
        ],
    }


def _dtype(corpus: CardCorpus) -> str:
    return "uint16" if corpus.manifest.dtype == "<u2" else "uint32"


__all__ = ["croissant"]
