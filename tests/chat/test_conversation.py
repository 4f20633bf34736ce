"""Messages and conversations are cheap values."""

import pickle

from corpuskit.chat.conversation import BadConversation, Conversation, Message


def test_a_message_is_a_value_with_defaults():
    message = Message("user", "Hi")
    assert message == Message("user", "Hi", "", (), "", True)
    assert Conversation([message]).has_roles
    assert not hasattr(message, "__dict__")


def test_what_is_wrong_has_a_kind_and_a_reason():
    error = BadConversation("unknown-role", "message 1 has the role 'x'")
    assert (error.kind, error.reason, str(error)) == ("unknown-role", error.reason, error.reason)
    assert isinstance(error, ValueError)
    assert pickle.dumps(Message("user", "Hi"))
