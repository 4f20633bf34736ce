from __future__ import annotations

import json
import shutil

import pytest

import corpuskit
from corpuskit.batches.stream import Piece
from corpuskit.errors import ConfigError
from corpuskit.inspect.lines import InputLines, Place


def places(corpus, folder=None) -> dict[str, str]:
    """The place of each document by its sentence, and why it has no line."""
    pieces = [
        split.document_piece(number) for split in corpus.values() for number in range(split.num_documents)
    ]
    found = InputLines(corpus, folder).find(pieces)
    texts = [corpus.decode(corpus[piece.split].document(piece.document)) for piece in pieces]
    return {text.removesuffix("<|endoftext|>"): place for text, place in zip(texts, found, strict=True)}


def test_each_document_is_at_the_line_or_the_row_where_it_was_written(planted):
    found = places(planted.open())
    assert {text: str(place) for text, place in found.items()} == {
        one.text.removesuffix("====\n"): one.place for one in planted.documents
    }


def test_a_piece_inside_a_text_is_at_the_line_where_it_begins(planted):
    corpus = planted.open()
    data = (planted.inputs / "a.txt").read_bytes()
    split = corpus["train"]
    whole = [p for p in map(split.document_piece, range(split.num_documents)) if p.input == "a.txt"]
    pieces = [
        piece
        for document in whole
        for start in range(document.start, document.stop - 1, 7)
        for piece in split.pieces(start, min(start + 7, document.stop))
    ]
    at = [piece.input_start + piece.start - piece.document_start for piece in pieces]
    expected = [f"a.txt:{data[:start].count(10) + 1}" for start in at]
    assert [str(place) for place in InputLines(corpus).find(pieces)] == expected


@pytest.fixture
def moved(planted, tmp_path):
    """The corpus without its record of where its inputs are, and a copy of the inputs."""
    shutil.copytree(planted.path, tmp_path / "corpus")
    shutil.copytree(planted.inputs, tmp_path / "elsewhere")
    run = json.loads((tmp_path / "corpus/run.json").read_bytes())
    assert run.pop("inputs_folder") == f"{planted.inputs}/"
    (tmp_path / "corpus/run.json").write_text(json.dumps(run))
    return tmp_path


def test_inputs_that_nobody_knows_are_told_by_the_byte_and_what_to_say(moved, planted):
    found = places(corpuskit.open(moved / "corpus"))
    of = {place.input: place for place in found.values()}
    assert str(of["b.jsonl"]).startswith("b.jsonl byte ")
    assert of["b.jsonl"].why == "b.jsonl: not known where it is; say in which folder with --inputs"
    assert str(of["d.csv"]) == "d.csv#4"
    assert of["d.csv"].why == ""
    found = places(corpuskit.open(moved / "corpus"), moved / "elsewhere")
    assert sorted(map(str, found.values())) == sorted(one.place for one in planted.documents)


@pytest.mark.parametrize("damage", ["longer", "gone", "not gzip"])
def test_an_input_that_is_another_file_gives_no_line_and_one_line_of_why(moved, damage):
    path = moved / "elsewhere/more/c.jsonl.gz"
    size = path.stat().st_size
    if damage == "longer":
        path.write_bytes(path.read_bytes() + b"x")
        why = f"{path}: {size + 1:,} bytes, the manifest says {size:,}: it changed since, or is another file"
    elif damage == "gone":
        path.unlink()
        why = f"more/c.jsonl.gz: not in {moved / 'elsewhere'}; say in which folder it is with --inputs"
    else:
        path.write_bytes(b"x" * size)
        why = "more/c.jsonl.gz: its name says gzip but its bytes are not compressed; rename it"
    found = places(corpuskit.open(moved / "corpus"), moved / "elsewhere")
    of = [place for place in found.values() if place.input == "more/c.jsonl.gz"]
    assert {place.line for place in of} == {None}
    assert {place.why for place in of} == {why}
    assert all(place.line for place in found.values() if place.input == "b.jsonl")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "a/../../secret.txt"])
