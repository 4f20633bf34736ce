"""The GPT training script: its loss falls, and a run that was stopped ends with the same bits."""

import re

import pytest
import torch

import corpuskit


@pytest.fixture
def train(recipe, shakespeare, shared_cache, tmp_path, capsys):
    """Trains for 40 steps, or some of them, on the beginning of the text; gives what it said about each."""
    module = recipe("train_gpt")
    (tmp_path / "text.txt").write_text(shakespeare.read_text(encoding="utf-8")[:60_000], encoding="utf-8")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="chars", output=tmp_path / "corpus", split="characters:0.1"
    )

    def run(checkpoint, stop_at=40):
        module.train(corpus, tmp_path / checkpoint, num_steps=40, save_every=10, stop_at=stop_at)
        said = capsys.readouterr().out.splitlines()
        return [line for line in said if line.startswith(("step ", "going on"))]

    return run


def test_the_loss_falls_and_a_run_that_was_stopped_ends_with_the_same_bits(train, tmp_path):
    whole = train("whole.pt")
    first = train("parts.pt", stop_at=26)
    rest = train("parts.pt")

    assert first == whole[: len(first)]
    assert rest == ["going on from step 20", *whole[len(first) :]]
    expected, found = (torch.load(tmp_path / name) for name in ("whole.pt", "parts.pt"))
    assert found["batches"] == expected["batches"]
    assert all(torch.equal(found["model"][name], expected["model"][name]) for name in expected["model"])
    moments = zip(found["optimizer"]["state"].values(), expected["optimizer"]["state"].values(), strict=True)
    assert all(torch.equal(one[name], other[name]) for one, other in moments for name in other)

    assert train("parts.pt") == ["going on from step 40"]
    losses = [float(found[1]) for line in whole if (found := re.search(r"validation loss (.*)", line))]
    assert len(losses) == 4
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 3.3 < 4.1  # log(61) = 4.1 before the first step
