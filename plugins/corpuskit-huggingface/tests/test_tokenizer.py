"""The suite on tokenizers of each kind, and their ids beside those of `tokenizers`."""

from __future__ import annotations

import base64
import bz2
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

import corpuskit
from corpuskit.errors import ConfigError, SourceError, TokenizerError
from corpuskit.testing import TokenizerSuite
from corpuskit.testing.tokenizers import TEXTS
from corpuskit_huggingface import tokenizer as module
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer

BYTE_LEVEL = ("gpt2", "llama3", "o200k", "digits", "neox")
CUT = (*BYTE_LEVEL, "qwen2", "qwen3")
LOSSY = ("qwen2", "qwen3", "tags", "llama2", "unigram", "word-level", "word-piece")


def kinds(*names: str):
    return pytest.mark.parametrize("tokenizer_path", names, indirect=True)


@pytest.fixture
def tokenizer(tokenizer_path) -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(argument=str(tokenizer_path))


@pytest.fixture
def reference(tokenizer_path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


class _Suite(TokenizerSuite):
    examples = 30

    @pytest.fixture
    def tokenizer(self, tokenizer_path) -> HuggingFaceTokenizer:
        return HuggingFaceTokenizer(argument=str(tokenizer_path))


@kinds(*BYTE_LEVEL)
class TestByteLevel(_Suite):
    pass


@kinds(*LOSSY)
class TestLossy(_Suite):
    lossless = False
    piecewise = False


@kinds("gpt2", "llama3", "o200k")
class TestFast(_Suite):
    @pytest.fixture
    def tokenizer(self, tokenizer_path) -> HuggingFaceTokenizer:
        tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
        tokenizer.select_engine("gigatoken")
        return tokenizer


texts = st.text() | st.lists(st.sampled_from([*TEXTS, "the fox", " ", "\n", "  "]), max_size=6).map("".join)


@kinds(*BYTE_LEVEL, "qwen2", "tags", "llama2", "word-piece")
def test_ids_are_those_of_tokenizers(tokenizer, reference) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(texts)
    def same(text: str) -> None:
        assert tokenizer.encode(text).tolist() == reference.encode(text, add_special_tokens=False).ids

    same()


@kinds("unigram", "word-level")
def test_ids_are_those_of_tokenizers_but_for_the_names_of_special_tokens(tokenizer, reference) -> None:
    ids = {token.content: number for number, token in reference.get_added_tokens_decoder().items()}

    @settings(max_examples=60, deadline=None, database=None)
    @given(texts)
    def same(text: str) -> None:
        if not any(name in text for name in ids):
            assert tokenizer.encode(text).tolist() == reference.encode(text, add_special_tokens=False).ids

    same()
    for name, number in ids.items():
        if "unk" not in name.lower():
            assert number in reference.encode(name, add_special_tokens=False).ids
            assert number not in tokenizer.encode(f"fox {name} fox {name}")


@kinds("gpt2", "qwen2", "neox", "llama2", "unigram", "word-piece")
def test_decoded_text_is_that_of_tokenizers(tokenizer, reference) -> None:
    for text in TEXTS:
        ids = tokenizer.encode(text).tolist()
        assert tokenizer.decode(ids) == reference.decode(ids, skip_special_tokens=False)


@kinds(*CUT)
def test_long_texts_are_encoded_in_pieces_with_the_same_ids(tokenizer, reference, monkeypatch) -> None:
    monkeypatch.setattr(module, "_PIECE_BYTES", 40)
    monkeypatch.setattr(module, "_CALL_BYTES", 100)
    text = "".join(TEXTS) * 2 + "<tool_call>\n{} <think>a \n<tool_call> " * 9
    text += "The quick brown\nfox  jumps \u65e5\u672c\u3001na\u00efve 123 456. " * 20
    assert len(tokenizer._cut([text.encode()])[0]) > 5
    assert tokenizer.encode(text).tolist() == reference.encode(text, add_special_tokens=False).ids


@kinds("tags", "llama2", "unigram", "word-piece")
def test_texts_are_not_cut_where_that_is_not_shown_to_be_safe(tokenizer, monkeypatch) -> None:
    monkeypatch.setattr(module, "_PIECE_BYTES", 10)
    assert len(tokenizer._cut([b"the quick brown fox " * 9])[0]) == 1
    assert tokenizer.boundary(b"the quick brown fox", 15) == 0


@pytest.mark.fault("T8")
def test_a_document_that_would_take_too_much_memory_is_refused(tokenizer, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MAX_TEXT_BYTES", 100)
    monkeypatch.setattr(module, "_PIECE_BYTES", 50)
    assert tokenizer.encode("word " * 100).size
    with pytest.raises(TokenizerError, match="a document has 101 bytes that may not be cut") as caught:
        tokenizer.encode_batch([b"short", b"x" * 101])
    assert caught.value.index == 1


@pytest.mark.parametrize(
    ("tokenizer_path", "eot"),
    [
        ("gpt2", "<|endoftext|>"),
        ("llama2", "</s>"),
        ("unigram", "</s>"),
        ("word-level", "[EOS]"),
        ("word-piece", "[SEP]"),
    ],
    indirect=["tokenizer_path"],
)
def test_the_end_of_text_is_guessed_from_the_usual_names_where_no_file_says_it(
    tokenizer, reference, eot
) -> None:
    assert tokenizer.eot_id == reference.token_to_id(eot)
    assert tokenizer.decode([tokenizer.eot_id]) == eot
    assert repr(eot) in tokenizer.eot_note
    assert pickle.loads(pickle.dumps(tokenizer)).eot_note is None


@pytest.mark.parametrize("said", ["<s>", {"content": "<s>", "lstrip": False}])
@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
@kinds("llama2")
def test_the_end_of_text_is_what_the_configuration_says(tokenizer_path, reference, said, file) -> None:
    (tokenizer_path.parent / file).write_text(json.dumps({"eos_token": said}))
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path.parent))
    assert tokenizer.eot_id == reference.token_to_id("<s>")
    assert tokenizer.eot_note is None


