from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.inspect.scripts import SCRIPTS, script_of_token
from corpuskit.inspect.token_counts import TextCounts, TokenCounts
from corpuskit.inspect.token_table import token_table
from corpuskit.tokenizers.opening import open_tokenizer

TEXT = st.text(st.sampled_from("aé Жд漢字あカक한🙂\ufffd\u2019—1\n"), max_size=20)


@pytest.fixture(scope="module", params=["gpt2", "bytes"])
def known(request):
    tokenizer = open_tokenizer(request.param)
    return tokenizer, token_table(tokenizer)


def slow_scripts(tokenizer, ids):
    """Each token's script, one after another."""
    found, tokens = [], [tokenizer.decode_bytes([number]) for number in ids]
    for at, token in enumerate(tokens):
        script = script_of_token(token)
        number = script.script
        if number is None:
            number = found[-1] if found else SCRIPTS.index("Unknown")
        elif script.begun and at + 1 < len(tokens):
            byte = tokens[at + 1][0]
            if 0x80 <= byte < 0xC0:
                number = script_of_token(script.begun + bytes([byte])).script
        found.append(number)
    return found


@settings(deadline=None, max_examples=60)
@given(text=TEXT, step=st.integers(1, 9))
def test_scripts_and_replacements_are_those_of_one_token_after_another(known, text, step):
    tokenizer, table = known
    ids = tokenizer.encode(text).astype(np.int64)
    counts = TextCounts(table)
    for at in range(0, len(ids), step):
        counts.add(ids[at : at + step])
    counts.end()
    expected: dict[str, list[int]] = {}
    for number, script in zip(ids.tolist(), slow_scripts(tokenizer, ids.tolist()), strict=True):
        expected.setdefault(SCRIPTS[script], []).append(len(tokenizer.decode_bytes([number])))
    found = {one.script: one for one in counts.scripts(tokenizer.eot_id) if one.num_tokens}
    assert {name: (one.num_tokens, one.num_bytes) for name, one in found.items()} == {
        name: (len(sizes), sum(sizes)) for name, sizes in expected.items()
    }
    assert counts.replacements == text.count("\ufffd")
    assert counts.num_bytes == len(text.encode())
    assert sum(one.num_characters for one in counts.scripts(tokenizer.eot_id)) == len(text)


def test_streams_are_counted_apart(known):
    """The rest of a character does not belong to another stream's last token."""
    tokenizer, table = known
    ids = tokenizer.encode("\ufffdД").astype(np.int64)
    for cut in range(1, len(ids)):
        counts = TextCounts(table)
        counts.add(ids[:cut])
        counts.end()
        counts.add(ids[cut:])
        counts.end()
        whole = len(tokenizer.decode_bytes(ids[:cut])) >= 3
        assert counts.replacements == whole
        assert sum(one.num_tokens for one in counts.scripts(None)) == len(ids)


def test_ids_are_counted():
    counts = TokenCounts(5)
    counts.add(np.array([1, 1, 3]))
    counts.add(np.array([0, 1]))
    counts.end()
    assert counts.counts.tolist() == [1, 3, 0, 1, 0]
