"""Whose words stand where in a rendered conversation."""

from __future__ import annotations

import pytest

from corpuskit_huggingface.chat_numbers import numbered_message, owners_of, without_numbers

MESSAGE = {
    "role": "assistant",
    "content": "a \n",
    "name": "n",
    "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": ["b", 1, {"y": "c"}]}}}],
}


@pytest.mark.parametrize("number", [0, 255, 256, 70_000])
def test_a_message_says_its_number_in_its_own_words_alone(number) -> None:
    numbered = numbered_message(MESSAGE, number)
    content = numbered["content"]
    assert content.endswith(" \n")
    assert without_numbers(content) == MESSAGE["content"]
    assert [*owners_of(content, [(0, len(content))], 10)] == [{number}]
    (call,) = numbered["tool_calls"]
    assert call["function"]["arguments"] == {"x": [f"b{content[1:4]}", 1, {"y": f"c{content[1:4]}"}]}
    del call["function"]["arguments"]
    assert call == {"type": "function", "function": {"name": "f"}}
    assert (numbered["role"], numbered["name"]) == ("assistant", "n")


def test_a_text_without_words_has_no_number() -> None:
    assert numbered_message({"content": " "}, 1) == {"content": " "}


def test_a_part_without_numbers_may_come_from_the_messages_around_it() -> None:
    words = [numbered_message({"content": text}, number)["content"] for number, text in ((1, "a"), (3, "b"))]
    text = f"-{words[0]}-{words[1]}-"
    spans = [(0, 1), (1, 5), (5, 6), (1, 10), (10, 11)]
    assert [*owners_of(text, spans, 6)] == [{0, 1}, {1}, {1, 2, 3}, {1, 3}, {3, 4, 5}]