@pytest.mark.parametrize("said", ["<|im_end|>", {"content": "<|im_end|>"}])
@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
@kinds("llama2", "word-level")
def test_an_end_of_text_that_is_named_and_missing_is_never_replaced(tokenizer_path, said, file) -> None:
    (tokenizer_path.parent / file).write_text(json.dumps({"eos_token": said}))
    added = json.loads(tokenizer_path.read_text())["added_tokens"][0]["content"]
    with pytest.raises(
        TokenizerError, match=r"names eos_token '<\|im_end\|>', which .* does not have"
    ) as caught:
        HuggingFaceTokenizer(argument=str(tokenizer_path.parent))
    assert file in str(caught.value)
    assert repr(added) in str(caught.value)


@kinds("gpt2", "unigram", "word-level", "word-piece")
def test_an_ordinary_word_is_no_end_of_text(tokenizer_path, tokenizer) -> None:
    data = json.loads(tokenizer_path.read_text())
    vocab, added = data["model"]["vocab"], {token["content"] for token in data["added_tokens"]}
    words = list(vocab) if isinstance(vocab, dict) else [piece for piece, _ in vocab]
    word = next(word for word in words if word not in added)
    (tokenizer_path.parent / "tokenizer_config.json").write_text(json.dumps({"eos_token": word}))
    with pytest.raises(TokenizerError, match="only as an ordinary word, which text may hold"):
        HuggingFaceTokenizer(argument=str(tokenizer_path))


@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
@kinds("gpt2", "llama2")
def test_where_a_file_says_that_there_is_no_end_of_text_none_is_guessed(tokenizer_path, file) -> None:
    (tokenizer_path.parent / file).write_text('{"eos_token": null}')
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
    assert (tokenizer.eot_id, tokenizer.eot_note) == (None, None)
    again = pickle.loads(pickle.dumps(tokenizer))
    assert (again.eot_id, again.fingerprint) == (None, tokenizer.fingerprint)


