"""Batches as the user gets them: NumPy arrays or torch tensors."""

import warnings

import numpy as np
import torch

from corpuskit.batches import Batches


def test_torch_output_is_contiguous_int64_and_gives_no_warning(make_split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x, y = Batches(make_split(1000), batch_size=8, block_size=16)[0]

    assert x.dtype == y.dtype == torch.int64
    assert x.is_contiguous()
    assert y.is_contiguous()
    x.add_(1)  # the caller's own memory
    np.testing.assert_array_equal(x, y)


def test_torch_documents_are_tensors(make_split):
    import torch

    split = make_split(100, document_ends=[40, 100])
    _, _, documents = Batches(split, batch_size=2, block_size=8, documents=True)[0]

    for tensor in (documents.document_ids, documents.position_ids, documents.cu_seqlens):
        assert tensor.dtype == torch.int32
