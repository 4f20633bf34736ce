"""Which corpora have ids that mean the same."""

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.corpus.mixture import mix
from corpuskit.errors import ConfigError


def test_mix_refuses_corpora_of_other_tokenizers(tmp_path, prepared):
    gpt, characters = prepared("a", "bytes"), prepared("b", "chars")

    with pytest.raises(ConfigError, match="was prepared with another tokenizer than"):
        mix({gpt: 1, characters: 1})


@pytest.fixture
def text_and_chat(tmp_path):
    (tmp_path / "text.txt").write_text("plain words, line after line\n" * 40)
    talk = [{"role": "user", "content": "ask " * 9}, {"role": "assistant", "content": "answer " * 9}]
    (tmp_path / "chat.jsonl").write_text((json.dumps({"messages": talk}) + "\n") * 20)
    told = {"encoding": "bytes", "split": "none"}
    text = corpuskit.prepare(tmp_path / "text.txt", lines=True, output=tmp_path / "t", **told)
    chat = corpuskit.prepare(
        tmp_path / "chat.jsonl", format="chat", add_tokens=True, output=tmp_path / "c", **told
    )
    return text, chat


def test_text_goes_with_conversations_whose_control_tokens_were_added_to_its_tokenizer(text_and_chat):
    for corpora in (text_and_chat, text_and_chat[::-1]):
        batches = mix(dict.fromkeys(corpora, 0.5)).batches(
            "train", batch_size=8, block_size=64, output="numpy"
        )
        texts = "".join(batches.order.stream.decode(row) for step in range(4) for row in batches[step][0])
        assert "plain words" in texts
        assert "<|im_start|>user" in texts
        y = np.concatenate([batches[step][1] for step in range(4)])
        assert (y == -100).any()
        assert y.max() < text_and_chat[1].vocab_size


def test_other_control_tokens_on_one_tokenizer_do_not_go_together(text_and_chat, tmp_path):
    other = corpuskit.prepare(
        tmp_path / "chat.jsonl", format="chat", template="llama3", add_tokens=True, encoding="bytes",
        split="none", output=tmp_path / "other",
    )  # fmt: skip
    with pytest.raises(ConfigError, match="prepared with another tokenizer than .* the same --template, or"):
        mix({text_and_chat[1]: 0.5, other: 0.5})