@pytest.mark.parametrize("said", [7, ["</s>"], {"content": None}, {}])
def test_an_end_of_text_that_is_no_name_is_an_error(tokenizer_path, said) -> None:
    (tokenizer_path.parent / "tokenizer_config.json").write_text(json.dumps({"eos_token": said}))
    with pytest.raises(TokenizerError, match="eos_token: expected a token's name or null, found"):
        HuggingFaceTokenizer(argument=str(tokenizer_path))


def test_an_end_of_text_that_is_not_marked_as_special_is_not_found_in_text(tokenizer_path) -> None:
    data = json.loads(tokenizer_path.read_text())
    data["added_tokens"][0]["special"] = False
    tokenizer_path.write_text(json.dumps(data))
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
    assert tokenizer.eot_id not in tokenizer.encode("a<|endoftext|>b")


@pytest.mark.fault("V4")
def test_text_that_merges_into_the_end_of_text_is_an_error(tokenizer_path) -> None:
    data = json.loads(tokenizer_path.read_text())
    vocab = data["model"]["vocab"]
    data["added_tokens"] = [{**data["added_tokens"][0], "content": "fo", "id": vocab["fo"]}]
    tokenizer_path.write_text(json.dumps(data))
    (tokenizer_path.parent / "tokenizer_config.json").write_text('{"eos_token": "fo"}')
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
    with pytest.raises(TokenizerError, match="makes its end of text, 'fo', out of ordinary text") as caught:
        tokenizer.encode_batch([b"dogs", b"the", b"fo"])
    assert caught.value.index == 2


def test_chance_and_what_surrounds_text_are_left_out(tokenizer_path) -> None:
    plain = HuggingFaceTokenizer(argument=str(tokenizer_path))
    data = json.loads(tokenizer_path.read_text())
    data["model"]["dropout"] = 0.5
    data["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    tokenizer_path.write_text(json.dumps(data, indent=4))
    noisy = HuggingFaceTokenizer(argument=str(tokenizer_path))
    assert noisy.fingerprint == plain.fingerprint
    assert np.array_equal(noisy.encode("the quick brown fox"), plain.encode("the quick brown fox"))


def test_the_fingerprint_follows_the_merges(tokenizer_path, tokenizer) -> None:
    data = json.loads(tokenizer_path.read_text())
    data["model"]["merges"].pop()
    tokenizer_path.write_text(json.dumps(data))
    assert HuggingFaceTokenizer(argument=str(tokenizer_path)).fingerprint != tokenizer.fingerprint


def test_a_tokenizer_goes_to_another_process(tokenizer_path, tokenizer) -> None:
    packed = pickle.dumps(tokenizer)
    tokenizer_path.unlink()
    again = pickle.loads(packed)
    assert (again.name, again.fingerprint, again.engine) == (
        tokenizer.name,
        tokenizer.fingerprint,
        "tokenizers",
    )


def test_a_missing_argument_is_an_error() -> None:
    with pytest.raises(TokenizerError, match="needs a path or a repository: hf:org/name"):
        HuggingFaceTokenizer(name="hf")


@pytest.mark.parametrize("argument", ["./none", "/none/tokenizer.json", "a/b/c", "no repository"])
def test_a_path_that_is_not_there_is_an_error(argument) -> None:
    with pytest.raises(TokenizerError, match="no such file or folder"):
        HuggingFaceTokenizer(argument=argument)


def test_a_folder_without_a_definition_is_an_error(tmp_path) -> None:
    with pytest.raises(TokenizerError, match=r"there is no tokenizer\.json; save one with"):
        HuggingFaceTokenizer(argument=str(tmp_path))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": 1}', "\u2603"])
def test_a_file_that_is_no_definition_is_an_error(tokenizer_path, content) -> None:
    tokenizer_path.write_text(content)
    with pytest.raises(TokenizerError, match=r"not a tokenizer\.json"):
        HuggingFaceTokenizer(argument=str(tokenizer_path))


def test_a_definition_that_the_library_cannot_read_is_an_error(tokenizer_path) -> None:
    tokenizer_path.write_text('{"model": {"type": "Oracle"}, "added_tokens": []}')
    with pytest.raises(TokenizerError, match=r"tokenizers [\d.]+ cannot read it"):
        HuggingFaceTokenizer(argument=str(tokenizer_path))


def test_a_configuration_that_is_no_json_is_an_error(tokenizer_path) -> None:
    (tokenizer_path.parent / "tokenizer_config.json").write_text("{")
    with pytest.raises(TokenizerError, match=r"tokenizer_config\.json: not JSON"):
        HuggingFaceTokenizer(argument=str(tokenizer_path))


def test_a_guess_and_the_same_name_in_a_file_are_one_tokenizer(tokenizer_path, tokenizer) -> None:
    eot = tokenizer.decode([tokenizer.eot_id])
    (tokenizer_path.parent / "tokenizer_config.json").write_text(json.dumps({"eos_token": eot}))
    named = HuggingFaceTokenizer(argument=str(tokenizer_path))
    assert (named.fingerprint, named.state()) == (tokenizer.fingerprint, tokenizer.state())


@pytest.mark.parametrize("state", [{}, [], {"tokenizer": "?", "eot": None}, {"tokenizer": "QlpoOQ=="}])
def test_a_state_that_holds_no_definition_is_an_error(state) -> None:
    with pytest.raises(TokenizerError, match=r"its saved state must hold a tokenizer\.json"):
        HuggingFaceTokenizer(argument="x", state=state)


def test_an_engine_that_cannot_be_exact_is_refused(tmp_path, tokenizer_json) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json("tags"))
    tokenizer = HuggingFaceTokenizer(argument=str(path))
    tokenizer.select_engine("auto")
    assert tokenizer.engine == "tokenizers"
    with pytest.raises(ConfigError, match="--engine gigatoken: 'hf:.*': gigatoken is not known to be exact"):
        tokenizer.select_engine("gigatoken")
    with pytest.raises(ConfigError, match="--engine turbo: expected one of auto, tokenizers, gigatoken"):
        tokenizer.select_engine("turbo")


