"""What `fim=` may be told."""

import pytest
from test_fill_in_the_middle import FIM, with_control

from corpuskit.batches import Batches
from corpuskit.batches.fim_options import SPELLINGS, FimOptions
from corpuskit.errors import ConfigError


@pytest.mark.parametrize("names", SPELLINGS)
def test_tokens_are_found_by_their_names(make_split, names):
    split = with_control(make_split(500), {"<end>": 9, **dict(zip(names, (30, 31, 32), strict=True))})
    batches = Batches(split, block_size=16, fim=0.9)
    assert batches.state_dict()["fim"] == {
        "rate": 0.9,
        "spm_rate": 0.5,
        "prefix": 30,
        "suffix": 31,
        "middle": 32,
    }


def test_tokens_are_said_by_names_or_ids(make_split):
    split = with_control(make_split(500), {"<a>": 9, "<b>": 8})
    batches = Batches(split, fim={"rate": 1, "prefix": "<a>", "suffix": "<b>", "middle": 60_000})
    assert batches.order.fim.ids == (9, 8, 60_000)
    assert FimOptions.of(batches.options.fim) is batches.options.fim


@pytest.mark.parametrize(
    ("fim", "message"),
    [
        (0.5, "split 'train' has no control token <fim_middle>; say its own, or free ids"),
        (2, "fim: rate = 2: must be a number from 0 to 1"),
        (True, "fim: rate = True: must be a number from 0 to 1"),
        ({"spm_rate": 0.5}, "fim says no rate; say fim="),
        (FIM | {"spm_rate": "all"}, "fim: spm_rate = 'all': must be a number from 0 to 1"),
        (FIM | {"order": "spm"}, "fim has no 'order'; it has rate, spm_rate, prefix, suffix, middle"),
        ({"rate": 1, "prefix": 4, "suffix": 5}, "fim has no 'middle'; say all three tokens, or none"),
        (FIM | {"middle": 4}, r"the ids \[4, 5, 4\]; they must be different"),
        (FIM | {"middle": "<mid>"}, "fim: middle = '<mid>': .* no such control token; known: <fim_prefix>, "),
        (FIM | {"middle": 70_000}, "fim: middle = 70000: must be an id up to 65,535"),
        (FIM | {"middle": -1}, "fim: middle = -1: must be an id up to 65,535"),
    ],
)
def test_what_is_wrong_is_said(make_split, fim, message):
    split = with_control(make_split(500), {"<fim_prefix>": 1, "<fim_suffix>": 2})
    with pytest.raises(ConfigError, match=message):
        Batches(split, block_size=16, fim=fim)


def test_a_tokenizer_without_any_names_all_three(make_split):
    with pytest.raises(ConfigError, match="no control token <fim_prefix>, <fim_suffix>, <fim_middle>;"):
        Batches(make_split(500), block_size=16, fim=0.5)


def test_a_resident_corpus_cannot(make_split):
    with pytest.raises(ConfigError, match="fim cannot be resident: .*; leave resident out"):
        Batches(make_split(500), block_size=16, fim=FIM, resident=True)
