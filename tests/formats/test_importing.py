"""Corpora of other trainers' files, compared with the corpora that the files were exported from."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import corpuskit
from corpuskit.corpus.verification import verify
from corpuskit.errors import ConfigError, CorpusFormatError

MARKED = ("nanogpt", "llmc", "litdata")
INDEXED = ("megatron", "datatrove", "olmo", "safetensors", "parquet", "arrow")
SUFFIXES = (".bin", ".ds", ".npy", ".safetensors", ".parquet", ".arrow")
#: What exports in small files need.
OPTIONS = {
    "datatrove": {"shard_tokens": 40},
    "olmo": {"shard_tokens": 40},
    "llmc": {"shard_tokens": 40},
    "litdata": {"block_size": 5, "shard_tokens": 40},
    "parquet": {"shard_tokens": 40},
    "arrow": {"shard_tokens": 40},
}


@pytest.fixture
def imported(tmp_path):
    def run(format, path="out", **options):
        given = {"name": "back", "encoding": "bytes", "output": tmp_path / "back"} | options
        return corpuskit.import_tokens(tmp_path / path, format, **given)

    return run


def documents(split):
    return [split.document(number).tolist() for number in range(split.num_documents)]


@pytest.mark.parametrize("format", MARKED + INDEXED)
@pytest.mark.usefixtures("small_pieces")
def test_an_export_comes_back_as_it_was(make_corpus, imported, tmp_path, monkeypatch, format):
    monkeypatch.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", 7)
    corpus = make_corpus([f"text {n}".encode() * (n % 5) for n in range(30)], split="valid=0.3")
    corpuskit.export(corpus, format, tmp_path / "out", **OPTIONS.get(format, {}))

    back = imported(format, shard_bytes=50)

    assert [*back] == ["train", "valid"]
    for name, split in corpus.items():
        assert documents(back[name]) == documents(split)
        assert back[name].document_text_bytes().tolist() == split.document_text_bytes().tolist()
    assert [*verify(back)] == []
    assert back.manifest.options["eot"] is True


@pytest.mark.parametrize("format", INDEXED)
def test_documents_without_a_token_come_back_where_the_layout_has_them(
    make_corpus, imported, tmp_path, monkeypatch, format
):
    monkeypatch.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", 3)
    corpus = make_corpus([b"one", b"", b"", b"two three", b""], eot=False)
    corpuskit.export(corpus, format, tmp_path / "out")
    back = imported(format)
    assert documents(back["train"]) == documents(corpus["train"])
    assert back.manifest.options["eot"] is False


def test_a_mask_comes_back_with_its_tokens(tmp_path, imported):
    (tmp_path / "chat.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n' * 5
    )
    corpus = corpuskit.prepare(
        str(tmp_path / "chat.jsonl"),
        encoding="gpt2",
        output=tmp_path / "chat",
        format="chat",
        template="plain",
    )
    corpuskit.export(corpus, "datatrove", tmp_path / "out")
    back = imported("datatrove", encoding="gpt2")
    assert back["train"].stream("loss")[:].tolist() == corpus["train"].stream("loss")[:].tolist()


def test_an_id_in_front_of_each_document_is_found(tmp_path, imported):
    ids = np.array([256, 1, 2, 256, 3, 256, 4, 5], "<u2")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.bin").write_bytes(ids.tobytes())
    back = imported("nanogpt")
    assert documents(back["train"]) == [[256, 1, 2], [256, 3], [256, 4, 5]]
    assert (back.manifest.options["eot"], back.manifest.options["bos"]) == (False, "<|endoftext|>")


@pytest.mark.parametrize(
    ("marks", "expected"),
    [("end", [[256], [1, 2, 256], [3]]), ("start", [[256, 1, 2], [256, 3]]), ("none", [[256, 1, 2, 256, 3]])],
)
def test_where_documents_end_can_be_said(tmp_path, imported, marks, expected):
    (tmp_path / "train.bin").write_bytes(np.array([256, 1, 2, 256, 3], "<u2").tobytes())
    back = imported("nanogpt", "train.bin", documents=marks)
    assert documents(back["train"]) == expected


def test_a_document_goes_on_in_the_next_file_where_files_are_cut_anywhere(tmp_path, imported):
    header = np.zeros(256, "<i4")
    for number, ids in enumerate(([1, 2, 3], [4, 256, 5], [6, 256])):
        header[:3] = 20240520, 1, len(ids)
        data = header.tobytes() + np.array(ids, "<u2").tobytes()
        (tmp_path / f"fineweb_train_{number:06d}.bin").write_bytes(data)
    back = imported("llmc", ".", output=tmp_path / "data" / "back")
    assert documents(back["train"]) == [[1, 2, 3, 4, 256], [5, 6, 256]]
    assert [record.name for record in back.manifest.inputs] == [
        f"fineweb_train_{n:06d}.bin" for n in range(3)
    ]


def test_the_same_files_are_imported_once(make_corpus, imported, tmp_path, caplog):
    corpuskit.export(make_corpus(), "megatron", tmp_path / "out")
    made = imported("megatron")
    before = (made.path / "manifest.json").stat().st_mtime_ns
    with caplog.at_level("INFO"):
        imported("megatron")
    assert (made.path / "manifest.json").stat().st_mtime_ns == before
    assert "holds this import already" in caplog.text


def test_another_corpus_is_replaced_only_when_asked(make_corpus, imported, tmp_path):
    corpuskit.export(make_corpus(), "megatron", tmp_path / "out")
    corpuskit.export(make_corpus([b"other"], name="other"), "megatron", tmp_path / "other_out")
    imported("megatron")
    with pytest.raises(ConfigError, match="its files have changed since; choose another --output"):
        imported("megatron", "other_out")
    with pytest.raises(ConfigError, match="dataset is 'back' there and 'new' now"):
        imported("megatron", name="new")
    assert len(imported("megatron", "other_out", overwrite=True)["train"]) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "uint32"}, "ids is 'uint16' there and 'uint32' now"),
        ({"split": "test"}, "its files have other splits since"),
        ({"documents": "none"}, "documents is 'end' there and 'none' now"),
    ],
)
def test_the_same_files_read_in_another_way_are_another_corpus(tmp_path, imported, options, message):
    np.array([7, 0, 9, 0], "<u2").tofile(tmp_path / "some.bin")
    made = imported("nanogpt", "some.bin")
    with pytest.raises(ConfigError, match=message):
        imported("nanogpt", "some.bin", **options)
    assert imported("nanogpt", "some.bin", dtype="uint16", split="train").fingerprint == made.fingerprint


def test_a_selection_is_not_taken_for_one_of_the_same_ids_in_other_documents(tmp_path, imported):
    np.array([7, 256, 8, 256, 9, 256], "<u2").tofile(tmp_path / "some.bin")
    three = imported("nanogpt", "some.bin")
    one = imported("nanogpt", "some.bin", documents="none", output=tmp_path / "one")
    assert one["train"][:].tolist() == three["train"][:].tolist()
    chosen = corpuskit.select(three["train"], numbers=[0])
    options = {"batch_size": 1, "block_size": 1, "output": "numpy"}
    for refused in (
        lambda: one.batches("train", selection=chosen, **options),
        lambda: one.batches("train", exclude=chosen, **options),
        lambda: corpuskit.filter(one, tmp_path / "filtered", selection=chosen),
    ):
        with pytest.raises(ConfigError, match="another split or corpus"):
            refused()


@pytest.mark.parametrize("name", ["train-00000.bin", "manifest.json"])
def test_a_damaged_import_is_made_again_with_overwrite(make_corpus, imported, tmp_path, name):
    corpuskit.export(make_corpus(), "megatron", tmp_path / "out")
    path = imported("megatron").path / name
    whole = path.read_bytes()
    path.write_bytes(bytes(len(whole)))
    imported("megatron", overwrite=True)
    assert path.read_bytes() == whole


def test_files_inside_the_output_are_not_replaced(make_corpus, imported, tmp_path):
    corpus = make_corpus()
    with pytest.raises(ConfigError, match="choose another --output"):
        imported("nanogpt", "corpus", output=corpus.path, overwrite=True)


@pytest.mark.parametrize("format", MARKED + INDEXED)
def test_a_file_that_is_cut_is_refused_and_nothing_is_left(make_corpus, imported, tmp_path, format):
    corpuskit.export(make_corpus(), format, tmp_path / "out", **OPTIONS.get(format, {}))
    largest = max(
        (path for path in (tmp_path / "out").rglob("*") if path.suffix in SUFFIXES),
        key=lambda path: path.stat().st_size,
    )
    largest.write_bytes(largest.read_bytes()[:-1])
    with pytest.raises(CorpusFormatError, match="cut short"):
        imported(format)
    assert not (tmp_path / "back").exists()


#: In a process of its own: a file that is mapped and cut short ends the process that looks at its pages.
CUT = """
import os, sys
from pathlib import Path
import corpuskit
from corpuskit.errors import CorpusFormatError
from corpuskit.formats import foreign, foreign_tables

