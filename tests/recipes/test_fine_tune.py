"""The fine-tuning script: the assistant's answers are learned, and what users say is not."""

import itertools
import math

import pytest
import torch

import corpuskit


@pytest.fixture
def fine_tune(recipe, recipes, monkeypatch):
    monkeypatch.syspath_prepend(str(recipes))  # it shares the model of train_gpt.py
    return recipe("fine_tune")


@pytest.fixture
def conversations(fine_tune, tmp_path, shared_cache):
    fine_tune.write_conversations(tmp_path / "conversations.jsonl")
    return corpuskit.prepare(
        str(tmp_path / "conversations.jsonl"),
        format="chat",
        encoding="bytes",
        add_tokens=True,
        split="valid=0.2",
        output=tmp_path / "corpus",
    )


def test_the_assistants_answers_are_learned_and_the_users_numbers_only_without_the_mask(
    fine_tune, conversations
):
    """A digit of which nothing is known but that it is a digit has a loss of log(10)."""

    def losses(model):
        numbers = (fine_tune.OF_USERS, fine_tune.OF_NOBODY)
        return [fine_tune.loss_of_numbers(model, conversations, these) for these in numbers]

    model = fine_tune.train(conversations)
    of_users, of_nobody = losses(model)
    assert fine_tune.right_answers(model, conversations["valid"]) == 1
    assert of_users > math.log(10)
    assert of_users == pytest.approx(of_nobody, abs=0.3)

    of_users, of_nobody = losses(fine_tune.train(conversations, loss=False))
    assert of_users < 1.5 < math.log(10) < of_nobody


def test_a_conversation_in_a_row_is_read_as_if_it_stood_alone(fine_tune, conversations):
    torch.manual_seed(1)
    model = fine_tune.GPT(conversations.tokenizer.vocab_size, fine_tune.BLOCK_SIZE).eval()
    x, _, documents = conversations.batches(
        "train", batch_size=2, block_size=256, sampler="packed", documents=True
    )[0]
    cuts = documents.cu_seqlens.tolist()

    with torch.no_grad():
        together = model(x, documents).flatten(0, 1)
        alone = [model(x.flatten()[None, a:b])[0] for a, b in itertools.pairwise(cuts)]

    assert len(cuts) > 6
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)
