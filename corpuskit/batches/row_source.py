"""What reads the rows of a run: from a stream, a sampler and the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corpuskit.batches.fill_in_the_middle import FimSource
from corpuskit.batches.fim_options import Fim
from corpuskit.batches.joined import JoinedSource
from corpuskit.batches.lengthened import lengthened
from corpuskit.batches.opening import open_reader
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.rows import RowSource, SpanSource, Values, WindowSource
from corpuskit.batches.segments import DocumentEnds
from corpuskit.batches.stream import TokenStream, ValueStream
from corpuskit.batches.targets_ahead import AheadSource
from corpuskit.samplers.base import AnySampler, Sampler, SpanSampler
from corpuskit.value_streams import LOSS


def row_source(
    stream: TokenStream,
    sampler: AnySampler,
    options: BatchOptions,
    *,
    values: Mapping[str, ValueStream],
    document_ends: Callable[[], DocumentEnds],
    fim: Fim | None,
) -> RowSource[Any]:
    """What reads rows of `options.block_size` tokens.

    Args:
        stream: The token stream.
        sampler: Chooses where rows begin.
        options: The options of the run.
        values: The streams of values that batches have, by their names.
        document_ends: Gives where documents end, where rows need it.
        fim: How documents are filled in the middle; None where they are not.
    """
    source = _plain(stream, sampler, options, values=values, document_ends=document_ends)
    if fim is not None:
        is_inside = isinstance(sampler, SpanSampler) and sampler.inside_documents
        ends = None if is_inside else document_ends
        source = FimSource(source, fim, seed=options.seed, ends=ends, num_ids=stream.num_ids)
    if options.num_targets > 1:
        source = AheadSource(
            source,
            options.num_targets,
            ends=stream.document_ends,
            corpus_ends=stream.corpus_ends,
            breaks=sampler.breaks if isinstance(sampler, SpanSampler) else None,
            is_masked=options.documents == "mask",
            has_loss=options.loss and LOSS in source.beside,
        )
    return source


def _plain(
    stream: TokenStream,
    sampler: AnySampler,
    options: BatchOptions,
    *,
    values: Mapping[str, ValueStream],
    document_ends: Callable[[], DocumentEnds],
) -> RowSource[Any]:
    """What reads the rows as they are in the stream, and the next token as each place's target."""
    block_size, num_behind = options.block_size, options.num_targets - 1
    random_access = not sampler.in_order
    least = options.largest_block + options.num_targets  # padding is read, too, whatever is there
    reader = open_reader(
        lengthened(stream, least), block_size + 1, random_access=random_access, num_behind=num_behind
    )
    ends = document_ends if options.documents else None
    beside = {
        name: Values(
            one,
            open_reader(
                lengthened(one, least),
                block_size + (one.of == "target"),
                random_access=random_access,
                num_behind=num_behind,
            ),
        )
        for name, one in values.items()
    }
    if isinstance(sampler, SpanSampler):
        kind = JoinedSource if sampler.joined else SpanSource
        return kind(sampler, reader, block_size, ends, beside, stream.num_ids)
    assert isinstance(sampler, Sampler)
    return WindowSource(sampler, reader, block_size, ends, beside, stream.num_ids)


__all__ = ["row_source"]
