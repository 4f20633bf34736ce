"""Flat batches: their segments beside a look at each place, and the number that is enough for any of them."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import ENGINES, INFOS, corpora

import corpuskit
from corpuskit.batches import Batches
from corpuskit.batches.segment_limits import most_segments
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.selection import Selection

pytestmark = pytest.mark.filterwarnings("ignore:step .* has a row without a single target")

SAMPLERS = {
    "random": ("random", {}),
    "shuffled": ("shuffled", {}),
    "padded": ("sequential", {"tail": "pad"}),
    "packed": ("packed", {}),
    "fronted": ("packed", {"bos": 3}),
    "multiple": ("packed", {"pad_to_multiple": 4, "bos": 3}),
    "shards": ("shard_shuffled", {"group_tokens": 30}),
    "bounded": ("packed", {"max_pieces": 3}),
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
    world_size, multiple = draw(st.sampled_from([1, 2])), options.get("pad_to_multiple", 1)
    return {
        "sampler": sampler,
        "sampler_options": options,
        "block_size": draw(st.integers(1, 20 // multiple)) * multiple,
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
    split = made.split(split_of)
    multiple = options["sampler_options"].get("pad_to_multiple", 1)
    longest = data.draw(st.integers(1, 24 // multiple)) * multiple
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
    lengths = st.integers(1, 6).map(lambda n: 4 * n)
    batches = opened(split, max_segment=data.draw(st.none() | lengths), **options)
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
        ([9, 9, 9, 9], 8, 2, 2),  # full rows
        ([3, 3, 3, 3, 17], 8, 1, 4),  # four pieces of two pairs fill a row
        ([3, 3, 3, 3, 17], 8, 2, 8),  # one row ends an epoch, and begins the next one
        ([3, 3, 3, 17], 8, 1, 4),  # and padding
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


# What goes with it


OPTIONS = {"batch_size": 4, "block_size": 8, "sampler": "packed", "layout": "flat", "output": "numpy"}
ENDS = np.cumsum([5, 3, 9, 2, 4, 11, 7, 20])


@pytest.fixture
def split(make_split):
    return make_split(int(ENDS[-1]), document_ends=ENDS, fingerprint="")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "wide"}, "layout = 'wide': must be 'rows' or 'flat'"),
        ({"max_segment": 0}, "max_segment = 0: must be a whole number, 1 or more"),
        ({"layout": "rows", "max_segments": 9}, "max_segments is about the segments of a batch"),
        ({"max_segment": 6, "sampler_options": {"pad_to_multiple": 4}}, "max_segment = 6: .* such as 8"),
        ({"sampler": "random", "sampler_options": {"pad_to_multiple": 4}}, "packed has that option"),
    ],
)
def test_options_that_cannot_be_are_refused(split, options, message):
    with pytest.raises(ConfigError, match=message):
        Batches(split, **{**OPTIONS, **options})


def test_a_run_goes_on_with_another_layout_but_not_with_another_padding(split):
    flat = Batches(split, **OPTIONS, sampler_options={"pad_to_multiple": 2})
    flat.seek(step=2)
    rows = Batches(split, **{**OPTIONS, "layout": "rows"}, sampler_options={"pad_to_multiple": 2})

    rows.load_state_dict(flat.state_dict())

    assert next(iter(rows))[0].reshape(-1).tolist() == next(iter(flat))[0].reshape(-1).tolist()
    other = Batches(split, **OPTIONS, sampler_options={"pad_to_multiple": 4})
    with pytest.raises(ResumeError, match=r"sampler_options \{'pad_to_multiple': 2\}, these batches have"):
        other.load_state_dict(flat.state_dict())


def test_workers_make_flat_batches_and_the_items_of_a_dataset_are_rows(split):
    options = {**OPTIONS, "output": "torch", "sampler_options": {"pad_to_multiple": 2}, "max_segments": 32}
    flat = Batches(split, **options)
    x, y, segments = next(iter(flat.iterable()))
    assert x.tolist() == flat[0][0].tolist()
    assert segments.cu_seqlens.tolist() == flat[0][2].cu_seqlens.tolist()
    items = [flat.dataset()[number] for number in range(4)]
    assert torch.cat([item[0] for item in items]).tolist() == x[0].tolist()
    assert torch.cat([item[1] for item in items]).tolist() == y[0].tolist()
    assert torch.cat([item[3] for item in items]).tolist() == segments.position_ids[0].tolist()


def test_ids_of_a_trace_are_without_the_padding_between_segments(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "{"abcdefghij"[:n]}"}}\n' for n in range(1, 11)))
    corpus = corpuskit.prepare(tmp_path / "a.jsonl", encoding="bytes", split="none", output=tmp_path / "ids")
    options = {**OPTIONS, "block_size": 24, "batch_size": 2, "sampler_options": {"pad_to_multiple": 8}}
    batches = corpus.batches("train", **options)
    x, y, segments = batches[0]
    real = np.zeros(x.size, bool)
    for begin, tokens in zip(segments.cu_seqlens, np.diff(segments.cu_seqlens_unpadded), strict=False):
        real[begin : begin + tokens] = True

    for number, row in enumerate(batches.trace(0).rows):
        here = slice(24 * number, 24 * (number + 1))
        assert row.places.tolist() == np.flatnonzero(real[here]).tolist()
        assert row.x.tolist() == row.ids.tolist() == x[0, here][row.places].tolist()
        assert row.y.tolist() == y[0, here][row.places].tolist()
        assert row.text == corpus.decode(row.ids)
        assert (y[0, here][~real[here]] == -100).all()


def test_a_mixture_has_padded_segments_of_each_corpus(tmp_path):
    for name in ("a", "b"):
        lines = "".join(f'{{"text": "{(name * 12)[:n]}"}}\n' for n in range(1, 11))
        (tmp_path / f"{name}.jsonl").write_text(lines)
    corpora = [
        corpuskit.prepare(tmp_path / f"{name}.jsonl", encoding="bytes", split="none", output=tmp_path / name)
        for name in ("a", "b")
    ]
    mixture = corpuskit.mix({corpora[0]: 0.5, corpora[1]: 0.5})
    options = {**OPTIONS, "block_size": 24, "sampler_options": {"pad_to_multiple": 8}}
    most = most_segments(mixture.batches("train", **options).order)

    x, y, segments, labels = mixture.batches("train", **options, max_segments=most, labels=True)[0]

    assert len(segments.cu_seqlens) == most + 1
    assert (segments.cu_seqlens % 8 == 0).all()
    tokens = np.diff(segments.cu_seqlens_unpadded)
    starts = segments.cu_seqlens[:-1][tokens > 0]
    texts = [
        bytes(x[0, at : at + n].tolist()).decode() for at, n in zip(starts, tokens[tokens > 0], strict=True)
    ]
    assert {text[0] for text in texts} == {"a", "b"}
    assert labels.ids.shape == (1, 96)
    assert ((labels.ids >= 0) == (y != -100)).all()
    assert all(text == text[0] * len(text) for text in texts)
    with pytest.raises(ConfigError, match="sampler 'random' has no option 'pad_to_multiple'"):
        mixture.batches("train", **options, samplers={corpora[0]: "packed", corpora[1]: "random"})
