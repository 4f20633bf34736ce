"""Rows with documents filled in the middle, beside rows that are made token by token."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, INFOS, Token, corpora

from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.samplers.counter import hash_words, philox
from corpuskit.selection import Selection

FIM = {"rate": 0.7, "prefix": 4, "suffix": 5, "middle": 6}
#: Samplers, and their options.
SAMPLERS = {
    "random": {},
    "shuffled": {},
    "sequential": {"tail": "pad"},
    "packed": {"bos": BOS},
    "packed, padded": {"pad_to_multiple": 4},
    "aligned": {"buffer": 3},
    "aligned, fronted": {"bos": BOS},
}


def drawn(counter, number, seed=0):
    """128 random bits of a counter, as two numbers."""
    key, stream = hash_words("fim", seed)
    high, low = philox(np.array([counter % 2**64], np.uint64), stream=(stream + number) % 2**64, key=key)
    return int(high[0]), int(low[0])


def filled_in(tokens, counter, fim, control):
    """Tokens of one document, changed or as they are."""
    chance, order = drawn(counter, 1)
    if len(tokens) <= 3 or chance / 2**64 >= fim["rate"]:
        return tokens
    head = [tokens.pop(0)] if tokens[0].id in control else []
    tail = [tokens.pop()] if tokens[-1].id in control else []
    if len(tokens) <= 3:
        return head + tokens + tail
    low, high = sorted(one * (len(tokens) + 1) >> 64 for one in drawn(counter, 2))
    prefix, middle, suffix = tokens[:low], tokens[low:high], tokens[high:]
    if len(suffix) > 3:
        suffix = suffix[:-3]
    else:
        for _ in range(3):
            if prefix or middle:
                (prefix or middle).pop(0)
            else:
                suffix.pop()
    P, S, M = ([Token(fim[name], tokens[0].document)] for name in ("prefix", "suffix", "middle"))
    if order / 2**64 < fim.get("spm_rate", 0.5):
        return head + P + S + suffix + M + prefix + middle + tail
    return head + P + prefix + S + suffix + M + middle + tail


def filled_rows(tokens, spans, fim, control, *, joined):
    """Rows of pairs of tokens, x and y: of each span its tokens and the target of its last one."""
    first, starts, lengths, bos = spans
    rows = []
    for row in range(len(first) - 1):
        counter, pairs, whole = drawn(row, 0)[0], [], []
        for span in range(first[row], first[row + 1]):
            start, stop = int(starts[span]), int(starts[span] + lengths[span])
            front = [Token(BOS, -1)] if bos is not None and bos[span] >= 0 else []
            documents = []
            for token in tokens[start : stop + (not joined)]:
                if not documents or documents[-1][-1].document != token.document:
                    documents.append([])
                documents[-1].append(token)
            for document in documents:
                front += filled_in(document, counter, fim, control)
                counter += 1
            if joined:
                whole += front
            else:
                pairs += [*itertools.pairwise(front)]
                pairs += [None] * (-len(pairs) % (4 if joined is None else 1))
        rows.append(pairs or [*itertools.pairwise(whole)])
    return rows


@pytest.mark.filterwarnings("ignore:step 0 has a row without a single target", "ignore:aligned")
@pytest.mark.parametrize("sampler", SAMPLERS)
@given(
    is_streamed=st.booleans(),
    made=corpora(),
    block=st.sampled_from([4, 8, 12, 20]),
    mask=st.sampled_from([True, "mask"]),
    loss=st.booleans(),
    is_selected=st.booleans(),
    rate=st.sampled_from([0.5, 1]),
    data=st.data(),
)
@settings(max_examples=50, deadline=None)
def test_x_y_masks_and_values_move_with_their_tokens(
    split_of, sampler, is_streamed, made, block, mask, loss, is_selected, rate, data
):
    numbers = sorted(data.draw(st.sets(st.integers(0, len(made.documents) - 1), min_size=1)))
    chosen = numbers if is_selected else range(len(made.documents))
    tokens = [token for document in made.documents for token in document]
    assume(sum(len(made.documents[number]) for number in chosen) > block)
    control = data.draw(st.sets(st.sampled_from(tokens).map(lambda token: token.id)))
    split = with_control(made.split(split_of), {f"<{one}>": one for one in control})
    split.is_streamed = is_streamed
    name = sampler.split(",")[0]
    fim = FIM | {"rate": rate}
    options = {
        "batch_size": 4,
        "block_size": block,
        "sampler": name,
        "sampler_options": SAMPLERS[sampler],
        "selection": Selection(numbers, split=split.fingerprint, num_documents=len(made.documents))
        if is_selected
        else None,
        "documents": mask,
        "loss": loss,
        "streams": [*INFOS],
        "output": "numpy",
    }
    if name == "aligned":
        kept = sum(len(made.documents[number]) for number in chosen)
        try:
            Batches(split, **options)
        except ConfigError:
            assume(kept < 0)
    batches = Batches(split, fim=fim, **options)

    x, y, segments, values = batches[0]

    order = batches.order
    joined = name == "aligned"
    spans = order.sampler.spans(np.arange(4)) if joined else order.spans(np.arange(4))
    rows = filled_rows(tokens, spans, fim, control, joined=joined or (None if "padded" in sampler else False))
    for n, row in enumerate(rows):
        for at, (one, target) in enumerate(pair or (None, None) for pair in row):
            if one is None:
                assert (x[n][at], y[n][at]) == (0, -100)
                continue
            assert x[n][at] == one.id
            assert values["part"][n][at] == one.part
            is_broken = target.document not in (*chosen, -1)
            assert values["score"][n][at] == np.float32(0.5 if is_broken else target.score)
            other = mask == "mask" and one.document not in (-1, target.document)
            if joined and mask == "mask" and -1 in (one.document, target.document):
                continue  # where the id in front is of the document behind it
            is_hidden = is_broken or other or (loss and not target.loss)
            assert y[n][at] == (-100 if is_hidden else target.id)
        assert (y[n][len(row) :] == -100).all()
        assert (x[n][len(row) :] == 0).all()
    plain = Batches(split, **options)[0][2]
    np.testing.assert_array_equal(segments.cu_seqlens, plain.cu_seqlens)


def with_control(split, names):
    """A split whose tokenizer has control tokens."""

    class Controlled(type(split)):
        control_ids = names

    split.__class__ = Controlled
    return split


def rows_of(split, samples, **options):
    """The rows of samples, with all documents filled in."""
    return Batches(split, output="numpy", **options).order.rows(samples)[:2]


def test_rows_depend_on_the_seed_and_the_sample_alone(make_split):
    ends = np.cumsum(np.random.default_rng(0).integers(1, 40, 100))
    split = make_split(int(ends[-1]), document_ends=ends, shard_sizes=[7, int(ends[-1]) - 7])
    options = {"block_size": 32, "fim": FIM, "seed": 5}
    x, y = rows_of(split, range(24), batch_size=8, **options)
    other = rows_of(split, range(24), batch_size=8, **{**options, "seed": 6})[0]
    assert (x != other).any()
    for world_size in (1, 2, 4):
        for rank in range(world_size):
            part = Batches(
                split, batch_size=8, rank=rank, world_size=world_size, output="numpy", prefetch=2, **options
            )
            part.seek(step=1)
            rows = slice(8 + rank * 8 // world_size, 8 + (rank + 1) * 8 // world_size)
            for found, expected in ((next(iter(part)), (x, y)), (part[1], (x, y))):
                np.testing.assert_array_equal(found[0], expected[0][rows])
                np.testing.assert_array_equal(found[1], expected[1][rows])
    np.testing.assert_array_equal(rows_of(split, [20, 3], batch_size=2, **options)[0], x[[20, 3]])
    dataset = Batches(split, batch_size=8, **options).dataset()
    np.testing.assert_array_equal(dataset[9][0], x[9])
    np.testing.assert_array_equal(Batches(split, batch_size=8, **options)[1][0].numpy(), x[8:16])


def test_rates_are_shares_of_documents_and_cuts_are_anywhere(make_split):
    split = make_split(20_000, document_ends=range(20, 20_001, 20), fingerprint="")
    fim = FIM | {"rate": 0.25, "spm_rate": 0.75}
    x, _ = rows_of(
        split, range(1000), batch_size=1, block_size=19, sampler="packed", fim=fim | {"prefix": 60_000}
    )
    begun = x[:, 0] == 60_000
    assert 200 < begun.sum() < 300
    assert 0.65 < (x[begun, 1] == FIM["suffix"]).mean() < 0.85
    ends = (x[begun] == FIM["middle"]).argmax(axis=1)
    assert len(np.unique(ends)) >= 17


def test_all_of_none_and_none_of_some_are_changed(make_split):
    split = make_split(500, document_ends=range(2, 501, 2))
    for rate, ends in ((0, range(20, 501, 20)), (1, range(2, 501, 2))):
        options = {"batch_size": 4, "block_size": 16, "documents": True}
        other = make_split(500, document_ends=ends)
        x, y, _ = Batches(other, fim=FIM | {"rate": rate}, output="numpy", **options)[3]
        np.testing.assert_array_equal(x, Batches(split, output="numpy", **options)[3][0])
        np.testing.assert_array_equal(y, x + 1)


@pytest.mark.parametrize("sampler", ["random", "packed", "sequential"])
def test_further_targets_are_those_of_the_changed_row(make_split, sampler):
    split = make_split(900, document_ends=range(30, 901, 30), fingerprint="")
    options = {"batch_size": 4, "block_size": 29, "fim": FIM, "sampler": sampler, "output": "numpy"}
    _, y = Batches(split, num_targets=3, **options)[1]
    first = Batches(split, **options)[1][1]
    for ahead in range(3):
        np.testing.assert_array_equal(y[:, ahead, : 29 - ahead], first[:, ahead:])
        assert (y[:, ahead, 29 - ahead :] == -100).all()


def test_mixtures_and_flat_batches_have_them(make_split):
    halves = (Fraction(1, 2), Fraction(1, 2))
    splits = [make_split(400, document_ends=range(20, 401, 20), fingerprint="") for _ in range(2)]
    stream = MixedStream(("a", "b"), ("a", "b"), splits, ("shuffled", "packed"), ((0, halves),), (None, None))
    options = {"batch_size": 4, "block_size": 19, "sampler": "mixture", "output": "numpy", "fim": FIM}
    x, y, documents = Batches(stream, documents=True, **options)[2]
    assert (x == FIM["middle"]).any()
    flat = Batches(stream, layout="flat", **options)[2]
    np.testing.assert_array_equal(flat[0], x.reshape(1, -1))
    np.testing.assert_array_equal(flat[1], y.reshape(1, -1))
    np.testing.assert_array_equal(flat[2].cu_seqlens, documents.cu_seqlens)


def test_a_state_goes_on_with_the_same_and_refuses_others(make_split):
    split = make_split(900, document_ends=range(30, 901, 30), fingerprint="")
    options = {"batch_size": 4, "block_size": 16, "output": "numpy", "sampler": "shuffled"}
    batches = Batches(split, fim=FIM, **options)
    whole = [x for x, _ in batches]
    batches.seek(step=3)
    state = batches.state_dict()
    assert state["fim"] == FIM | {"spm_rate": 0.5}
    again = Batches(split, fim=FIM, **options)
    again.load_state_dict(state)
    np.testing.assert_array_equal([x for x, _ in again], whole[3:])
    with pytest.raises(ResumeError, match=r"saved with fim \{'rate': 0.7\}, these batches have"):
        Batches(split, fim=FIM | {"rate": 0.6}, **options).load_state_dict(state)
    with pytest.raises(ResumeError, match="saved with fim"):
        Batches(split, **options).load_state_dict(state)
