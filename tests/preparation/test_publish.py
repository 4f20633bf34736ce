from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.preparation import publish as publish_module
from corpuskit.stores.opening import open_store
from corpuskit.urls import RemotePath

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


def without_run(files):
    return {name: data for name, data in files.items() if name != "run.json"}


def test_a_corpus_in_a_store_has_the_files_of_one_on_disk(bucket, texts, options, keys, files, tmp_path):
    corpuskit.prepare(str(texts), output=tmp_path / "local", **options)
    corpus = corpuskit.prepare(str(texts), output=f"{bucket}/corpora/mine", **options)
    there = keys(f"{bucket}/corpora/mine")
    assert without_run(there) == without_run(files(tmp_path / "local"))
    assert json.loads(there["run.json"])["num_tokens"] == sum(map(len, corpus.values()))
    assert str(tmp_path).encode() not in there["run.json"]
    assert json.loads((tmp_path / "local/run.json").read_bytes())["inputs_folder"] == f"{tmp_path}/"
    assert str(corpus.path) == f"{bucket}/corpora/mine"


def test_the_manifest_comes_last_and_what_is_left_on_this_machine_is_deleted(
    bucket, s3, texts, options, cache_dir
):
    corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    puts = [request.name for request in s3.seen("PUT")]
    assert puts[0] == "uploading.json"
    assert puts[-1] == "manifest.json"
    assert list((cache_dir / "work").iterdir()) == []


def test_another_corpus_is_replaced_only_when_asked(bucket, texts, options, keys):
    url = f"{bucket}/mine"
    corpuskit.prepare(str(texts), output=url, **options)
    before = keys(url)
    with pytest.raises(ConfigError, match=r"mine holds a corpus that was prepared differently: split is"):
        corpuskit.prepare(str(texts), output=url, **{**options, "split": "valid=0.3"})
    assert keys(url) == before


def test_replacing_leaves_the_old_corpus_until_the_new_one_is_there(
    bucket, s3, texts, options, keys, files, tmp_path
):
    url = f"{bucket}/mine"
    old = corpuskit.prepare(str(texts), output=url, **options)
    before = keys(url)
    at_commit = {}

    def look(request):
        if request.method == "PUT" and request.name == "manifest.json":
            s3.fault = lambda request: None
            at_commit.update(keys(url))

    s3.fault = look
    changed = {**options, "split": "valid=0.3"}
    new = corpuskit.prepare(str(texts), output=url, overwrite=True, **changed)
    local = corpuskit.prepare(str(texts), output=tmp_path / "local", **changed)
    assert before.items() <= at_commit.items()
    after = keys(url)
    folders = {name.partition("/")[0] for name in after} - {"manifest.json"}
    assert len(folders) == 1
    found = {name.rpartition("/")[2]: data for name, data in after.items()}
    assert without_run(found) == without_run(files(tmp_path / "local"))
    assert new["train"][:].tolist() == local["train"][:].tolist()
    assert corpuskit.open(url)["train"][:].tolist() == local["train"][:].tolist()
    with pytest.raises(CorpusFormatError, match="replaced or deleted while it was in use; open it again"):
        old["train"][:]


def test_what_an_open_corpus_has_fetched_outlives_its_replacement(bucket, texts, options):
    url = f"{bucket}/mine"
    old = corpuskit.prepare(str(texts), output=url, **options)
    ids = old["train"][:].tolist()
    corpuskit.prepare(str(texts), output=url, overwrite=True, **{**options, "split": "valid=0.3"})
    assert old["train"][:].tolist() == ids


def test_streams_are_published_and_their_files_go_with_the_corpus(
    bucket, texts, said, options, chat_options, keys, files, tmp_path
):
    url = f"{bucket}/mine"
    corpuskit.prepare(str(said), output=tmp_path / "local", **chat_options)
    corpuskit.prepare(str(said), output=url, **chat_options)
    assert without_run(keys(url)) == without_run(files(tmp_path / "local"))
    assert any(name.endswith(".loss.bin") for name in keys(url))
    corpuskit.prepare(str(texts), output=url, overwrite=True, **options)
    assert not any(name.endswith(".loss.bin") for name in keys(url))
    corpuskit.prepare(str(said), output=url, overwrite=True, **chat_options)
    assert corpuskit.verify(url) == []
    assert len({name.partition("/")[0] for name in keys(url)} - {"manifest.json"}) == 1