def test_a_name_that_leads_out_of_the_folder_is_not_followed(moved, name):
    manifest = json.loads((moved / "corpus/manifest.json").read_bytes())
    corpus = corpuskit.open(moved / "corpus")
    records = [record.model_copy(update={"name": name}) for record in corpus.manifest.inputs[:1]]
    corpus.manifest = corpus.manifest.model_copy(update={"inputs": records})
    (moved / "secret.txt").write_bytes(b"x" * manifest["inputs"][0]["size_bytes"])
    piece = Piece(0, 1, 0, 0, 1, "train", input=name, input_start=0)
    (place,) = InputLines(corpus, moved / "elsewhere").find([piece])
    assert place == Place(
        name, "byte", 0, None, f"{name}: not known where it is; say in which folder with --inputs"
    )


def test_a_folder_of_inputs_that_is_none_is_refused(planted, tmp_path):
    with pytest.raises(ConfigError, match=r"--inputs .*: there is no such folder"):
        InputLines(planted.open(), tmp_path / "none")


def test_what_was_fetched_is_found_in_the_cache(tmp_path):
    corpus = corpuskit.prepare("tinyshakespeare", encoding="bytes", output=tmp_path / "c", progress=False)
    (place,) = InputLines(corpus).find(corpus["train"].pieces(258_824, 258_825))
    assert str(place) == "input.txt:9644"


def test_archives_have_no_lines_and_say_why(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.txt", "one\n")
        archive.writestr("two.txt", "two\n")
    corpus = corpuskit.prepare(
        str(tmp_path / "a.zip"), encoding="bytes", output=tmp_path / "c", progress=False
    )
    (place,) = InputLines(corpus).find([corpus["train"].document_piece(1)])
    assert str(place) == "a.zip byte 0"
    assert place.why == "a.zip: an archive of several files; unpack it and prepare its folder"


@pytest.mark.parametrize("ending", ["", "\n"])
def test_the_bytes_of_a_line_are_those_between_newlines(tmp_path, ending, monkeypatch):
    lines = ["first\n", "\n", "third line\n", f"é last{ending}"]
    (tmp_path / "a.txt").write_text("".join(lines))
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", output=tmp_path / "c", progress=False
    )
    for block in (1, 3, 2**20):
        monkeypatch.setattr("corpuskit.inspect.lines._READ_BYTES", block)
        found = InputLines(corpus)
        at = 0
        for number, line in enumerate(lines, 1):
            assert found.bounds("a.txt", number) == (at, at + len(line.encode()))
            at += len(line.encode())
        with pytest.raises(ConfigError, match="a.txt:5: the file has 4 lines"):
            found.bounds("a.txt", 5)
        assert [
            str(place) for place in found.find([Piece(0, 1, 0, 0, 1, "train", input="a.txt", input_start=7)])
        ]


def test_a_file_is_meant_by_its_whole_name_or_its_end(planted):
    lines = InputLines(planted.open())
    assert lines.name_of("c.jsonl.gz") == "more/c.jsonl.gz"
    assert lines.name_of(f"{planted.inputs}/a.txt") == "a.txt"
    with pytest.raises(
        ConfigError, match=r"--input x.txt: is no input of this corpus, which has a.txt, b.jsonl, "
    ):
        lines.name_of("x.txt")


@pytest.mark.parametrize("format", ["megatron", "levanter"])
def test_a_corpus_of_an_import_and_a_text_says_what_each_counts(tmp_path, monkeypatch, format):
    monkeypatch.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 2**8)
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    text = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", output=tmp_path / "a", separator="\n", split="none"
    )
    corpuskit.export(text, format, tmp_path / "out")
    said = {"name": "b", "encoding": "bytes", "output": tmp_path / "b"}
    back = corpuskit.import_tokens(tmp_path / "out", format, **said)
    both = corpuskit.concat([back, text], tmp_path / "both")
    again = corpuskit.concat([both, corpuskit.filter(text, tmp_path / "c", min_tokens=1)], tmp_path / "again")
    name = {"megatron": "train.bin", "levanter": "train/shard_ledger.json"}[format]
    for corpus in (both, again):
        split = corpus["train"]
        pieces = [split.document_piece(number) for number in range(4)]
        found = InputLines(corpus, tmp_path).find(pieces)
        assert [str(place) for place in found] == [f"{name}#0", f"{name}#1", "a.txt:1", "a.txt:2"]
