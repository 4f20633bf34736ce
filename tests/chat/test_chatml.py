"""The template chatml, beside conversations that were marked by hand."""

import pytest

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of
from tests.chat.marked import RECORDS, joined, rendered, runs

TEMPLATE = open_template("chatml")
EXPECTED = rendered("chatml")


def test_every_conversation_was_marked():
    assert EXPECTED.keys() == RECORDS.keys()
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("case", [*RECORDS])
def test_pieces_are_those_that_were_marked_by_hand(case):
    pieces = TEMPLATE.pieces(conversation_of(RECORDS[case]))
    assert joined(pieces) == runs(EXPECTED[case])
