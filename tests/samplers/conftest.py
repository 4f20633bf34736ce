import numpy as np
import pytest

from corpuskit.samplers.base import SamplerContext


@pytest.fixture(scope="session")
def make_context():
    def make(num_tokens, block_size, seed=0, *, ends=(), **fields):
        return SamplerContext(
            num_tokens, block_size, seed, document_ends=lambda: np.asarray(ends, np.int64), **fields
        )

    return make
