"""The specs are well formed, and the README and the package's metadata say what they say."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from corpuskit import SourceSpec
from corpuskit.preparation.split_rule import parse_rule
from corpuskit_classics import CORPORA, corpuskit_sources

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = [pytest.param(spec, file, id=file.url) for spec in CORPORA for file in spec.files[:30]]


def table() -> dict[str, dict[str, str]]:
    """The rows of the README's table by name, each as column to cell."""
    header, _, *rows = (line for line in README.splitlines() if line.startswith("|"))
    columns = [cell.strip() for cell in header.strip("|").split("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0].strip("`"): dict(zip(columns, row, strict=True)) for row in cells}


def size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "not published"
    unit, name = next((u, n) for u, n in ((10**9, "GB"), (10**6, "MB")) if size_bytes >= u)
    return f"{size_bytes / unit:,.1f} {name}"


def splits(spec: SourceSpec) -> str:
    given = list(dict.fromkeys(file.split for file in spec.files if file.split))
    return ", ".join(given) if given else f"`{spec.split}`"


def published(spec: SourceSpec) -> str:
    """For how many of a corpus's files a digest is published, a file being a URL."""
    digests = {file.url: file.sha256 for file in spec.files}
    known = sum(digest is not None for digest in digests.values())
    return {0: "none", len(digests): "all"}.get(known, f"{known} of {len(digests)}")


def test_names_are_unique_and_can_be_typed() -> None:
    names = [spec.name for spec in CORPORA]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_the_hook_returns_every_corpus() -> None:
    assert corpuskit_sources() == list(CORPORA)


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_a_corpus_says_what_a_listing_shows(spec: SourceSpec) -> None:
    assert spec.summary
    assert not spec.summary.endswith(".")
    assert spec.license
    assert spec.homepage is not None
    assert urlsplit(spec.homepage).scheme == "https"
    assert spec.files
    assert not spec.factory


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_the_download_size_is_the_sum_of_the_files(spec: SourceSpec) -> None:
    sizes = {file.url: file.size_bytes for file in spec.files}
    assert all(size_bytes is None or size_bytes > 0 for size_bytes in sizes.values())
    if None not in sizes.values():
        assert spec.size_bytes == sum(size_bytes or 0 for size_bytes in sizes.values())


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_splits_are_the_files_own_or_a_rule(spec: SourceSpec) -> None:
    given = [file.split for file in spec.files]
    assert parse_rule(spec.split, given=any(given)).kind != "none"
    assert (spec.split == "") == all(given) == any(given)
    assert set(given) <= {"train", "valid", "test", None}
    if any(given):
        assert {"train", "valid"} <= set(given)


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_no_file_is_listed_twice(spec: SourceSpec) -> None:
    counts = Counter((file.url, file.member) for file in spec.files)
    assert counts.most_common(1)[0][1] == 1
    digests = Counter(file.sha256 for file in {f.url: f for f in spec.files}.values() if file.sha256)
    assert not digests or digests.most_common(1)[0][1] == 1


@pytest.mark.parametrize(("spec", "file"), FILES)
def test_only_what_a_digest_guards_comes_from_mirrors_or_a_moving_place(spec, file) -> None:
    assert urlsplit(file.url).scheme == "https"
    assert urlsplit(file.url).hostname
    assert all(urlsplit(url).scheme in ("http", "https") for url in file.mirrors)
    if file.sha256 is None:
        assert file.mirrors == ()
        moving = re.search(r"huggingface\.co/.*/resolve/(?![0-9a-f]{40}/)", file.url)
        assert moving is None, "a revision that can change, and no digest to notice it"
    else:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size_bytes is not None


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_the_format_is_what_the_files_are_called(spec: SourceSpec) -> None:
    endings = {"parquet": (".parquet",), "jsonl": (".json.gz",), "text": (".txt", ".zip")}
    assert all(file.url.endswith(endings[spec.format]) for file in spec.files)
    assert all((file.member is not None) == file.url.endswith(".zip") for file in spec.files)


@pytest.mark.parametrize(
    ("name", "num_files"),
    [("openwebtext", 80), ("fineweb-edu-10bt", 14), ("c4-en", 1024 + 8), ("pg19", 23 + 2)],
)
def test_corpora_of_many_files_have_all_of_them(name: str, num_files: int) -> None:
    assert {spec.name: len(spec.files) for spec in CORPORA}[name] == num_files


def test_the_readme_lists_every_corpus_in_order() -> None:
    assert list(table()) == [spec.name for spec in CORPORA]


@pytest.mark.parametrize("spec", CORPORA, ids=lambda spec: spec.name)
def test_the_readme_agrees_with_the_spec(spec: SourceSpec) -> None:
    row = table()[spec.name]
    assert row == {
        "name": f"`{spec.name}`",
        "what it is": spec.summary,
        "format": spec.format,
        "download": size(spec.size_bytes),
        "splits": splits(spec),
        "license": spec.license,
        "sha256": published(spec),
    }


def test_the_entry_point_is_the_module_with_the_hook() -> None:
    declared = dict(re.findall(r'^(\w+) = "(corpuskit_\w+)"$', (ROOT / "pyproject.toml").read_text(), re.M))
    assert declared == {"classics": "corpuskit_classics"}
    module = importlib.import_module(declared["classics"])
    assert module.corpuskit_sources is corpuskit_sources
    assert hasattr(corpuskit_sources, "corpuskit_impl")
