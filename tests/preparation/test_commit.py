"""Parts made by separate runs, as an array of jobs does it, and committed afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import storage
from corpuskit.config import PrepareConfig
from corpuskit.corpus.index import new_rows
from corpuskit.errors import ConfigError, SourceError, StorageError
from corpuskit.preparation import commit, found_or_made
from corpuskit.preparation.api import commit_parts, make_parts
from corpuskit.preparation.outcome import PartsMade, Prepared
from corpuskit.preparation.parts.record import PartShard
from corpuskit.preparation.run import Run
from corpuskit.value_streams import LOSS_INFO

OPTIONS = {"encoding": "bytes", "lines": True, "split": "valid=0.1", "part_bytes": 8_000, "workers": 1}


def config(prose: Path, tmp_path: Path, **options: object) -> PrepareConfig:
    return PrepareConfig.make({"dataset": str(prose), "output": tmp_path / "x", **OPTIONS, **options})


def test_shares_in_any_order_make_the_same_corpus(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **OPTIONS)
    for share in ("3/3", "1/3"):
        done = make_parts(config(prose, tmp_path, parts=share))
        assert isinstance(done, PartsMade)
        assert done.num_made == done.num_mine > 3
    message = r"of \d+ parts are missing, the first is number 2; make them with 'corpuskit prepare --parts'"
    with pytest.raises(ConfigError, match=message):
        commit_parts(config(prose, tmp_path))
    again = make_parts(config(prose, tmp_path, parts="1/3"))
    assert isinstance(again, PartsMade)
    assert again.num_made == 0
    make_parts(config(prose, tmp_path, parts="2/3"))
    assert commit_parts(config(prose, tmp_path)).made
    assert_same(whole.path, tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))
    assert isinstance(make_parts(config(prose, tmp_path, parts="1/3")), Prepared)


@pytest.mark.fault("K3")
def test_plain_prepare_uses_the_parts_that_are_there(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **OPTIONS)
    make_parts(config(prose, tmp_path, parts="1/2"))
    made = corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    assert_same(whole.path, made.path)


def test_limit_on_tokens_needs_only_the_first_parts(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", max_tokens=20_000, **OPTIONS)
    for share in ("1/20", "2/20", "3/20", "4/20"):
        make_parts(config(prose, tmp_path, parts=share, max_tokens=20_000))
    commit_parts(config(prose, tmp_path, max_tokens=20_000))
    assert_same(whole.path, tmp_path / "x")


@pytest.mark.parametrize("value", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_share_that_cannot_be_is_refused(prose, tmp_path, value):
    with pytest.raises(ConfigError, match="parts = "):
        config(prose, tmp_path, parts=value)


@pytest.mark.fault("C2")
def test_a_commit_whose_parts_another_one_has_used_finds_the_corpus(prose, tmp_path, monkeypatch):
    """Locks do nothing here: the other one begins and ends while this one looks for the parts."""
    make_parts(config(prose, tmp_path, parts="1/1"))
    begin = Run._begin

    def begin_late(self, made):
        monkeypatch.setattr(Run, "_begin", begin)
        assert commit_parts(config(prose, tmp_path)).made
        return begin(self, made)

    monkeypatch.setattr(Run, "_begin", begin_late)
    monkeypatch.setattr(found_or_made, "lock_or_go_on", lambda path, **options: contextlib.nullcontext())
    assert not commit_parts(config(prose, tmp_path)).made
    assert not list(tmp_path.glob(".x*"))


@pytest.mark.parametrize("step", ["write_json", "commit_directory"])
def test_a_commit_that_fails_leaves_the_parts_and_nothing_else(prose, tmp_path, monkeypatch, step):
    def fail(*_: object, **__: object) -> None:
        raise StorageError("no")

    with monkeypatch.context() as patch:
        patch.setattr(storage, step, fail)
        with pytest.raises(StorageError, match="no"):
            corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    left = [path.name for path in (tmp_path / ".x.preparing").iterdir()]
    assert [name for name in left if name.endswith(".tmp")] == []
    assert left
    assert corpuskit.verify(corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)) == []


def test_a_commit_that_fails_after_the_exchange_keeps_the_old_corpus(prose, tmp_path, monkeypatch):
    """Its name may come back with a power cut, as the folder above was not flushed."""
    corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    flush = storage.fsync_directory

    def fail(path: Path) -> None:
        if path == tmp_path:
            raise OSError(5, "broken")
        flush(path)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "fsync_directory", fail)
        with pytest.raises(StorageError, match="broken"):
            corpuskit.prepare(
                str(prose), output=tmp_path / "x", overwrite=True, **{**OPTIONS, "split": "none"}
            )
    (old,) = (tmp_path / ".x.preparing").glob(".*.tmp")
    assert corpuskit.open(old).manifest.options["split"] == "valid=0.1"


KEPT = {"encoding": "bytes", "part_bytes": 900, "shard_bytes": 700, "keep": "n,lang,score:float,late,odd:str"}


@pytest.fixture
def kept_records(tmp_path):
    """Three files of records whose fields come early, late and in several types."""
    for file in range(3):
        lines = [
            {
                "text": f"text {number} " + "x" * (number % 40),
                "n": number if number % 5 else None,
                "lang": ["de", "en", None][number % 3],
                "score": number if number % 2 else number / 4,
                "odd": [number, "x", [1], {"b": None, "a": True}][number % 4],
                **({"late": f"is {number}"} if number > 110 else {}),
            }
            for number in range(50 * file, 50 * file + 50)
        ]
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(tmp_path / "*.jsonl")


@pytest.mark.parametrize("split", ["none", "valid=0.3"])
def test_kept_fields_are_the_same_bytes_however_the_work_is_done(kept_records, tmp_path, split):
    made = [
        corpuskit.prepare(kept_records, output=tmp_path / str(workers), workers=workers, split=split, **KEPT)
        for workers in (1, 2, 4)
    ]
    options = {**KEPT, "dataset": kept_records, "split": split, "output": tmp_path / "parts"}
    for share in ("2/2", "1/2"):
        make_parts(PrepareConfig.make({**options, "parts": share}))
    made.append(commit_parts(PrepareConfig.make(options)).corpus)
    for other in made[1:]:
        assert corpuskit.verify(other) == []
        for path in made[0].path.iterdir():
            if path.name != "run.json":
                assert (other.path / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_document_has_its_own_fields(kept_records, tmp_path):
    corpus = corpuskit.prepare(kept_records, output=tmp_path / "x", split="valid=0.3", **KEPT)
    assert [(f.name, f.type) for f in corpus.manifest.fields] == [
        ("n", "int"),
        ("lang", "str"),
        ("score", "float"),
        ("late", "str"),
        ("odd", "str"),
    ]
    seen = 0
    for name in ("train", "valid"):
        split = corpus[name]
        assert len(split.shard_starts) > 2
        rows = split.fields().to_pylist()
        assert len(rows) == split.num_documents
        for number, row in enumerate(rows):
            text = corpus.decode(split.document(number)[:-1])
            n = int(text.split()[1])
            odd = [str(n), "x", "[1]", '{"a":true,"b":null}'][n % 4]
            assert row == {
                "n": n if n % 5 else None,
                "lang": ["de", "en", None][n % 3],
                "score": float(n if n % 2 else n / 4),
                "late": f"is {n}" if n > 110 else None,
                "odd": odd,
            }
            assert split.document_fields(number) == row
            seen += 1
    assert seen == 150
    with pytest.raises(IndexError):
        split.document_fields(split.num_documents)


def test_max_tokens_cuts_kept_fields_too(kept_records, tmp_path):
    whole = corpuskit.prepare(kept_records, output=tmp_path / "x", **KEPT)["train"]
    for max_tokens in (1, 1000, 2500):
        cut = corpuskit.prepare(
            kept_records, output=tmp_path / str(max_tokens), max_tokens=max_tokens, **KEPT
        )
        assert corpuskit.verify(cut) == []
        train = cut["train"]
        assert train.fields().to_pylist() == whole.fields().to_pylist()[: train.num_documents]


def test_a_type_that_changes_between_parts_names_both_rows(tmp_path):
    for file, value in enumerate(["1", "null", "2.5"]):
        (tmp_path / f"{file}.jsonl").write_text(f'{{"text": "{"x" * 900}"}}\n{{"text": "a", "v": {value}}}\n')
    options = {**KEPT, "output": tmp_path / "x", "workers": 1}
    message = (
        r"^2.jsonl:2: field 'v' is float here, and int in 0.jsonl:2; repair it, or keep all as one type with "
        r"--keep v:float or --keep v:str$"
    )
    with pytest.raises(SourceError, match=message):
        corpuskit.prepare(str(tmp_path / "*.jsonl"), **{**options, "keep": "v"})
    corpus = corpuskit.prepare(str(tmp_path / "*.jsonl"), **{**options, "keep": "v:float"})
    assert corpus["train"].fields().column("v").to_pylist()[1::2] == [1.0, None, 2.5]


def test_ids_are_kept_by_default_as_text_where_they_differ(tmp_path):
    options = {"encoding": "bytes", "part_bytes": 1}
    for file, value in enumerate(["7", '"b"', "null"]):
        (tmp_path / f"{file}.jsonl").write_text(f'{{"text": "a", "id": {value}}}\n')
    corpus = corpuskit.prepare(str(tmp_path / "*.jsonl"), output=tmp_path / "x", **options)
    assert corpus["train"].fields().to_pydict() == {"id": ["7", "b", None]}
    corpus = corpuskit.prepare(str(tmp_path / "[02].jsonl"), output=tmp_path / "y", **options)
    assert corpus["train"].fields().to_pydict() == {"id": [7, None]}
    corpus = corpuskit.prepare(str(tmp_path / "2.jsonl"), output=tmp_path / "z", **options)
    assert corpus.manifest.fields == []
    assert corpus["train"].fields().num_columns == 0
    assert corpus["train"].document_fields(0) == {}
    corpus = corpuskit.prepare(str(tmp_path / "0.jsonl"), output=tmp_path / "none", keep="", **options)
    assert not list(corpus.path.glob("*.arrow"))


def test_a_field_that_no_document_has_is_null_and_said(tmp_path, caplog):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "meta": {"source": "web"}, "lang": "de"}\n')
    corpus = corpuskit.prepare(
        tmp_path / "a.jsonl", encoding="bytes", output=tmp_path / "x", keep="lnag,lang,source,lang:string"
    )
    assert corpus["train"].document_fields(0) == {
        "lnag": None,
        "lang": "de",
        "source": None,
        "lang:string": None,
    }
    said = [record.getMessage() for record in caplog.records]
    assert any(
        "field 'lnag' is null in every document" in one and "did you mean 'lang'?" in one for one in said
    )
    assert any("field 'source'" in one and "did you mean 'meta.source'?" in one for one in said)
    assert any(
        "field 'lang:string'" in one and "('string' is no type, which are str, int, float, bool)" in one
        for one in said
    )


def test_without_pyarrow_fields_are_refused_with_both_remedies(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.jsonl").write_text('{"text": "a", "id": 3}\n')
    options = {"encoding": "bytes", "output": tmp_path / "x", "workers": 1}
    for keep in (None, "lang"):
        with pytest.raises(
            ConfigError, match=r"not installed; run: .*formats.*, or keep none with --keep ''$"
        ):
            corpuskit.prepare(tmp_path / "a.jsonl", keep=keep, **options)
    corpus = corpuskit.prepare(tmp_path / "a.jsonl", keep="", **options)
    assert corpuskit.verify(corpus) == []


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_stream_of_a_file_without_tokens_is_none(tmp_path):
    """It is joined with a file of a format that has no streams, whose tokens have the fill."""
    made = []
    for number, (ids, streams) in enumerate([([7, 8], {}), ([], {"loss": sha256_of(b"")})]):
        name = f"part-{number:05d}-train-00000"
        data, rows = (
            np.array(ids, "<u2").tobytes(),
            new_rows(np.array([len(ids)]), 0, [number], [1]).tobytes(),
        )
        (tmp_path / f"{name}.bin").write_bytes(data)
        (tmp_path / f"{name}.idx").write_bytes(rows)
        (tmp_path / f"{name}.loss.bin").write_bytes(b"")
        size = len(data)
        made.append(PartShard(f"{name}.bin", len(ids), 1, size, sha256_of(data), sha256_of(rows), streams))
    shard = commit._make_shard(
        "train-00000.bin", made, tmp_path, tmp_path, streams={"loss": LOSS_INFO}, fields={}, earlier_bytes={}
    )
    assert (shard.num_tokens, shard.num_documents, shard.streams) == (2, 2, {})
