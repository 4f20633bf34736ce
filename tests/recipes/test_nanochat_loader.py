"""nanochat's loader over a corpus: the rows of its policy in its order, and a resume that leaves none out."""

import importlib.util
import itertools
import json
from pathlib import Path

import pytest
import torch

import corpuskit

BOS = 256
T = 64


class Tokenizer:
    """Of nanochat's tokenizer, what the loader asks."""

    def get_bos_token_id(self):
        return BOS


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A corpus without ends of texts, as BOS begins them; and its documents."""
    folder = tmp_path_factory.mktemp("nanochat")
    texts = [f"document {number} {'ab' * (number * 7 % 45)}" for number in range(3000)]
    (folder / "lines.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return corpuskit.prepare(
        str(folder / "lines.jsonl"), encoding="bytes", eot=False, split="valid=0.1", output=folder / "corpus"
    )


@pytest.fixture
def load(recipe, documents, monkeypatch):
    """The loader with a few arguments."""
    monkeypatch.setenv("NANOCHAT_CORPUS", str(documents.path))

    def load(B=4, split="train", **options):
        module = recipe("nanochat_loader")
        return module.tokenizing_distributed_data_loader_with_state_bos_bestfit(
            Tokenizer(), B, T, split, device="cpu", **options
        )

    return load


def policy():
    """The policy in plain Python, which the tests of the sampler use."""
    path = Path(__file__).parents[1] / "batches/made_corpora.py"
    spec = importlib.util.spec_from_file_location("recipes_made_corpora", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.nanochat_rows


@pytest.mark.parametrize(("name", "split"), [("train", "train"), ("val", "valid")])
def test_rows_are_nanochat_s(load, documents, name, split):
    ids = [
        [BOS, *documents[split].document(number).tolist()] for number in range(documents[split].num_documents)
    ]
    rows, _ = policy()(ids, T + 1)
    steps = len(rows) // 4
    assert steps > 5

    for step, (x, y, _) in enumerate(itertools.islice(load(split=name), steps)):
        expected = torch.tensor(rows[4 * step : 4 * step + 4])
        assert torch.equal(x, expected[:, :-1])
        assert torch.equal(y, expected[:, 1:])


def test_a_run_that_goes_on_begins_with_the_batch_that_was_not_trained_on(load):
    whole = [x for x, *_ in itertools.islice(load(), 12)]
    *_, (drawn, _, state) = itertools.islice(load(), 5)  # trained on four, and saved
    after = [x for x, *_ in itertools.islice(load(resume_state_dict=json.loads(json.dumps(state))), 8)]

    assert torch.equal(drawn, after[0])
    assert torch.equal(torch.stack(after), torch.stack(whole[4:]))


def test_it_goes_on_through_epochs_and_counts_them(load, documents):
    batches = documents.batches(
        "valid", batch_size=4, block_size=T, sampler="aligned", sampler_options={"bos": BOS}
    )
    seen = [*itertools.islice(load(split="val"), 2 * len(batches))]

    assert [state["epoch"] for *_, state in seen[:: len(batches)]] == [1, 2]
    assert {"pq_idx", "rg_idx"} < seen[0][2].keys()


def test_another_buffer_does_not_go_on(load):
    *_, (_, _, state) = itertools.islice(load(), 2)
    with pytest.raises(ValueError, match="saved with sampler_options"):
        next(load(resume_state_dict=state, buffer_size=500))


def test_the_one_without_a_state_gives_two(recipe, load):
    module = recipe("nanochat_loader")
    x, y = next(module.tokenizing_distributed_data_loader_bos_bestfit(Tokenizer(), 2, T, "val", device="cpu"))
    assert torch.equal(x[:, 1:], y[:, :-1])
