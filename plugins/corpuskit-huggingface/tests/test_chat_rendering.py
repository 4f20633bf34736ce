"""What a folder's template writes of messages, what of it is learnt, and what may be set behind commas."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpuskit.errors import ConfigError
from corpuskit.plugin import BadConversation, Conversation, DocumentPiece, Message
from corpuskit_huggingface.chat_template import HuggingFaceTemplate

CHAT = Path(__file__).parent / "chat"


def say(*texts: str) -> Conversation:
    return Conversation([Message(("user", "assistant")[n % 2], text) for n, text in enumerate(texts)])


def test_a_prompt_that_is_no_beginning_is_refused(folder) -> None:
    strips = (
        "{% for m in messages %}{{ '<|im_start|>' + m.role + ':' }}"
        "{% if loop.last %}{{ m.reasoning_content }}{% endif %}{{ m.content + '<|im_end|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant:' }}{% endif %}"
    )
    messages = [Message("user", "a"), Message("assistant", "b", "why"), *say("c", "d").messages]
    template = HuggingFaceTemplate(argument=folder(strips))

    with pytest.raises(BadConversation, match=r"up to message 2 is no beginning.*--train-on all") as caught:
        template.pieces(Conversation(messages))

    assert caught.value.kind == "not-in-template"
    assert template.pieces(Conversation(messages), train_on="last")


class TestMarksOfSomeAnswers:
    """Which generation marks are whose, where some answers alone are learnt."""

    TALK = (
        "{% for m in messages %}<|im_start|>{{ m.role }} {% if m.role == 'assistant' WHERE %}MARKED{% else %}"
    )
    TALK += "{{ m.content }}<|im_end|>{% endif %}{% endfor %}"
    ONE = "{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
    TWO = "{% generation %}{{ m.content }}{% endgeneration %}{% generation %}<|im_end|>{% endgeneration %}"

    def learnt(self, folder, where, marked, *answers, **how) -> str:
        messages = []
        for number, (text, is_trained) in enumerate(answers):
            messages += [Message("user", f"q{number}"), Message("assistant", text, is_trained=is_trained)]
        template = HuggingFaceTemplate(
            argument=folder(self.TALK.replace("WHERE", where).replace("MARKED", marked))
        )
        pieces = template.pieces(Conversation(messages), **how)
        return b" ".join(piece.text for piece in pieces if piece.is_trained).decode()

    @pytest.mark.parametrize("marked", [ONE, TWO], ids=["one", "two"])
    @pytest.mark.parametrize("where", ["", "and loop.index0 > messages|length - 3", "and not loop.first"])
    def test_are_those_around_them(self, folder, where, marked) -> None:
        last = "<|im_end|>"
        assert self.learnt(folder, where, marked, ("a", True), ("b", True), train_on="last") == f"b {last}"
        assert self.learnt(folder, where, marked, ("a", True), ("", True), train_on="last") == last
        first = self.learnt(folder, where, marked, ("a", True), ("b", False))
        assert first == ("" if "length" in where else f"a {last}")

    def test_that_cannot_be_told_are_refused(self, folder) -> None:
        around = "{{ m.content }}{% generation %}<|im_end|>{% endgeneration %}"
        everything = "{% generation %}{% for m in messages %}{{ m.content }}{% endfor %}{% endgeneration %}"
        template = HuggingFaceTemplate(argument=folder(everything))
        assert template.pieces(say("a", "b", "c", "d")) == [DocumentPiece(b"abcd", False, True)]
        with pytest.raises(BadConversation, match="which of its generation marks is which message's"):
            template.pieces(say("a", "b", "c", "d"), train_on="last")
        assert self.learnt(folder, "", around, ("a", True), ("b", True), train_on="last") == "<|im_end|>"

    def test_of_a_template_that_looks_at_ends_are_refused(self, folder) -> None:
        looks = "{% generation %}{{ 'x' if m.content.endswith('a') else m.content }}{% endgeneration %}"
        with pytest.raises(BadConversation, match="which of its generation marks is which message's"):
            self.learnt(folder, "", looks, ("a", True), ("b", True), train_on="last")


@pytest.mark.parametrize(
    "said",
    [",date=yesterday", ",date", ",1=2", ",template=nothing"],
    ids=["date", "value", "name", "template"],
)
def test_settings_that_say_nothing_are_errors(said) -> None:
    with pytest.raises(ConfigError):
        HuggingFaceTemplate(argument=f"{CHAT / 'chatml'}{said}")


def test_variables_of_the_template_may_be_set(folder) -> None:
    template = "{% if thinking is false %}no{% else %}{{ word }}{% endif %}"
    where = folder(template)
    for said, text in ((",thinking=false", "no"), (",word=yes", "yes"), ("", "")):
        pieces = HuggingFaceTemplate(argument=where + said).pieces(say("a"), train_on="all")
        assert b"".join(piece.text for piece in pieces).decode() == text


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("enable_thinkng=false", "reads no variable 'enable_thinkng'; did you mean 'enable_thinking'"),
        ("other=1", "reads no variable 'other'; it reads: enable_thinking, rag"),
        ("messages=[]", "reads no variable 'messages'"),
        ("range=1", "reads no variable 'range'"),
        ("own=1", "reads no variable 'own'"),
    ],
)
def test_a_variable_that_no_template_reads_is_an_error(folder, said, message) -> None:
    text = "{% set own = 1 %}{% for m in messages %}{{ range(own) }}{{ enable_thinking }}{% endfor %}"
    where = folder(None, chat_template={"default": text, "rag": "{{ rag }}"})
    with pytest.raises(ConfigError, match=message):
        HuggingFaceTemplate(argument=f"{where},{said}")
    assert HuggingFaceTemplate(argument=f"{where},rag=1,enable_thinking=false")


def test_the_fingerprint_covers_the_text_and_what_is_set(folder) -> None:
    one = HuggingFaceTemplate(argument=folder("{{ a }}")).fingerprint
    other = HuggingFaceTemplate(argument=folder("{{ b }}")).fingerprint
    assert len({one, other, HuggingFaceTemplate(argument=folder("{{ b }}") + ",b=1").fingerprint}) == 3
