"""What a plan says beside what the preparation then makes."""

from __future__ import annotations

import collections
import csv
import gzip
import io
import json
import lzma
import random
import shutil
import zipfile

import pytest

import corpuskit
from corpuskit.errors import StorageError
from corpuskit.preparation.preview import places
from corpuskit.preparation.preview.places import Limits

#: So little is encoded of it that every number of tokens is judged from a sample.
TEXT_BYTES, ENCODE_BYTES = 1_500_000, 120_000
WORDS = [
    "the",
    "of",
    "corpus",
    "tokens",
    "größer",
    "слова",
    "単語",
    "2024",
    "(x+y)",
    "internationalization",
    "foo",
]


def documents(order, total=TEXT_BYTES):
    """Documents of very different lengths; sorted, short ones are the first half of the text."""
    generator, made, size = random.Random(3), [], 0
    while size < total:
        if order == "sorted":
            length = 15 if size < total / 2 else 600
        else:
            length = max(int(generator.lognormvariate(3.5, 1.2)), 1)
        made.append(" ".join(generator.choices(WORDS, k=length)))
        size += len(made[-1].encode())
    return made


def jsonl(texts):
    return "".join(
        json.dumps({"id": n, "text": text, "at": "x" * 9}) + "\n" for n, text in enumerate(texts)
    ).encode()


def nested(texts):
    return "".join(json.dumps({"data": {"n": len(text), "body": text}}) + "\n" for text in texts).encode()


def table(texts, delimiter=","):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([("id", "text"), *enumerate(texts)])
    return file.getvalue().encode()


def lines(texts):
    return "".join(f"{text}\n" for text in texts).encode()


def parquet(path, texts, *, num_groups=9, repeated=False):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    column = pa.array(texts).dictionary_encode() if repeated else pa.array(texts)
    pq.write_table(
        pa.table({"n": list(range(len(texts))), "text": column}),
        path,
        row_group_size=len(texts) // num_groups,
    )


