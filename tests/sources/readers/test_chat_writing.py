"""Batches of conversations."""

from corpuskit.sources.base import DocumentBatch
from corpuskit.sources.readers.base import BATCH_DOCUMENTS
from corpuskit.sources.readers.chat_writing import OPTIONS, Writer, batches
from corpuskit.tokenizers.pieces import DocumentPiece


class Heard:
    def __init__(self):
        self.kinds = []

    def leave_out(self, kind, start, reason):
        self.kinds.append((kind, start))


def test_batches_have_no_more_than_so_many_conversations():
    pieces = [[DocumentPiece(b"a")]] * (BATCH_DOCUMENTS + 1)
    found = [*batches(pieces, [*range(len(pieces))], Heard())]
    assert [len(batch.texts) for batch in found] == [BATCH_DOCUMENTS, 1]
    assert found[1] == DocumentBatch([b"a"], [BATCH_DOCUMENTS], pieces=[[DocumentPiece(b"a")]])


def test_what_is_written_as_no_text_is_left_out_and_counted():
    token, text = DocumentPiece(b"<x>", is_control=True), DocumentPiece(b"a")
    heard = Heard()
    assert [*batches([[token], [token, text], []], [1, 2, 3], heard)] == [
        DocumentBatch([b"a"], [2], pieces=[[token, text]])
    ]
    assert heard.kinds == [("empty", 1), ("empty", 3)]


def test_the_fields_are_those_of_every_shape_or_the_one_that_is_named():
    assert Writer(OPTIONS).fields == ["messages", "conversations", "prompt"]
    assert Writer({**OPTIONS, "conversation_field": "a.b"}).fields == ["a.b"]
