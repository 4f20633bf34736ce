"""The recipe of a corpus, and what it goes into: no byte of a fingerprint or of a job may change."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.preparation.parts.job import Job
from corpuskit.preparation.plan import Part, Piece, Plan
from corpuskit.preparation.recipe import Recipe, RecipeOptions
from corpuskit.sources.base import Input, Slice
from corpuskit.value_streams import LOSS, LOSS_INFO

TOKENIZER = TokenizerRecord(name="bytes", vocab_size=257, eot_id=256, fingerprint="f" * 64, state=None)
OPTIONS = RecipeOptions(
    split="valid=0.5",
    eot=True,
    format=None,
    reader={"text_field": "text", "lines": False},
    max_tokens=None,
    part_bytes=16,
    shard_bytes=512,
)
RECIPE = Recipe(dataset="letters", tokenizer=TOKENIZER, dtype="<u2", options=OPTIONS)
INPUTS = (Input("a.txt", 5, "1" * 64), Input("b.txt", 7, ""))
PARTS = (
    Part(0, (Piece(0, Slice(size_bytes=5), "train"),)),
    Part(1, (Piece(1, Slice(size_bytes=7), None),)),
)


def test_the_json_has_the_options_of_readers_among_the_others_in_the_order_of_a_manifest():
    assert json.dumps(RECIPE.to_json()) == (
        '{"dataset": "letters", "tokenizer": {"name": "bytes", "vocab_size": 257, "eot_id": 256, '
        f'"fingerprint": "{"f" * 64}", "state": null}}, "dtype": "<u2", "options": {{"split": "valid=0.5", '
        '"eot": true, "format": null, "text_field": "text", "lines": false, "max_tokens": null, '
        '"part_bytes": 16, "shard_bytes": 512}}'
    )


def test_a_plan_has_the_fingerprint_that_it_had_before():
    plan = Plan(INPUTS, PARTS, RECIPE, {"corpuskit": "0.1"})
    assert plan.fingerprint == "7f4fce93b0eeb7eafebc9a8e21bc32dedb30109c1392d8b336531b79ae183394"


def test_a_tokenizers_state_and_a_limit_are_in_the_fingerprint():
    recipe = dataclasses.replace(
        RECIPE,
        tokenizer=TOKENIZER.model_copy(update={"state": {"ids": [1, 2]}}),
        options=dataclasses.replace(OPTIONS, max_tokens=3),
    )
    plan = Plan(INPUTS, PARTS, recipe, {})
    assert plan.fingerprint == "ac9efb993b7b6a4b9c6d03133131ab83acf549f15c06e879d68e759a62817cb7"


def test_a_job_is_written_as_it_was_before():
    job = Job(
        folder="made/here",
        fingerprint="0" * 64,
        dataset=["a.txt", "b.txt"],
        reader_options={"location": None, "format": None, "reader": {"text_field": "text"}},
        tokenizer=RECIPE.tokenizer,
        engine="auto",
        split_rule=RECIPE.options.split,
        eot_id=RECIPE.eot_id,
        dtype=RECIPE.dtype,
        shard_bytes=RECIPE.options.shard_bytes,
        inputs=INPUTS,
        parts=PARTS,
        streams={LOSS: LOSS_INFO},
    )
    written = json.dumps(job.to_json()).encode()
    expected = "42bf81dceb529e87fcc1e6e76a1b14cd052ff3dac37d8646ce3a562125aeec1e"
    assert hashlib.sha256(written).hexdigest() == expected


@pytest.mark.parametrize(("dtype", "item_bytes"), [("<u2", 2), ("<u4", 4)])
def test_an_id_has_the_bytes_of_its_type(dtype, item_bytes):
    assert dataclasses.replace(RECIPE, dtype=dtype).item_bytes == item_bytes


def test_no_id_ends_documents_where_none_is_asked_for():
    assert RECIPE.eot_id == 256
    assert dataclasses.replace(RECIPE, options=dataclasses.replace(OPTIONS, eot=False)).eot_id is None