foreign.BLOCK_TOKENS = foreign_tables._ROWS = 4096
folder = Path(sys.argv[1])

def cut(progress):
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size > 20_000:
            os.truncate(path, 8192)

try:
    corpuskit.import_tokens(
        folder, sys.argv[2], name="back", encoding="bytes", output=sys.argv[3], on_progress=cut
    )
except CorpusFormatError as error:
    print(error)
"""


@pytest.mark.parametrize("format", ["nanogpt", "megatron", "levanter", "arrow", "parquet"])
def test_a_file_that_is_cut_while_it_is_read_is_named_and_nothing_is_left(make_corpus, tmp_path, format):
    corpus = make_corpus([b"%d words " % number * 60 for number in range(600)], shard_bytes=2**30)
    corpuskit.export(corpus, format, tmp_path / "out")
    command = [sys.executable, "-c", CUT, str(tmp_path / "out"), format, str(tmp_path / "back")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"{tmp_path}/out/.*(cut short|was changed while it was read).*\n", done.stdout)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "corpus.txt", "out"]


def test_a_file_that_is_replaced_while_it_is_read_is_refused(tmp_path, imported):
    (tmp_path / "train.bin").write_bytes(bytes(100))
    (tmp_path / "new").write_bytes(bytes(98) + b"\1\0")
    os.utime(tmp_path / "new", ns=(0, (tmp_path / "train.bin").stat().st_mtime_ns))

    def replace(progress):
        if (tmp_path / "new").exists():
            (tmp_path / "new").replace(tmp_path / "train.bin")

    with pytest.raises(
        CorpusFormatError, match=r"train\.bin: was changed while it was read; import it again"
    ):
        imported("nanogpt", "train.bin", on_progress=replace)
    assert [path.name for path in tmp_path.iterdir()] == ["train.bin"]


def test_an_id_outside_the_vocabulary_is_refused_and_nothing_is_left(tmp_path, imported):
    (tmp_path / "train.bin").write_bytes(np.array([1, 2, 257], "<u2").tobytes())
    with pytest.raises(
        CorpusFormatError, match=r"token 2 is 257, and the ids of 'bytes' go from 0 to 256; .*--encoding"
    ):
        imported("nanogpt", "train.bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.bin"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "chars"}, "its vocabulary is made from text"),
        ({"dtype": "float32"}, "--dtype float32: expected one of uint8"),
        ({"documents": "all"}, "--documents all: expected one of auto"),
        ({"split": "../up"}, "--split ../up: a split's name"),
        ({"shard_bytes": "many"}, "--shard-bytes 'many': expected a number of bytes"),
        ({"shard_bytes": 1}, "--shard-bytes = 1: must be a whole number, 4 or more"),
    ],
)
def test_an_option_that_is_impossible_is_named(tmp_path, imported, options, message):
    (tmp_path / "train.bin").write_bytes(b"\1\0")
    with pytest.raises(ConfigError, match=message):
        imported("nanogpt", "train.bin", **options)


@pytest.mark.parametrize(("format", "beside"), [("datatrove", "train.ds.index"), ("olmo", "part-0.csv.gz")])
def test_a_pipe_beside_a_file_is_refused_at_once(tmp_path, imported, format, beside):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / {"datatrove": "train.ds", "olmo": "part-0.npy"}[format]).write_bytes(b"\1\0\2\0")
    os.mkfifo(tmp_path / "out" / beside)
    with pytest.raises(CorpusFormatError, match=rf"{beside}: cannot be read: it is a named pipe, not a file"):
        imported(format)


def test_files_without_a_token_are_refused_by_their_own_name(tmp_path, imported):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.bin").touch()
    with pytest.raises(CorpusFormatError, match=r"out: its files hold no tokens; name other files$"):
        imported("nanogpt")


@pytest.mark.parametrize("format", MARKED + INDEXED)
def test_what_is_not_there_is_named(tmp_path, imported, format):
    with pytest.raises(CorpusFormatError, match="nowhere.*: cannot be read: No such file"):
        imported(format, "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusFormatError, match=r"empty: no file in it is called \*"):
        imported(format, "empty")


def test_the_bytes_of_text_are_not_known_where_the_tokenizer_does_not_tell(
    make_corpus, tmp_path, imported, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.importing.text_sizes", lambda tokenizer: None)
    (tmp_path / "train.bin").write_bytes(np.array([1, 2, 256], "<u2").tobytes())
    back = imported("nanogpt", "train.bin")
    with pytest.raises(ConfigError, match="these are token files, and tokenizer 'bytes' does not tell"):
        back["train"].document_text_bytes()
    with pytest.raises(ConfigError, match="text_bytes.*; the columns are document, num_tokens"):
        corpuskit.select(back["train"], "text_bytes > 0")
    known = make_corpus(name="known")
    for number, parents in enumerate(([back, known], [known, back])):
        both = corpuskit.concat(parents, tmp_path / f"both{number}")
        with pytest.raises(ConfigError, match="the bytes of text are not known"):
            both["train"].document_text_bytes()


def test_rows_come_back_as_one_stream(make_corpus, imported, tmp_path):
    corpus = make_corpus()
    corpuskit.export(corpus, "mds", tmp_path / "out", block_size=5, shard_tokens=20)
    back = imported("mds")
    ids = corpus["train"][:]
    assert back["train"][:].tolist() == ids[: len(ids) // 5 * 5].tolist()
    assert documents(back["train"])[:3] == documents(corpus["train"])[:3]


@pytest.mark.parametrize("format", ["parquet", "safetensors"])
def test_files_that_say_another_tokenizer_are_refused(make_corpus, imported, tmp_path, format):
    corpuskit.export(make_corpus(), format, tmp_path / "out")
    with pytest.raises(
        CorpusFormatError, match=r"its ids are of 'bytes', whose .*, and --encoding gpt2 has '[0-9a-f]{16}'"
    ):
        imported(format, encoding="gpt2")
    assert not (tmp_path / "back").exists()


def test_fields_and_a_mask_come_back_from_a_table(tmp_path, imported):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "input_ids": [[1, 2, 256], [3, 256]],
        "loss_mask": [[False, True, True], [True, False]],
        "url": [None, "a"],
        "score": [0.5, None],
    }
    parquet.write_table(pa.table(columns), tmp_path / "train.parquet")
    split = imported("parquet", "train.parquet")["train"]
    assert split.fields().to_pylist() == [{"url": None, "score": 0.5}, {"url": "a", "score": None}]
    assert split.stream("loss")[:].tolist() == [0, 1, 1, 1, 0]


def test_places_in_a_store_are_refused_by_their_own_name(tmp_path, imported, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.bin").write_bytes(b"\1\0")
    for options in ({"path": "s3://a/b"}, {"path": "train.bin", "output": "s3://a/b"}):
        given = {"name": "a", "encoding": "bytes", "format": "nanogpt"} | options
        with pytest.raises(ConfigError, match=r"^(--output )?s3://a/b: (token files|the corpus is written)"):
            corpuskit.import_tokens(**given)
    with pytest.raises(ConfigError, match=r"^s3://a/b: "):
        corpuskit.open_foreign("s3://a/b", "nanogpt", encoding="bytes")
    assert [path.name for path in tmp_path.iterdir()] == ["train.bin"]
    assert (
        len(corpuskit.open_foreign((tmp_path / "train.bin").as_uri(), "nanogpt", encoding="bytes")["train"])
        == 1
    )
