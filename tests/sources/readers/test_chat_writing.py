"""Batches of conversations."""

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers.chat_writing import ConversationReader, Writer, batch_of
from corpuskit.tokenizers.pieces import DocumentPiece


def test_a_batch_of_conversations_has_their_texts_pieces_and_fields():
    token, text = DocumentPiece(b"<x>", is_control=True), DocumentPiece(b"a")
    assert batch_of([[token, text, token, text], [token], []], [1, 2, 3], {"id": [4, 5, 6]}) == DocumentBatch(
        [b"aa", b"", b""],
        [1, 2, 3],
        pieces=[[token, text, token, text], [token], []],
        fields={"id": [4, 5, 6]},
    )


def test_the_fields_are_those_of_every_shape_or_the_one_that_is_named():
    assert Writer(ConversationReader.OPTIONS).fields == ["messages", "conversations", "prompt"]
    assert Writer({**ConversationReader.OPTIONS, "conversation_field": "a.b"}).fields == ["a.b"]