def zipped(path, texts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", jsonl(texts[::2]))
        archive.writestr("b/c.csv", table(texts[1::2]))


def folder(path, texts):
    """Files of four formats, and a hundred small ones."""
    path.mkdir()
    third = len(texts) // 3
    (path / "a.jsonl").write_bytes(jsonl(texts[:third]))
    (path / "b.csv").write_bytes(table(texts[third : 2 * third]))
    (path / "c.jsonl.gz").write_bytes(gzip.compress(jsonl(texts[2 * third :])))
    for number in range(100):
        (path / f"note-{number:03}.txt").write_text(" ".join(texts[number :: len(texts) // 40]))


def zstd(data):
    return pytest.importorskip("zstandard").compress(data)


#: What is read in many places: a name, how it is written, and the options that read it.
ANYWHERE = {
    "one.txt": (lines, {"split": "none"}),
    "lines.txt": (lines, {"lines": True}),
    "separated.txt": (lambda texts: "\0".join(texts).encode(), {"separator": "\0"}),
    "records.jsonl": (jsonl, {}),
    "nested.jsonl": (nested, {"text_field": "data.body"}),
}
#: What is read from its beginning, and what is a folder or an archive of such.
FROM_THE_FRONT = {
    "records.csv": (table, {}),
    "records.tsv": (lambda texts: table(texts, "\t"), {}),
    "records.csv.gz": (lambda texts: gzip.compress(table(texts)), {}),
    "records.jsonl.gz": (lambda texts: gzip.compress(jsonl(texts)), {}),
    "records.jsonl.zst": (lambda texts: zstd(jsonl(texts)), {}),
    "one.txt.gz": (lambda texts: gzip.compress(lines(texts)), {"split": "none"}),
    "lines.txt.xz": (lambda texts: lzma.compress(lines(texts), preset=0), {"lines": True}),
}


def repeated(path, texts):
    """A column of few texts, of which a file holds each once."""
    parquet(path, [texts[number % 40] for number in range(len(texts))], repeated=True)


#: What is not one file of bytes.
WRITTEN = {"rows.parquet": parquet, "repeated.parquet": repeated, "members.zip": zipped, "folder": folder}


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Plans and prepares a file under some limits; returns the estimate and the truth by name."""

    def compare(name, write, texts, options, limits):
        path = tmp_path / name
        data = write(texts) if name in {**ANYWHERE, **FROM_THE_FRONT} else write(path, texts)
        if data is not None:
            path.write_bytes(data)
        options = {"encoding": "gpt2", "workers": 1, "eot": True, **options}
        with monkeypatch.context() as patch:
            patch.setattr(places, "LIMITS", limits)
            planned = corpuskit.plan(str(path), **options)
        corpus = corpuskit.prepare(str(path), output=tmp_path / "made", **options)
        assert planned.errors == ()
        run = json.loads((corpus.path / "run.json").read_bytes())
        truth = {
            "tokens": sum(map(len, corpus.values())),
            "documents": run["num_documents"],
            "text_bytes": run["text_bytes"],
        }
        on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
        assert planned.estimate.output_bytes == pytest.approx(on_disk, rel=0.15)
        return planned.estimate, truth

    return compare


def assert_near(found, truth):
    for name, number in truth.items():
        judged = getattr(found, name)
        assert judged.value == pytest.approx(number, rel=0.15), name
        assert judged.low <= number <= judged.high, name


@pytest.mark.parametrize("order", ["mixed", "sorted"])
@pytest.mark.parametrize("name", ANYWHERE)
def test_a_file_that_can_be_cut_is_judged_from_places_all_over_it(compare, name, order):
    write, options = ANYWHERE[name]
    limits = Limits(read_bytes=500_000, encode_bytes=ENCODE_BYTES)
    found, truth = compare(name, write, documents(order), options, limits)
    assert not found.sample.whole
    assert found.sample.read_bytes < 0.6 * TEXT_BYTES
    assert not found.sample.from_front
    assert_near(found, truth)


@pytest.mark.parametrize("order", ["mixed", "sorted"])
@pytest.mark.parametrize("name", [*FROM_THE_FRONT, *WRITTEN])
def test_what_is_read_from_its_beginning_is_counted_whole_up_to_a_limit(compare, name, order):
    write, options = FROM_THE_FRONT.get(name) or (WRITTEN[name], {})
    limits = Limits(read_bytes=20_000_000, encode_bytes=ENCODE_BYTES)
    found, truth = compare(name, write, documents(order), options, limits)
    assert found.sample.whole
    assert found.sample.encoded_bytes < TEXT_BYTES / 2 or name == "repeated.parquet"
    assert found.documents.exact
    assert found.text_bytes.exact
    assert_near(found, truth)


@pytest.mark.parametrize("name", [*FROM_THE_FRONT, "rows.parquet", "members.zip"])
def test_beyond_the_limit_the_rest_is_judged_by_the_stored_bytes_that_were_read(compare, name):
    write, options = FROM_THE_FRONT.get(name) or (WRITTEN[name], {})
    read_bytes = 300_000 if name.endswith((".gz", ".zst", ".xz")) else 1_600_000
    texts = documents("mixed", 3 * TEXT_BYTES)
    read_bytes //= 4 if "parquet" in name else 1
    found, truth = compare(name, write, texts, options, Limits(read_bytes, encode_bytes=ENCODE_BYTES))
    assert not found.sample.whole
    assert not found.tokens.exact
    assert found.sample.from_front
    assert_near(found, truth)


def small_files(path, texts):
    """400 texts of very different sizes."""
    path.mkdir()
    for number in range(400):
        (path / f"{number:03}.txt").write_text(" ".join(texts[number::400]))


def test_many_small_files_are_judged_by_some_of_them(compare):
    limits = Limits(files=60, encode_bytes=ENCODE_BYTES)
    found, truth = compare("small", small_files, documents("mixed"), {}, limits)
    assert found.sample.files <= 60
    assert found.sample.of_files == truth["documents"] == 400
    assert_near(found, truth)


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(jsonl(documents("mixed")))
    return str(path)


def test_a_small_corpus_is_counted_rather_than_judged(prose, tmp_path):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "none"}
    found = corpuskit.plan(str(prose), **options).estimate
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", **options)
    assert found.tokens.exact
    assert found.tokens.value == len(corpus["train"])
    assert found.documents.value == corpus["train"].num_documents == 3000


def test_splits_have_the_sizes_of_their_rule(prose, tmp_path):
    for rule in ("characters:0.1", "none"):
        found = corpuskit.plan(str(prose), encoding="bytes", split=rule).estimate
        corpus = corpuskit.prepare(str(prose), output=tmp_path / rule, encoding="bytes", split=rule)
        assert {name: found.splits[name].value for name in corpus} == {n: len(s) for n, s in corpus.items()}
    found = corpuskit.plan(str(prose), encoding="bytes", lines=True, split="valid=0.2,test=0.1").estimate
    corpus = corpuskit.prepare(
        str(prose), output=tmp_path / "x", encoding="bytes", lines=True, split="valid=0.2,test=0.1"
    )
    assert list(found.splits) == list(corpus)
    for name, split in corpus.items():
        assert found.splits[name].low <= len(split) <= found.splits[name].high


def test_a_limit_on_tokens_limits_what_is_made_and_taken(records):
    whole = corpuskit.plan(records, encoding="gpt2", part_bytes=2**16, workers=1)
    some = corpuskit.plan(records, encoding="gpt2", part_bytes=2**16, workers=1, max_tokens=20_000)
    assert some.estimate.tokens.value == pytest.approx(20_000, rel=0.01)
    assert some.estimate.documents.value < whole.estimate.documents.value
    assert some.peak_disk_bytes < whole.peak_disk_bytes


def test_no_more_workers_are_counted_than_there_are_parts(records):
    assert corpuskit.plan(records, encoding="bytes", workers=64).estimate.workers == 1
    parted = [corpuskit.plan(records, encoding="bytes", workers=n, part_bytes=2**16).estimate for n in (1, 8)]
    assert [found.workers for found in parted] == [1, 8]
    assert parted[0].memory_bytes < parted[1].memory_bytes


def test_a_plan_is_the_same_every_time_and_whatever_the_workers(records):
    plans = [corpuskit.plan(records, encoding="bytes", workers=workers) for workers in (1, 2, 64, 64)]
    assert len({plan.fingerprint for plan in plans}) == 1
    assert len({(plan.estimate.tokens, plan.estimate.documents) for plan in plans}) == 1


@pytest.mark.fault("D1")
def test_prepare_refuses_a_disk_that_is_too_small_before_any_work(records, tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(StorageError, match=r"needs about [0-9,]+ bytes and 1,000 are free there; choose"):
        corpuskit.prepare(records, encoding="gpt2", output=tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))


def test_a_plan_writes_nothing(records, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpuskit.plan(records, encoding="bytes")
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]


def test_long_texts_are_judged_by_more_than_their_beginnings(compare):
    generator = random.Random(5)
    texts = [
        "the licence of the file " * 400 + "".join(generator.choices("(){}=+", k=60_000)) for _ in range(40)
    ]
    limits = Limits(read_bytes=20_000_000, encode_bytes=ENCODE_BYTES)
    found, truth = compare("records.jsonl", jsonl, texts, {}, limits)
    assert found.sample.encoded_bytes < 0.2 * truth["text_bytes"]
    assert_near(found, truth)


def test_the_range_of_a_split_knows_that_a_few_documents_are_most_of_the_text(tmp_path):
    texts = ["a b"] * 40_000 + ["word " * 20_000] * 20
    random.Random(2).shuffle(texts)
    path = tmp_path / "uneven.jsonl"
    path.write_bytes(jsonl([f"{number} {text}" for number, text in enumerate(texts)]))
    options = {"encoding": "bytes", "split": "valid=0.1,test=0.1"}
    found = corpuskit.plan(str(path), **options).estimate
    corpus = corpuskit.prepare(str(path), output=tmp_path / "x", **options)
    for name, split in corpus.items():
        assert found.splits[name].low <= len(split) <= found.splits[name].high
    assert found.splits["valid"].high > 1.5 * found.splits["valid"].value


def test_a_limit_on_tokens_is_judged_by_the_texts_that_come_first(tmp_path):
    path = tmp_path / "short-first.jsonl"
    path.write_bytes(jsonl(["a b"] * 40_000 + ["word " * 2_000] * 200))
    options = {"encoding": "gpt2", "part_bytes": 2**16, "workers": 1, "max_tokens": 60_000}
    found = corpuskit.plan(str(path), **options)
    corpus = corpuskit.prepare(str(path), output=tmp_path / "x", **options)
    on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
    assert found.estimate.output_bytes == pytest.approx(on_disk, rel=0.15)
    assert found.estimate.documents.value == pytest.approx(corpus["train"].num_documents, rel=0.15)


def test_what_a_manifest_says_of_many_tiny_files_is_counted(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number:03}.txt").write_text("a few words")
    found = corpuskit.plan(str(folder), encoding="gpt2").estimate
    corpus = corpuskit.prepare(str(folder), output=tmp_path / "x", encoding="gpt2")
    on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
    assert found.output_bytes == pytest.approx(on_disk, rel=0.15)
