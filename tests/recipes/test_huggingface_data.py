"""The dataset for Hugging Face's Trainer: the right targets, corpuskit's order, exact resume."""

import pytest
import torch
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore")  # of transformers' and its dependencies' own
OPTIONS = {"batch_size": 4, "block_size": 16, "seed": 5}


@pytest.fixture(scope="module")
def transformers():
    pytest.importorskip("accelerate", reason="the Trainer recipe needs the package accelerate")
    package = pytest.importorskip("transformers", reason="the Trainer recipe needs the package transformers")
    if int(package.__version__.split(".")[0]) < 5:
        pytest.skip("train_sampling_strategy needs transformers 5")
    return package


@pytest.fixture
def make_model(transformers, corpus):
    def make():
        torch.manual_seed(1)
        config = transformers.GPT2Config(
            vocab_size=corpus.tokenizer.vocab_size,
            n_layer=1,
            n_head=2,
            n_embd=32,
            bos_token_id=None,
            eos_token_id=None,
        )
        return transformers.GPT2LMHeadModel(config)

    return make


def items(dataset, count):
    columns = zip(*(item.values() for item in dataset.__getitems__(list(range(count)))), strict=True)
    return [torch.stack(column) for column in columns]


@pytest.mark.parametrize("documents", [False, "mask"])
def test_the_models_loss_is_that_of_our_targets(make_model, recipe, corpus, documents):
    batches = corpus.batches("train", documents=documents, **OPTIONS)
    dataset = recipe("huggingface_data").CausalDataset(batches, num_samples=400)
    input_ids, labels = items(dataset, 4)
    x, y = batches[0][:2]
    model = make_model().eval()

    with torch.no_grad():
        found = model(input_ids=input_ids, labels=labels)
    expected = F.cross_entropy(found.logits[:, :-1].flatten(0, 1), y[:, :-1].flatten())

    assert torch.equal(input_ids, x)
    assert (y[:, :-1] == -100).any() == bool(documents)
    torch.testing.assert_close(found.loss, expected)


def test_the_trainer_keeps_the_order_and_goes_on_where_it_was(
    transformers, make_model, recipe, corpus, tmp_path
):
    class Recording(transformers.Trainer):
        def compute_loss(self, model, inputs, *args, **options):
            seen.append(inputs["input_ids"])
            return super().compute_loss(model, inputs, *args, **options)

    def train(**options):
        seen.clear()
        trainer = Recording(
            model=make_model(),
            args=transformers.TrainingArguments(
                output_dir=str(tmp_path),
                max_steps=6,
                save_steps=3,
                per_device_train_batch_size=4,
                train_sampling_strategy="sequential",
                report_to="none",
                disable_tqdm=True,
                use_cpu=True,
            ),
            train_dataset=recipe("huggingface_data").CausalDataset(batches, num_samples=6 * 4),
        )
        trainer.train(**options)
        return list(seen), trainer.model.state_dict()

    seen = []
    batches = corpus.batches("train", **OPTIONS)
    whole, weights = train()
    rest, resumed = train(resume_from_checkpoint=str(tmp_path / "checkpoint-3"))

    assert [x.tolist() for x in whole] == [batches[step][0].tolist() for step in range(6)]
    assert [x.tolist() for x in rest] == [x.tolist() for x in whole[3:]]
    assert all(torch.equal(weights[name], resumed[name]) for name in weights)