def test_replacing_twice_leaves_one_generation(bucket, texts, options, keys):
    url = f"{bucket}/mine"
    for split in ("valid=0.1", "valid=0.2", "valid=0.3"):
        corpuskit.prepare(str(texts), output=url, overwrite=True, **{**options, "split": split})
    assert len({name.partition("/")[0] for name in keys(url)} - {"manifest.json"}) == 1


@pytest.mark.parametrize("fault", [500, 503, "cut", "lose", "lose:500"])
@pytest.mark.fault("O7")
def test_faults_that_pass_are_tried_again(fault, bucket, s3, texts, options, keys, times):
    s3.fault = times(3, fault, lambda request: request.method == "PUT" and ".bin" in request.key)
    corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    assert corpuskit.verify(f"{bucket}/mine") == []


@pytest.mark.parametrize("fault", ["lose", "lose:500"])
@pytest.mark.fault("O10")
def test_a_manifest_whose_answer_is_lost_is_known_as_ours(fault, bucket, s3, texts, options, times):
    s3.fault = times(1, fault, lambda request: request.method == "PUT" and request.name == "manifest.json")
    assert len(corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)["train"])
    assert len(s3.seen("PUT", "manifest.json")) == 2


def test_a_store_that_stays_away_is_an_error_and_the_next_run_uploads_the_rest(
    bucket, s3, texts, options, keys, cache_dir
):
    s3.fault = lambda request: 503 if request.method == "PUT" and "train-00003.bin" in request.key else None
    with pytest.raises(StorageError, match=r"cannot write s3://bucket-\w+/mine/train-00003.bin: .*SlowDown"):
        corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    assert "manifest.json" not in keys(f"{bucket}/mine")
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(f"{bucket}/mine")
    uploaded = {name for name in keys(f"{bucket}/mine") if name.startswith("train")}
    s3.reset()
    corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    assert not uploaded & {request.name for request in s3.seen("PUT")}
    assert corpuskit.verify(f"{bucket}/mine") == []


@pytest.mark.fault("O12")
def test_expired_credentials_are_an_error_at_once(bucket, s3, texts, options):
    s3.fault = lambda request: 403 if request.method == "PUT" and ".bin" in request.key else None
    with pytest.raises(StorageError, match="cannot write .*access is denied"):
        corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    assert len(s3.seen("PUT", ".bin")) == 1


@pytest.mark.fault("O8")
def test_an_upload_killed_in_the_middle_leaves_no_corpus_and_is_gone_on_with(
    bucket, s3, texts, options, keys, files, tmp_path
):
    url = f"{bucket}/mine"
    s3.fault = lambda request: "hold" if request.method == "PUT" and "train-00003" in request.key else None
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "corpuskit", "prepare", str(texts), "--output", url, *flags],
        stderr=subprocess.PIPE,
    )
    s3.held.wait()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    s3.reset()
    uploaded = {name for name in keys(url) if name.startswith("train")}
    assert uploaded
    with pytest.raises(CorpusFormatError, match="not a corpus"):
        corpuskit.open(url)
    corpuskit.prepare(str(texts), output=url, **options)
    assert not uploaded & {request.name for request in s3.seen("PUT")}
    corpuskit.prepare(str(texts), output=tmp_path / "local", **options)
    assert without_run(keys(url)) == without_run(files(tmp_path / "local"))


@pytest.mark.fault("C7")
def test_of_two_different_corpora_for_one_empty_place_neither_gets_the_others_shards(
    bucket, s3, texts, options, monkeypatch, tmp_path, cache_dir
):
    url = f"{bucket}/mine"
    other = {**options, "split": "valid=0.3"}

    def overtake(request):
        if request.method == "PUT" and request.name == "manifest.json":
            s3.fault = lambda request: None
            monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "another machine"))
            corpuskit.prepare(str(texts), output=url, **other)
            monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(cache_dir))

    s3.fault = overtake
    with pytest.raises(ConfigError, match="holds another corpus; replace it with --overwrite"):
        corpuskit.prepare(str(texts), output=url, **options)
    assert corpuskit.verify(url) == []
    assert corpuskit.open(url).manifest.options["split"] == "valid=0.3"


@pytest.mark.fault("C8")
def test_a_strangers_object_is_not_replaced(bucket, texts, options, keys):
    import fsspec

    fsspec.filesystem("s3").pipe_file(f"{bucket}/mine/train-00000.bin", b"mine!")
    with pytest.raises(ConfigError, match=r"train-00000\.bin is there and is not part of a corpus"):
        corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    assert keys(f"{bucket}/mine")["train-00000.bin"] == b"mine!"


