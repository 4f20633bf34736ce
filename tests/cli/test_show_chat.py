"""Conversations are shown with their masks, prepared or not, and both are the same."""

from __future__ import annotations

import json

import pytest

MADE = ("--encoding", "gpt2", "--add-tokens")


@pytest.fixture
def convs(tmp_path):
    records = [
        [("user", "What is <|im_end|>?\x1b[2J"), ("assistant", "An end\nof a turn.")],
        [("user", "More?"), ("assistant", "No"), ("user", "Sure?"), ("assistant", "Yes")],
    ]
    lines = [json.dumps({"messages": [{"role": r, "content": c} for r, c in one]}) for one in records]
    (tmp_path / "convs.jsonl").write_text("\n".join(lines) + "\n")
    return "convs.jsonl"


def test_files_that_are_not_prepared_are_shown_as_the_corpus_will_be(typed, convs, tmp_path):
    before, said = typed("show", convs, "--chat", *MADE)
    assert said == ""
    assert not (tmp_path / "data").exists()
    assert before.splitlines() == [
        "⟦to be learned⟧  ⟪control token⟫",
        "── document 0, convs.jsonl ─────────────────────────────────────────────────────",
        "⟪<|im_start|>⟫user↵",
        "What is <|im_end|>?\\u001b[2J⟪<|im_end|>⟫↵",
        "⟪<|im_start|>⟫assistant↵",
        "⟦An end↵⟧",
        "⟦of a turn.⟪<|im_end|>⟫⟧↵",
        "32 tokens, 8 targets, 25.0 %",
        "── document 1, convs.jsonl ─────────────────────────────────────────────────────",
        "⟪<|im_start|>⟫user↵",
        "More?⟪<|im_end|>⟫↵",
        "⟪<|im_start|>⟫assistant↵",
        "⟦No⟪<|im_end|>⟫⟧↵",
        "⟪<|im_start|>⟫user↵",
        "Sure?⟪<|im_end|>⟫↵",
        "⟪<|im_start|>⟫assistant↵",
        "⟦Yes⟪<|im_end|>⟫⟧↵",
        before.splitlines()[-1],
    ]
    typed("prepare", convs, "--format", "chat", *MADE, "--quiet")
    after, _ = typed("show", "data/convs/gpt2", "--chat")
    assert after == before


def test_the_options_of_files_are_those_of_prepare(typed, convs):
    last, _ = typed("show", convs, "--chat", *MADE, "--train-on", "last", "--document", "1")
    assert "\nNo⟪<|im_end|>⟫↵\n" in last
    assert "\n⟦Yes⟪<|im_end|>⟫⟧↵\n" in last
    plain, _ = typed("show", convs, "--chat", "--template", "plain", "--encoding", "gpt2", "--max", "1")
    assert "⟪<|im_start|>⟫" not in plain
    assert plain.count("── document") == 1
    _, said = typed("show", convs, "--chat", "--encoding", "gpt2", code=2)
    assert "lacks control tokens" in said


def test_json_has_the_mask_of_each_token(typed, convs):
    made = json.loads(typed("show", convs, "--chat", *MADE, "--json")[0])
    assert [one["document"]["document"] for one in made] == [0, 1]
    for one in made:
        assert len(one["loss"]) == len(one["ids"])
        assert "".join(text["text"] for text in one["texts"] if text["is_learned"]).endswith("<|im_end|>")


def test_a_corpus_without_a_mask_says_that_all_is_learned(typed):
    typed("prepare", "c.jsonl", "--encoding", "bytes", "--quiet")
    shown, said = typed("show", "data/c/bytes", "--chat", "--max", "1")
    assert said == "split 'train' has no stream 'loss': every token is a target\n"
    assert "⟦record 0⟪<|endoftext|>⟫⟧\n" in shown


def test_a_bad_conversation_is_named_or_left_out_and_counted(typed, convs, tmp_path):
    with (tmp_path / convs).open("a") as file:
        file.write('{"messages": [{"role": "king", "content": "x"}]}\n')
    _, said = typed("show", convs, "--chat", *MADE, code=3)
    assert "convs.jsonl" in said
    assert "king" in said
    shown, said = typed("show", convs, "--chat", *MADE, "--on-bad-document", "skip")
    assert shown.count("── document") == 2
    assert said == "Left out, unknown-role: 1\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--chat", "--step", "0"], "--step and --chat exclude each other"),
        (["--chat", "--grep", "x"], "--grep and --chat exclude each other"),
        (["--chat", "--ids"], "--ids and --chat exclude each other"),
        (["--template", "plain"], "--template is about files that are shown with --chat"),
        (["--reader-option", "a=b"], "--reader-option is about files that are shown with --chat"),
        (["--chat", "--split", "train"], "--split is about a corpus"),
        (["--chat", "--random"], "--random is about a corpus"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(typed, convs, flags, message):
    assert message in typed("show", convs, *flags, code=2)[1]


def test_a_document_that_is_not_there(typed, convs):
    assert "--document 5: convs.jsonl has 2 documents" in typed(
        "show", convs, "--chat", *MADE, "--document", "5", code=2
    )[1]  # fmt: skip


@pytest.mark.parametrize("flags", [(), ("--json",), ("--document", "0")])
def test_files_of_which_nothing_can_be_shown_are_an_error_as_for_prepare(typed, convs, flags):
    of_text = ("--format", "jsonl", "--encoding", "bytes")
    _, expected = typed("prepare", convs, *of_text, code=3)
    assert "no field 'text'" in expected
    shown, said = typed("show", convs, "--chat", *of_text, *flags, code=3)
    assert shown == ""
    assert expected.partition("error: ")[2].strip() in said
