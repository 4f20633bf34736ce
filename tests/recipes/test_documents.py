"""The kernel that the documents page cannot run: it needs a GPU."""

import pytest
import torch
from torch.nn import functional as F

from corpuskit.batches.segments import Segments


@pytest.mark.skipif(not torch.cuda.is_available(), reason="variable-length attention needs a CUDA device")
def test_variable_lengths_are_a_dense_mask(corpus):
    kernel = pytest.importorskip("torch.nn.attention.varlen", reason="variable lengths need torch 2.10")
    batches = corpus.batches("train", batch_size=4, block_size=128, documents=True, device="cuda")
    documents = batches[0][2]
    assert isinstance(documents, Segments)
    query, key, value = torch.randn(3, 4, 2, 128, 32, dtype=torch.bfloat16, device="cuda")
    ids = documents.document_ids
    mask = (ids[:, :, None] == ids[:, None, :]).tril()

    dense = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None])
    flat = [part.transpose(1, 2).flatten(0, 1) for part in (query, key, value)]
    lengths = (documents.cu_seqlens, documents.cu_seqlens, documents.max_seqlen, documents.max_seqlen)
    found = kernel.varlen_attn(*flat, *lengths, window_size=(-1, 0))

    torch.testing.assert_close(found.unflatten(0, (4, 128)).transpose(1, 2), dense, atol=2e-2, rtol=2e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="variable-length attention needs a CUDA device")
def test_empty_segments_of_a_flat_batch_change_nothing(corpus):
    kernel = pytest.importorskip("torch.nn.attention.varlen", reason="variable lengths need torch 2.10")
    options = {"batch_size": 4, "block_size": 128, "sampler": "packed", "layout": "flat", "device": "cuda"}
    options["sampler_options"] = {"pad_to_multiple": 8}
    documents = corpus.batches("train", **options)[0][2]
    number = len(documents.cu_seqlens) + 100
    more = corpus.batches("train", max_segments=number, **options)[0][2]
    query, key, value = torch.randn(3, 512, 2, 32, dtype=torch.bfloat16, device="cuda")

    def attend(segments):
        lengths = (segments.cu_seqlens, segments.cu_seqlens, segments.max_seqlen, segments.max_seqlen)
        return kernel.varlen_attn(query, key, value, *lengths, window_size=(-1, 0))

    torch.testing.assert_close(attend(more), attend(documents), atol=1e-2, rtol=1e-2)
