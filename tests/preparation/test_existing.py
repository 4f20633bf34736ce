"""What is in a corpus's place already: found again, replaced only when asked for, never lost."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.sources.user_files import UserFiles


def test_second_run_changes_nothing(prose, tmp_path):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    before = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    assert {path.name: path.stat().st_mtime_ns for path in output.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "prose.txt"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoding": "chars"}, "encoding is 'bytes' there and 'chars' now"),
        ({"split": "none"}, "split is 'characters:0.1' there and 'none' now"),
        ({"eot": True}, "eot is False there and True now"),
        ({"name": "other"}, "dataset is 'prose' there and 'other' now"),
        ({"lines": True}, "lines is None there and True now"),
        ({"max_tokens": 100}, "max_tokens is None there and 100 now"),
    ],
)
def test_other_options_in_the_same_place_are_an_error_that_says_which(prose, tmp_path, change, message):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output, split="characters:0.1", eot=False)
    manifest = (output / "manifest.json").read_bytes()
    options = {"encoding": "bytes", "split": "characters:0.1", "eot": False, **change}
    with pytest.raises(ConfigError, match=message):
        corpuskit.prepare(str(prose), output=output, **options)
    assert (output / "manifest.json").read_bytes() == manifest
    corpus = corpuskit.prepare(str(prose), output=output, overwrite=True, **options)
    assert corpus.path == output
    assert corpuskit.verify(output) == []
    assert (output / "manifest.json").read_bytes() != manifest


@pytest.mark.fault("K3")
def test_changed_input_in_the_same_place_is_an_error(prose, tmp_path):
    corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus")
    prose.write_bytes(prose.read_bytes().replace(b"the", b"THE", 1))
    with pytest.raises(ConfigError, match=r"its inputs have changed since \(prose.txt has changed\)"):
        corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus")


@pytest.mark.fault("D9", "K2")
def test_existing_folder_that_is_no_corpus_is_left_alone(prose, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="precious exists and is not a corpus"):
        corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "precious", overwrite=True)
    assert (tmp_path / "precious" / "thesis.tex").exists()


@pytest.mark.parametrize(
    "read", ["./texts/", "file://{}/texts", "@list", "texts/**/*", "file://{}/te?ts/*/*.json", "link"]
)
def test_a_place_where_text_is_looked_for_is_refused(tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one.txt").write_text("text")
    (tmp_path / "link").symlink_to("texts")
    (tmp_path / "list").write_text("texts/one.txt\ntexts\n")
    with pytest.raises(ConfigError, match="corpus is where '.*(te.ts|link).*' finds text: the next time"):
        corpuskit.prepare(read.format(tmp_path), encoding="bytes", output=tmp_path / "texts" / "corpus")
    assert [path.name for path in (tmp_path / "texts").iterdir()] == ["one.txt"]


def test_a_place_beside_the_text_that_a_glob_matches_is_as_good_as_any(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.txt").write_text("text")
    for number, read in enumerate(("*", "**/*.txt", "./one.txt")):
        output = tmp_path / f"corpus{number}"
        assert corpuskit.prepare(read, encoding="bytes", output=output, progress=False).path == output


def test_a_place_that_inputs_are_in_is_refused(prose, tmp_path):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with pytest.raises(ConfigError, match=r"run\.json is in .*corpus, which the corpus would replace"):
        corpuskit.prepare(
            f"{output}/run.json", format="text", encoding="bytes", output=output, overwrite=True
        )
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


@pytest.mark.fault("D9")
def test_a_folder_of_others_with_files_of_such_names_is_not_replaced(prose, tmp_path):
    folder = tmp_path / "megatron"
    folder.mkdir()
    theirs = {"manifest.json": b'{"name": "mine"}', "mine-00000.bin": b"ids", "mine-00000.idx": b"MMIDIDX"}
    for name, data in theirs.items():
        (folder / name).write_bytes(data)
    with pytest.raises(CorpusFormatError, match="not a manifest"):
        corpuskit.prepare(str(prose), encoding="bytes", output=folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == theirs


@pytest.mark.parametrize("damage", [b"", b"{"])
@pytest.mark.fault("D9")
def test_a_damaged_corpus_with_a_strangers_file_is_not_replaced(prose, tmp_path, damage):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    (output / "notes.txt").write_text("mine")
    (output / "manifest.json").write_bytes(damage)
    with pytest.raises(ConfigError, match=r"holds 'notes\.txt', which no corpus has"):
        corpuskit.prepare(str(prose), encoding="bytes", output=output, overwrite=True)
    assert (output / "notes.txt").read_text() == "mine"


def test_a_damaged_corpus_is_not_replaced_unasked(prose, tmp_path):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    (output / "train-00000.idx").unlink()
    with pytest.raises(CorpusFormatError, match="make the corpus again with --overwrite"):
        corpuskit.prepare(str(prose), encoding="bytes", output=output)


def test_a_sound_corpus_stays_as_it_is_with_overwrite(prose, tmp_path):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    before = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    corpuskit.prepare(str(prose), encoding="bytes", output=output, overwrite=True)
    assert {path.name: path.stat().st_mtime_ns for path in output.iterdir()} == before


def test_a_corpus_of_another_tokenizer_is_replaced_where_the_error_says_so(prose, tmp_path):
    """Even one whose name alone decides the ids: its author may have changed it."""
    options = {"encoding": "bytes", "output": tmp_path / "corpus", "progress": False}
    made = corpuskit.prepare(prose, **options)
    manifest = json.loads((made.path / "manifest.json").read_bytes())
    del manifest["sha256"]
    manifest["tokenizer"]["fingerprint"] = "f" * 64
    (made.path / "manifest.json").write_bytes(sealed.to_bytes(manifest))
    with pytest.raises(CorpusFormatError, match="make it again with --overwrite"):
        corpuskit.open(made.path).decode([65])
    again = corpuskit.prepare(prose, overwrite=True, **options)
    assert again.decode([65]) == "A"


def test_inputs_are_hashed_once_to_see_that_they_changed_and_once_to_prepare_them(
    prose, tmp_path, monkeypatch
):
    corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus")
    prose.write_bytes(prose.read_bytes().replace(b"the", b"THE", 1))
    digest = UserFiles.digest

    def counted(self, item):
        with (tmp_path / "hashed").open("a") as file:  # by this process, or by one that hashes beside it
            file.write("x")
        return digest(self, item)

    monkeypatch.setattr(UserFiles, "digest", counted)
    corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus", overwrite=True)
    assert (tmp_path / "hashed").read_text() == "xx"


def test_no_input_is_hashed_where_names_or_sizes_tell(prose, tmp_path, monkeypatch):
    corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus")
    prose.write_bytes(prose.read_bytes() + b"more")
    monkeypatch.setattr(UserFiles, "digest", lambda self, item: pytest.fail("hashed"))
    with pytest.raises(ConfigError, match=r"its inputs have changed since \(prose.txt has changed\)"):
        corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "corpus")
