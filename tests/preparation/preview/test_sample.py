"""What a plan says beside what the preparation then makes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import random
import zipfile

import pytest

import corpuskit
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


def test_long_texts_are_judged_by_more_than_their_beginnings(compare):
    generator = random.Random(5)
    texts = [
        "the licence of the file " * 400 + "".join(generator.choices("(){}=+", k=60_000)) for _ in range(40)
    ]
    limits = Limits(read_bytes=20_000_000, encode_bytes=ENCODE_BYTES)
    found, truth = compare("records.jsonl", jsonl, texts, {}, limits)
    assert found.sample.encoded_bytes < 0.2 * truth["text_bytes"]
    assert_near(found, truth)


def test_a_limit_on_tokens_is_judged_by_the_texts_that_come_first(tmp_path):
    path = tmp_path / "short-first.jsonl"
    path.write_bytes(jsonl(["a b"] * 40_000 + ["word " * 2_000] * 200))
    options = {"encoding": "gpt2", "part_bytes": 2**16, "workers": 1, "max_tokens": 60_000}
    found = corpuskit.plan(str(path), **options)
    corpus = corpuskit.prepare(str(path), output=tmp_path / "x", **options)
    on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
    assert found.estimate.output_bytes == pytest.approx(on_disk, rel=0.15)
    assert found.estimate.documents.value == pytest.approx(corpus["train"].num_documents, rel=0.15)
