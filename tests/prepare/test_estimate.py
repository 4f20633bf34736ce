from __future__ import annotations

import collections
import gzip
import random
import shutil

import pytest

import corpuskit
from corpuskit.errors import StorageError


@pytest.fixture
def documents(tmp_path):
    """20 MB in 4,000 documents of very different lengths."""
    generator = random.Random(3)
    words = ["tokens", "of", "a", "corpus", "größer", "2024", "(x+y)"]
    path = tmp_path / "documents.txt"
    with path.open("w") as file:
        for _ in range(4000):
            file.write(" ".join(generator.choices(words, k=int(generator.paretovariate(1.3) * 250))) + "\0")
    return path


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_estimate_from_a_sample_is_near_the_truth(documents, tmp_path, form):
    options = {"encoding": "gpt2", "separator": "\0", "split": "valid=0.1", "workers": 2}
    path = documents
    if form == "gzip":
        path = tmp_path / "documents.txt.gz"
        path.write_bytes(gzip.compress(documents.read_bytes(), 1))
    plan, estimate = corpuskit.plan(str(path), **options)
    corpus = corpuskit.prepare(str(path), output=tmp_path / "x", **options)
    num_tokens = sum(map(len, corpus.values()))
    assert not estimate.exact
    assert estimate.num_tokens == pytest.approx(num_tokens, rel=0.3)
    assert estimate.text_bytes == pytest.approx(documents.stat().st_size, rel=0.3)
    on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
    assert estimate.output_bytes == pytest.approx(on_disk, rel=0.3)
    assert estimate.num_parts == len(plan.parts)
    assert not (tmp_path / "data").exists()


def test_small_corpus_is_counted_rather_than_estimated(prose, tmp_path):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "none"}
    _, estimate = corpuskit.plan(str(prose), **options)
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", **options)
    assert estimate.exact
    assert estimate.num_tokens == len(corpus["train"])
    assert estimate.num_documents == corpus["train"].num_documents == 3000


def test_limit_on_tokens_limits_the_estimate(documents):
    _, estimate = corpuskit.plan(str(documents), encoding="gpt2", separator="\0", max_tokens=50_000)
    assert estimate.num_tokens == pytest.approx(50_000, rel=0.01)


@pytest.mark.fault("D1")
def test_prepare_refuses_a_disk_that_is_too_small_before_any_work(documents, tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(StorageError, match=r"needs about [0-9,]+ bytes and 1,000 are free there; choose"):
        corpuskit.prepare(str(documents), encoding="gpt2", separator="\0", output=tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))


def test_plan_is_the_same_whatever_the_workers(documents):
    plans = [
        corpuskit.plan(str(documents), encoding="bytes", separator="\0", workers=workers)[0]
        for workers in (1, 2, 64)
    ]
    assert len({plan.fingerprint for plan in plans}) == 1
    assert plans[0].parts == plans[2].parts
