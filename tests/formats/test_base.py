from __future__ import annotations

import json
import logging
import shutil

import numpy as np
import pytest

import corpuskit
from corpuskit import storage
from corpuskit.corpus import Corpus
from corpuskit.errors import ConfigError, PluginError, StorageError
from corpuskit.formats.megatron import Megatron
from corpuskit.formats.nanogpt import NanoGPT
from corpuskit.formats.options import ExportOptions


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_export_json_says_what_the_files_are_made_of(make_corpus, tmp_path):
    corpus = make_corpus()
    (file, described) = NanoGPT().write(corpus, tmp_path / "deep" / "out")
    value = json.loads(described.read_bytes())
    assert value["corpus"] == corpus.fingerprint
    assert value["tokenizer"]["name"] == "bytes"
    assert value["splits"] == {"train": {"num_tokens": len(corpus["train"]), "num_documents": 4}}
    assert [record["file"] for record in value["files"]] == [file.name]


def test_two_exports_are_the_same_bytes(make_corpus, tmp_path):
    corpus = make_corpus()
    one, two = (Megatron().write(corpus, tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_a_split_without_tokens_is_refused(make_corpus, tmp_path):
    corpus = make_corpus([b"only one"], split="valid=0.0000001")
    assert len(corpus["valid"]) == 0
    with pytest.raises(ConfigError, match=r"split 'valid' has no tokens, .* others with --split train$"):
        NanoGPT().write(corpus, tmp_path / "out")
    NanoGPT().write(corpus, tmp_path / "out", splits=["train", "train"])
    assert names(tmp_path / "out") == {"train.bin", "export.json"}


def test_a_split_that_is_there_or_that_no_trainer_needs_is_not_mentioned(make_corpus, tmp_path, caplog):
    Megatron().write(make_corpus(), tmp_path / "megatron")
    both = make_corpus([str(number).encode() for number in range(40)], name="both", split="valid=0.5")
    NanoGPT().write(both, tmp_path / "all")
    NanoGPT().write(both, tmp_path / "some", splits=["train"])
    assert caplog.text == ""


def test_a_split_that_is_not_there_is_named(make_corpus, tmp_path):
    with pytest.raises(ConfigError, match="has no split 'test'; it has train"):
        NanoGPT().write(make_corpus(), tmp_path / "out", splits=["test"])


def test_an_empty_folder_is_taken(make_corpus, tmp_path):
    (tmp_path / "out").mkdir()
    NanoGPT().write(make_corpus(), tmp_path / "out")
    assert names(tmp_path / "out") == {"train.bin", "export.json"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.fault("D9")
def test_only_an_export_is_ever_replaced(make_corpus, tmp_path, overwrite):
    corpus = make_corpus()
    NanoGPT().write(corpus, tmp_path / "out")
    (tmp_path / "out" / "prepare.py").write_text("print('mine')")
    with pytest.raises(ConfigError, match=r"holds 'prepare\.py', which no export wrote; choose another"):
        NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(meta=True), overwrite=overwrite)
    with pytest.raises(ConfigError, match="which no export wrote"):
        NanoGPT().write(corpus, corpus.path, overwrite=overwrite)
    assert names(tmp_path / "out") == {"train.bin", "export.json", "prepare.py"}
    assert Corpus(corpus.path).fingerprint == corpus.fingerprint


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": [1]}', b'{"files": 3}', b"[" * 100_000])
def test_a_folder_with_a_broken_description_is_not_an_export(make_corpus, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "export.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"holds 'export\.json', which no export wrote"):
        NanoGPT().write(make_corpus(), tmp_path / "out", overwrite=True)


@pytest.mark.fault("D9")
def test_a_file_and_a_link_are_not_folders(make_corpus, tmp_path):
    corpus = make_corpus()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("file", "link"):
        with pytest.raises(ConfigError, match="is not a folder; choose another --output"):
            NanoGPT().write(corpus, tmp_path / name, overwrite=True)


def test_another_export_that_was_first_is_kept(make_corpus, tmp_path):
    corpus = make_corpus()

    def rival(*_):
        if not (tmp_path / "out").exists():
            Megatron().write(corpus, tmp_path / "out")

    with pytest.raises(StorageError, match="it exists already"):
        NanoGPT().write(corpus, tmp_path / "out", on_progress=rival)
    assert names(tmp_path / "out") == {"train.bin", "train.idx", "export.json"}
    assert names(tmp_path) == {"corpus", "corpus.txt", "out"}


def test_the_same_export_that_was_first_is_as_good(make_corpus, tmp_path, monkeypatch):
    corpus, commit = make_corpus(), storage.commit_directory

    def late(staged, final, *, replace):
        shutil.copytree(staged, final)
        commit(staged, final, replace=replace)

    monkeypatch.setattr(storage, "commit_directory", late)
    files = Megatron().write(corpus, tmp_path / "out")
    assert [path.name for path in files] == ["train.bin", "train.idx", "export.json"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_a_killed_run_left_is_named_and_kept(make_corpus, tmp_path, caplog):
    left = tmp_path / ".out.host.1.0123456789abcdef.tmp"
    left.mkdir()
    with caplog.at_level(logging.WARNING, "corpuskit"):
        NanoGPT().write(make_corpus(), tmp_path / "out")
    assert str(left) in caplog.text
    assert left.exists()


def test_a_pipe_in_the_place_of_an_exports_description_is_no_export(make_corpus, tmp_path):
    import os

    corpus = make_corpus()
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out/export.json")
    with pytest.raises(ConfigError, match="which no export wrote"):
        Megatron().write(corpus, tmp_path / "out", overwrite=True)


def test_an_open_corpus_is_exported_as_it_was_opened(make_corpus, tmp_path):
    old = Corpus(make_corpus([b"the old one"]).path)
    expected = old["train"][:].tolist()
    shutil.rmtree(old.path)
    make_corpus([b"a new one in its place"])
    NanoGPT().write(old, tmp_path / "out")
    assert np.fromfile(tmp_path / "out" / "train.bin", np.uint16).tolist() == expected


def test_an_export_that_is_there_is_not_made_again(make_corpus, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    corpus, output = make_corpus(), tmp_path / "out"
    files = NanoGPT().write(corpus, output)
    made = files[0].stat().st_mtime_ns
    (output / "notes.txt").write_text("of the user's own")
    assert NanoGPT().write(corpus, output) == files
    assert files[0].stat().st_mtime_ns == made
    assert f"{output} holds this export already; nothing was changed" in caplog.messages


def test_another_export_is_no_reason_to_leave_it_alone(make_corpus, tmp_path):
    corpus, output = make_corpus(split="valid=0.4"), tmp_path / "out"
    NanoGPT().write(corpus, output)
    other = make_corpus([b"another text"], name="other")
    for format, exported, options in (
        (NanoGPT(), corpus, {"splits": ["train"]}),
        (NanoGPT(), corpus, {"options": ExportOptions(meta=True)}),
        (NanoGPT(), other, {}),
        (Megatron(), corpus, {}),
    ):
        assert format.find(exported, output, **options) is None
        with pytest.raises(ConfigError, match="holds another export already; replace it with --overwrite"):
            format.write(exported, output, **options)
    NanoGPT().write(corpus, output, options=ExportOptions(meta=True), overwrite=True)
    assert NanoGPT().find(corpus, output, options=ExportOptions(meta=True))[-2:] == [
        output / "meta.pkl",
        output / "export.json",
    ]
    assert NanoGPT().find(corpus, output)  # what was asked for is there


def test_the_same_tokens_with_other_fields_are_another_export(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.jsonl").write_text('{"text": "x", "a": 1, "b": 2}\n{"text": "y", "a": 1, "b": 2}\n')
    corpora = [
        corpuskit.prepare(
            str(tmp_path / "a.jsonl"),
            encoding="bytes",
            eot=False,
            keep=keep,
            name="one",
            output=tmp_path / keep,
        )
        for keep in ("a", "b")
    ]
    corpuskit.export(corpora[0], "arrow", tmp_path / "out")
    assert corpora[0].fingerprint == corpora[1].fingerprint
    with pytest.raises(ConfigError, match="holds another export already"):
        corpuskit.export(corpora[1], "arrow", tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "gone", "link", "not JSON", "another shape"])
def test_an_export_that_is_not_whole_is_not_there(make_corpus, tmp_path, damage):
    corpus, output = make_corpus(), tmp_path / "out"
    file = NanoGPT().write(corpus, output)[0]
    if damage == "cut":
        file.write_bytes(b"")
    elif damage in ("gone", "link"):
        file.rename(tmp_path / "elsewhere")
        if damage == "link":
            file.symlink_to(tmp_path / "elsewhere")
    else:
        text = "{" if damage == "not JSON" else '{"files": [{"file": "train.bin"}]}'
        (output / "export.json").write_text(text)
    assert NanoGPT().find(corpus, output) is None


def test_a_meta_file_that_nobody_writes_is_refused_before_anything_is_written(make_corpus, tmp_path):
    class Forgetful(Megatron):
        meta_file = "meta.json"
        options_taken = ("meta",)

    with pytest.raises(
        PluginError, match=r"format 'megatron' failed: it takes meta, and lacks meta_file or write_meta"
    ):
        Forgetful().write(make_corpus(), tmp_path / "out", options=ExportOptions(meta=True))
    assert not (tmp_path / "out").exists()
