"""Blocks of other trainers' files as blocks of a corpus, compared with a loop over ids."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.formats.copying import SplitCopy, text_sizes
from corpuskit.formats.foreign import ForeignBlock, ForeignFile
from corpuskit.tokenizers.opening import open_tokenizer

BYTES = open_tokenizer("bytes")
EOT = 256


class Blocks(ForeignFile):
    has_documents = False

    def __init__(self, blocks, *, continues):
        self._blocks, self.continues = blocks, continues
        self.split, self.paths, self.streams, self.fields = "train", ["file"], {}, {}
        self.num_tokens = sum(map(len, blocks))

    def blocks(self):
        for ids in self._blocks:
            yield ForeignBlock(np.array(ids, "<u2"), np.empty(0, np.int64))


def copied(files, marks):
    return SplitCopy(
        files,
        range(len(files)),
        tokenizer=BYTES,
        marks=marks,
        dtype=np.dtype("<u2"),
        text_sizes=text_sizes(BYTES),
    )


def loop(files, marks):
    """The documents, by a loop over ids."""
    documents, document = [], []
    for number, (blocks, continues) in enumerate(files):
        for number_of_id in (one for block in blocks for one in block):
            if marks == "start" and number_of_id == EOT and document:
                documents.append(document)
                document = []
            document.append(number_of_id)
            if marks == "end" and number_of_id == EOT:
                documents.append(document)
                document = []
        if document and not (continues and number + 1 < len(files)):
            documents.append(document)
            document = []
    return documents


IDS = st.lists(st.sampled_from([EOT, EOT, 1, 2, 3]), max_size=6)
FILES = st.lists(st.tuples(st.lists(IDS, min_size=1, max_size=4), st.booleans()), min_size=1, max_size=3)


@pytest.mark.parametrize("marks", ["end", "start", "none"])
@given(files=FILES)
def test_documents_are_those_that_a_loop_over_ids_finds(marks, files):
    copy = copied([Blocks(blocks, continues=continues) for blocks, continues in files], marks)
    ids, ends, sizes, at = [], [], [], 0
    for block in copy.blocks():
        ids += block.ids.tolist()
        ends += (block.rows[:, 0].astype(np.int64) + at).tolist()
        sizes += block.rows[:, 3].tolist()
        at += len(block.ids)
    documents = loop(files, marks)

    assert [ids[start:stop] for start, stop in zip([0, *ends], ends, strict=False)] == documents
    assert sizes == [sum(one != EOT for one in document) for document in documents]
    assert copy.is_ended == all(document[-1] == EOT for document in documents)
    assert copy.is_started == all(document[0] == EOT for document in documents)


def test_the_text_of_control_tokens_is_no_text():
    sizes = text_sizes(BYTES)
    assert sizes.dtype == np.uint8
    assert sizes.tolist() == [1] * 256 + [0]


def test_a_tokenizer_whose_ids_stand_for_nothing_of_their_own_tells_no_sizes():
    assert text_sizes(SimpleNamespace(token_bytes=lambda: None)) is None
