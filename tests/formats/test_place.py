"""Where exports go. What a folder of this machine does is in test_base.py."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import ConfigError, StorageError
from corpuskit.formats.litdata import LitData
from corpuskit.formats.megatron import Megatron
from corpuskit.formats.nanogpt import NanoGPT
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.place import open_place
from corpuskit.stores.base import Store

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


@pytest.fixture
def local():
    """An export's files by name, folders inside included."""
    return lambda folder: {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_store_has_the_files_of_a_folder_and_export_json_last(
    make_corpus, tmp_path, bucket, s3, keys, local, cache_dir
):
    corpus, options = make_corpus(), ExportOptions(block_size=8)
    files = LitData().write(corpus, f"{bucket}/deep/chunks", options=options)
    LitData().write(corpus, tmp_path / "out", options=options)
    assert keys(f"{bucket}/deep/chunks") == local(tmp_path / "out")
    assert [str(file).removeprefix(f"{bucket}/deep/chunks/") for file in files] == [
        "train/chunk-0-0.bin",
        "train/index.json",
        "export.json",
    ]
    assert [request.name for request in s3.seen("PUT")][-1] == "export.json"
    assert [*(cache_dir / "work").iterdir()] == []


def test_an_export_that_is_there_is_not_made_again(make_corpus, bucket, s3):
    corpus = make_corpus()
    files = corpuskit.export(corpus, "nanogpt", f"{bucket}/out")
    s3.requests.clear()
    assert corpuskit.export(corpus, "nanogpt", f"{bucket}/out") == files
    assert s3.seen("PUT") == []
    with pytest.raises(ConfigError, match=r"out holds another export already; replace it with --overwrite"):
        corpuskit.export(corpus, "megatron", f"{bucket}/out")


def test_an_upload_that_was_stopped_is_gone_on_with(make_corpus, bucket, s3, keys):
    corpus, url = make_corpus(), f"{bucket}/out"
    s3.fault = lambda request: 403 if request.method == "PUT" and request.name == "train.idx" else None
    with pytest.raises(StorageError, match=r"cannot write .*/train\.idx"):
        Megatron().write(corpus, url)
    assert [*keys(url)] == ["train.bin"]
    assert Megatron().find(corpus, url) is None
    s3.reset()
    Megatron().write(corpus, url)
    assert [request.name for request in s3.seen("PUT")] == ["train.idx", "export.json"]


def test_replacing_takes_export_json_away_first_and_leaves_nothing_of_the_old_one(
    make_corpus, bucket, s3, keys, local, tmp_path
):
    corpus, url = make_corpus(), f"{bucket}/out"
    Megatron().write(corpus, url)
    s3.requests.clear()
    NanoGPT().write(corpus, url, overwrite=True)
    NanoGPT().write(corpus, tmp_path / "out")
    assert keys(url) == local(tmp_path / "out")
    changes = [(r.method, r.name) for r in s3.requests if r.method in ("PUT", "DELETE")]
    assert changes == [("DELETE", "export.json"), ("PUT", "export.json"), ("DELETE", "train.idx")]


def test_objects_of_others_are_kept(make_corpus, bucket, keys):
    import fsspec

    corpus, url = make_corpus(), f"{bucket}/out"
    fsspec.filesystem("s3").pipe_file(f"{url}/train.bin", b"mine")
    with pytest.raises(ConfigError, match=r"out/train\.bin is there and is not part of this export; delete"):
        Megatron().write(corpus, url)
    assert keys(url) == {"train.bin": b"mine"}
    fsspec.filesystem("s3").pipe_file(f"{url}/export.json", b"[]")
    with pytest.raises(ConfigError, match=r"holds 'export\.json', which no export wrote; choose another"):
        Megatron().write(corpus, url, overwrite=True)


def test_a_store_without_checksums_is_read_to_go_on(make_corpus, monkeypatch):
    import fsspec

    filesystem, corpus = fsspec.filesystem("memory"), make_corpus()
    monkeypatch.setattr(filesystem, "store", {})
    (*_, described) = Megatron().write(corpus, "memory://bucket/out")
    filesystem.rm_file("/bucket/out/export.json")
    uploaded = []
    upload = Store.upload
    monkeypatch.setattr(
        Store,
        "upload",
        lambda self, file, name, **given: uploaded.append(name) or upload(self, file, name, **given),
    )
    assert Megatron().write(corpus, "memory://bucket/out")[-1] == described
    assert uploaded == []
    data = filesystem.cat_file("/bucket/out/train.bin")
    filesystem.pipe_file("/bucket/out/train.bin", bytes(len(data)))
    filesystem.rm_file("/bucket/out/export.json")
    with pytest.raises(ConfigError, match=r"train\.bin is there and is not part of this export"):
        Megatron().write(corpus, "memory://bucket/out")
    Megatron().write(corpus, "memory://bucket/out", overwrite=True)
    assert filesystem.cat_file("/bucket/out/train.bin") == data


def test_a_damaged_corpus_puts_nothing(make_corpus, bucket, keys):
    corpus = make_corpus()
    path = corpus.path / "train-00000.bin"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(corpuskit.CorpuskitError, match="nothing was exported"):
        NanoGPT().write(corpus, f"{bucket}/out")
    assert keys(f"{bucket}/out") == {}


@pytest.mark.parametrize("name", ["../other", "/etc/passwd", "a//b", "a/../b"])
def test_names_that_lead_elsewhere_are_no_files_of_an_export(tmp_path, name):
    (tmp_path / "export.json").write_text(json.dumps({"files": [{"file": "train.bin"}, {"file": name}]}))
    assert open_place(tmp_path).written() == {"export.json", "train.bin"}
