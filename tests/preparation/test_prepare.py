from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

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


@pytest.mark.fault("T7")
def test_text_without_a_token_is_an_error(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(SourceError, match="no text: every document is empty or left out"):
        corpuskit.prepare(str(tmp_path / "empty.txt"), encoding="bytes", output=tmp_path / "x", split="none")


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


@pytest.mark.fault("T6")
def test_special_tokens_in_text_are_text(tmp_path):
    (tmp_path / "text.txt").write_text("before <|endoftext|> after")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="gpt2", output=tmp_path / "x", split="none", eot=True
    )
    ids = corpus["train"][:].tolist()
    assert ids.count(50256) == 1
    assert ids == [*open_tokenizer("gpt2").encode("before <|endoftext|> after").tolist(), 50256]


def reference(text: str, separator: str, encoding: str, fractions: dict[str, float]) -> dict[str, list[int]]:
    """Every document's ids and an end-of-text id, as the simplest script would have it."""
    import hashlib

    tokenizer = open_tokenizer(encoding)
    streams: dict[str, list[int]] = {"train": [], **{name: [] for name in fractions}}
    for document in text.split(separator):
        if not document:
            continue
        point, chosen = int(hashlib.sha256(document.encode()).hexdigest()[:16], 16) / 2**64, "train"
        for name, fraction in fractions.items():
            if point < fraction:
                chosen = name
                break
            point -= fraction
        streams[chosen] += [*tokenizer.encode(document).tolist(), tokenizer.eot_id]
    return streams


@pytest.mark.parametrize("encoding", ["gpt2", "bytes"])
@pytest.mark.parametrize("part_bytes", [1_000, 20_000, 10**9])
def test_documents_by_hash_are_what_the_simplest_script_makes(prose, tmp_path, encoding, part_bytes):
    corpus = corpuskit.prepare(
        str(prose), encoding=encoding, output=tmp_path / "x", lines=True, eot=True, workers=2,
        split="valid=0.1,test=0.05", part_bytes=part_bytes, shard_bytes=30_000,
    )  # fmt: skip
    expected = reference(prose.read_text(), "\n", encoding, {"valid": 0.1, "test": 0.05})
    assert {name: split[:].tolist() for name, split in corpus.items()} == expected
    assert corpuskit.verify(corpus.path) == []
    lines = prose.read_bytes()
    for split in corpus.values():
        for number, (item, start) in enumerate(split.document_places().tolist()):
            if number % 50 == 0:
                text = corpus.decode(split.document(number)[:-1]).encode()
                assert item == 0
                assert lines[start : start + len(text)] == text


@pytest.mark.parametrize("encoding", ["gpt2", "o200k_base", "bytes", "chars"])
def test_one_long_document_is_cut_into_parts_without_changing_an_id(prose, tmp_path, encoding):
    options = {"encoding": encoding, "split": "characters:0.3", "eot": False}
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **options)
    parts = corpuskit.prepare(str(prose), output=tmp_path / "parts", part_bytes=9_000, workers=2, **options)
    assert json.loads((parts.path / "run.json").read_bytes())["num_parts"] > 10
    for split in ("train", "valid"):
        assert np.array_equal(whole[split][:], parts[split][:])
        assert parts[split].num_documents == 1
    assert parts.decode(parts["train"][:]) + parts.decode(parts["valid"][:]) == prose.read_text()


def test_only_plain_text_is_split_by_characters(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(ConfigError, match="is not plain text; split it by document"):
        corpuskit.prepare(str(tmp_path / "a.jsonl"), output=tmp_path / "out", split="characters:0.1")


@pytest.mark.parametrize("max_tokens", [1, 57, 58, 5_000, 20_000, 10**9])
def test_max_tokens_stops_at_the_same_document_however_the_work_is_done(
    prose, tmp_path, assert_same, max_tokens
):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "valid=0.2"}
    one = corpuskit.prepare(
        str(prose), output=tmp_path / "one", max_tokens=max_tokens, workers=1, part_bytes=3000, **options
    )
    two = corpuskit.prepare(
        str(prose), output=tmp_path / "two", max_tokens=max_tokens, workers=2, part_bytes=3000, **options
    )
    assert_same(one.path, two.path)
    expected = total = 0
    for line in prose.read_bytes().split(b"\n")[:-1]:
        expected += 1
        total += len(line) + 1
        if total >= max_tokens:
            break
    assert sum(split.num_documents for split in one.values()) == expected
    assert sum(map(len, one.values())) == total
    assert corpuskit.verify(one.path) == []


