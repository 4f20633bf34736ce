from __future__ import annotations

import hashlib
import json
import random

import numpy as np
import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.errors import CorpusFormatError


def test_sound_corpus_has_no_problem(corpus_path):
    seen = []
    assert corpuskit.verify(corpus_path, on_progress=seen.append) == []
    assert seen[-1].done_bytes == seen[-1].total_bytes


@pytest.mark.parametrize("name", ["train-00000.bin", "train-00001.bin", "train-00000.idx"])
@pytest.mark.fault("D10")
def test_every_flipped_byte_is_found_and_its_file_named(corpus_path, name):
    path = corpus_path / name
    good = path.read_bytes()
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        path.write_bytes(bad)
        problems = corpuskit.verify(corpus_path)
        assert problems
        assert {problem.file for problem in problems} == {name}
    path.write_bytes(good)
    assert corpuskit.verify(corpus_path) == []


def test_every_flipped_bit_of_1000_anywhere_in_the_corpus_is_found(corpus_path):
    generator = random.Random(11)
    files = [path for path in sorted(corpus_path.iterdir()) if path.name != "run.json"]
    places = [(path, position) for path in files for position in range(path.stat().st_size)]
    for path, position in generator.choices(places, k=1000):
        good = path.read_bytes()
        bad = bytearray(good)
        bad[position] ^= 1 << generator.randrange(8)
        path.write_bytes(bad)
        try:
            assert path.name in {problem.file for problem in corpuskit.verify(corpus_path)}
        except CorpusFormatError:
            assert path.name == "manifest.json"
        path.write_bytes(good)
    assert corpuskit.verify(corpus_path) == []


@pytest.mark.fault("D11")
def test_shards_that_changed_places_are_found(corpus_path):
    a, b = corpus_path / "train-00000.bin", corpus_path / "train-00001.bin"
    first, second = a.read_bytes(), b.read_bytes()
    if len(first) != len(second):
        second = second.ljust(len(first), b"\0")[: len(first)]
    a.write_bytes(second)
    assert "train-00000.bin: sha256" in str(corpuskit.verify(corpus_path)[0])


def rewrite(corpus_path, name, array, field):
    """Change a file and its checksum, as somebody who means it would."""
    (corpus_path / name).write_bytes(array.tobytes())
    path = corpus_path / "manifest.json"
    value = json.loads(path.read_bytes())
    shard = value["splits"]["train"]["shards"][int(name[6:11])]
    shard[field] = hashlib.sha256(array.tobytes()).hexdigest()
    path.write_bytes(sealed.to_bytes(value))


@pytest.mark.fault("V1")
def test_id_outside_the_vocabulary_is_found_even_under_a_right_checksum(corpus_path):
    ids = np.fromfile(corpus_path / "train-00000.bin", "<u2")
    ids[3] = 257
    rewrite(corpus_path, "train-00000.bin", ids, "sha256")
    assert [str(problem) for problem in corpuskit.verify(corpus_path)] == [
        "train-00000.bin: id 257 is outside the vocabulary of 257 ids"
    ]


def test_index_out_of_order_or_of_unknown_inputs_is_found(corpus_path):
    index = np.fromfile(corpus_path / "train-00000.idx", "<u8")
    index[0], index[1] = 10_000, 7
    rewrite(corpus_path, "train-00000.idx", index, "index_sha256")
    messages = [problem.message for problem in corpuskit.verify(corpus_path)]
    assert messages[0].startswith("document ends are not in order")
    assert messages[1] == "names input 7 of 1 inputs"
