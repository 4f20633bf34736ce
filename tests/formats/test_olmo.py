"""OLMo-core's files."""

from __future__ import annotations

import csv
import gzip
import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.olmo import Olmo, _lines
from corpuskit.formats.options import ExportOptions
from corpuskit.testing import FormatSuite


def read(folder, dtype=np.uint16):
    """A split's documents, as its files' names, bytes and lines have them."""
    documents = []
    for path in sorted(folder.glob("*.npy")):
        ids = np.fromfile(path, dtype)
        with gzip.open(path.with_suffix("").with_suffix(".csv.gz"), "rt", newline="") as file:
            rows = [*csv.reader(file)]
        bounds = [(int(row[0]), int(row[1])) for row in rows]
        assert [stop for _, stop in bounds][:-1] == [start for start, _ in bounds][1:]
        assert bounds[0][0] == 0
        assert bounds[-1][1] == len(ids)
        assert [int(row[2]) for row in rows] == [int(row[4]) for row in rows]
        assert int(rows[0][2]) == len(documents)
        documents += [ids[start:stop].tolist() for start, stop in bounds]
    return documents


def documents(split):
    ends = [0, *split.document_ends().tolist()]
    return [split[start:end].tolist() for start, end in itertools.pairwise(ends)]


class TestOlmo(FormatSuite):
    @pytest.fixture
    def format(self):
        return Olmo()

    def read(self, folder, split):
        dtype = np.uint16 if '"vocab_size": 257' in (folder / "export.json").read_text() else np.uint32
        return np.concatenate([np.fromfile(path, dtype) for path in sorted((folder / split).glob("*.npy"))])


@pytest.mark.parametrize("shard_tokens", [None, 1, 8, 9, 55, 56, 57, 1000])
def test_no_document_crosses_a_file(make_corpus, tmp_path, small_pieces, shard_tokens):
    texts = [f"{number} ".encode() * (number % 9) for number in range(40)]
    corpus = make_corpus(texts, split="valid=0.4", shard_bytes=100)
    Olmo().write(corpus, tmp_path / "out", options=ExportOptions(shard_tokens=shard_tokens))
    for name, split in corpus.items():
        assert read(tmp_path / "out" / name) == documents(split)
        sizes = [path.stat().st_size // 2 for path in (tmp_path / "out" / name).glob("*.npy")]
        assert max(sizes) <= max(shard_tokens or 10**9, *map(len, documents(split)))
        assert (len(sizes) == 1) == (shard_tokens in (None, 1000))


def test_a_name_with_commas_and_a_vocabulary_of_one_byte(make_corpus, tmp_path, caplog):
    corpus = make_corpus([b"one", b"two"], name='a "b", c', encoding="chars", eot=False)
    Olmo().write(corpus, tmp_path / "out")
    assert read(tmp_path / "out" / "train") == documents(corpus["train"])
    assert "data set dtype=NumpyDatasetDType.uint16" in caplog.text


@given(lengths=st.lists(st.integers(0, 10**12), min_size=1, max_size=20), first=st.integers(0, 10**9))
def test_lines_are_those_that_print_would_write(lengths, first):
    ends = np.cumsum(np.array(lengths, np.int64))
    starts = ends - np.array(lengths, np.int64)
    expected = "".join(
        f"{start},{end},{first + number},é,{first + number}\n"
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    assert _lines(starts, ends, first, "é".encode()).decode() == expected


def test_olmo_core_reads_it(make_corpus, tmp_path):
    pytest.importorskip("olmo_core", reason="ai2-olmo-core is not installed")
    from olmo_core.data.utils import iter_document_indices

    corpus = make_corpus([b"one", b"", b"three " * 9], split="none")
    Olmo().write(corpus, tmp_path / "out", options=ExportOptions(shard_tokens=20))
    found = []
    for path in sorted((tmp_path / "out" / "train").glob("*.npy")):
        ids = np.memmap(path, np.uint16, "r")
        by_id = [*iter_document_indices(path, eos_token_id=corpus.tokenizer.eot_id, dtype=np.uint16)]
        by_file = [*iter_document_indices(path)]
        assert by_id == by_file
        found += [ids[start:stop].tolist() for start, stop in by_file]
    assert found == documents(corpus["train"])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), file_tokens=st.none() | st.integers(1, 20))
def test_every_document_comes_back(draw_corpus, data, file_tokens):
    corpus, output, documents = draw_corpus(data)
    Olmo().write(corpus, output, options=ExportOptions(shard_tokens=file_tokens))
    assert read(output / "train", corpus.manifest.dtype) == documents


def _imported(folder):
    return corpuskit.import_tokens(
        folder, "olmo", name="back", encoding="bytes", output=folder.parent / "back", dtype="uint16"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"0,1,a,b,0\n2,4,a,b,1\n", "documents that do not follow one another"),
        (b"0,2,a\nx,y\n", "a line that does not begin with two numbers"),
        (b"0\n2\n", "a line that does not begin with two numbers"),
        (b"0,9\n", "documents end at places that fall, or lie behind the 4 ids"),
        (b"0," + b"1" * 70_000, "a line of more than 65,536 bytes"),
    ],
)
def test_documents_that_cannot_be_are_refused(tmp_path, lines, message):
    folder = tmp_path / "olmo"
    folder.mkdir()
    (folder / "part-0-00000.npy").write_bytes(np.arange(4, dtype="<u2").tobytes())
    (folder / "part-0-00000.csv.gz").write_bytes(gzip.compress(lines))
    with pytest.raises(CorpusFormatError, match=message):
        _imported(folder)
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("data", [gzip.compress(b"0,4,a\n", mtime=0)[:-9], b"0,4,a\n"])
def test_documents_that_are_cut_off_or_not_packed_are_refused(tmp_path, data):
    folder = tmp_path / "olmo"
    folder.mkdir()
    (folder / "part-0-00000.npy").write_bytes(np.arange(4, dtype="<u2").tobytes())
    (folder / "part-0-00000.csv.gz").write_bytes(data)
    with pytest.raises(CorpusFormatError, match="an end that is cut off|bytes that are not gzip's"):
        _imported(folder)


def test_documents_that_were_packed_in_several_pieces_are_all_read(tmp_path):
    folder = tmp_path / "olmo"
    folder.mkdir()
    (folder / "part-0-00000.npy").write_bytes(np.arange(4, dtype="<u2").tobytes())
    packed = gzip.compress(b"0,1,a\n1,") + gzip.compress(b"") + gzip.compress(b"2,b\n2,4,c\n")
    (folder / "part-0-00000.csv.gz").write_bytes(packed)
    assert documents(_imported(folder)["train"]) == [[0], [1], [2, 3]]
    (folder / "part-0-00000.csv.gz").write_bytes(packed + b"and more")
    with pytest.raises(CorpusFormatError, match="bytes that are not gzip's"):
        _imported(folder)


def test_numpy_s_own_files_are_refused(tmp_path):
    folder = tmp_path / "olmo"
    folder.mkdir()
    np.save(folder / "part-0-00000.npy", np.arange(4, dtype="<u2"))
    with pytest.raises(CorpusFormatError, match="begins with NumPy's header"):
        _imported(folder)
