"""Data for Hugging Face's trainers: the right targets, corpuskit's order, exact resume, their collators."""

import itertools
import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import corpuskit

pytestmark = pytest.mark.filterwarnings("ignore")  # of transformers' and its dependencies' own
OPTIONS = {"batch_size": 4, "block_size": 16, "seed": 5}
TEXT = ("input_ids", "labels")
PACKED_COLUMNS = (*TEXT, "position_ids", "seq_lengths")
PACKED = {
    "batch_size": 4,
    "block_size": 128,
    "sampler": "packed",
    "sampler_options": {"documents": "whole"},
    "documents": "mask",
}


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


@pytest.fixture(scope="module")
def conversations(tmp_path_factory, shared_cache):
    """60 conversations of other lengths, whose answers alone are to be learned."""
    folder = tmp_path_factory.mktemp("conversations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORPUSKIT_CACHE_DIR", str(shared_cache))
        with (folder / "conversations.jsonl").open("w") as file:
            for number in range(60):
                question, answer = {"role": "user", "content": f"{number}?"}, "ab" * (number % 11)
                messages = [question, {"role": "assistant", "content": answer}]
                print(json.dumps({"messages": messages}), file=file)
        return corpuskit.prepare(
            str(folder / "conversations.jsonl"),
            format="chat",
            encoding="bytes",
            add_tokens=True,
            output=folder / "corpus",
        )


def items(dataset, count):
    columns = zip(*(item.values() for item in dataset.__getitems__(list(range(count)))), strict=True)
    return [torch.stack(column) for column in columns]


@pytest.mark.parametrize("documents", [False, "mask"])
def test_the_models_loss_is_that_of_our_targets(make_model, corpus, documents):
    batches = corpus.batches("train", documents=documents, **OPTIONS)
    input_ids, labels = items(batches.dataset(num_samples=400, columns=TEXT), 4)
    x, y = batches[0][:2]
    model = make_model().eval()

    with torch.no_grad():
        found = model(input_ids=input_ids, labels=labels)
    expected = F.cross_entropy(found.logits[:, :-1].flatten(0, 1), y[:, :-1].flatten())

    assert torch.equal(input_ids, x)
    assert (y[:, :-1] == -100).any() == bool(documents)
    torch.testing.assert_close(found.loss, expected)


@pytest.fixture
def train(transformers, make_model, tmp_path):
    """Trains a small model; gives the rows of each step, and the weights."""

    class Recording(transformers.Trainer):
        def compute_loss(self, model, inputs, *args, **options):
            seen.append(inputs["input_ids"].tolist())
            return super().compute_loss(model, inputs, *args, **options)

    def run(dataset, *, resume_from_checkpoint=None, **options):
        seen.clear()
        trainer = Recording(
            model=make_model(),
            args=transformers.TrainingArguments(
                output_dir=str(tmp_path),
                per_device_train_batch_size=4,
                train_sampling_strategy="sequential",
                report_to="none",
                disable_tqdm=True,
                use_cpu=True,
                **options,
            ),
            train_dataset=dataset,
        )
        trainer.train(resume_from_checkpoint=resume_from_checkpoint)
        return list(seen), trainer.model.state_dict()

    seen = []
    return run


def test_the_trainer_keeps_the_order_and_goes_on_where_it_was(train, corpus, tmp_path):
    batches = corpus.batches("train", **OPTIONS)
    options = {"max_steps": 6, "save_steps": 3}

    whole, weights = train(batches.dataset(num_samples=6 * 4, columns=TEXT), **options)
    checkpoint = str(tmp_path / "checkpoint-3")
    rest, resumed = train(
        batches.dataset(num_samples=6 * 4, columns=TEXT), resume_from_checkpoint=checkpoint, **options
    )

    assert whole == [batches[step][0].tolist() for step in range(6)]
    assert rest == whole[3:]
    assert all(torch.equal(resumed[name], weights[name]) for name in weights)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_trainers_epochs_have_orders_of_their_own_and_it_goes_on_within_one(
    train, corpus, tmp_path, workers
):
    batches = corpus.batches("train", sampler="shuffled", **OPTIONS)
    options = {"num_train_epochs": 3, "save_steps": 5, "dataloader_num_workers": workers}
    options["dataloader_persistent_workers"] = bool(workers)

    whole, _ = train(batches.dataset(num_samples=12, columns=TEXT), **options)
    checkpoint = str(tmp_path / "checkpoint-5")
    rest, _ = train(
        batches.dataset(num_samples=12, columns=TEXT), resume_from_checkpoint=checkpoint, **options
    )

    assert whole == [batches[step][0].tolist() for step in range(9)]
    assert rest == whole[5:]


