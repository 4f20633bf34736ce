"""What is done to rows goes together: sizes that change, targets further ahead, fill in the middle."""

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.errors import ConfigError

SIZES = {"batch_size": [(0, 4), (3, 2)], "block_size": [(0, 8), (4, 16)]}
FIM = {"rate": 1.0, "prefix": 500, "suffix": 501, "middle": 502}


@pytest.fixture
def make(make_split):
    def make(**options):
        split = make_split(4000, document_ends=np.arange(40, 4001, 40), fingerprint="one")
        return Batches(split, sampler="shuffled", seed=3, output="numpy", **SIZES, **options)

    return make


def test_targets_further_ahead_follow_a_schedule(make):
    plain, ahead = make(), make(num_targets=3)
    for step in range(8):
        (x, y), (same_x, ys) = plain[step], ahead[step]
        np.testing.assert_array_equal(same_x, x)
        np.testing.assert_array_equal(ys[:, 0], y)
        for behind in (1, 2):
            np.testing.assert_array_equal(ys[:, behind, :-behind], y[:, behind:])


def test_documents_are_filled_in_the_middle_along_a_schedule(make):
    batches = make(fim=FIM, num_targets=2, documents="mask")
    expected = [batches[step] for step in range(8)]
    assert all((x >= 500).any() for x, *_ in expected)
    for step in (3, 4, 6):
        resumed = make(fim=FIM, num_targets=2, documents="mask")
        resumed.load_state_dict({**batches.state_dict(), **_at(make, step)})
        for (x, y, _), (same_x, same_y, _) in zip(expected[step:], resumed, strict=False):
            np.testing.assert_array_equal(same_x, x)
            np.testing.assert_array_equal(same_y, y)


def _at(make, step):
    batches = make(fim=FIM, num_targets=2, documents="mask")
    batches.seek(step=step)
    return batches.state_dict()


def test_more_targets_than_the_smallest_rows_have_tokens_are_refused(make):
    with pytest.raises(ConfigError, match="num_targets = 9: must be at most block_size, 8"):
        make(num_targets=9)
