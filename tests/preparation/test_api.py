"""corpuskit.prepare in scripts and notebooks, and one configuration from text to batches."""

from pathlib import Path

import pytest

import corpuskit


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.txt").write_text("Some words of a text. " * 100)


def test_one_configuration_goes_from_text_to_a_batch():
    Path("corpus.toml").write_text(
        '[prepare]\ndataset = "./my.txt"\nencoding = "bytes"\n'
        "[batches]\ncontext_length = 16\nbatch_size = 3\n"
    )
    config = corpuskit.read_config("corpus.toml")
    corpus = corpuskit.prepare(config=config)
    x, _ = corpus.batches(config=config, output="numpy")[0]
    assert x.shape == (3, 16)
    x, _ = corpus.batches(config=config, context_length=4, output="numpy")[0]
    assert x.shape == (3, 4)
    x, _ = corpus.batches(config=config, batch_size=7, debug=True, output="numpy")[0]
    assert x.shape == (2, 8)
    assert corpuskit.prepare(config=config, split="none", output="whole").splits == ("train",)