def test_any_file_system_of_fsspec_will_do(texts, options, files, tmp_path):
    import fsspec

    url = "memory://corpora/mine"
    try:
        corpus = corpuskit.prepare(str(texts), output=url, **options)
        local = corpuskit.prepare(str(texts), output=tmp_path / "local", **options)
        assert corpus["train"][:].tolist() == local["train"][:].tolist()
        memory = fsspec.filesystem("memory")
        there = {path.rpartition("/")[2]: memory.cat_file(path) for path in memory.find("/corpora/mine")}
        assert without_run(there) == without_run(files(tmp_path / "local"))
        corpuskit.prepare(str(texts), output=url, overwrite=True, **{**options, "split": "valid=0.3"})
        assert corpuskit.verify(url) == []
    finally:
        fsspec.filesystem("memory").rm("/corpora", recursive=True)


def test_a_url_that_went_through_pathlib_is_refused(texts, tmp_path):
    from pathlib import Path

    with pytest.raises(ConfigError, match="pass a URL as a string; pathlib drops one of its slashes"):
        corpuskit.prepare(str(texts), output=Path("s3://bucket/mine"))
    with pytest.raises(ConfigError, match="s3://bucket/mine.sig=REDACTED: pass a URL as a string"):
        corpuskit.prepare(str(texts), output=Path("s3://me:canary@bucket/mine?sig=canary"))
    with pytest.raises(ConfigError, match="a corpus is at one URL, not at a chain of them"):
        corpuskit.open("simplecache::s3://bucket/mine")
    assert not Path("s3:").exists()


@pytest.fixture
def killed(monkeypatch):
    """Have a run end, as if it were killed, when its manifest is in the store."""
    commit = publish_module._commit

    def commit_and_stop(*arguments):
        commit(*arguments)
        monkeypatch.setattr(publish_module, "_commit", commit)
        raise KeyboardInterrupt

    return lambda: monkeypatch.setattr(publish_module, "_commit", commit_and_stop)


def test_the_run_that_finds_the_corpus_tidies_up_here_and_there(
    bucket, texts, options, keys, cache_dir, killed
):
    url = f"{bucket}/mine"
    killed()
    with pytest.raises(KeyboardInterrupt):
        corpuskit.prepare(str(texts), output=url, **options)
    assert "uploading.json" in keys(url)
    assert list((cache_dir / "work").iterdir())
    corpuskit.prepare(str(texts), output=url, **options)
    assert "uploading.json" not in keys(url)
    assert not list((cache_dir / "work").iterdir())


@pytest.mark.parametrize("next_split", ["valid=0.2", "valid=0.3"])
def test_the_files_of_a_replaced_corpus_are_deleted_by_whoever_comes_next(
    bucket, texts, options, keys, killed, next_split
):
    url = f"{bucket}/mine"
    corpuskit.prepare(str(texts), output=url, **{**options, "split": "valid=0.1"})
    killed()
    with pytest.raises(KeyboardInterrupt):
        corpuskit.prepare(str(texts), output=url, overwrite=True, **{**options, "split": "valid=0.2"})
    assert {"replaced.json", "train-00000.bin"} <= set(keys(url))
    corpuskit.prepare(str(texts), output=url, overwrite=True, **{**options, "split": next_split})
    assert len({name.partition("/")[0] for name in keys(url)} - {"manifest.json"}) == 1
    assert corpuskit.verify(url) == []


def test_a_note_of_what_was_replaced_deletes_nothing_else(bucket, texts, options, keys):
    url = f"{bucket}/mine"
    corpus = corpuskit.prepare(str(texts), output=url, **options)
    before = keys(url)
    store = open_store(RemotePath(url))
    sha256 = hashlib.sha256(before["manifest.json"]).hexdigest()
    for files in (["../other", "manifest.json", "/etc/passwd", 1], "manifest.json", None, [["x"]]):
        there = store.read("replaced.json", max_bytes=1000)
        note = json.dumps({"manifest_sha256": sha256, "files": files}).encode()
        store.put("replaced.json", note, replaces=there)
        corpuskit.prepare(str(texts), output=url, **options)
        after = {name: data for name, data in keys(url).items() if name != "replaced.json"}
        assert after == before
    assert len(corpus["train"])
