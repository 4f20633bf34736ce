"""What a plugin's template gives is checked, and said to be the plugin's where it is wrong."""

import pytest

from corpuskit.chat.conversation import BadConversation, Conversation, Message
from corpuskit.chat.guard import GuardedTemplate
from corpuskit.chat.template import Template
from corpuskit.errors import PluginError
from corpuskit.registry import Component
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import TemplateSpec
from corpuskit.tokenizers.pieces import DocumentPiece

COMPONENT = Component(TemplateSpec("odd", "x"), Owner("odd", "corpuskit-odd", "1.0"), "a")
CONVERSATION = Conversation([Message("user", "Hi")])


def guarded(give, tokens=("<x>",)):
    class Odd(Template):
        TAKES_ARGUMENT = True
        control_tokens = tokens

        def write(self, conversation, trained, *, is_all):
            return give()

    return GuardedTemplate(Odd(name="odd", argument="a"), COMPONENT)


def test_what_is_right_goes_through():
    pieces = [DocumentPiece(b"<x>", is_control=True), DocumentPiece(b"<y>")]
    template = guarded(lambda: pieces)
    assert template.pieces(CONVERSATION) is pieces
    assert (template.name, template.control_tokens) == ("odd:a", ("<x>",))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "must be a list of DocumentPiece"),
        ([b"x"], "must be a list of DocumentPiece"),
        ([DocumentPiece("x")], "must be bytes"),
        ([DocumentPiece(b"<y>", is_control=True)], "a control token that control_tokens does not name"),
    ],
)
def test_what_is_wrong_is_the_plugins(given, reason):
    with pytest.raises(PluginError, match=f"template 'odd' of odd.*{reason}"):
        guarded(lambda: given).pieces(CONVERSATION)


def test_control_tokens_are_text():
    with pytest.raises(PluginError, match="control_tokens must be text"):
        guarded(list, tokens=(b"x",))


def test_a_conversation_that_is_refused_is_the_records_fault():
    def refuse():
        raise BadConversation("not-in-template", "no way")

    with pytest.raises(BadConversation):
        guarded(refuse).pieces(CONVERSATION)
    with pytest.raises(UnicodeEncodeError):
        guarded(lambda: "\ud800".encode()).pieces(CONVERSATION)


def test_any_other_error_is_the_plugins():
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        guarded(lambda: 1 / 0).pieces(CONVERSATION)
