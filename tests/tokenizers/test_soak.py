"""Some thousands of strings of the campaign in `tests/soak.py`; `--rounds N` compares N thousand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from corpuskit.tokenizers.base import Encoded
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    spec = importlib.util.spec_from_file_location("soak", Path(__file__).parents[1] / "soak.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.mark.fault("T2", "T21")
def test_no_way_of_encoding_differs_from_tiktoken(soak, pytestconfig) -> None:
    thousands = pytestconfig.getoption("--rounds") or 2
    campaign = soak.Campaign(pytestconfig.getoption("--seed"))
    result = campaign.run(1000 * thousands)
    assert result.differences == []
    assert result.num_strings == 1000 * thousands
    assert result.num_comparisons >= 4 * len(campaign.encodings) * result.num_strings


def test_the_strings_follow_from_the_seed_and_are_of_every_kind(soak) -> None:
    strings = soak.Strings(1).batch(2000)
    assert strings == soak.Strings(1).batch(2000)
    assert strings != soak.Strings(2).batch(2000)
    assert len(set(strings)) > 1000
    assert {"a", "Z", "9", "'", "\n", "\r", "字", "\u3000", "\x00"} <= set("".join(strings))
    assert "" in strings


def test_one_wrong_id_is_found_and_its_string_named(soak, monkeypatch, capsys) -> None:
    encode_batch = TiktokenTokenizer.encode_batch

    def wrong(self: TiktokenTokenizer, texts: list[bytes]) -> Encoded:
        encoded = encode_batch(self, texts)
        ids = encoded.ids.copy()
        ids[-1:] += np.uint32(len(texts) == 500)
        return Encoded(ids, encoded.lengths)

    monkeypatch.setattr(TiktokenTokenizer, "encode_batch", wrong)
    assert soak.main(["--strings", "500", "--encoding", "gpt2"]) == 1
    printed = capsys.readouterr().out
    assert "tiktoken 0" in printed
    assert "gpt2 by tiktoken, together: " in printed
