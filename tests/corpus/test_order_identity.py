"""What the order of a corpus in a mixture depends on."""

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.corpus.order_identity import order_identity
from corpuskit.errors import ResumeError

OPTIONS = {"batch_size": 4, "block_size": 8, "sampler": "shuffled", "output": "numpy"}


@pytest.fixture
def pages(tmp_path):
    """Eight documents of as many tokens each, of two kinds."""
    lines = [json.dumps({"text": f"{n} " * 30, "kind": "ab"[n % 2]}) for n in range(8)]
    (tmp_path / "pages.jsonl").write_text("\n".join(lines))
    told = {"encoding": "bytes", "keep": "kind", "split": "none", "eot": True}
    return corpuskit.prepare(tmp_path / "pages.jsonl", output=tmp_path / "pages", **told)


@pytest.fixture
def halves(pages, tmp_path):
    return [corpuskit.filter(pages, tmp_path / kind, where=f"kind = '{kind}'") for kind in "ab"]


def test_corpora_of_other_documents_of_one_have_orders_of_their_own(halves):
    assert len(halves[0]["train"]) == len(halves[1]["train"])
    x = [corpuskit.mix({half: 1}).batches("train", **OPTIONS)[0][0] for half in halves]
    assert (x[0] // 10 * 10 != x[1] // 10 * 10).any()  # not the same places of both
    assert order_identity(halves[0], "train") != order_identity(halves[1], "train")


def test_other_shards_and_what_is_not_derived_keep_the_order(pages, halves, tmp_path):
    for number, one in enumerate((pages, halves[0])):
        again = corpuskit.reshard(one, tmp_path / f"again-{number}", shard_bytes=100)
        assert len(again.manifest.splits["train"].shards) > 1
        assert order_identity(again, "train") == order_identity(one, "train")
        found, expected = (corpuskit.mix({each: 1}).batches("train", **OPTIONS) for each in (again, one))
        np.testing.assert_array_equal(found[2][0], expected[2][0])


def test_a_saved_mixture_goes_on_with_no_other_corpus_that_was_derived_from_the_same(pages, halves):
    state = corpuskit.mix({pages: 1, halves[0]: 1}).batches("train", **OPTIONS).state_dict()
    corpuskit.mix({pages: 1, halves[0]: 1}).batches("train", **OPTIONS).load_state_dict(state)
    with pytest.raises(ResumeError, match="was saved with corpus"):
        corpuskit.mix({pages: 1, halves[1]: 1}).batches("train", **OPTIONS).load_state_dict(state)


def test_corpora_that_are_put_together_of_other_documents_have_orders_of_their_own(pages, halves, tmp_path):
    made = [
        corpuskit.concat([half, pages], tmp_path / f"both-{number}", name="both")
        for number, half in enumerate(halves)
    ]
    assert len(made[0]["train"]) == len(made[1]["train"])
    assert order_identity(made[0], "train") != order_identity(made[1], "train")