@pytest.mark.parametrize("fill", ["[],", '"ab",', "1,"])
def test_a_state_that_unpacks_to_far_more_than_it_is_says_so(fill):
    content = ("[" + fill * 9_000_000 + "0]").encode()
    state = {"tokenizer": base64.b64encode(bz2.compress(content)).decode(), "eot": None}
    with pytest.raises(TokenizerError, match="far too"):
        HuggingFaceTokenizer(argument="x", state=state)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_tokenizer(path):
    with pytest.raises(TokenizerError, match="there is no tokenizer.json"):
        HuggingFaceTokenizer(argument=path)


def test_an_unknown_word_without_an_unknown_token_names_the_tokenizer_and_the_document(tmp_path) -> None:
    tokenizer = Tokenizer(WordLevel({"a": 0, "b": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(TokenizerError, match=r"^tokenizer 'hf:.*' cannot encode a text: WordLevel error"):
        HuggingFaceTokenizer(argument=str(tmp_path)).encode("a c")
    (tmp_path / "x.jsonl").write_text('{"text": "a"}\n{"text": "a c"}\n')
    with pytest.raises(TokenizerError, match=r"^x\.jsonl, document at 14: tokenizer 'hf:.*Missing \[UNK\]"):
        corpuskit.prepare(
            str(tmp_path / "x.jsonl"), encoding=f"hf:{tmp_path}", output=tmp_path / "o", workers=1, eot=False
        )


def test_a_corpus_in_which_no_document_gets_an_id_counts_them(tmp_path) -> None:
    tokenizer = Tokenizer(WordLevel({"a": 0, "b": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "x.jsonl").write_text('{"text": "  "}\n' * 3)
    with pytest.raises(SourceError, match="no-tokens: 3, to which the tokenizer gives no id$"):
        corpuskit.prepare(
            str(tmp_path / "x.jsonl"), encoding=f"hf:{tmp_path}", output=tmp_path / "o", workers=1, eot=False
        )
