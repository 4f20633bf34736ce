"""A corpus that is written from blocks of tokens, compared with the blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.manifest import InputRecord, TokenizerRecord
from corpuskit.corpus.verification import verify
from corpuskit.corpus.writer import Block, CorpusWriter, Description
from corpuskit.errors import ConfigError, StorageError
from corpuskit.value_streams import LOSS_INFO

TOKENIZER = TokenizerRecord(name="bytes", vocab_size=257, eot_id=256, fingerprint="0" * 64)
INPUT = InputRecord(name="a", size_bytes=1, sha256="0" * 64)


def described(**more):
    return Description(
        dataset="made", tokenizer=TOKENIZER, dtype="<u2", options={"eot": False}, inputs=[INPUT], **more
    )


def block(ids, ends, *, number=0, **more):
    starts = np.arange(number, number + len(ends))
    return Block(np.array(ids, "<u2"), new_rows(np.array(ends, np.int64), 0, starts, starts + 7), **more)


#: Blocks: how many tokens each has, and where its documents end.
BLOCKS = st.lists(
    st.integers(0, 9).flatmap(
        lambda size: st.tuples(
            st.just(size), st.lists(st.integers(0, size), max_size=4).map(sorted), st.booleans()
        )
    ),
    min_size=1,
    max_size=6,
).filter(lambda blocks: any(size for size, _, _ in blocks))


@given(BLOCKS, st.integers(1, 12))
def test_a_corpus_holds_the_tokens_documents_streams_and_fields_of_its_blocks(
    tmp_path_factory, blocks, shard_tokens
):
    output = tmp_path_factory.mktemp("written") / "corpus"
    ids, ends, loss, names, at = [], [], [], [], 0
    with CorpusWriter(
        output, described(streams={"loss": LOSS_INFO}, fields={"name": "str"}), shard_bytes=2 * shard_tokens
    ) as writer:
        with writer.split("train") as split:
            for size, block_ends, has_loss in blocks:
                values = np.arange(at, at + size) % 250
                items = {"loss": np.array(values % 2, "|u1")} if has_loss else {}
                texts = [f"d{len(ends) + i}" for i in range(len(block_ends))]
                split.add(block(values, block_ends, number=len(ends), streams=items, fields={"name": texts}))
                ids += [*values]
                loss += [*(values % 2)] if has_loss else [1] * size
                ends += [at + end for end in block_ends]
                names += texts
                at += size
        writer.commit(run={})

    corpus = corpuskit.open(output)
    train = corpus["train"]
    assert train[:].tolist() == ids
    assert train.document_ends().tolist() == ends
    assert train.document_places()[:, 1].tolist() == [*range(len(ends))]
    assert train.document_text_bytes().tolist() == [*range(7, 7 + len(ends))]
    assert train.stream("loss")[:].tolist() == loss
    assert train.fields().column("name").to_pylist() == names
    assert all(shard.num_tokens <= shard_tokens for shard in corpus.manifest.splits["train"].shards)
    assert [*verify(corpus)] == []
    assert sorted(path.name for path in output.parent.iterdir()) == ["corpus"]


def test_how_tokens_come_does_not_change_the_bytes(tmp_path):
    digests = []
    for number, sizes in enumerate(((100,), (1,) * 100, (40, 0, 60))):
        with CorpusWriter(tmp_path / str(number), described(), shard_bytes=64) as writer:
            with writer.split("train") as split:
                for start, stop in itertools.pairwise(itertools.accumulate(sizes, initial=0)):
                    ends = [end - start for end in (40, 100) if start < end <= stop]
                    split.add(block(np.arange(start, stop), ends, number=int(start >= 40)))
            digests.append(writer.commit(run={}).sha256)
    assert len({*digests}) == 1


def test_what_is_not_committed_leaves_nothing(tmp_path):
    def write():
        with CorpusWriter(tmp_path / "a", described()) as writer, writer.split("train") as split:
            split.add(block([1, 2], [2]))
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert [*tmp_path.iterdir()] == []


def test_a_corpus_without_a_token_is_refused(tmp_path):
    with CorpusWriter(tmp_path / "a", described()) as writer:
        with writer.split("train") as split:
            split.add(block([], [0]))
        with pytest.raises(ConfigError, match="no tokens are left"):
            writer.commit(run={})
    assert [*tmp_path.iterdir()] == []


def test_a_corpus_that_is_there_is_replaced_only_where_it_may_be(tmp_path):
    def write(value, **options):
        with CorpusWriter(tmp_path / "a", described()) as writer:
            with writer.split("train") as split:
                split.add(block([value], [1]))
            writer.commit(run={}, **options)

    write(1)
    with pytest.raises(StorageError):
        write(2)
    assert corpuskit.open(tmp_path / "a")["train"][0] == 1
    write(2, overwrite=True)
    assert corpuskit.open(tmp_path / "a")["train"][0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_documents_of_a_split_without_a_token_are_counted_as_left_out(tmp_path):
    with CorpusWriter(tmp_path / "a", described(left_out={"empty": 1})) as writer:
        for name, ids in (("train", [1, 2]), ("valid", [])):
            with writer.split(name) as split:
                split.add(block(ids, [0, len(ids)]))
        manifest = writer.commit(run={})

    assert manifest.left_out == {"empty": 1, "no-tokens": 2}
    assert (manifest.splits["valid"].num_documents, manifest.splits["train"].num_documents) == (0, 2)
