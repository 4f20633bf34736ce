import sys
from pathlib import Path

import numpy as np
import pytest

from corpuskit.samplers.base import SamplerContext

# Of made_corpora.py, which both rooms use.
MADE = str(Path(__file__).parents[1] / "batches")
if MADE not in sys.path:
    sys.path.insert(0, MADE)


@pytest.fixture(scope="session")
def make_context():
    def make(num_tokens, block_size, seed=0, *, ends=(), **fields):
        return SamplerContext(
            num_tokens, block_size, seed, document_ends=lambda: np.asarray(ends, np.int64), **fields
        )

    return make
