from __future__ import annotations

import json

from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_records import DocumentPlace, Duplicates, Lengths, SomeDocuments, SplitSize

NONE = SomeDocuments(0, ())


def stats_of(**fields):
    """Statistics of two tokens in a document, but for what is given."""
    place = DocumentPlace("train", 0, 2, "a.txt", 0)
    given = {
        "path": "out",
        "dataset": "mine",
        "tokenizer": "bytes",
        "fingerprint": "f" * 64,
        "splits": (SplitSize("train", 2, 1),),
        "vocab_size": 257,
        "num_tokens": 2,
        "num_documents": 1,
        "size_bytes": 4,
        "text_bytes": 2,
        "entropy_bits": 1.0,
        "lengths": Lengths(2.0, ((0.0, 2), (1.0, 2)), ()),
        "empty": NONE,
        "long": SomeDocuments(1, (place,)),
        "long_tokens": 1,
        "unused_ids": 255,
        "most_frequent": (),
        "rank_counts": (),
        "reencoding": None,
        "replacement_characters": 0,
        "unknown_tokens": 0,
        "duplicates": Duplicates(0, 0, 0, 0, ()),
        "num_inputs": 1,
        "inputs": (),
        "scripts": (),
        "block_size": 128,
        "batch_size": 64,
        "samplers": (),
    }
    return Stats(**{**given, **fields})


def test_bytes_a_token_are_those_of_the_text():
    assert stats_of().bytes_per_token == 1.0
    assert stats_of(text_bytes=None).bytes_per_token is None
    assert stats_of(num_tokens=0, text_bytes=0).bytes_per_token == 0.0


def test_all_of_it_is_json():
    found = json.loads(json.dumps(stats_of().to_json()))
    assert found["long"]["examples"][0]["input"] == "a.txt"
    assert found["bytes_per_token"] == 1.0


def test_it_says_what_it_is_in_short():
    assert repr(stats_of()) == "<Stats of 'mine': 2 tokens, 1 documents; print() shows all of it>"
