"""Rows of `aligned` beside nanochat's own loop, in plain Python."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_corpora import nanochat_rows

from corpuskit.errors import ConfigError
from corpuskit.samplers import aligned
from corpuskit.samplers.aligned import AlignedSampler


def rows_of(sampler, samples):
    """The tokens of the rows, where a token is its place in the stream, and -1 an id in front."""
    spans = sampler.spans(samples)
    rows = []
    for a, b in zip(spans.first[:-1], spans.first[1:], strict=True):
        rows.append([])
        for number in range(a, b):
            rows[-1] += [] if spans.bos is None else [-1]
            rows[-1] += range(spans.starts[number], spans.starts[number] + spans.lengths[number])
    return rows


@pytest.mark.parametrize("group", [1, 7, 2**20])
@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    block=st.integers(1, 40),
    buffer=st.integers(1, 20),
    refill=st.integers(1, 9),
    bos=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_rows_are_those_of_nanochat(make_context, group, sizes, block, buffer, refill, bos):
    ends = np.cumsum(sizes)
    front = [-1] if bos else []
    documents = [[*front, *range(end - size, end)] for end, size in zip(ends, sizes, strict=True)]
    expected, rest = nanochat_rows(documents, block + 1, buffer=buffer, refill=refill)
    options = {"buffer": buffer, "refill": refill} | ({"bos": 5} if bos else {})
    context = make_context(int(ends[-1]), block, ends=ends, options=options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aligned, "_GROUP_DOCUMENTS", group)
        if not expected:
            with pytest.raises(ConfigError, match="the split's documents fill no row"):
                AlignedSampler(context)
            return
        sampler = AlignedSampler(context)

    assert sampler.samples_per_epoch == len(expected)
    samples = len(expected) * 3 + np.arange(len(expected))
    assert rows_of(sampler, samples) == expected
    drawn = {token for row in [*expected, rest] for token in row}
    counted = {"tokens_cropped": 0, "tokens_dropped": 0, **sampler.counted}
    assert counted["tokens_cropped"] == sum(sizes) - len(drawn - {-1})
    assert counted["tokens_dropped"] == sum(token >= 0 for token in rest)


def test_as_many_documents_wait_as_in_nanochat(make_context):
    sizes = np.random.default_rng(3).integers(1, 90, 3000)
    ends = np.cumsum(sizes)
    documents = [[*range(end - size, end)] for end, size in zip(ends, sizes, strict=True)]
    expected, _ = nanochat_rows(documents, 65)

    sampler = AlignedSampler(make_context(int(ends[-1]), 64, ends=ends))

    assert rows_of(sampler, np.arange(len(expected))) == expected


def test_what_is_cropped_is_warned_of_once(make_context, caplog):
    context = make_context(40, 7, ends=[20, 40], fingerprint="warned")
    with caplog.at_level(logging.WARNING, logger="corpuskit"):
        sampler = AlignedSampler(context)
        AlignedSampler(context)
    assert sampler.counted == {
        "documents_cropped": 2,
        "tokens_cropped": 24,
    }
    (record,) = caplog.records
    assert record.getMessage() == (
        "aligned: 24 of the split's 40 tokens (60.0 %) are cropped and never drawn; 'packed' crops none"
    )


def test_a_table_is_kept_for_each_way_to_make_it(make_context, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    made = [{}, {"buffer": 1}, {"refill": 1}, {"bos": 3}]
    for options in [*made, {"bos": 4}]:  # another id, the same table
        AlignedSampler(make_context(40, 7, ends=[20, 40], fingerprint="kept", options=options))
    assert len([*(tmp_path / "tables").iterdir()]) == len(made)
    unasked = make_context(40, 7, ends=None, fingerprint="kept")  # its document ends would be an error
    assert AlignedSampler(unasked).samples_per_epoch == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"buffer": 0}, "sampler option buffer = 0: must be a whole number, 1 or more"),
        ({"refill": 2.5}, "sampler option refill = 2.5: must be a whole number"),
        ({"skip_untrained": True}, "packed, sequential and shuffled have that option"),
    ],
)
def test_an_option_that_cannot_be_is_refused(make_context, options, message):
    with pytest.raises(ConfigError, match=message):
        AlignedSampler(make_context(40, 7, ends=[20, 40], options=options))
