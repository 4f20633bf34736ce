"""Flat batches: their segments beside a look at each place, and the number that is enough for any of them."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import ENGINES, INFOS, corpora

from corpuskit.batches import Batches
from corpuskit.batches.segment_limits import most_segments
from corpuskit.errors import ConfigError
from corpuskit.selection import Selection

pytestmark = pytest.mark.filterwarnings("ignore:step .* has a row without a single target")

SAMPLERS = {
    "random": ("random", {}),
    "shuffled": ("shuffled", {}),
    "padded": ("sequential", {"tail": "pad"}),
    "packed": ("packed", {}),
    "fronted": ("packed", {"bos": 3}),
    "aligned": ("aligned", {}),
}


def cut_places(cu_seqlens, longest):
    """Where segments begin once those that are too long are cut, and the end, place by place."""
    cuts, begin = [], 0
    for place in range(cu_seqlens[-1]):
        if place in cu_seqlens or place - begin == longest:
            cuts.append(place)
            begin = place
    return [*cuts, cu_seqlens[-1]]


@st.composite
def asked(draw, **more):
    """What batches of a corpus may be told, a batch being two or three rows a rank."""
    sampler, options = SAMPLERS[draw(st.sampled_from(sorted(SAMPLERS)))]
    world_size = draw(st.sampled_from([1, 2]))
    return {
        "sampler": sampler,
        "sampler_options": options,
        "block_size": draw(st.integers(1, 20)),
        "batch_size": world_size * draw(st.integers(1, 3)),
        "world_size": world_size,
        "rank": draw(st.integers(0, world_size - 1)),
        **more,
    }


def opened(split, **options):
    """The batches; a corpus that is too small for a row is no example."""
    try:
        return Batches(split, **options)
    except ConfigError as error:
        assume(not any(words in str(error) for words in ("needs", "nothing to pack", "fill no row")))
        raise


@pytest.mark.parametrize("engine", ENGINES)
@given(made=corpora(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_flat_batch_has_the_rows_one_after_another_and_as_many_segments_as_were_said(
    split_of, engine, made, data
):
    options = data.draw(asked(streams=[*INFOS], documents=data.draw(st.sampled_from([True, "mask"]))))
    split, longest = made.split(split_of), data.draw(st.integers(1, 25))
    rows = opened(split, **options, **ENGINES[engine])
    cut = opened(split, **options, max_segment=longest, output="numpy")
    most = most_segments(cut.order)
    flat = opened(
        split, **options, layout="flat", max_segment=longest, max_segments=most + 1, **ENGINES[engine]
    )

    for step in range(3):
        x, y, documents, values = flat[step]

        for part, of_rows in zip((x, y), rows[step], strict=False):
            assert part.tolist() == [of_rows.reshape(-1).tolist()]
        assert {name: part.tolist() for name, part in values.items()} == {
            name: [part.reshape(-1).tolist()] for name, part in rows[step][3].items()
        }
        cuts = cut_places(rows[step][2].cu_seqlens.tolist(), longest)
        assert len(cuts) <= most + 1
        assert documents.cu_seqlens.tolist() == cuts + [x.size if engine == "numpy" else x.numel()] * (
            most + 2 - len(cuts)
        )
        assert "int32" in str(documents.cu_seqlens.dtype)
        assert documents.max_seqlen == min(longest, options["block_size"])
        ids = [n for n, (a, b) in enumerate(itertools.pairwise(cuts)) for _ in range(a, b)]
        places = [at for a, b in itertools.pairwise(cuts) for at in range(b - a)]
        assert documents.document_ids.tolist() == [ids]
        assert documents.position_ids.tolist() == [places]
        assert cut[step][2].cu_seqlens.tolist() == cuts


@given(made=corpora(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_batch_has_more_segments_than_are_enough(split_of, made, data):
    options = data.draw(asked(output="numpy", documents=True))
    if data.draw(st.booleans()):
        split = made.split(split_of)
        numbers = sorted(data.draw(st.sets(st.integers(0, len(made.documents) - 1), min_size=1)))
        options["selection"] = Selection(numbers, split=split.fingerprint, num_documents=len(made.documents))
    split = made.split(split_of)
    batches = opened(split, max_segment=data.draw(st.none() | st.integers(1, 25)), **options)
    most = most_segments(batches.order)

    found = [len(batches[step][2].cu_seqlens) - 1 for step in range(12)]

    assert max(found) <= most
    enough = opened(split, **options, max_segment=batches.options.max_segment, max_segments=most)
    assert len(enough[0][2].cu_seqlens) == most + 1
    if most > 1:
        with pytest.raises(ConfigError, match=f"may be in {most} segments; say max_segments = {most},"):
            opened(split, **options, max_segment=batches.options.max_segment, max_segments=most - 1)


@pytest.mark.parametrize(
    ("sizes", "block", "rows", "enough"),
    [
        ([9, 9, 9, 9], 8, 2, 4),  # full rows, and each might have padding
        ([3, 3, 3, 3, 17], 8, 1, 5),  # four pieces of two pairs, and padding
        (
            [3, 3, 3, 3, 17],
            8,
            2,
            10,
        ),  # one row ends an epoch, and begins the next one
    ],
)
def test_what_is_enough_for_packed_rows_is_known_from_their_table(make_split, sizes, block, rows, enough):
    split = make_split(sum(sizes), document_ends=np.cumsum(sizes), fingerprint="")
    batches = Batches(
        split, batch_size=rows, block_size=block, sampler="packed", layout="flat", output="numpy"
    )
    assert most_segments(batches.order) == enough


def test_what_is_enough_for_windows_is_what_the_worst_window_has(make_split):
    split = make_split(40, document_ends=[5, 6, 8, 8, 20, 40])
    batches = Batches(split, batch_size=3, block_size=4, layout="flat", output="numpy")
    assert most_segments(batches.order) == 3 * 3
