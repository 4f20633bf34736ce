from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.config import BatchConfig
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.inspect.runs import open_data, read_state, resumed


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora, and the file of their mixture."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text("".join(f"{name} {number}\n" for number in range(99)))
        corpuskit.prepare(
            str(folder / f"{name}.txt"), encoding="bytes", lines=True, output=folder / name, progress=False
        )
    tables = [f'[[mixture]]\ncorpus = "{folder / name}"\nweight = 1\n' for name in ("one", "two")]
    (folder / "mixture.toml").write_text("".join(tables))
    return folder


def batches_of(path, **options):
    return open_data(path).batches(BatchConfig.make({"batch_size": 4, "block_size": 16, **options}))


@pytest.mark.parametrize("name", ["one", "mixture.toml"])
def test_a_state_opens_the_batches_that_saved_it(corpora, name):
    there = batches_of(corpora / name, seed=9, sampler="shuffled")
    there.seek(step=7)
    state = json.loads(json.dumps(there.state_dict()))
    data = open_data(corpora / name)
    again = resumed(data, state, sampler="shuffled" if data.is_mixture else None)
    assert (again.step, again.batch_size, again.block_size) == (7, 4, 16)
    assert (again[7][0] == there[7][0]).all()


def test_a_state_says_which_targets_its_batches_had(corpora):
    fim = {"rate": 0.5, "prefix": 1, "suffix": 2, "middle": 3}
    data = open_data(corpora / "one")
    config = BatchConfig(batch_size=4, block_size=16, num_targets=2, fim=fim)
    batches = data.batches(config)
    batches.seek(step=5)
    found = resumed(data, batches.state_dict())
    assert found.options == batches.options
    np.testing.assert_array_equal(next(iter(found))[1], batches[5][1])


def test_a_state_of_another_corpus_is_refused(corpora):
    state = batches_of(corpora / "one").state_dict()
    with pytest.raises(ResumeError, match="the state was saved with corpus"):
        resumed(open_data(corpora / "two"), state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": "x"}, "the state does not fit .*: batch_size = 'x': must be a whole number"),
        ({"block_size": 10**9}, "the state does not fit .*: split 'train' has"),
        ({"split": "other"}, "the state does not fit .* has no split 'other'"),
        ({"sample": -1}, "damaged state: sample is -1"),
        ({"last_rows": "0" * 16, "sample": 8}, "gives another order"),
        ({"more": 1}, "no state of these batches has a field 'more'"),
    ],
)
def test_a_damaged_state_is_refused(corpora, change, message):
    state = {**batches_of(corpora / "one").state_dict(), **change}
    with pytest.raises(ResumeError, match=message):
        resumed(open_data(corpora / "one"), state)


@pytest.mark.parametrize("content", ["", "[1]", '{"model": 1}', "[" * 100_000, "\x80"])
def test_a_file_that_holds_no_state_is_refused(tmp_path, content):
    (tmp_path / "s.json").write_text(content, encoding="latin-1")
    with pytest.raises(ResumeError, match=r"--state .*s.json: not .*; save|--state .*s.json: not JSON: save"):
        read_state(tmp_path / "s.json")


def test_the_state_of_a_long_schedule_is_read(corpora, tmp_path):
    batches = batches_of(corpora / "one", batch_size=[(step, 1 + step % 2) for step in range(99_999)])
    state = batches.state_dict()
    (tmp_path / "s.json").write_text(json.dumps(state, indent=4))
    assert (tmp_path / "s.json").stat().st_size > 2**21
    assert read_state(tmp_path / "s.json") == state


def test_a_checkpoint_that_is_larger_than_any_state_is_refused_with_what_to_save(tmp_path):
    with (tmp_path / "model.pt").open("wb") as file:
        file.truncate(2**24 + 1)
    with pytest.raises(
        ResumeError, match=r"--state .*: larger than 16,777,216 bytes, .* json\.dump\(batches.state_dict\(\)"
    ):
        read_state(tmp_path / "model.pt")


def test_a_state_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"--state .*none.json: cannot be read: No such file"):
        read_state(tmp_path / "none.json")


def test_batches_are_whole_ones_in_numpy_whatever_the_file_says(corpora):
    batches = batches_of(corpora / "one", rank=1, world_size=2, device="cuda", resident=True, prefetch=3)
    assert batches[0][0].shape == (4, 16)
    assert batches.options.output == "numpy"
