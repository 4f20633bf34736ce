"""Conversations as documents."""

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers.chat_writing import OPTIONS, Writer, written
from corpuskit.tokenizers.pieces import DocumentPiece


def test_the_text_of_a_conversation_is_what_is_no_control_token():
    token, text = DocumentPiece(b"<x>", is_control=True), DocumentPiece(b"a")
    pieces = [[token], [token, text, text], []]
    assert written(pieces, [1, 2, 3]) == DocumentBatch([b"", b"aa", b""], [1, 2, 3], pieces=pieces)


def test_the_fields_are_those_of_every_shape_or_the_one_that_is_named():
    assert Writer(OPTIONS).fields == ["messages", "conversations", "prompt"]
    assert Writer({**OPTIONS, "conversation_field": "a.b"}).fields == ["a.b"]
