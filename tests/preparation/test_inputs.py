"""Corpora of every shape, prepared end to end and compared with the simplest way to make the same ids."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import SourceError
from corpuskit.tokenizers.opening import open_tokenizer

EOT = 50256


def texts(count: int, seed: int = 5) -> list[str]:
    words = ["tokens", "größer", "単語", "don't", "2024", "x+y=z;", "\n", "<|endoftext|>", "🙂"]
    generator = random.Random(seed)
    return [" ".join(generator.choices(words, k=generator.randint(1, 60))) for _ in range(count)]


def expected(documents: list[str]) -> list[int]:
    tokenizer = open_tokenizer("gpt2", engine="tiktoken")
    return [token for document in documents for token in [*tokenizer.encode(document).tolist(), EOT]]


def as_jsonl(documents: list[str | None]) -> bytes:
    return b"".join(json.dumps({"id": i, "text": t}).encode() + b"\n" for i, t in enumerate(documents))


def prepare(path: Path | str, tmp_path: Path, **options: object) -> corpuskit.Corpus:
    options = {"encoding": "gpt2", "split": "none", "workers": 2, **options}
    corpus = corpuskit.prepare(str(path), output=tmp_path / "corpus", **options)
    assert corpuskit.verify(corpus.path) == []
    return corpus


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_json_lines_compressed_or_not(tmp_path, suffix):
    documents = texts(300)
    data = as_jsonl(documents)
    if suffix == ".gz":
        data = gzip.compress(data)
    elif suffix == ".zst":
        data = pytest.importorskip("zstandard").compress(data)
    path = tmp_path / f"corpus.jsonl{suffix}"
    path.write_bytes(data)
    corpus = prepare(path, tmp_path)
    assert corpus["train"][:].tolist() == expected(documents)
    assert corpus["train"].num_documents == 300


def test_parquet_with_nulls_by_row_groups(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    documents: list[str | None] = list(texts(200))
    documents[3] = documents[77] = None
    table = pyarrow.table({"n": list(range(200)), "text": documents})
    parquet.write_table(table, tmp_path / "corpus.parquet", row_group_size=17)
    corpus = prepare(tmp_path / "corpus.parquet", tmp_path, part_bytes=2_000)
    assert corpus["train"][:].tolist() == expected([d for d in documents if d is not None])
    assert corpus.manifest.left_out == {"null-text": 2}
    assert json.loads((corpus.path / "run.json").read_bytes())["num_parts"] > 1
    rows = corpus["train"].document_places()[:, 1].tolist()
    assert rows == [row for row in range(200) if row not in (3, 77)]


@pytest.mark.fault("T9")
def test_ten_thousand_one_line_files(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05d}.txt").write_bytes(b"file %d\n" % number)
    corpus = prepare(folder, tmp_path, encoding="bytes", eot=True)
    assert corpus["train"].num_documents == 10_000
    assert corpus.decode(corpus["train"].document(9_999)[:-1]) == "file 9999\n"
    assert len(corpus.manifest.inputs) == 10_000
    assert json.loads((corpus.path / "run.json").read_bytes())["num_parts"] == 1


@pytest.mark.parametrize("engine", ["tiktoken", "gigatoken"])
@pytest.mark.fault("T8")
def test_one_huge_document_among_small_ones(tmp_path, engine):
    if engine == "gigatoken":
        pytest.importorskip("gigatoken")
    small = texts(20)
    huge = " ".join(texts(12_000, seed=9))  # about 4 MB, far beyond a batch and a part
    (tmp_path / "corpus.jsonl").write_bytes(as_jsonl([*small, huge, *small]))
    corpus = prepare(tmp_path / "corpus.jsonl", tmp_path, engine=engine, part_bytes=300_000)
    assert np.array_equal(corpus["train"][:], np.array(expected([*small, huge, *small]), np.uint16))


def test_engine_does_not_change_a_byte(tmp_path, assert_same):
    pytest.importorskip("gigatoken")
    # Code points on which the engines disagree by themselves are among the documents.
    documents = [*texts(500), "\u1ae0_Z", "a\u088f'sb", *texts(10)]
    (tmp_path / "corpus.jsonl").write_bytes(as_jsonl(documents))
    for encoding in ("gpt2", "o200k_base"):
        made = [
            corpuskit.prepare(
                str(tmp_path / "corpus.jsonl"), encoding=encoding, engine=engine, workers=workers,
                output=tmp_path / f"{encoding}-{engine}-{workers}", part_bytes=20_000, split="valid=0.2",
            ).path
            for engine, workers in (("tiktoken", 1), ("gigatoken", 2), ("auto", 4))
        ]  # fmt: skip
        assert_same(made[0], made[1])
        assert_same(made[0], made[2])


def test_broken_records_stop_the_run_or_are_counted_with_their_places(tmp_path):
    lines = as_jsonl(texts(50)).split(b"\n")[:-1]
    lines[7] = b'{"text": "unfinished'
    lines[9] = b'{"id": 9}'
    lines[11] = b'{"text": ""}'
    lines[13] = b'{"text": "\xff"}'
    (tmp_path / "corpus.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(SourceError, match=r"corpus.jsonl:8: "):
        prepare(tmp_path / "corpus.jsonl", tmp_path)
    corpus = prepare(tmp_path / "corpus.jsonl", tmp_path, on_bad_document="skip")
    left_out = corpus.manifest.left_out
    assert sum(left_out.values()) == 4
    assert left_out["missing-text"] == left_out["empty"] == 1
    run = json.loads((corpus.path / "run.json").read_bytes())
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in (7, 9, 11, 13)]
    found = sorted(place["start"] for places in run["left_out"].values() for place in places)
    assert found == starts
    assert corpus["train"].num_documents == 46


def test_files_in_a_list_keep_its_order(tmp_path):
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.txt").write_text(name)
    (tmp_path / "list").write_text(f"{tmp_path}/c.txt\n{tmp_path}/a.txt\n")
    corpus = prepare(f"@{tmp_path}/list", tmp_path, encoding="bytes", eot=True)
    assert corpus.decode(corpus["train"][:]) == "c<|endoftext|>a<|endoftext|>"
    assert [item.name for item in corpus.manifest.inputs] == ["c.txt", "a.txt"]


@pytest.mark.fault("T8")
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    """Peak memory of a whole run over 8 MB and over 64 MB, each in a process of its own."""
    import subprocess
    import sys

    script = (
        "import corpuskit, resource, sys\n"
        "corpuskit.prepare(sys.argv[1], output=sys.argv[2], encoding='gpt2', workers=1, split='none')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    data = as_jsonl(texts(20_000))
    peaks = []
    for times in (1, 8):
        path = tmp_path / f"{times}.jsonl"
        with path.open("wb") as file:
            for _ in range(times):
                file.write(data)
        command = [sys.executable, "-c", script, str(path), str(tmp_path / f"x{times}")]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(found.stdout) * 1024)
    assert peaks[1] - peaks[0] < 48 * 2**20


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "lines", "separator"])
@pytest.mark.parametrize("split", ["none", "valid=0.3"])
@pytest.mark.parametrize("max_tokens", [None, 1500])
def test_the_bytes_of_each_text_are_in_the_index_whoever_reads_it(tmp_path, kind, split, max_tokens):
    """Without separators, line ends and the end of text, however the documents are cut into parts."""
    documents = [f"{number} {text}".replace("\n", " ") for number, text in enumerate(texts(120))]
    path, options = tmp_path / f"corpus.{kind}", {}
    if kind == "jsonl":
        path.write_bytes(as_jsonl(documents))
    elif kind == "json":
        path.write_text(json.dumps([{"text": one} for one in documents]))
    elif kind == "csv":
        path.write_text("text\n" + "".join('"' + one.replace('"', '""') + '"\n' for one in documents))
    elif kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"text": documents})
        pytest.importorskip("pyarrow.parquet").write_table(table, path, row_group_size=17)
    else:
        end = {"lines": "\n", "separator": "\n~~~\n"}[kind]
        path = tmp_path / "corpus.txt"
        path.write_text("".join(one + end for one in documents))
        options = {"lines": True} if kind == "lines" else {"separator": end}
    told = {"part_bytes": 700, "shard_bytes": 500, "split": split, "max_tokens": max_tokens, **options}
    corpus = prepare(path, tmp_path, **told)
    found = {}
    for name in corpus.splits:
        one = corpus[name]
        for number, size in enumerate(one.document_text_bytes().tolist()):
            text = corpus.decode(one.document(number)[:-1])
            found[text] = size
    assert found == {text: len(text.encode()) for text in documents[: len(found)]}
    assert len(found) == 120 or max_tokens is not None


@pytest.mark.parametrize("share", [0.0001, 0.37, 0.9])
def test_the_bytes_of_a_text_that_is_split_by_characters_are_in_the_index(tmp_path, share):
    text = "\n".join(texts(150))
    path = tmp_path / "play.txt"
    path.write_text(text, newline="")
    corpus = prepare(path, tmp_path, split=f"characters:{share}", part_bytes=900, shard_bytes=600)
    cut = int((1 - share) * len(text))
    for name, part in (("train", text[:cut]), ("valid", text[cut:])):
        if len(corpus[name]):
            assert corpus[name].document_text_bytes().sum() == len(corpus.decode(corpus[name][:]).encode())
            assert abs(len(part.encode()) - corpus[name].document_text_bytes().sum()) <= 4
            assert corpus[name].num_documents == 1


def test_a_long_document_in_many_parts_has_the_bytes_of_all_of_them(tmp_path):
    long = "\n".join(texts(200))
    (tmp_path / "a.txt").write_text(f"short\n~~~\n{long}\n~~~\nlast", newline="")
    corpus = prepare(tmp_path / "a.txt", tmp_path, separator="\n~~~\n", part_bytes=500, shard_bytes=400)
    assert corpus["train"].document_text_bytes().tolist() == [5, len(long.encode()), 4]
