from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import ConfigError


def test_a_file_says_the_mixture_that_python_does(tmp_path, prepared):
    one, two = prepared("one", "bytes"), prepared("two", "bytes")
    (tmp_path / "m.toml").write_text(
        f'[[mixture]]\ncorpus = "{one}"\nweight = 3\n'
        f'[[mixture]]\ncorpus = "{two}"\nweight = 1\nsampler = "shuffled"\nmax_epochs = 2.5\n'
    )
    said = corpuskit.mix(
        [corpuskit.Weighted(one, 3), corpuskit.Weighted(two, 1, sampler="shuffled", max_epochs=2.5)]
    )
    options = {"batch_size": 8, "block_size": 16, "seed": 4, "output": "numpy"}
    found = corpuskit.read_mixture(tmp_path / "m.toml")
    assert [*found.corpora] == [one, two]
    for step in (0, 9):
        assert (found.batches(**options)[step][0] == said.batches(**options)[step][0]).all()


def test_what_mix_refuses_a_file_may_not_say_either(tmp_path, prepared):
    one = prepared("one", "bytes")
    (tmp_path / "m.toml").write_text(f'[[mixture]]\ncorpus = "{one}"\nweight = -1\n')
    with pytest.raises(ConfigError, match="must be 0 or more"):
        corpuskit.read_mixture(tmp_path / "m.toml")
