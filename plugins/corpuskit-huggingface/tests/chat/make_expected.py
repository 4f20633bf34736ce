"""Writes tokenizers, configurations, conversations and what transformers makes of them into this folder.

    python plugins/corpuskit-huggingface/tests/chat/make_expected.py

It needs transformers (5.24 wrote what is here), which the tests do not. Each folder is a model's: its
template in chat_template.jinja was written for these tests, in the way of published ones.
"""

from __future__ import annotations

import json
import shutil
import string
import tempfile
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

HERE = Path(__file__).parent
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MERGES = (
    "h e, t he, \u0120 the, i n, \u0120 a, o r, e r, a n, an d, \u010a \u010a, "
    ". \u010a, i s, r e, o n, < |, | >"
)
#: Of each folder: its tokenizer's kind, its special tokens, its other added tokens, its configuration.
MODELS = {
    "chatml": ("bytes", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], [], {"eos_token": "<|im_end|>"}),
    "marked": ("bytes", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], [], {"eos_token": "<|im_end|>"}),
    "llama3": (
        "bytes",
        ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        [],
        {"bos_token": "<|begin_of_text|>", "eos_token": {"__type": "AddedToken", "content": "<|eot_id|>"}},
    ),
    "mistral": (
        "metaspace",
        ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"],
        [],
        {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    ),
    "qwen": (
        "bytes",
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"],
        {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    ),
    "rstrip": (
        "bytes rstrip",
        ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
        [],
        {"eos_token": "<|endoftext|>", "bos_token": None},
    ),
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place, in <b>words</b>.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}


def said(*contents: str, system: str | None = None) -> list[dict]:
    """User and assistant in turn."""
    first = [] if system is None else [{"role": "system", "content": system}]
    roles = ("user", "assistant")
    return [*first, *({"role": roles[n % 2], "content": text} for n, text in enumerate(contents))]


PLAIN = [
    {"messages": said("Hello", "Hi there and welcome.")},
    {"messages": said("the one", "the other\n\nand", " the third ", "or the fourth?", system="Be brief.")},
    {
        "messages": said(
            "  spaces  ", "\n lines \n\n", "na\u00efve \u65e5\u672c \U0001f409", "\U0001f409 e\u0301"
        )
    },
    {"messages": said("2 < 3 > 1 [x] | y", "<|im| |>s [/ ]", "'quoted' \"text\" \\n", "> a\n> b")},
]
CALLS = [
    {
        "messages": [
            {"role": "system", "content": "Call tools."},
            {"role": "user", "content": "The weather in Bonn?"},
            {
                "role": "assistant",
                "content": "",
                "reasoning_content": "I need the tool.",
                "tool_calls": [
                    {"type": "function", "function": {"name": "weather", "arguments": {"place": "B\u00f6nn"}}}
                ],
            },
            {"role": "tool", "name": "weather", "content": "rain"},
            {"role": "assistant", "content": "Rain.", "reasoning_content": "It said rain.\n"},
        ],
        "tools": [WEATHER],
    }
]
THOUGHT = [
    {
        "messages": said(
            "Why?", "<think>\nBecause.\n</think>\n\nSo.", "And?", "<think>\nHm\n</think>\n\nThen."
        )
    },
    {"messages": said("One <think> in text </think>", "Two")},
]
CONVERSATIONS = {
    "chatml": PLAIN,
    "marked": PLAIN,
    "llama3": [*PLAIN, *CALLS],
    "mistral": PLAIN,
    "qwen": [*PLAIN, *CALLS, *THOUGHT],
    "rstrip": PLAIN,
}


def tokenizer_of(kind: str, special: list[str], added: list[str]) -> Tokenizer:
    """A tokenizer of some 300 ids, written by hand."""
    if kind == "metaspace":
        letters = sorted("\u2581\n.,'\"\\?<>|[]/" + string.ascii_letters + string.digits)
        names = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), *letters]
        merges = [("t", "h"), ("th", "e"), ("\u2581", "the"), ("\u2581", "H"), ("a", "n"), ("an", "d")]
        names += ["".join(pair) for pair in merges]
        vocab = {name: number for number, name in enumerate(names)}
        tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace("\u2581", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
    else:
        names = sorted(pre_tokenizers.ByteLevel.alphabet())
        merges = [tuple(pair.split(" ")) for pair in MERGES.split(", ")]
        names += dict.fromkeys("".join(pair) for pair in merges)
        vocab = {name: number for number, name in enumerate(names)}
        tokenizer = Tokenizer(models.BPE(vocab, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
    rstrip = kind.endswith("rstrip")
    tokenizer.add_special_tokens(
        [AddedToken(name, rstrip=rstrip and name != "<|endoftext|>", normalized=False) for name in special]
    )
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in added])
    return tokenizer


def main() -> None:
    """Write it all."""
    import transformers

    cases = []
    for name, (kind, special, added, config) in MODELS.items():
        folder = HERE / name
        made = json.loads(tokenizer_of(kind, special, added).to_str())
        (folder / "tokenizer.json").write_text(json.dumps(made, ensure_ascii=False) + "\n", encoding="utf-8")
        whole = {**config, "tokenizer_class": "PreTrainedTokenizerFast"}
        (folder / "tokenizer_config.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        with tempfile.TemporaryDirectory() as place:
            shutil.copytree(folder, place, dirs_exist_ok=True)
            tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        for conversation in CONVERSATIONS[name]:
            variables = {"date_string": "26 Jul 2024"} if name == "llama3" else {}
            result = tokenizer.apply_chat_template(
                conversation["messages"],
                tools=conversation.get("tools"),
                tokenize=True,
                return_dict=True,
                return_assistant_tokens_mask=True,
                **variables,
            )
            mask = "".join(map(str, result["assistant_masks"]))
            cases.append({"model": name, **conversation, "ids": result["input_ids"], "mask": mask})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (HERE / "expected.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
