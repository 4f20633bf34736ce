from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, SourceError, StorageError, UnknownName
from corpuskit.tokenizers.opening import open_tokenizer

COUNTS = {
    "gpt2": (301_966, 36_059, "<u2"),
    "r50k_base": (301_966, 36_059, "<u2"),
    "p50k_base": (301_963, 36_059, "<u2"),
    "p50k_edit": (301_963, 36_059, "<u2"),
    "cl100k_base": (270_360, 31_469, "<u4"),
    "o200k_base": (266_643, 30_963, "<u4"),
    "o200k_harmony": (266_643, 30_963, "<u4"),
    "bytes": (1_003_854, 111_540, "<u2"),
    "chars": (1_003_854, 111_540, "<u2"),
}


@pytest.mark.parametrize("encoding", COUNTS)
def test_tinyshakespeare_has_the_known_counts_with_no_network(shakespeare, tmp_path, monkeypatch, encoding):
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    corpus = corpuskit.prepare(
        "tinyshakespeare", encoding=encoding, location=str(shakespeare), output=tmp_path / "corpus"
    )
    train, valid, dtype = COUNTS[encoding]
    assert (len(corpus["train"]), len(corpus["valid"]), corpus.manifest.dtype) == (train, valid, dtype)
    text = shakespeare.read_text()
    assert corpus.decode(corpus["valid"][:]) == text[int(0.9 * len(text)) :]


def test_shards_are_what_nanogpt_writes(shakespeare, tmp_path):
    corpus = corpuskit.prepare("tinyshakespeare", location=str(shakespeare), output=tmp_path / "corpus")
    text = shakespeare.read_text()
    cut = int(len(text) * 0.9)
    encoding = open_tokenizer("gpt2")
    for split, part in (("train", text[:cut]), ("valid", text[cut:])):
        np.array(encoding.encode(part), np.uint16).tofile(tmp_path / "expected.bin")
        made = corpus.path / f"{split}-00000.bin"
        assert made.read_bytes() == (tmp_path / "expected.bin").read_bytes()


def test_chars_are_nanogpts_shakespeare_char(shakespeare, tmp_path):
    corpus = corpuskit.prepare(
        "tinyshakespeare", encoding="chars", location=str(shakespeare), output=tmp_path / "corpus"
    )
    text = shakespeare.read_text()
    ids = {character: number for number, character in enumerate(sorted(set(text)))}
    assert corpus.manifest.tokenizer.vocab_size == len(ids) == 65
    assert corpus["train"][:1000].tolist() == [ids[character] for character in text[:1000]]
    reopened = corpuskit.open(corpus.path)
    assert reopened.decode(reopened["train"][:20]) == text[:20]


def test_failed_overwrite_keeps_the_old_corpus(prose, tmp_path):
    output = tmp_path / "corpus"
    corpuskit.prepare(str(prose), encoding="bytes", output=output)
    prose.write_bytes(prose.read_bytes() + b"\xff")
    with pytest.raises(SourceError, match="invalid UTF-8"):
        corpuskit.prepare(str(prose), encoding="bytes", output=output, overwrite=True)
    assert corpuskit.verify(output) == []


@pytest.mark.fault("T1")
def test_invalid_utf8_names_the_file_and_the_byte(tmp_path):
    text = tmp_path / "broken.txt"
    text.write_bytes(b"good\nbad \xff here\n")
    with pytest.raises(SourceError, match=r"broken.txt:2: invalid UTF-8 .* at byte 9"):
        corpuskit.prepare(str(text), encoding="bytes", output=tmp_path / "corpus", split="none")
    corpus = corpuskit.prepare(
        str(text), encoding="bytes", output=tmp_path / "corpus", split="none", invalid_utf8="replace"
    )
    assert corpus.decode(corpus["train"][:]).startswith("good\nbad \ufffd here\n")
    assert corpus.manifest.left_out == {"invalid-utf8": 1}


def test_unknown_names_are_found_before_any_work(prose, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'tinyshakespeare'"):
        corpuskit.prepare("tinyshakespear", output=tmp_path / "x")
    with pytest.raises(UnknownName, match="unknown tokenizer 'gtp2'; did you mean 'gpt2'"):
        corpuskit.prepare(str(prose), encoding="gtp2", output=tmp_path / "x")
    with pytest.raises(UnknownName, match="unknown executor 'moon'"):
        corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "x", executor="moon")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("split", ["none", "valid=0.5"])
