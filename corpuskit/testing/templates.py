"""What every template must do: `TemplateSuite`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corpuskit.chat.conversation import BadConversation, Conversation
from corpuskit.chat.records import conversation_of
from corpuskit.chat.template import TRAIN_ON, Template, TrainOn
from corpuskit.tokenizers.pieces import DocumentPiece

_TOOL = {"type": "function", "function": {"name": "look-up", "description": "Looks", "parameters": {}}}
_CALL = {"id": "1", "function": {"name": "look-up", "arguments": '{"word": "what-is-called"}'}}
#: Records with every kind of message; what each holds is in no other, so that it is found again.
RECORDS: dict[str, dict[str, Any]] = {
    "one turn": {
        "messages": [{"role": "user", "content": "Ask-a"}, {"role": "assistant", "content": "Answer-a"}]
    },
    "several turns": {
        "messages": [
            {"role": "system", "content": "Rule-b"},
            {"role": "user", "content": "Ask-b"},
            {"role": "assistant", "content": "Answer-b"},
            {"role": "user", "content": "Ask-c"},
            {"role": "assistant", "content": "Answer-c"},
        ]
    },
    "a message that is not learned": {
        "messages": [
            {"role": "user", "content": "Ask-d"},
            {"role": "assistant", "content": "Wrong-d", "weight": 0},
            {"role": "user", "content": "Ask-e"},
            {"role": "assistant", "content": "Answer-e"},
        ]
    },
    "not only Latin letters": {
        "messages": [
            {"role": "user", "content": "日本語 🙂\nnaïve"},
            {"role": "assistant", "content": "ça va\n\n\tπ"},
        ]
    },
    "a tool": {
        "tools": [_TOOL],
        "messages": [
            {"role": "user", "content": "Ask-f"},
            {"role": "assistant", "content": "", "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "1", "content": "Found-f"},
            {"role": "assistant", "content": "Answer-f"},
        ],
    },
    "a prompt": {"prompt": "Ask-g", "completion": "Answer-g"},
}
#: Spellings of control tokens, beside those of the template itself.
SPELLINGS = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<s>", "</s>", "[INST]")


class TemplateSuite:
    """Subclass it and give the fixture `template`.

    Class attributes, for a template that promises less:
        tools: False where it has no way to write tools; a conversation with some is then refused.
        roles: The roles that it has a way to write.
    """

    tools: bool = True
    roles: Sequence[str] = ("system", "user", "assistant")

    @pytest.fixture
    def template(self) -> Template:
        """The template to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'template'")

    @pytest.fixture(params=[*RECORDS])
    def conversation(self, request: pytest.FixtureRequest) -> Conversation:
        """Each of the conversations, as far as the template has a way to write it."""
        found = conversation_of(RECORDS[request.param])
        if found.tools and not self.tools:
            pytest.skip("the template says that it has no tools")
        if not {message.role for message in found.messages} <= {*self.roles, "tool"}:
            pytest.skip("the template says that it has no such role")
        return found

    def test_it_is_a_template(self, template: Template) -> None:
        assert isinstance(template, Template)
        assert isinstance(template.name, str)
        assert all(isinstance(name, str) for name in template.control_tokens)
        assert len(set(template.control_tokens)) == len(template.control_tokens)

    @pytest.mark.parametrize("train_on", TRAIN_ON)
    def test_pieces_are_text_and_control_tokens_that_were_named(
        self, template: Template, conversation: Conversation, train_on: TrainOn
    ) -> None:
        pieces = template.pieces(conversation, train_on=train_on)
        assert isinstance(pieces, list)
        for piece in pieces:
            assert isinstance(piece, DocumentPiece)
            assert piece.text.decode() is not None
            assert not piece.is_control or piece.text.decode() in template.control_tokens

    def test_the_same_conversation_has_the_same_pieces(
        self, template: Template, conversation: Conversation
    ) -> None:
        first = template.pieces(conversation)
        template.pieces(conversation, train_on="all", tools=False)
        assert template.pieces(conversation) == first

    def test_the_text_holds_what_every_message_says_in_order(
        self, template: Template, conversation: Conversation
    ) -> None:
        words, at = _text(template.pieces(conversation)), 0
        for message in conversation.messages:
            found = words.find(message.content.strip(), at)
            assert found >= 0, f"{message.content!r} is not in {words!r} where it should be"
            at = found + len(message.content.strip())

    def test_what_is_learned_changes_nothing_else(
        self, template: Template, conversation: Conversation
    ) -> None:
        def written(train_on: TrainOn) -> bytes:
            pieces = template.pieces(conversation, train_on=train_on)
            return b"".join(piece.text for piece in pieces if not piece.is_control)

        assert written("assistant") == written("last") == written("all")

    def test_what_the_assistant_says_is_learned_and_nothing_that_others_say(
        self, template: Template, conversation: Conversation
    ) -> None:
        pieces = template.pieces(conversation)
        learned = _text([piece for piece in pieces if piece.is_trained])
        others = _text([piece for piece in pieces if not piece.is_trained])
        for message in conversation.messages:
            is_learned = message.role == "assistant" and message.is_trained
            assert message.content.strip() in (learned if is_learned else others)
            if message.content:
                assert message.content.strip() not in (others if is_learned else learned)
            for call in message.tool_calls:
                assert "what-is-called" in learned, f"the call of {call.name} is not learned"

    def test_only_the_last_answer_is_learned_where_that_is_asked_for(self, template: Template) -> None:
        conversation = conversation_of(
            {"messages": [m for m in RECORDS["several turns"]["messages"] if m["role"] in self.roles]}
        )
        learned = _text([p for p in template.pieces(conversation, train_on="last") if p.is_trained])
        assert "Answer-c" in learned
        assert "Answer-b" not in learned

    def test_all_is_learned_where_that_is_asked_for(self, template: Template) -> None:
        conversation = conversation_of(RECORDS["one turn"])
        assert all(piece.is_trained for piece in template.pieces(conversation, train_on="all"))

    def test_words_of_control_tokens_stay_text(self, template: Template) -> None:
        spelled = " ".join((*SPELLINGS, *template.control_tokens))

        def pieces(words: str) -> list[DocumentPiece]:
            roles = [role for role in ("system", "user", "assistant") if role in self.roles]
            return template.pieces(
                conversation_of({"messages": [{"role": role, "content": words} for role in roles]})
            )

        looks_special, plain = pieces(f"a {spelled} z"), pieces("a z")
        controls = [[piece for piece in found if piece.is_control] for found in (looks_special, plain)]
        assert controls[0] == controls[1], "text became a control token"
        assert spelled in _text(looks_special)

    def test_tools_are_written_or_left_out(self, template: Template) -> None:
        conversation = conversation_of(RECORDS["a tool"])
        without = _text(template.pieces(conversation, tools=False))
        assert "Answer-f" in without
        assert not any(words in without for words in ("look-up", "what-is-called", "Found-f"))
        if self.tools:
            words = _text(template.pieces(conversation))
            assert all(each in words for each in ("look-up", "what-is-called", "Found-f"))
        else:
            with pytest.raises(BadConversation):
                template.pieces(conversation)


def _text(pieces: Sequence[DocumentPiece]) -> str:
    return b"".join(piece.text for piece in pieces if not piece.is_control).decode()


__all__ = ["RECORDS", "SPELLINGS", "TemplateSuite"]
