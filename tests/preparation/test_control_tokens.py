from __future__ import annotations

import re

import pytest

import corpuskit
import corpuskit.plugin
from corpuskit.errors import ConfigError
from corpuskit.preparation.control_tokens import lacking_tokens
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.chars import CharTokenizer
from corpuskit.tokenizers.opening import open_tokenizer

NAMES = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")


@pytest.fixture(autouse=True)
def conversations(monkeypatch):
    """JSON Lines are said to hold control tokens."""
    monkeypatch.setattr(JsonlReader, "control_tokens", NAMES)


def test_what_a_tokenizer_lacks_is_named_before_any_work(records, tmp_path):
    message = (
        "tokenizer 'gpt2' lacks control tokens that documents of records.jsonl may hold: '<|im_start|>', "
        "'<|im_end|>' (alike are '<|endoftext|>'); put them behind its last id with --add-tokens, or choose "
        "an --encoding that has them"
    )
    with pytest.raises(ConfigError) as caught:
        corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x")
    assert str(caught.value) == message
    assert not (tmp_path / "x").exists()


def test_names_that_are_alike_are_shown(monkeypatch, records):
    monkeypatch.setattr(JsonlReader, "control_tokens", ("<|end_of_text|>",))
    with pytest.raises(ConfigError, match=re.escape("'<|end_of_text|>' (alike are '<|endoftext|>')")):
        corpuskit.plan(str(records), encoding="bytes")


def test_added_tokens_are_recorded_and_known_again(records, tmp_path):
    corpus = corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x", add_tokens=True)
    record = corpus.manifest.tokenizer
    assert (record.vocab_size, record.added_tokens) == (50259, ["<|im_start|>", "<|im_end|>"])
    assert corpus.decode([50257, 64, 50258, 50256]) == "<|im_start|>a<|im_end|><|endoftext|>"
    assert corpus.fingerprint != corpuskit.open(tmp_path / "x").manifest.tokenizer.fingerprint
    again = corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x", add_tokens=True)
    assert again.fingerprint == corpus.fingerprint
    with pytest.raises(ConfigError, match="control tokens are added there .* --add-tokens is not said"):
        corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x")
    # ... also where the tokenizer itself is opened and compared, as it is before a corpus is replaced
    same = corpuskit.prepare(
        str(records), encoding="gpt2", output=tmp_path / "x", add_tokens=True, overwrite=True
    )
    assert same.fingerprint == corpus.fingerprint


def test_workers_open_the_tokenizer_with_its_added_tokens(records, tmp_path):
    options = {"encoding": "gpt2", "add_tokens": True, "part_bytes": 10}
    one = corpuskit.prepare(str(records), output=tmp_path / "1", workers=1, **options)
    two = corpuskit.prepare(str(records), output=tmp_path / "2", workers=2, **options)
    assert one.fingerprint == two.fingerprint


def test_a_vocabulary_of_the_corpus_is_fitted_first(records, tmp_path):
    corpus = corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "x", add_tokens=True)
    assert corpus.manifest.tokenizer.added_tokens == list(NAMES)
    assert corpus.decode([0, 4, 3, 6]) == "a<|im_start|>d<|endoftext|>"
    with pytest.raises(ConfigError, match=r"\(it has none\); put them behind its last id with --add-tokens"):
        corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "y")


def test_the_flag_without_a_need_changes_nothing(records, tmp_path, monkeypatch):
    monkeypatch.setattr(JsonlReader, "control_tokens", ("<|endoftext|>",))
    plain = corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x")
    flagged = corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "y", add_tokens=True)
    assert (tmp_path / "x/manifest.json").read_bytes() == (tmp_path / "y/manifest.json").read_bytes()
    assert "added_tokens" not in plain.manifest.to_json()["tokenizer"]
    again = corpuskit.prepare(str(records), encoding="gpt2", output=tmp_path / "x", add_tokens=True)
    assert again.fingerprint == plain.fingerprint == flagged.fingerprint


def test_added_tokens_count_for_the_type_of_ids(monkeypatch, records):
    from corpuskit.config import PrepareConfig
    from corpuskit.preparation.opened_plan import open_plan
    from corpuskit.preparation.resolved_config import ResolvedConfig

    names = tuple(f"<|{number}|>" for number in range(2**16 - 257 + 1))
    for count, dtype in ((len(names) - 1, "<u2"), (len(names), "<u4")):
        monkeypatch.setattr(JsonlReader, "control_tokens", names[:count])
        config = PrepareConfig.make({"dataset": str(records), "encoding": "bytes", "add_tokens": True})
        resolved = ResolvedConfig(config, on_fetch=pytest.fail)
        opened = open_plan(resolved, resolved.source.inputs(), lambda progress: None)
        assert opened.plan.recipe.dtype == dtype


class _Asks:
    name, owner = "asks", None

    def control_tokens(self, item):
        return ["<b>", "", "<a>"] if item.name == "1" else ["<c>", "<a>"]


def test_tokens_are_in_the_order_in_which_they_are_first_named():
    inputs = [corpuskit.plugin.Input.of_text(name, "") for name in ("1", "2")]
    assert lacking_tokens(ByteTokenizer(), _Asks(), inputs, may_add=True) == ["<b>", "<a>", "<c>"]
    with pytest.raises(ConfigError, match="'chars' has no end-of-text id, which documents of 1 end with"):
        lacking_tokens(CharTokenizer(), _Asks(), inputs, may_add=True)


def test_a_vocabulary_with_the_tokens_needs_none():
    inputs = [corpuskit.plugin.Input.of_text("1", "")]
    source = type(
        "Source", (), {"name": "x", "owner": None, "control_tokens": lambda self, item: ["<|end|>"]}
    )()
    assert lacking_tokens(open_tokenizer("o200k_harmony"), source, inputs, may_add=False) == []