def test_a_field_that_no_record_of_a_small_corpus_has_is_named(tmp_path, split):
    (tmp_path / "a.jsonl").write_text('{"content": "a"}\n{"content": null, "n": 1}\n')
    (tmp_path / "b.jsonl").write_text('{"text": null}\n')
    with pytest.raises(
        SourceError,
        match=r"no text: every document is empty or left out; missing-text: 2, first in a\.jsonl: no field "
        r"'text' \(it has: content\) in the record; choose the field with --text-field$",
    ):
        corpuskit.prepare(str(tmp_path / "*.jsonl"), encoding="bytes", output=tmp_path / "x", split=split)


def test_a_small_file_without_the_field_is_counted_where_others_have_it(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"content": "a"}\n')
    (tmp_path / "b.jsonl").write_text('{"text": "b"}\n')
    corpus = corpuskit.prepare(
        str(tmp_path / "*.jsonl"), encoding="bytes", output=tmp_path / "x", split="none"
    )
    assert corpus.manifest.left_out == {"missing-text": 1}


@pytest.mark.fault("D6")
def test_place_that_cannot_be_written_is_an_error_before_any_work(prose, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot create the folder"):
        corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "file" / "corpus")


def test_only_plain_text_is_split_by_characters(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(ConfigError, match="is not plain text; split it by document"):
        corpuskit.prepare(str(tmp_path / "a.jsonl"), output=tmp_path / "out", split="characters:0.1")


@pytest.mark.fault("K6")
def test_result_does_not_depend_on_where_when_or_by_how_many(prose, tmp_path, assert_same):
    """Other cache, working folder, time zone, locale, hash seed, workers and optimization: the same bytes."""
    script = (
        "import sys, corpuskit; corpuskit.prepare('prose.txt', encoding='gpt2', output='corpus', lines=True, "
        "split='valid=0.1', part_bytes=20000, workers=int(sys.argv[1]))"
    )
    for number, (workers, flags, environment) in enumerate(
        [
            (1, [], {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"}),
            (2, ["-O"], {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "2"}),
            (7, [], {"TZ": "America/Lima", "LANG": "C"}),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(prose, folder / "prose.txt")
        os.utime(folder / "prose.txt", (number * 1e6, number * 1e6))
        (folder / "cache").mkdir()
        subprocess.run(
            [sys.executable, *flags, "-c", script, str(workers)],
            check=True,
            cwd=folder,
            env={**os.environ, "CORPUSKIT_CACHE_DIR": str(folder / "cache"), **environment},
        )
        assert_same(tmp_path / "0" / "corpus", folder / "corpus")


@pytest.mark.fault("K4")
def test_manifest_holds_no_time_host_path_or_secret(prose, tmp_path):
    corpus = corpuskit.prepare(str(prose), encoding="bytes", output=tmp_path / "x")
    manifest = (corpus.path / "manifest.json").read_text()
    import socket

    for hidden in (str(tmp_path), socket.gethostname(), os.environ.get("USER", "\0"), "20" + "26-"):
        assert hidden not in manifest


def test_configuration_object_and_keywords_agree(prose, tmp_path):
    config = corpuskit.PrepareConfig(dataset=str(prose), encoding="gpt2", output=tmp_path / "x")
    corpus = corpuskit.prepare(config=config, encoding="bytes")
    assert corpus.manifest.tokenizer.name == "bytes"
    with pytest.raises(ConfigError, match="no argument 'encodign'; did you mean 'encoding'"):
        corpuskit.prepare(str(prose), encodign="gpt2")


def test_progress_counts_every_byte_and_part(prose, tmp_path):
    seen = []
    options = {"encoding": "bytes", "lines": True, "part_bytes": 20_000}
    corpuskit.prepare(str(prose), output=tmp_path / "x", on_progress=seen.append, **options)
    last = [progress for progress in seen if progress.stage == "encode"][-1]
    assert last.parts_done == last.num_parts > 5
    assert last.num_documents == 3000
    assert last.total_bytes == prose.stat().st_size


def test_folder_of_prepared_data_is_found_by_its_default_name(prose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = corpuskit.prepare("prose.txt", encoding="bytes", name="mine")
    assert corpus.path == Path("data/mine/bytes")
