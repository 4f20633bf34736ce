"""Batches as the user gets them: NumPy arrays or torch tensors."""

import warnings

import numpy as np
import torch

from corpuskit.batches import Batches
from corpuskit.batches.engines import map_batch


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


def test_values_come_last_in_types_that_torch_computes_with(wide_batches):
    streams = ["row", "part", "loss", "weight"]
    *_, arrays = wide_batches(has_values=True, streams=streams, documents=True, output="numpy")[0]
    assert {name: array.dtype.str for name, array in arrays.items()} == {
        "row": "<u4",
        "part": "<u2",
        "loss": "|u1",
        "weight": "<f4",
    }
    *_, tensors = wide_batches(has_values=True, streams=streams, documents=True)[0]
    for name, array in arrays.items():
        assert tensors[name].is_contiguous()
        assert array.flags.c_contiguous
        assert array.flags.writeable
        np.testing.assert_array_equal(tensors[name], array)
    assert int(tensors["row"].max()) > 2**31


def test_without_streams_a_batch_ends_as_it_did(wide_batches):
    assert len(wide_batches(has_values=True, loss=False)[0]) == 2
    assert len(wide_batches(has_values=True, documents=True, loss=False)[0]) == 3


def test_every_array_of_a_batch_is_changed():
    changed = map_batch((1, {"loss": 2}, 3), lambda number: number + 1)
    assert changed == (2, {"loss": 3}, 4)
