"""What S3 has over other stores."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import StorageError
from corpuskit.stores import s3 as s3_module
from corpuskit.stores.opening import open_store
from corpuskit.urls import RemotePath

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


@pytest.fixture
def parts(monkeypatch):
    """Have files of more than 5 MiB go up in parts: the least that S3 allows."""
    monkeypatch.setattr(s3_module, "PART_BYTES", 5 * 2**20)


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.txt"
    path.write_text("All work and no play makes Jack a dull boy.\n" * 140_000)
    return path


@pytest.mark.fault("O11", "O13")
def test_large_shards_go_up_in_parts_with_checksums(bucket, s3, large, parts, times):
    url = f"{bucket}/large"
    options = {"encoding": "bytes", "split": "none", "output": url, "workers": 1}
    s3.fault = times(2, 500, lambda request: "partNumber=2" in request.query)
    corpuskit.prepare(str(large), **options)
    assert len(s3.seen("PUT", "train-00000.bin", "partNumber=3")) == 1
    assert corpuskit.verify(url) == []
    s3.reset()
    store = open_store(RemotePath(url))
    local = large.with_name("copy")
    local.write_bytes(corpuskit.open(url)["train"][:].tobytes())
    assert store.compare("train-00000.bin", local, sha256="0" * 64) == "same"
    with local.open("r+b") as file:
        file.write(b"x")
    assert store.compare("train-00000.bin", local, sha256="0" * 64) == "different"


@pytest.mark.fault("O9")
def test_an_upload_in_parts_that_fails_is_aborted(bucket, s3, large, parts, keys):
    s3.fault = lambda request: 500 if "partNumber=2" in request.query else None
    with pytest.raises(StorageError, match="cannot write"):
        corpuskit.prepare(str(large), encoding="bytes", split="none", output=f"{bucket}/large", workers=1)
    import fsspec

    name = bucket.removeprefix("s3://")
    s3.reset()
    assert not fsspec.filesystem("s3").call_s3("list_multipart_uploads", Bucket=name).get("Uploads")
    assert set(keys(f"{bucket}/large")) == {"uploading.json"}


def test_a_lost_answer_to_the_end_of_an_upload_in_parts_is_success(bucket, s3, large, parts, times):
    s3.fault = times(1, "lose:500", lambda r: r.method == "POST" and "uploadId" in r.query)
    corpuskit.prepare(str(large), encoding="bytes", split="none", output=f"{bucket}/large", workers=1)
    assert corpuskit.verify(f"{bucket}/large") == []


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    corpus = corpuskit.prepare(str(tmp_path / "a.txt"), encoding="bytes", output=tmp_path / "a")
    for write in (
        lambda: corpuskit.export(corpus, "megatron", "s3://no-bucket/a"),
        lambda: corpuskit.publish(corpus, "s3://no-bucket/a"),
        lambda: corpuskit.prepare(str(tmp_path / "a.txt"), encoding="bytes", output="s3://no-bucket/a"),
    ):
        with pytest.raises(StorageError, match="there is no bucket 'no-bucket'; make it, or name another"):
            write()
