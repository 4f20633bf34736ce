import itertools
import json
import pickle
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import corpuskit
from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.corpus.mixture import Mixture, Stage, Weighted, mix
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.selection import Selection

OPTIONS = {"batch_size": 10, "block_size": 8, "output": "numpy"}
#: Ids of corpus i of a test are i * BASE and up.
BASE = 10_000


class FakeCorpus(dict):
    def __init__(self, name, split):
        super().__init__(train=split)
        split.num_documents = len(split.document_ends())
        self.manifest = SimpleNamespace(
            dataset=name, inputs=[], options={}, tokenizer=SimpleNamespace(fingerprint="t" * 64)
        )


@pytest.fixture
def corpora(split_of):
    def make(**sizes):
        made = {}
        for number, (name, size) in enumerate(sizes.items()):
            tokens = (np.arange(size) + number * BASE).astype(np.uint32)
            ends = range(50, size + 1, 50)
            split = split_of(
                tokens, shard_sizes=[size // 3, size - size // 3], document_ends=ends, fingerprint=name
            )
            made[name] = FakeCorpus(name, split)
        return made

    return make


def mixture_of(corpora, weights, *more, max_epochs=None):
    stages = [Stage(weights, sample=0), *more]
    return Mixture(corpora, stages, max_epochs or {}, {})


def rows(batches, count):
    return np.concatenate([x for x, _ in itertools.islice(batches, count)])


def owners(found):
    return found[:, 0] // BASE


def test_every_row_is_a_window_of_one_corpus(corpora):
    batches = mixture_of(corpora(a=900, b=700, c=300), {"a": 0.5, "b": 0.3, "c": 0.2}).batches(**OPTIONS)

    found = rows(batches, 50)

    np.testing.assert_array_equal(found, found[:, :1] + np.arange(8))
    assert np.bincount(owners(found)).tolist() == [250, 150, 100]


def test_many_corpora_keep_their_shares_to_within_one_sample_at_every_prefix(corpora):
    weights = {"a": 0.4, "b": 0.26, "c": 0.2, "d": 0.1, "e": 0.03, "f": 0.01}
    batches = mixture_of(corpora(**dict.fromkeys(weights, 300)), weights).batches(**OPTIONS)

    counts = np.cumsum(owners(rows(batches, 30))[:, None] == np.arange(6), axis=0)

    assert np.abs(counts - np.arange(1, 301)[:, None] * list(weights.values())).max() < 1


def test_each_corpus_is_drawn_in_its_own_order_whatever_stands_beside_it(corpora):
    made = corpora(a=900, b=700, c=300)
    options = {**OPTIONS, "sampler": "shuffled"}
    two = rows(mixture_of({k: made[k] for k in "ab"}, {"a": 1, "b": 2}).batches(**options), 60)
    three = rows(mixture_of(made, {"a": 5, "b": 1, "c": 4}).batches(**options), 60)

    for number in (0, 1):
        one, other = (found[owners(found) == number, 0] for found in (two, three))
        shared = min(len(one), len(other))
        assert shared > 50
        np.testing.assert_array_equal(one[:shared], other[:shared])


@pytest.mark.parametrize("place", [{"sample": 137}, {"step": 14}, {"tokens": 137 * 8 - 3}])
def test_no_sample_is_lost_or_repeated_across_a_stage(corpora, place):
    made = corpora(a=900, b=700)
    changing = mixture_of(made, {"a": 0.9, "b": 0.1}, Stage({"a": 0.25, "b": 0.75}, **place))
    options = {**OPTIONS, "sampler": "shuffled"}
    found = rows(changing.batches(**options), 40)
    steady = rows(mixture_of(made, {"a": 1, "b": 1}).batches(**options), 80)

    for number in (0, 1):
        own = found[owners(found) == number, 0]
        np.testing.assert_array_equal(own, steady[owners(steady) == number, 0][: len(own)])
    first = changing._stages[1].first_sample(10, 8)
    assert first == (140 if "step" in place else 137)
    share = (owners(found)[first:] == 1).mean()
    assert abs(share - 0.75) < 0.01


def test_a_corpus_leaves_at_its_cap_and_the_mixture_ends_after_the_last(corpora):
    made = corpora(a=401, b=81, c=161)  # 50, 10 and 20 windows an epoch
    mixture = mixture_of(made, {"a": 1, "b": 1, "c": 1}, max_epochs={"a": 1, "b": 2, "c": 1.5})
    batches = mixture.batches(**OPTIONS, sampler="shuffled")

    found = np.concatenate([x for x, _ in batches])

    assert batches.samples_per_epoch == 100
    assert np.bincount(owners(found)).tolist() == [50, 20, 30]
    assert len(np.unique(found[owners(found) == 0, 0])) == 50
    assert np.abs(np.diff(np.flatnonzero(owners(found) == 1)) - 3).max() <= 2  # in turns until it leaves
    drawn = batches.drawn()
    assert [part.epochs for part in drawn.values()] == [1, 2, 1.5]
    again = np.concatenate([x for x, _ in batches])
    np.testing.assert_array_equal(again, found)
    assert [part.samples for part in batches.drawn().values()] == [100, 40, 60]


def test_what_was_drawn_is_reported(corpora):
    batches = mixture_of(corpora(a=900, b=700), {"a": 3, "b": 1}).batches(**OPTIONS)
    rows(batches, 4)

    drawn = batches.drawn()

    assert {name: (part.samples, part.tokens, part.share) for name, part in drawn.items()} == {
        "a": (30, 240, 0.75),
        "b": (10, 80, 0.25),
    }
    assert batches.drawn(0)["a"].share == 0


def test_one_corpus_reports_itself(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")
    batches.seek(step=5)

    assert batches.drawn()["train"].epochs == 50 / 124


@pytest.mark.parametrize("samplers", [{}, {"b": "packed"}, {"a": "random", "b": "sequential"}])
@pytest.mark.parametrize("cut", [0, 3, 17])
def test_a_mixture_resumes_and_is_shared_by_ranks(corpora, samplers, cut, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    mixture = mixture_of(corpora(a=900, b=700), {"a": 0.6, "b": 0.4}, Stage({"b": 1}, step=10))
    options = {**OPTIONS, "sampler": "shuffled", "samplers": samplers, "documents": "mask"}
    whole = list(itertools.islice(mixture.batches(**options), 20))

    first = mixture.batches(**options)
    list(itertools.islice(first, cut))
    ranks = [mixture.batches(**options, rank=rank, world_size=2) for rank in (0, 1)]
    for rank in ranks:
        rank.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for (x, y, _), *parts in zip(whole[cut:], *ranks, strict=False):
        np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), x)
        np.testing.assert_array_equal(np.concatenate([part[1] for part in parts]), y)


def test_weights_may_change_after_the_cut_but_not_before_it(corpora):
    made = corpora(a=900, b=700)
    first = mixture_of(made, {"a": 1, "b": 1}).batches(**OPTIONS)
    rows(first, 5)
    state = first.state_dict()

    later = mixture_of(made, {"a": 1, "b": 1}, Stage({"a": 1}, sample=50)).batches(**OPTIONS)
    later.load_state_dict(state)
    assert set(owners(rows(later, 3))) == {0}
    with pytest.raises(ResumeError, match="gives another order"):
        mixture_of(made, {"a": 9, "b": 1}).batches(**OPTIONS).load_state_dict(state)


@pytest.mark.parametrize("change", ["weights", "sampler"])
def test_what_a_corpus_gave_long_before_the_cut_is_not_forgotten(corpora, change):
    made = corpora(a=900, b=700, c=600)

    def batches(weight=1, **samplers):
        later = Stage({"c": 1}, sample=40), Stage({"a": 1, "b": 1, "c": 0}, sample=80)
        mixture = mixture_of(made, {"a": weight, "b": 1, "c": 0}, *later)
        return mixture.batches(**OPTIONS, sampler="shuffled", samplers=samplers)

    first = batches()
    first.seek(sample=72)  # the last samples are all of c
    state = first.state_dict()
    batches().load_state_dict(state)
    other = batches(weight=3) if change == "weights" else batches(a="random")
    with pytest.raises(ResumeError, match="gives another order"):
        other.load_state_dict(state)


def test_a_corpus_may_join_a_saved_run(corpora):
    made = corpora(a=900, b=700, c=300)
    first = mixture_of({k: made[k] for k in "ab"}, {"a": 1, "b": 1}).batches(**OPTIONS)
    rows(first, 5)

    joined = mixture_of(made, {"a": 1, "b": 1, "c": 0}, Stage({"c": 1}, sample=50)).batches(**OPTIONS)
    joined.load_state_dict(first.state_dict())

    assert set(owners(rows(joined, 3))) == {2}
    with pytest.raises(ResumeError, match="saved with corpus"):
        mixture_of({k: made[k] for k in "bc"}, {"b": 1, "c": 1}).batches(**OPTIONS).load_state_dict(
            first.state_dict()
        )


def test_documents_of_a_mixture_do_not_reach_over_corpora(corpora):
    batches = mixture_of(corpora(a=110, b=120), {"a": 1, "b": 1}).batches(**OPTIONS, documents="mask")

    for x, y, documents in itertools.islice(batches, 20):
        crosses = (x % BASE % 50 == 49) | (y == -100)
        np.testing.assert_array_equal(y, np.where(crosses, -100, x + 1))
        fresh = np.diff(documents.document_ids, axis=1) == 1
        np.testing.assert_array_equal(fresh, x[:, 1:] % BASE % 50 == 0)


def test_a_mixed_stream_pickles_without_its_sampler(corpora):
    batches = mixture_of(corpora(a=110, b=120), {"a": 1, "b": 1}).batches(**OPTIONS)

    stream = batches.order.stream
    made = stream.__reduce__()

    assert made[0] is MixedStream
    assert made[1][4] == ((0, (Fraction(1), Fraction(1))),)
    assert pickle.loads(pickle.dumps(made[1][4])) == made[1][4]


def test_mix_reads_prepared_corpora(prepared):
    one, other = prepared("a", "bytes"), prepared("b", "bytes")
    batches = mix({one: 0.75, other: 0.25}, max_epochs=3).batches(
        "train", batch_size=4, block_size=16, sampler="shuffled"
    )

    x, y = batches[3]

    assert x.shape == (4, 16)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    assert [part.samples for part in batches.drawn(400).values()] == [300, 100]
    assert pickle.loads(pickle.dumps(batches))[3][0].equal(x)


@pytest.mark.parametrize(
    ("weights", "more", "message"),
    [
        ({"a": 0, "b": 0}, {}, "must be 0 or more, and one of them more than 0"),
        ({"a": -1, "b": 2}, {}, "must be 0 or more"),
        ({"a": 1, "b": 1}, {"stages": [Stage({"zzz": 1}, step=5)]}, "stages: zzz is not in the mixture"),
        ({"a": 1, "b": 1}, {"max_epochs": {"zzz": 1}}, "max_epochs: zzz is not in the mixture"),
    ],
)
def test_impossible_mixtures_are_refused(prepared, weights, more, message):
    named = {prepared(name, "bytes"): weight for name, weight in weights.items()}

    with pytest.raises(ConfigError, match=message):
        mix(named, **more)


def test_a_mixture_needs_a_corpus():
    with pytest.raises(ConfigError, match="a mixture needs a corpus"):
        mix({})


@pytest.mark.parametrize(
    ("stages", "options", "message"),
    [
        ([Stage({"a": 1}, sample=0)], {}, r"begin at samples \[0, 0\]; they must come one after another"),
        ([Stage({"a": 1})], {}, "a stage begins at one of step, tokens and sample"),
        ([Stage({"a": 1}, step=1, tokens=5)], {}, "a stage begins at one of"),
        ([], {"block_size": 200}, "of b has 150 tokens, a window of block_size 200 needs 201"),
        ([], {"samplers": {"c": "random"}}, "samplers: c is not in the mixture, which has a, b"),
    ],
)
def test_impossible_batches_of_a_mixture_are_refused(corpora, stages, options, message):
    mixture = mixture_of(corpora(a=900, b=150), {"a": 1, "b": 1}, *stages)

    with pytest.raises(ConfigError, match=message):
        mixture.batches(**{**OPTIONS, **options})


def test_caps_need_epochs(corpora):
    mixture = mixture_of(corpora(a=900, b=150), {"a": 1, "b": 1}, max_epochs={"a": 2})

    with pytest.raises(ConfigError, match="max_epochs of a: sampler 'random' has no epochs; use 'shuffled'"):
        mixture.batches(**OPTIONS)


def test_a_mixture_that_ends_before_a_batch_is_refused(corpora):
    mixture = mixture_of(corpora(a=30, b=30), {"a": 1, "b": 1}, max_epochs={"a": 1, "b": 1})

    with pytest.raises(
        ConfigError, match="the mixture ends after 6 samples, which do not fill a batch of 10"
    ):
        mixture.batches(**OPTIONS, sampler="shuffled")


def test_a_list_of_weighted_corpora_says_what_four_mappings_say(prepared):
    one, other = prepared("a", "bytes"), prepared("b", "bytes")
    options = {"batch_size": 4, "block_size": 16, "output": "numpy"}
    mappings = mix({one: 3, other: 1}, max_epochs={other: 2}).batches(
        samplers={one: "random", other: "shuffled"}, **options
    )

    listed = mix([Weighted(one, 3), Weighted(other, 1, sampler="shuffled", max_epochs=2)]).batches(**options)

    for step in (0, 3, 40):
        np.testing.assert_array_equal(listed[step][0], mappings[step][0])


def test_what_is_not_weighted_is_refused(prepared):
    with pytest.raises(ConfigError, match=r"a list of corpuskit\.Weighted; found \('a', 1\)"):
        mix([("a", 1)])


# Selections


def chosen(corpora, name, numbers):
    """A selection of some documents of a corpus's split, each of 50 tokens."""
    return Selection(numbers, split=name, num_documents=corpora[name]["train"].num_documents)


@pytest.mark.parametrize("sampler", ["random", "shuffled", "packed"])
def test_a_corpus_gives_its_selected_documents_alone(corpora, sampler):
    mixed = corpora(a=900, b=700)
    one = chosen(mixed, "a", [1, 2, 9])
    two = chosen(mixed, "b", [0, 13])
    weights = {"a": 0.5, "b": 0.5}

    def batches(**selections):
        mixture = Mixture(mixed, [Stage(weights, sample=0)], {}, {}, selections)
        return mixture.batches(**{**OPTIONS, "sampler": sampler})

    found = batches(a=one)
    for step in range(10):
        x, y = found[step]
        in_a = (owners(x) == 0) & (x[:, 0] + x[:, 1] > 0)
        assert set((x[in_a][y[in_a] != -100] // 50).tolist()) <= {1, 2, 9}
        assert (y[y != -100] == x[y != -100] + 1).all()
    both = batches(a=one, b=two)
    alone = batches(b=two)
    for step in range(10):  # each corpus is drawn as it is without the other's selection
        np.testing.assert_array_equal(owners(both[step][0]), owners(found[step][0]))
        in_b = owners(both[step][0]) == 1
        np.testing.assert_array_equal(both[step][0][in_b], alone[step][0][in_b])
        np.testing.assert_array_equal(both[step][1][~in_b], found[step][1][~in_b])


def test_a_mixture_goes_on_with_the_selections_that_it_had(corpora):
    mixed = corpora(a=900, b=700)
    weights = [Stage({"a": 1, "b": 1}, sample=0)]

    def batches(**selections):
        return Mixture(mixed, weights, {}, {}, selections).batches(**OPTIONS)

    one, other = chosen(mixed, "a", [1, 2, 9]), chosen(mixed, "a", [1, 2])
    saved = batches(a=one)
    saved.seek(step=3)
    again = batches(a=one)
    again.load_state_dict(saved.state_dict())
    np.testing.assert_array_equal(next(iter(again))[0], saved[3][0])
    for others in ({"a": other}, {}):
        with pytest.raises(ResumeError, match="the state was saved with corpus"):
            batches(**others).load_state_dict(saved.state_dict())


def test_a_selection_is_of_the_split_that_is_drawn_from(corpora):
    mixed = corpora(a=900, b=700)
    stages = [Stage({"a": 1, "b": 1}, sample=0)]
    wrong = chosen(mixed, "b", [1])
    with pytest.raises(ConfigError, match="of another split or corpus than split 'train' of a"):
        Mixture(mixed, stages, {}, {}, {"a": wrong}).batches(**OPTIONS)
    with pytest.raises(ConfigError, match="say whose it is with mix"):
        Mixture(mixed, stages, {}, {}).batches(**OPTIONS, selection=wrong)
    short = chosen(mixed, "b", [3])
    with pytest.raises(ConfigError, match="the selection of split 'train' of b has 50 tokens"):
        Mixture(mixed, stages, {}, {}, {"b": short}).batches(**{**OPTIONS, "block_size": 60})


def test_what_the_corpora_leave_out_is_counted_by_corpus(corpora):
    mixture = mixture_of(corpora(a=900, b=700), {"a": 1, "b": 1})
    options = {"documents": "whole", "too_long": "truncate"}
    batches = mixture.batches(**OPTIONS, sampler="packed", sampler_options=options)
    assert batches.counted == {
        "a": {"documents_truncated": 18, "tokens_truncated": 18 * 41},
        "b": {"documents_truncated": 14, "tokens_truncated": 14 * 41},
    }
    assert "documents truncated of a" in batches._repr_html_()


def test_selections_without_their_corpora_are_one_line(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", output=tmp_path / "made")
    with pytest.raises(ConfigError, match=r"^selections: expected a mapping from corpora, found list; write"):
        mix({corpus: 1}, selections=[1])


@pytest.fixture
def two_languages(tmp_path):
    """Corpora of documents of 50 tokens with the field `lang`, in the splits train and valid."""
    pytest.importorskip("duckdb")
    found = {}
    for name in "ab":
        lines = [{"text": f"{name}{n:02}{n % 7:03}!" * 7, "lang": ("de", "en")[n % 2]} for n in range(40)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        told = {"encoding": "bytes", "keep": "lang", "split": "valid=0.4", "output": tmp_path / name}
        found[name] = corpuskit.prepare(tmp_path / f"{name}.jsonl", **told)
    return found


def test_a_condition_of_a_mixture_chooses_what_a_selection_does(two_languages):
    a, b = two_languages.values()
    options = {**OPTIONS, "sampler": "shuffled"}
    german = corpuskit.select(a["train"], "lang = 'de'")
    expected = mix({a: 1, b: 1}, selections={a: german}).batches("train", **options)
    mixture = mix({a: 1, b: 1}, selections={a: "lang = 'de'"})
    found = mixture.batches("train", **options)

    np.testing.assert_array_equal(found[3][0], expected[3][0])
    found.load_state_dict(expected.state_dict())
    other = mix({a: 1, b: 1}, selections={a: "lang = 'en'"}).batches("train", **options)
    with pytest.raises(ResumeError, match="was saved with corpus"):
        other.load_state_dict(found.state_dict())
    assert "lang = &#x27;de&#x27;" in mixture._repr_html_()
    with pytest.raises(ConfigError, match="select 'langs = 1': .*the columns are lang, "):
        mix({a: 1}, selections={a: "langs = 1"}).batches("train", **options)
    with pytest.raises(ConfigError, match=r"that of .* must be a selection .*, or a condition .*, found 3"):
        mix({a: 1}, selections={a: 3})


def test_a_mixture_is_evaluated_corpus_by_corpus_with_its_conditions(two_languages):
    a, b = two_languages.values()
    mixture = mix({a: 9, b: 1}, selections={a: "lang = 'de'"})
    options = {"batch_size": 4, "block_size": 8, "output": "numpy"}
    found = mixture.evaluations("valid", **options)

    assert list(found) == [str(a.path), str(b.path)]
    of_a = a.evaluation("valid", selection="lang = 'de'", **options)
    assert found[str(a.path)].num_targets == of_a.num_targets
    assert 0 < of_a.num_targets == 50 * len(corpuskit.select(a["valid"], "lang = 'de'")) < len(a["valid"])
    assert found[str(b.path)].num_targets == len(b["valid"])
    for (x, y), (expected, targets) in zip(found[str(a.path)], of_a, strict=True):
        np.testing.assert_array_equal(x, expected)
        np.testing.assert_array_equal(y, targets)
    assert found[str(b.path)].num_text_bytes == 49 * b["valid"].num_documents
    for wrong in ({"exclude": [1]}, {"selection": "lang = 'de'"}):
        with pytest.raises(ConfigError, match=r"is of one corpus; say whose it is with mix\(selections="):
            mixture.evaluations("valid", **wrong)
    with pytest.raises(ConfigError, match="has no split 'test'"):
        mixture.evaluations("test")


def test_labels_say_which_corpus_or_which_value_of_a_field_each_target_is_of(tmp_path):
    levels = {"a": [3, None, 1], "b": ["1", "2", "3"]}
    for name, values in levels.items():
        lines = [json.dumps({"text": f"{name}{value}" * 20, "level": value}) for value in values]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
        options = {"encoding": "bytes", "keep": "level", "split": "none", "output": tmp_path / name}
        corpuskit.prepare(tmp_path / f"{name}.jsonl", **options)
    mixture = mix({str(tmp_path / name): 0.5 for name in levels})
    options = {"batch_size": 8, "block_size": 16, "sampler": "packed", "output": "numpy"}
    by_corpus, by_level = (mixture.batches(labels=labels, **options)[0] for labels in (True, "level"))

    assert by_corpus[2].names == tuple(str(tmp_path / name) for name in levels)
    assert by_level[2].names == ("1", "3", "2", None)
    texts = [{*"ab"[number : number + 1].encode()} for number in range(2)]
    for row, corpus, level in zip(by_corpus[1], by_corpus[2].ids, by_level[2].ids, strict=True):
        for number in set(corpus.tolist()) - {-1}:
            assert {*row[corpus == number].tolist()} & texts[number]
            assert not {*row[corpus == number].tolist()} & texts[1 - number]
        for number in set(level.tolist()) - {-1}:
            shown = {*row[level == number].tolist()} & {*b"123"}
            value = by_level[2].names[number]
            assert shown <= ({*value.encode()} if value else set())


SCHEDULE = {"batch_size": [(0, 4), (6, 8)], "block_size": [(0, 8), (10, 32), (16, 16)], "output": "numpy"}


@pytest.mark.parametrize("sampler", ["shuffled", "sequential", "random", "shard_shuffled"])
@pytest.mark.parametrize("place", [{"step": 3}, {"tokens": 700}, {"sample": 61}, {"step": 18}])
def test_a_schedule_and_stages_meet_anywhere(corpora, sampler, place):
    mixture = mixture_of(corpora(a=900, b=1300), {"a": 3, "b": 1}, Stage({"a": 1, "b": 2}, **place))
    batches = mixture.batches("train", **SCHEDULE, sampler=sampler, seed=5)
    found = [x for x, _ in itertools.islice(batches, 24)]
    assert [x.shape for x in found] == [(4, 8)] * 6 + [(8, 8)] * 4 + [(8, 32)] * 6 + [(8, 16)] * 8
    for x in found:
        assert (np.diff(x, axis=1) == 1).sum(axis=1).min() >= x.shape[1] - 2  # one break, between shards
        assert (x // BASE == x[:, :1] // BASE).all()
    owners_of = np.concatenate([np.repeat(x[:, 0] // BASE, x.shape[1]) for x in found])
    if "tokens" in place:
        begin = -(-700 // 32) * 32
    else:
        begin = batches.schedule.tokens(
            batches.schedule.first_sample(place.get("step", 0)) + place.get("sample", 0)
        )
        begin = -(-begin // 32) * 32
    for tokens in range(0, len(owners_of), 32):  # shares of tokens are exact to within a whole window
        before, after = min(tokens, begin), max(tokens - begin, 0)
        assert abs((owners_of[:tokens] == 0).sum() - (before * 3 / 4 + after / 3)) <= 64


def test_stages_that_begin_in_one_window_of_a_schedule_are_refused_in_its_terms(corpora):
    stages = [Stage({"b": 1}, sample=5), Stage({"a": 1}, sample=6)]
    mixture = mixture_of(corpora(a=900, b=1300), {"a": 3, "b": 1}, *stages)
    with pytest.raises(ConfigError, match=r"begin at windows of 32 tokens, \[0, 2, 2\]; they must come one"):
        mixture.batches("train", **SCHEDULE, sampler="shuffled")


@pytest.mark.parametrize("max_epochs", [None, {"a": 2, "b": 1}])
def test_no_token_of_a_corpus_comes_twice_in_its_epoch_across_borders(corpora, max_epochs):
    mixture = mixture_of(corpora(a=900, b=1300), {"a": 3, "b": 1}, max_epochs=max_epochs)
    batches = mixture.batches("train", **SCHEDULE, sampler="shuffled")
    per_epoch = {0: 899 // 32 * 32, 1: 1299 // 32 * 32}
    order = batches.order
    last = 400 if max_epochs is None else order.samples_per_epoch
    rows = [order.row(sample)[1][0] for sample in range(last)]
    for owner, size in per_epoch.items():
        targets = np.concatenate([y for y in rows if y[0] // BASE == owner])
        for begin in range(0, len(targets), size):
            some = targets[begin : begin + size]
            assert len(set(some.tolist())) == len(some)
    if max_epochs is not None:
        assert sum(map(len, rows)) == 2 * per_epoch[0] + per_epoch[1]
        amounts = order.drawn(last)
        assert [amounts[name].epochs for name in "ab"] == [2, 1]


def losses_of(batches_of_ranks, model, count):
    """Train on whole batches, put together from those of the ranks."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses = []
    for parts in itertools.islice(zip(*batches_of_ranks, strict=True), count):
        x, y = (torch.cat(columns) % 50 for columns in zip(*parts, strict=True))
        loss = torch.nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("cuts", [(5, 13, 19), (8, 10, 16)])
def test_losses_are_the_same_to_the_last_bit_across_a_border_a_stage_and_a_change_of_ranks(corpora, cuts):
    torch = pytest.importorskip("torch")

    def run(rank=0, world_size=1):
        mixture = mixture_of(corpora(a=900, b=1300), {"a": 3, "b": 1}, Stage({"a": 1, "b": 2}, step=12))
        options = {
            **SCHEDULE,
            "output": "torch",
            "sampler": "shuffled",
            "rank": rank,
            "world_size": world_size,
        }
        return mixture.batches("train", **options)

    def model():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Embedding(50, 16), torch.nn.ReLU(), torch.nn.Linear(16, 50))

    expected = losses_of([run()], model(), 24)
    trained, found, state = model(), [], None
    for world_size, (begin, end) in zip([1, 4, 2, 1], itertools.pairwise([0, *cuts, 24]), strict=True):
        ranks = [run(rank, world_size) for rank in range(world_size)]
        for rank in ranks:
            if state is not None:
                rank.load_state_dict(state)
        found += losses_of(ranks, trained, end - begin)
        state = json.loads(json.dumps(ranks[-1].state_dict()))
    assert found == expected


def test_a_mixture_refuses_what_one_of_its_samplers_cannot(corpora):
    mixture = mixture_of(corpora(a=900, b=1300), {"a": 3, "b": 1})
    with pytest.raises(ConfigError, match="sampler 'packed' cannot change its block_size along a run"):
        mixture.batches("train", **SCHEDULE, samplers={"a": "packed"})
    sizes = {"batch_size": [(0, 4), (6, 8)], "block_size": 16, "output": "numpy"}
    batches = mixture.batches("train", **sizes, samplers={"a": "packed"})
    assert [len(x) for x, _ in itertools.islice(batches, 8)] == [4] * 6 + [8] * 2
