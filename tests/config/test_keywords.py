"""The options of Python's functions: those of the configurations, shown by help() and checked by name."""

import dataclasses
import inspect
import typing

import pytest

import corpuskit
from corpuskit.batches.options import BatchOptions
from corpuskit.config import BatchConfig, PrepareConfig
from corpuskit.config.keywords import BatchKeywords, PrepareKeywords, checked, meant
from corpuskit.errors import ConfigError


def keyword_only(function):
    found = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in found if one.kind is one.KEYWORD_ONLY}


def test_the_options_of_prepare_and_plan_are_the_fields_of_its_configuration():
    defaults = {
        name: field.default for name, field in PrepareConfig.model_fields.items() if name != "dataset"
    }
    assert list(typing.get_type_hints(PrepareKeywords)) == list(defaults)
    own = {"config": None, "on_progress": None}
    assert keyword_only(corpuskit.plan) == {**own, **defaults}
    assert keyword_only(corpuskit.prepare) == {**own, "progress": True, **defaults}


@pytest.mark.parametrize(
    ("model", "options"), [(PrepareConfig, PrepareKeywords), (BatchConfig, BatchKeywords)]
)
def test_an_option_is_typed_as_all_that_its_field_takes(model, options):
    def kinds(hint):
        return set(typing.get_args(hint)) or {hint}

    hints = typing.get_type_hints(options)
    names = model.model_fields.keys() & hints.keys() - {"reader_options", "sampler_options"}
    assert len(names) > 5
    for name in names:
        assert kinds(model.model_fields[name].annotation) <= kinds(hints[name]), name


def test_the_options_of_batches_are_the_same_everywhere():
    expected = keyword_only(corpuskit.Batches)
    assert list(typing.get_type_hints(BatchKeywords)) == list(expected)
    assert keyword_only(corpuskit.Corpus.batches) == {"config": None, **expected}
    assert keyword_only(corpuskit.Mixture.batches) == {"samplers": None, **expected}
    only_in_python = ("context_length", "selection")
    fields = {name: field.default for name, field in BatchConfig.model_fields.items() if name != "split"}
    assert fields == {name: value for name, value in expected.items() if name not in only_in_python}
    own = {field.name for field in dataclasses.fields(BatchOptions)}
    # A selection is made of `exclude`.
    assert own == {*fields, "selection", "schedule"} - {"debug", "exclude"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: corpuskit.prepare("x", encodign="gpt2"),
            r"prepare\(\) has no .* 'encodign'; did you mean 'enc",
        ),
        (lambda: corpuskit.prepare("x", from_="y"), r"'from_'; did you mean 'location'\?"),
        (lambda: corpuskit.prepare("x", **{"from": "y"}), r"'from'; did you mean 'location'\?"),
        (lambda: corpuskit.prepare("x", progres=False), r"did you mean 'progress'\?"),
        (
            lambda: corpuskit.plan("x", wokers=2),
            r"plan\(\) has no argument 'wokers'; did you mean 'workers'\?",
        ),
        (
            lambda: corpuskit.Batches([], seeed=3),
            r"^Batches\(\) has no argument 'seeed'; did you mean 'seed'\?",
        ),
        (lambda: corpuskit.Corpus.batches(None, batchsize=3), r"Corpus.batches\(\) .* mean 'batch_size'\?"),
        (lambda: corpuskit.Mixture.batches(None, samplerz=3), r"did you mean 'sampler"),
        (lambda: corpuskit.Batches([], zzz=3), r"'zzz'; known: split, batch_size, .*"),
    ],
)
def test_a_mistyped_option_names_the_one_that_is_meant_in_one_line(call, message):
    with pytest.raises(ConfigError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_is_checked_keeps_its_name_and_signature():
    @checked
    def add(one: int, *, other: int = 2) -> int:
        """Add."""
        return one + other

    assert add(1, other=3) == add(one=1, other=3) == 4
    assert (add.__name__, add.__doc__, str(inspect.signature(add))) == (
        "add",
        "Add.",
        "(one: int, *, other: int = 2) -> int",
    )


def test_meant_lists_what_there_is_where_nothing_is_like_it():
    assert meant("zzz", ["b", "a"]) == "known: b, a"
    assert meant("context_lenght", ["block_size", "context_length"]) == "did you mean 'context_length'?"