def test_max_tokens_counts_a_document_where_it_ends_not_where_a_part_does(prose, tmp_path):
    """The limit lies inside a document that several parts make; it is kept to its end."""
    (tmp_path / "short.txt").write_text("short\n")
    corpus = corpuskit.prepare(
        [str(tmp_path / "short.txt"), str(prose), str(tmp_path / "short.txt")],
        encoding="bytes", output=tmp_path / "x", part_bytes=9_000, max_tokens=20_000, workers=2, eot=True,
    )  # fmt: skip
    assert sum(map(len, corpus.values())) == prose.stat().st_size + 1 + len("short\n") + 1


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


def test_empty_splits_stay_and_say_so(tmp_path):
    (tmp_path / "text.txt").write_text("one document")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="bytes", output=tmp_path / "x", split="valid=0.000001"
    )
    assert len(corpus["valid"]) == 0
    assert corpus["valid"][:].tolist() == []
    assert corpus["valid"].document_ends().tolist() == []


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


@pytest.mark.parametrize("part_bytes", [50, 10**6])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_separator_that_occurs_nowhere_is_said_to(tmp_path, caplog, part_bytes, workers):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("\n\n".join(f"paragraph {n}" for n in range(20)))

    def warnings(separator, name):
        caplog.clear()
        corpuskit.prepare(
            str(tmp_path / "*.txt"),
            encoding="bytes",
            separator=separator,
            part_bytes=part_bytes,
            workers=workers,
            output=tmp_path / name,
        )
        return [r.getMessage() for r in caplog.records if "separator" in r.getMessage()]

    assert warnings("\n\n", "found") == []
    assert warnings("paragraph 19", "at the end only") == []
    (message,) = warnings(r"\n\n", "nowhere")
    assert message.startswith(
        "the separator '\\\\n\\\\n' occurs nowhere, so each file is one document; its backslash"
    )
    assert "--separator" in message
    (message,) = warnings("<|endoftext|>", "nowhere either")
    assert "backslash" not in message


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.parquet"])
def test_documents_that_are_too_long_are_left_out_where_broken_ones_are(tmp_path, name):
    texts = ["short", "x" * 5000, "also short"]
    path = tmp_path / name
    if name == "a.txt":
        path.write_text("\n".join(texts))
    elif name == "a.jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    else:
        parquet.write_table(pa.table({"text": texts}), path)
    options = {"lines": True} if name == "a.txt" else {}
    options |= {"encoding": "bytes", "reader_options": {"max_document_bytes": 1000}}
    with pytest.raises(
        SourceError, match="--reader-option max_document_bytes=2000 or --on-bad-document skip"
    ):
        corpuskit.prepare(str(path), output=tmp_path / "refused", **options)
    corpus = corpuskit.prepare(str(path), output=tmp_path / "made", on_bad_document="skip", **options)
    assert corpus.manifest.left_out == {"too-long": 1}
    assert corpus.manifest.splits["train"].num_documents == 2


@pytest.mark.parametrize(
    ("split", "remedy"), [("valid=0.5", "use --split none"), ("none", "another --encoding")]
)
def test_a_document_that_cannot_be_cut_and_held_says_what_can_be_done(tmp_path, monkeypatch, split, remedy):
    path = tmp_path / "a.txt"
    path.write_text("x" * 2000)
    monkeypatch.setattr(sys.modules["corpuskit.preparation.parts.encoding"], "_MAX_DOCUMENT_BYTES", 1000)
    monkeypatch.setattr("corpuskit.sources.readers.text.PIECE_BYTES", 300)
    monkeypatch.setattr("corpuskit.tokenizers.bytes.ByteTokenizer.boundary", lambda self, text, end: 0)
    with pytest.raises(
        SourceError, match=f"a.txt, document at 0: longer than 1,000 bytes, and .*{remedy}"
    ) as e:
        corpuskit.prepare(
            str(path), encoding="bytes", split=split, output=tmp_path / "o", on_bad_document="skip", workers=1
        )
    assert "--on-bad-document" not in str(e.value)
