"""The template hf, beside what transformers makes of the same conversations.

`chat/make_expected.py` wrote `chat/expected.json` with transformers; where it is installed, it is asked
again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import corpuskit
from corpuskit.errors import ConfigError, SourceError, TokenizerError
from corpuskit.plugin import BadConversation, Conversation, Message, ToolCall
from corpuskit.testing import TemplateSuite
from corpuskit.tokenizers.pieces import encode_pieces
from corpuskit_huggingface.chat_template import HuggingFaceTemplate
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer

CHAT = Path(__file__).parent / "chat"
CASES = json.loads((CHAT / "expected.json").read_text(encoding="utf-8"))
MARKED = ("marked", "mistral", "qwen", "rstrip")
DATE = ",date=2024-07-26"


def case_name(case) -> str:
    return f"{case['model']}-{len(case['messages'])}-{case['messages'][0]['content'][:10].strip()}"


def template_of(model: str) -> HuggingFaceTemplate:
    return HuggingFaceTemplate(argument=f"{CHAT / model}{DATE if model == 'llama3' else ''}")


def conversation_of(case) -> Conversation:
    messages = [
        Message(
            message["role"],
            message["content"],
            message.get("reasoning_content", ""),
            tuple(
                ToolCall(call["function"]["name"], json.dumps(call["function"]["arguments"]))
                for call in message.get("tool_calls", ())
            ),
            message.get("name", ""),
        )
        for message in case["messages"]
    ]
    return Conversation(messages, case.get("tools", ()))


def say(*texts: str) -> Conversation:
    return Conversation([Message(("user", "assistant")[n % 2], text) for n, text in enumerate(texts)])


def encoded(model: str, pieces) -> tuple[list[int], str]:
    """Ids and mask of pieces."""
    ids, loss = encode_pieces(HuggingFaceTokenizer(argument=str(CHAT / model)), [pieces])
    return ids.ids.tolist(), "".join(map(str, loss.tolist()))


def shown(pieces) -> str:
    """Pieces as text: control tokens in braces, and what is learnt in angle quotes."""
    parts = []
    for piece in pieces:
        text = piece.text.decode()
        text = f"{{{text}}}" if piece.is_control else text
        parts.append(f"\u00ab{text}\u00bb" if piece.is_trained else text)
    return "".join(parts).replace("\u00bb\u00ab", "")


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_ids_and_mask_are_those_of_transformers(case) -> None:
    pieces = template_of(case["model"]).pieces(conversation_of(case))

    ids, mask = encoded(case["model"], pieces)

    assert ids == case["ids"]
    if case["model"] in MARKED:
        assert mask == case["mask"]


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_what_transformers_says_is_what_is_written_down(case) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(CHAT / case["model"])
    result = tokenizer.apply_chat_template(
        case["messages"],
        tools=case.get("tools"),
        return_dict=True,
        return_assistant_tokens_mask=True,
        **({"date_string": "26 Jul 2024"} if case["model"] == "llama3" else {}),
    )
    assert result["input_ids"] == case["ids"]
    assert "".join(map(str, result["assistant_masks"])) == case["mask"]


def test_without_marks_what_follows_the_prompt_is_learnt() -> None:
    pieces = template_of("chatml").pieces(say("a", "b", "c", "d"))
    assert shown(pieces) == (
        "{<|im_start|>}user\na{<|im_end|>}\n{<|im_start|>}assistant\n\u00abb{<|im_end|>}\n\u00bb"
        "{<|im_start|>}user\nc{<|im_end|>}\n{<|im_start|>}assistant\n\u00abd{<|im_end|>}\n\u00bb"
    )


@pytest.mark.parametrize("model", ["marked", "chatml"])
def test_the_last_answer_alone_may_be_learnt(model) -> None:
    pieces = template_of(model).pieces(say("a", "b", "c", "d"), train_on="last")
    learnt = [piece.text for piece in pieces if piece.is_trained]
    assert b"d" in learnt
    assert b"b" not in learnt


def test_all_of_it_may_be_learnt() -> None:
    assert all(piece.is_trained for piece in template_of("marked").pieces(say("a", "b"), train_on="all"))


def test_a_message_that_is_not_to_be_learnt_is_not() -> None:
    messages = [Message("user", "a"), Message("assistant", "b", is_trained=False)]
    messages += [Message("user", "c"), Message("assistant", "d")]
    for model, train_on in (("marked", "assistant"), ("chatml", "assistant"), ("chatml", "all")):
        pieces = template_of(model).pieces(Conversation(messages), train_on=train_on)
        learnt = b"".join(piece.text for piece in pieces if piece.is_trained)
        assert b"d" in learnt
        assert b"b" not in learnt


class TestSuiteOfQwen(TemplateSuite):
    @pytest.fixture
    def template(self) -> HuggingFaceTemplate:
        return template_of("qwen")


class TestSuiteOfLlama3(TemplateSuite):
    @pytest.fixture
    def template(self) -> HuggingFaceTemplate:
        return template_of("llama3")


class TestContent:
    """Content that is spelt like a special token is text."""

    @pytest.mark.parametrize("model", ["chatml", "marked", "llama3", "mistral", "qwen", "rstrip"])
    def test_is_never_a_control_token(self, model) -> None:
        template = template_of(model)
        plain = [piece.text for piece in template.pieces(say("a", "b", "c", "d")) if piece.is_control]
        for name in template.control_tokens:
            for text in (name, f"x{name}y", f" {name} ", name * 2, name[:-1], name[1:], name + name[0]):
                for at in range(4):
                    texts = ["a", "b", "c", "d"]
                    texts[at] = text
                    pieces = template.pieces(say(*texts))
                    assert [piece.text for piece in pieces if piece.is_control] == plain
                    words = b"".join(piece.text for piece in pieces if not piece.is_control)
                    assert text.strip().encode() in words

    def test_may_be_what_a_template_looks_for(self, folder) -> None:
        template = HuggingFaceTemplate(
            argument=folder(
                "{% for m in messages %}{{ '<|im_start|>' }}{% generation %}"
                "{% if '<|im_end|>' in m.content %}{{ m.content.split('<|im_end|>')[0] + '<|im_end|>' }}"
                "{% else %}{{ m.content }}{% endif %}{% endgeneration %}{% endfor %}"
            )
        )
        pieces = template.pieces(say("a", "b<|im_end|><|im_start|>"))
        assert shown(pieces) == "{<|im_start|>}\u00aba\u00bb{<|im_start|>}\u00abb{<|im_end|>}\u00bb"

    def test_may_be_what_a_template_has_a_name_for(self, folder) -> None:
        for asks in (
            "m.content.split(e)[0]",
            "m.content.replace(e, '')",
            "(m.content|replace(e, ''))",
            "('no' if e in m.content else m.content)",
            "('no' if m.content == 'a' ~ e else m.content)",
        ):
            template = HuggingFaceTemplate(
                argument=folder(
                    "{% set e = '<|im_end|>' %}{% for m in messages %}{{ " + asks + " + e }}{% endfor %}"
                )
            )
            pieces = template.pieces(say("a<|im_end|>"), train_on="all")
            assert [piece.text for piece in pieces if piece.is_control] == [b"<|im_end|>"], asks
            assert b"".join(piece.text for piece in pieces) in (b"a<|im_end|>", b"no<|im_end|>"), asks

    def test_that_cannot_be_told_apart_is_refused(self, folder) -> None:
        template = HuggingFaceTemplate(
            argument=folder("{% for m in messages %}{{ m.content|e ~ '<|im_end|>' }}{% endfor %}")
        )
        assert template.pieces(say("a"), train_on="all")
        with pytest.raises(BadConversation, match="cannot be told apart"):
            template.pieces(say("a<|im_end|>b"), train_on="all")

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (".replace('/think', '')", "a<|im_/thinkend|>b"),
            (".replace('/think', '')", "a</think|im_end|/think>b"),
            ("|replace('x', '')", "a<x|im_end|>b"),
            (".split('x')|join", "a<|im_xend|>b"),
            ("[::2]", "<.|.i.m._.e.n.d.|.>"),
            ("|lower", "a<|IM_END|>b"),
            (".strip('#')", "#<|im_end|>#"),
            ("|truncate(10, true, '')", "<|im_end|>xxxxxxxxxxxxxxxxxxxxxx"),
            ("|tojson", 'a<|im_end|>"'),
            ("|string|list|string|replace(\"', '\", '')", "<|im_end|>"),
        ],
    )
    def test_is_text_whatever_a_template_takes_out_of_it(self, folder, change, text) -> None:
        template = HuggingFaceTemplate(
            argument=folder("{% for m in messages %}{{ (m.content)" + change + " }}<|im_end|>{% endfor %}")
        )
        pieces = template.pieces(say(text, text), train_on="all")
        assert [piece.text for piece in pieces if piece.is_control] == [b"<|im_end|>"] * 2
        assert b"<|im_end|>" in b"".join(piece.text for piece in pieces if not piece.is_control)

    @pytest.mark.parametrize("key", ["role", "content", "x"])
    def test_in_arguments_is_text_under_every_key(self, key) -> None:
        def talk(text: str) -> Conversation:
            call = ToolCall("f", json.dumps({key: text, "deeper": [{key: text}]}))
            return Conversation([Message("user", "q"), Message("assistant", "", tool_calls=(call,))])

        template = template_of("qwen")
        plain, alike = (
            [piece.text for piece in template.pieces(talk(text)) if piece.is_control]
            for text in ("a", "<|im_end|>")
        )
        assert alike == plain

    def test_nested_too_deep_is_refused(self) -> None:
        call = ToolCall("f", '{"a":' * 700 + "1" + "}" * 700)
        talk = Conversation([Message("user", "<q"), Message("assistant", "", tool_calls=(call,))])
        with pytest.raises(BadConversation, match="nested too deep|recursion"):
            template_of("qwen").pieces(talk)

    def test_may_be_made_of_halves(self, folder) -> None:
        template = HuggingFaceTemplate(argument=folder("{% for m in messages %}{{ m.content }}{% endfor %}"))
        for halves in (("<|im_", "end|>"), ("<", "|im_end|>"), ("<|im_end|", ">"), (" <|im_end|>", "")):
            pieces = template.pieces(say(*halves), train_on="all")
            assert not any(piece.is_control for piece in pieces)

    def test_in_definitions_of_tools_is_text(self) -> None:
        tools = [
            {"type": "function", "function": {"name": "f", "description": "<|im_end|>", "<|im_start|>": 1}}
        ]
        pieces = template_of("qwen").pieces(Conversation(say("a", "b").messages, tools))
        assert sum(piece.is_control for piece in pieces) == 6
        assert b'"<|im_start|>": 1' in b"".join(piece.text for piece in pieces)


class TestErrors:
    def test_no_argument(self) -> None:
        with pytest.raises(ConfigError, match="needs a model's folder"):
            HuggingFaceTemplate()

    def test_no_folder(self) -> None:
        with pytest.raises(TokenizerError, match="no such file or folder"):
            HuggingFaceTemplate(argument="./nowhere")

    def test_no_template(self, folder) -> None:
        with pytest.raises(ConfigError, match="there is no chat template: no chat_template.jinja"):
            HuggingFaceTemplate(argument=folder(None))

    def test_no_jinja(self, folder) -> None:
        with pytest.raises(ConfigError, match=r"line 2: not a Jinja template: Expected"):
            HuggingFaceTemplate(argument=folder("a\n{% for %}{% endfor %}"))

    def test_what_the_template_raises(self) -> None:
        with pytest.raises(BadConversation, match="roles must alternate") as caught:
            template_of("mistral").pieces(Conversation([Message("assistant", "a"), Message("user", "b")]))
        assert caught.value.kind == "not-in-template"

    def test_a_variable_that_is_not_there(self, folder) -> None:
        template = HuggingFaceTemplate(argument=folder("\n{{ messages[0].thing.other }}"))
        with pytest.raises(BadConversation, match="line 2: .*has no attribute 'thing'"):
            template.pieces(say("a"), train_on="all")

    def test_the_clock(self) -> None:
        with pytest.raises(ConfigError, match="date=2026-01-01"):
            HuggingFaceTemplate(argument=str(CHAT / "llama3"))


def test_the_template_is_found_by_its_name() -> None:
    from corpuskit.chat.opening import open_template

    template = open_template(f"hf:{CHAT / 'chatml'}")
    assert template.control_tokens == ("<|im_start|>", "<|im_end|>")
    assert template.fingerprint == HuggingFaceTemplate(argument=str(CHAT / "chatml")).fingerprint
    assert corpuskit.TemplateSpec.kind == "template"


def test_a_corpus_has_the_ids_and_the_mask(workplace) -> None:
    cases = [case for case in CASES if case["model"] == "qwen"]
    records = ({"messages": case["messages"], "tools": case.get("tools")} for case in cases)
    (workplace / "talks.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    name = f"hf:{CHAT / 'qwen'}"

    corpus = corpuskit.prepare(
        "talks.jsonl", format="chat", encoding=name, template=name, split="none", progress=False
    )

    split = corpus["train"]
    assert split[:].tolist() == [number for case in cases for number in case["ids"]]
    loss = (corpus.path / "train-00000.loss.bin").read_bytes()
    assert "".join(map(str, loss)) == "".join(case["mask"] for case in cases)


def test_a_conversation_that_is_refused_is_named_or_left_out(workplace) -> None:
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    records = [good, {"messages": good["messages"][::-1]}, good]
    (workplace / "talks.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    name = f"hf:{CHAT / 'mistral'}"
    how = {"format": "chat", "encoding": name, "template": name, "split": "none", "progress": False}

    with pytest.raises(SourceError, match=r"talks.jsonl:2: .*roles must alternate") as caught:
        corpuskit.prepare("talks.jsonl", **how)
    assert "\n" not in str(caught.value)

    corpus = corpuskit.prepare("talks.jsonl", on_bad_document="skip", **how)
    assert corpus.manifest.left_out == {"not-in-template": 1}


def test_a_corpus_says_which_template_made_it_and_not_where_that_was(workplace) -> None:
    shutil.copytree(CHAT / "chatml", workplace / "model")
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (workplace / "talks.jsonl").write_text(json.dumps({"messages": talk}) + "\n")
    name = f"hf:{workplace / 'model'}"
    how = {"format": "chat", "encoding": name, "template": name, "split": "none", "progress": False}

    corpus = corpuskit.prepare("talks.jsonl", **how)
    assert corpus.manifest.options["template"] == "hf:model"
    first = corpus.manifest.options["template_fingerprint"]
    assert str(workplace) not in (corpus.path / "manifest.json").read_text()
    assert corpuskit.prepare("talks.jsonl", **how).fingerprint == corpus.fingerprint

    (file,) = (workplace / "model").glob("*.jinja")
    file.write_text(file.read_text() + "{# changed #}")
    with pytest.raises(ConfigError, match=f"template_fingerprint is '{first}' there and "):
        corpuskit.prepare("talks.jsonl", **how)
