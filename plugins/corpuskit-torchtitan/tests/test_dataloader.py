"""What torchtitan's trainer does with a dataloader: build it, draw from it, save it and load it."""

from __future__ import annotations

import itertools
import json
import logging

import pytest
import torch
import torch.distributed.checkpoint as dcp

from corpuskit.errors import ConfigError, ResumeError

pytest.importorskip("torchtitan", reason="the dataloader for torchtitan needs the package torchtitan")

import tyro

from corpuskit_torchtitan import CorpusDataLoader

SIZES = {"seq_len": 32, "local_batch_size": 4}


class Vocabulary:
    """Of torchtitan's tokenizer, what a dataloader asks."""

    def __init__(self, size=2048):
        self.size = size

    def get_vocab_size(self):
        return self.size


@pytest.fixture
def build(corpus):
    """Builds a loader from its configuration, as `torchtitan.trainer` does."""

    def build(*, ranks=1, rank=0, tokenizer=None, sizes=SIZES, **fields):
        config = CorpusDataLoader.Config(corpus=str(corpus.path), seed=7, **fields)
        return config.build(
            dp_world_size=ranks,
            dp_rank=rank,
            tokenizer=tokenizer or Vocabulary(),
            snapshot_every_n_steps=10,
            **sizes,
        )

    return build


def drawn(loader, count):
    return list(itertools.islice(iter(loader), count))


def rows(batches):
    return torch.cat([inputs["input"] for inputs, labels in batches])


def test_batches_are_the_corpus_s_with_positions_and_labels_inside_documents(build, corpus):
    found = drawn(build(), 9)

    options = {"sampler": "shuffled", "seed": 7, "documents": "mask"}
    batches = corpus.batches("train", batch_size=4, block_size=32, **options)
    for step, (inputs, labels) in enumerate(found):
        x, y, documents = batches[step]
        assert torch.equal(inputs["input"], x)
        assert torch.equal(labels, y)
        assert torch.equal(inputs["positions"], documents.position_ids.long())
        assert {tensor.dtype for tensor in (*inputs.values(), labels)} == {torch.int64}
    assert any((labels == -100).any() for inputs, labels in found)


def test_without_documents_a_row_is_one_text(build):
    ((inputs, labels),) = drawn(build(documents=False), 1)

    assert torch.equal(inputs["positions"], torch.arange(32).repeat(4, 1))
    assert torch.equal(labels[:, :-1], inputs["input"][:, 1:])


def test_ranks_share_each_batch(build):
    whole = drawn(build(sizes={"seq_len": 32, "local_batch_size": 8}), 5)
    shares = [drawn(build(ranks=2, rank=rank), 5) for rank in (0, 1)]

    for step, (inputs, _) in enumerate(whole):
        halves = [share[step][0]["input"] for share in shares]
        assert torch.equal(inputs["input"], torch.cat(halves))


def test_the_development_version_s_batches_are_flat(build):
    sizes = {"max_context_length": 32, "num_tokens_per_batch": 128}
    flat, rowwise = drawn(build(sizes=sizes), 3), drawn(build(), 3)

    for (inputs, labels), (expected, expected_labels) in zip(flat, rowwise, strict=True):
        assert labels.shape == (128,)
        assert torch.equal(labels, expected_labels.flatten())
        for name, tensor in expected.items():
            assert torch.equal(inputs[name], tensor.flatten())


def test_tokens_that_are_no_whole_number_of_rows_are_refused(build):
    sizes = {"max_context_length": 32, "num_tokens_per_batch": 100}
    with pytest.raises(ConfigError, match="a batch of 100 tokens a rank is no whole number of rows of 32; "):
        build(sizes=sizes)