def test_labels_are_not_shifted_and_leave_out_what_is_not_to_be_learned(conversations):
    """In Hugging Face's convention labels[i] is of input_ids[i], and the model shifts."""
    batches = conversations.batches("train", **PACKED)
    dataset = batches.dataset(num_samples=12, columns=PACKED_COLUMNS)
    learned = 0
    for step in range(3):
        x, y, documents = batches[step]
        for row, item in enumerate(dataset.__getitems__([4 * step + row for row in range(4)])):
            ids, labels = item["input_ids"], item["labels"]
            assert torch.equal(ids, x[row])
            assert torch.equal(labels[1:], y[row, :-1])
            assert torch.equal(labels[labels != -100], ids[labels != -100])
            assert torch.equal(item["position_ids"], documents.position_ids[row].long())
            assert (labels[item["position_ids"] == 0] == -100).all()
            places = torch.cat([torch.arange(length) for length in item["seq_lengths"]])
            assert torch.equal(item["position_ids"], places)
            learned += int((labels != -100).sum())
    assert learned > 100


def test_documents_are_those_of_the_split_with_its_loss_stream(recipe, corpus, conversations):
    documents_of = recipe("huggingface_data").documents_of
    train = conversations["train"]
    found = list(documents_of(train))
    ids, labels = (np.concatenate([one[name] for one in found]) for name in ("input_ids", "labels"))
    assert len(found) == train.num_documents
    assert ids.tolist() == train[:].tolist()
    assert labels.tolist() == np.where(train.stream("loss")[:] == 1, train[:].astype(int), -100).tolist()
    assert all(one["input_ids"] == one["labels"] for one in documents_of(corpus["valid"]))


@pytest.fixture
def llama(conversations):
    """A model whose attention keeps inside documents where their position ids are given."""
    transformers = pytest.importorskip("transformers", reason="the collators need the package transformers")
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=conversations.tokenizer.vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.3,  # so that what attention sees makes a difference
        bos_token_id=None,
        eos_token_id=None,
        use_cache=False,
    )
    return transformers.LlamaForCausalLM(config).eval()


def loss_of(model, batch):
    wanted = {name: batch[name] for name in ("input_ids", "labels", "position_ids")}
    with torch.no_grad():
        return model(**wanted).loss


def loss_alone(model, documents):
    """The mean loss of the targets of documents that the model sees one by one."""
    total, count = 0.0, 0
    for x, y in documents:
        if (y != -100).any():
            with torch.no_grad():
                logits = model(input_ids=x[None]).logits[0]
            total += F.cross_entropy(logits, y, reduction="sum")
            count += int((y != -100).sum())
    return total / count


@pytest.mark.parametrize("collator", ["default", "trl"])
def test_collators_take_packed_rows_as_they_are(llama, conversations, collator):
    import transformers

    batches = conversations.batches("train", **PACKED)
    is_trl = collator == "trl"
    dataset = batches.dataset(num_samples=12, columns=PACKED_COLUMNS if is_trl else PACKED_COLUMNS[:3])
    collate = transformers.default_data_collator
    if is_trl:
        trl = pytest.importorskip("trl.trainer.sft_trainer", reason="TRL's collator needs the package trl")
        collate = trl.DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    x, y, documents = batches[0]
    cuts = documents.cu_seqlens.tolist()
    alone = [(x.flatten()[a:b], y.flatten()[a:b]) for a, b in itertools.pairwise(cuts)]

    batch = collate([dataset[index] for index in range(4)])

    assert torch.equal(batch["input_ids"].flatten(), x.flatten())
    assert not is_trl or torch.equal(batch["cu_seq_lens_q"], documents.cu_seqlens)
    torch.testing.assert_close(loss_of(llama, batch), loss_alone(llama, alone))


def test_the_flattening_collator_takes_documents_as_they_are(llama, recipe, conversations):
    import transformers

    found = list(recipe("huggingface_data").documents_of(conversations["train"]))[:9]
    alone = [
        (torch.tensor(one["input_ids"]), torch.tensor([*one["labels"][1:], -100], dtype=torch.int64))
        for one in found
    ]
    batch = transformers.DataCollatorWithFlattening()(found)
    torch.testing.assert_close(loss_of(llama, batch), loss_alone(llama, alone))
