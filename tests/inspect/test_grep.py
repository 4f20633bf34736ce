"""Documents whose text matches, wherever the shards and the pieces of a scan end."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import islice

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError
from corpuskit.inspect.grep import find_documents

TEXTS = [
    *(f"document {number}: {'filler words ' * (number % 7)}end" for number in range(60)),
    "a needle in the middle of it, and another needle",
    "caf\u00e9 第一章 needle \U0001f642",
    "evil \x1b[31mneedle\x1b[0m \u202e\0 </script>",
    "x" * 5000 + " needle " + "y" * 5000,
]


@pytest.fixture(scope="module", params=[("gpt2", 2**29), ("bytes", 600), ("chars", 600)])
def corpus(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grep")
    file = folder / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    encoding, shard_bytes = request.param
    return corpuskit.prepare(
        str(file),
        encoding=encoding,
        shard_bytes=shard_bytes,
        part_bytes=400,
        split="none",
        output=folder / "c",
        progress=False,
    )


def found(corpus, pattern, **options):
    records = corpus.manifest.splits["train"].shards
    return list(find_documents(corpus["train"], records, re.compile(pattern), **options))


@pytest.mark.parametrize(
    "pattern",
    ["needle", "(?i)NEEDLE", r"^document \d?5:", r"end$", r"\Aa n", "第一", "\x1b", "\u202e", "</script>",
     "^x+ needle y+$", "nothing like it", "", "x{4000}"],
)  # fmt: skip
def test_the_documents_are_those_that_python_finds(corpus, pattern):
    matches = found(corpus, pattern)
    expected = [number for number, text in enumerate(TEXTS) if re.search(pattern, text)]
    assert [match.document for match in matches] == expected
    split = corpus["train"]
    for match in matches:
        piece = split.document_piece(match.document)
        assert piece.start <= match.start <= match.stop <= piece.stop
        wanted = re.search(pattern, TEXTS[match.document])[0]
        inside = corpus.decode(split[match.start : match.stop])
        assert wanted in inside
        assert len(inside) <= len(wanted) + 16  # the first and the last token may hold more


@pytest.mark.parametrize(("stretch", "overlap"), [(100, 20), (64, 16), (1000, 30)])
def test_a_long_document_is_searched_in_stretches_and_found_once(corpus, stretch, overlap):
    matches = found(corpus, "needle", stretch=stretch, overlap=overlap)
    assert [match.document for match in matches] == [60, 61, 62, 63]
    split = corpus["train"]
    assert all("needle" in corpus.decode(split[match.start : match.stop]) for match in matches)


def test_no_more_is_read_than_is_asked_for(corpus):
    told = []
    records = corpus.manifest.splits["train"].shards
    matches = find_documents(
        corpus["train"], records, re.compile("document"), on_progress=lambda progress: told.append(progress)
    )
    assert [match.document for match in islice(matches, 2)] == [0, 1]
    assert sum(progress.total_bytes == progress.done_bytes for progress in told) == 0
    assert len(list(matches)) == 58
    assert told[-1].done_bytes == told[-1].total_bytes == sum(record.size_bytes for record in records)
    assert {progress.stage for progress in told} == {"search"}


def test_documents_without_tokens_are_counted(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in ("a", "b", "c")))
    corpus = corpuskit.prepare(
        str(tmp_path / "a.jsonl"), encoding="bytes", eot=False, split="none", output=tmp_path / "c"
    )
    split = corpus["train"]
    rows = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 2], [3, 0, 3], [3, 0, 4]], np.uint64)
    split.index = lambda number: rows
    split.num_documents = 6
    (record,) = corpus.manifest.splits["train"].shards
    digest = hashlib.sha256(rows.astype("<u8").tobytes()).hexdigest()
    records = [record.model_copy(update={"num_documents": 6, "index_sha256": digest})]
    matches = list(find_documents(split, records, re.compile("^$")))
    assert [(match.document, match.start) for match in matches] == [(0, 0), (2, 1), (3, 1), (5, 3)]


def test_a_shard_with_other_bytes_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "a.txt").write_text("some text")
    corpuskit.prepare(str(tmp_path / "a.txt"), encoding="bytes", split="none", output=tmp_path / "c")
    shard = tmp_path / "c/train-00000.bin"
    shard.write_bytes(shard.read_bytes().replace(b"s", b"S"))
    with pytest.raises(CorpusFormatError, match=r"train-00000.bin: sha256 .* make the corpus again"):
        found(corpuskit.open(tmp_path / "c"), "text")
