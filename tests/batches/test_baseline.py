"""What nanoGPT does for a batch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def test_windows_of_the_file_are_drawn_with_their_targets(tmp_path):
    from corpuskit.batches.baseline import nanogpt_get_batch

    np.arange(100, dtype="<u2").tofile(tmp_path / "a.bin")
    batch = nanogpt_get_batch(tmp_path / "a.bin", np.dtype("<u2"), batch_size=40, block_size=8)
    x, y = batch()
    assert (x.dtype, x.shape) == (torch.int64, (40, 8))
    assert torch.equal(y, x + 1)
    assert torch.equal(x, x[:, :1] + torch.arange(8))
    assert 0 <= int(x.min()) <= int(y.max()) < 100
    assert not torch.equal(x, batch()[0])
