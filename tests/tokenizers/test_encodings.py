"""Encodings by name, and the fingerprints that tell them apart."""

from __future__ import annotations

import threading

import pytest
import tiktoken

from corpuskit.tokenizers import engine as engines
from corpuskit.tokenizers.encodings import fingerprint_of, open_encoding, ranks_fingerprint
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer

ALL = tiktoken.list_encoding_names()


@pytest.mark.fault("V2", "V3")
def test_fingerprints_tell_ranks_patterns_and_special_tokens_apart() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}

    def fingerprint(**changes: object) -> str:
        arguments = {"pat_str": ".", "mergeable_ranks": ranks, "special_tokens": {"<|endoftext|>": 256}}
        return fingerprint_of(tiktoken.Encoding("test", **(arguments | changes)))  # type: ignore[arg-type]

    swapped = ranks | {b"a": ord("b"), b"b": ord("a")}
    different = [
        fingerprint(),
        fingerprint(pat_str="..?"),
        fingerprint(mergeable_ranks=swapped),
        fingerprint(special_tokens={"<|endoftext|>": 257}),
        fingerprint(special_tokens={}),
    ]
    assert len(set(different)) == len(different)
    assert fingerprint() == different[0]
    # The order in which a vocabulary happens to be read does not matter.
    assert fingerprint(mergeable_ranks=dict(reversed(ranks.items()))) == different[0]


def test_fingerprints_of_published_encodings_stay() -> None:
    found = {name: TiktokenTokenizer(name=name).fingerprint[:12] for name in ALL}
    assert found["gpt2"] == found["r50k_base"]
    assert len(set(found.values())) == len(found) - 1
    assert found["gpt2"] == "6e9a9b88c0b6"
    assert found["o200k_base"] == "3b14218b242a"


def test_encodings_open_in_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from corpuskit.tokenizers.encodings import open_encoding

    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    names = ["gpt2", "r50k_base", "p50k_base", "p50k_edit"] * 2
    opened: list[str] = []
    threads = [
        threading.Thread(target=lambda name=name: opened.append(open_encoding(name).name)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == sorted(names)


pytest.importorskip("gigatoken", reason="the extra 'fast' is needed")


def test_an_encoding_is_known_by_its_ranks_and_pattern_and_not_by_its_name() -> None:
    import tiktoken

    real = open_encoding("gpt2")
    other = tiktoken.Encoding(
        "gpt2", pat_str=r"\S+|\s+", mergeable_ranks=real._mergeable_ranks, special_tokens={}
    )
    assert ranks_fingerprint(other) not in engines._EXACT
    assert ranks_fingerprint(real) in engines._EXACT
