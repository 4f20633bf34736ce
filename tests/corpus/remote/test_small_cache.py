from __future__ import annotations

import dataclasses
import logging
import re

import numpy as np
import pytest

import corpuskit
from corpuskit.corpus.remote import small_cache
from corpuskit.corpus.remote.small_cache import times_fetched, warn_of_small_cache
from corpuskit.samplers.base import SamplerContext
from corpuskit.samplers.random import RandomSampler
from corpuskit.samplers.sequential import open_sequential
from corpuskit.samplers.shard_shuffled import ShardShuffledSampler
from corpuskit.samplers.shuffled import ShuffledSampler
from corpuskit.urls import RemotePath

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


@pytest.fixture
def context():
    starts = np.arange(0, 64 * 10**6 + 1, 10**6 // 2)
    return SamplerContext(
        64 * 10**6, 1024, 0, document_ends=lambda: starts[1:], rows_read=64, shard_starts=lambda: starts
    )


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(small_cache, "_warned", set())


def warned(caplog, name, sampler, context, limit_bytes):
    caplog.clear()
    warn_of_small_cache(
        name,
        sampler,
        context,
        place=RemotePath("s3://bucket/mine"),
        limit_bytes=limit_bytes,
        shard_bytes=[10**6] * 128,
        num_tokens=context.num_tokens,
    )
    return caplog.messages


def test_with_a_seventh_of_the_corpus_it_is_fetched_12_times(context):
    sizes = {"limit_bytes": 128 * 10**6 // 7, "size_bytes": 128 * 10**6}
    assert times_fetched(ShuffledSampler(context), context, **sizes) == pytest.approx(12.2, abs=0.1)
    assert times_fetched(RandomSampler(context), context, **sizes) == pytest.approx(12.2, abs=0.1)
    assert times_fetched(open_sequential(context), context, **sizes) == 1
    assert times_fetched(ShuffledSampler(context), context, limit_bytes=10**9, size_bytes=128 * 10**6) == 1


def test_the_factor_and_what_to_do_are_said_once(caplog, context):
    sampler = ShuffledSampler(context)
    (line,) = warned(caplog, "shuffled", sampler, context, 18_285_714)
    assert line == (
        "s3://bucket/mine: the order of sampler 'shuffled' fetches each shard some 12.2 times an epoch or "
        "more: it reads 128,000,000 bytes at a time, and the shard cache may take 18,285,714; choose sampler "
        "'shard_shuffled' with sampler_options={'group_tokens': 4321428}, or cache_bytes of at least "
        "170,666,667"
    )
    assert warned(caplog, "shuffled", sampler, context, 18_285_714) == []
    assert warned(caplog, "random", RandomSampler(context), context, 18_285_714) != []


def test_what_a_warning_says_is_enough(caplog, context):
    (line,) = warned(caplog, "shuffled", ShuffledSampler(context), context, 18_285_714)
    group, least = re.search(r"'group_tokens': (\d+)\}, or cache_bytes of at least ([\d,]+)", line).groups()
    enough = int(least.replace(",", ""))
    small_cache._warned.clear()
    assert warned(caplog, "shuffled", ShuffledSampler(context), context, enough) == []
    options = {"group_tokens": int(group)}
    fitting = ShardShuffledSampler(dataclasses.replace(context, options=options))
    assert warned(caplog, "shard_shuffled", fitting, context, 18_285_714) == []


def test_a_group_that_the_cache_does_not_hold_is_warned_of(caplog, context):
    sampler = ShardShuffledSampler(context)
    (line,) = warned(caplog, "shard_shuffled", sampler, context, 18_285_714)
    assert "of sampler 'shard_shuffled' fetches each shard some 12.2 times an epoch or more" in line
    assert "choose sampler_options={'group_tokens': 4321428}, or cache_bytes" in line


def test_batches_of_a_remote_corpus_warn(url, caplog):
    caplog.set_level(logging.WARNING)
    corpus = corpuskit.open(url, cache_bytes=60_000)
    told = {"batch_size": 16, "block_size": 4, "output": "numpy"}
    corpus.batches("train", sampler="sequential", **told)
    corpus.batches("train", sampler="shard_shuffled", sampler_options={"group_tokens": 10_000}, **told)
    assert caplog.messages == []
    corpus.batches("train", sampler="shuffled", **told)
    assert "sampler 'shuffled' fetches each shard some 11.4 times" in caplog.text


@pytest.mark.parametrize("kind", ["schedule", "mixture"])
def test_a_step_is_reckoned_with_all_of_its_rows_however_they_are_said(url, caplog, kind):
    corpus = corpuskit.open(url, cache_bytes=60_000)
    told = {"batch_size": 16, "block_size": 4, "output": "numpy", "sampler": "shuffled"}
    if kind == "schedule":
        corpus.batches("train", **{**told, "batch_size": [(0, 4), (10, 16)]})
    else:
        corpuskit.mix({corpus: 1}).batches("train", **told)
    assert "sampler 'shuffled' fetches each shard some 11.4 times" in caplog.text