def test_epochs_follow_one_another_unless_the_validator_wants_one(build):
    epoch = len([*build(infinite=False)])

    assert len([*build(repeat=False)]) == epoch
    two = drawn(build(), 2 * epoch)
    assert len(two) == 2 * epoch
    assert not torch.equal(rows(two[:epoch]), rows(two[epoch:]))


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
@pytest.mark.parametrize("sampler", ["shuffled", "random", "aligned"])
def test_a_distributed_checkpoint_goes_on_exactly(build, tmp_path, sampler):
    whole = rows(drawn(build(sampler=sampler), 12))
    first = build(sampler=sampler)
    before = rows(drawn(first, 5))
    dcp.save({"dataloader": first}, checkpoint_id=tmp_path / "step-5", no_dist=True)
    second = build(sampler=sampler)
    dcp.load({"dataloader": second}, checkpoint_id=tmp_path / "step-5", no_dist=True)

    assert torch.equal(torch.cat([before, rows(drawn(second, 7))]), whole)


def test_a_checkpoint_goes_on_with_another_number_of_ranks(build):
    eight = {"seq_len": 32, "local_batch_size": 8}
    whole = rows(drawn(build(sizes=eight), 11))
    loaders = [build(ranks=2, rank=rank) for rank in (0, 1)]
    for loader in loaders:
        drawn(loader, 5)
    (state,) = {json.dumps(loader.state_dict()) for loader in loaders}
    more = [build(ranks=4, rank=rank, sizes={"seq_len": 32, "local_batch_size": 2}) for rank in range(4)]
    for loader in more:
        loader.load_state_dict(json.loads(state))
    steps = zip(*(drawn(loader, 6) for loader in more), strict=True)

    assert torch.equal(rows(itertools.chain.from_iterable(steps)), whole[40:])


def test_an_empty_state_begins_at_the_beginning(build):
    loader = build()
    loader.load_state_dict({})

    assert torch.equal(rows(drawn(loader, 3)), rows(drawn(build(), 3)))


def test_another_sampler_does_not_go_on(build):
    state = build(sampler="random").state_dict()
    with pytest.raises(ResumeError, match="saved with sampler 'random', these batches have 'shuffled'"):
        build().load_state_dict(state)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"dp_rank_0": b"", "world_size": 1},
            r"another dataloader's state \(expected 'corpuskit', found dp",
        ),
        ({"corpuskit": "{"}, "damaged state: 'corpuskit' holds no JSON"),
        ({"corpuskit": 5}, "damaged state: 'corpuskit' holds no JSON"),
    ],
)
def test_a_state_that_is_none_of_ours_is_refused(build, state, message):
    with pytest.raises(ResumeError, match=message):
        build().load_state_dict(state)


def test_its_fields_are_flags(corpus):
    arguments = ["--corpus", str(corpus.path), "--sampler", "packed", "--seed", "3", "--no-documents"]
    config = tyro.cli(CorpusDataLoader.Config, args=arguments)

    assert (config.corpus, config.sampler, config.seed) == (str(corpus.path), "packed", 3)
    assert not config.documents
    assert json.dumps(config.to_dict())


def test_more_options_are_those_of_batches(build):
    whole = {"sampler_options": {"documents": "whole", "too_long": "drop"}}
    loader = build(sampler="packed", options=whole)
    for inputs, _ in drawn(loader, 3):
        assert (inputs["positions"][:, 0] == 0).all()

    with pytest.raises(ConfigError, match="no argument 'sampler_option'"):
        build(options={"sampler_option": {}})


def test_no_corpus_is_said_with_the_flag(build):
    with pytest.raises(
        ConfigError, match="no corpus is named; say its folder, as in torchtitan's --dataloader.corpus "
    ):
        CorpusDataLoader.Config().build(dp_world_size=1, dp_rank=0, tokenizer=None, **SIZES)


def test_a_vocabulary_that_is_too_large_for_the_tokenizer_is_said(build, caplog):
    with caplog.at_level(logging.WARNING):
        build(tokenizer=Vocabulary(257))
        assert not caplog.records
        build(tokenizer=Vocabulary(100))

    assert "the corpus has 257 ids (bytes), and the tokenizer of this run 100; " in caplog.text
