"""The suite for templates under templates that are wrong."""

import pytest

from corpuskit.chat.chatml import Chatml
from corpuskit.chat.records import conversation_of
from corpuskit.testing.templates import RECORDS, TemplateSuite
from corpuskit.tokenizers.pieces import DocumentPiece


class Special(Chatml):
    """Takes the spelling of a control token for one."""

    def write(self, conversation, trained, **options):
        found = []
        for piece in super().write(conversation, trained, **options):
            before, token, after = piece.text.partition(b"<|im_end|>")
            if piece.is_control or not token:
                found.append(piece)
            else:
                found += [piece._replace(text=before), DocumentPiece(token, True), piece._replace(text=after)]
        return found


class Everything(Chatml):
    """Learns what users say, too."""

    def write(self, conversation, trained, **options):
        return super().write(conversation, [True for _ in trained], is_all=True)


class Moving(Chatml):
    """Gives something else each time."""

    count = 0

    def write(self, conversation, trained, **options):
        self.count += 1
        return [*super().write(conversation, trained, **options), DocumentPiece(str(self.count).encode())]


@pytest.mark.parametrize(
    ("template", "test", "arguments"),
    [
        (Special, "test_words_of_control_tokens_stay_text", ()),
        (Everything, "test_what_the_assistant_says_is_learned_and_nothing_that_others_say", ("two",)),
        (Everything, "test_only_the_last_answer_is_learned_where_that_is_asked_for", ()),
        (Moving, "test_the_same_conversation_has_the_same_pieces", ("two",)),
    ],
)
def test_what_is_wrong_fails(template, test, arguments):
    conversations = [conversation_of(RECORDS["several turns"]) for _ in arguments]
    with pytest.raises(AssertionError):
        getattr(TemplateSuite(), test)(template(name="wrong"), *conversations)
    getattr(TemplateSuite(), test)(Chatml(name="right"), *conversations)
