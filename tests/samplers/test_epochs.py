import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers.epochs import by_epoch


@given(st.lists(st.integers(0, 2**62), max_size=40), st.integers(1, 2**40))
def test_each_sample_is_at_its_position_of_its_epoch(samples, samples_per_epoch):
    found = by_epoch(
        np.array(samples, np.int64), samples_per_epoch, lambda epoch, positions: positions ^ (epoch & 0xFF)
    )

    assert found.tolist() == [
        sample % samples_per_epoch ^ (sample // samples_per_epoch & 0xFF) for sample in samples
    ]
