"""How a corpus is divided into splits."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.tokenizers.opening import open_tokenizer


def reference(text: str, separator: str, encoding: str, fractions: dict[str, float]) -> dict[str, list[int]]:
    """Every document's ids and an end-of-text id, as the simplest script would have it."""
    import hashlib

    tokenizer = open_tokenizer(encoding)
    streams: dict[str, list[int]] = {"train": [], **{name: [] for name in fractions}}
    for document in text.split(separator):
        if not document:
            continue
        point, chosen = int(hashlib.sha256(document.encode()).hexdigest()[:16], 16) / 2**64, "train"
        for name, fraction in fractions.items():
            if point < fraction:
                chosen = name
                break
            point -= fraction
        streams[chosen] += [*tokenizer.encode(document).tolist(), tokenizer.eot_id]
    return streams


@pytest.mark.parametrize("encoding", ["gpt2", "bytes"])
@pytest.mark.parametrize("part_bytes", [1_000, 20_000, 10**9])
def test_documents_by_hash_are_what_the_simplest_script_makes(prose, tmp_path, encoding, part_bytes):
    corpus = corpuskit.prepare(
        str(prose), encoding=encoding, output=tmp_path / "x", lines=True, eot=True, workers=2,
        split="valid=0.1,test=0.05", part_bytes=part_bytes, shard_bytes=30_000,
    )  # fmt: skip
    expected = reference(prose.read_text(), "\n", encoding, {"valid": 0.1, "test": 0.05})
    assert {name: split[:].tolist() for name, split in corpus.items()} == expected
    assert corpuskit.verify(corpus.path) == []
    lines = prose.read_bytes()
    for split in corpus.values():
        for number, (item, start) in enumerate(split.document_places().tolist()):
            if number % 50 == 0:
                text = corpus.decode(split.document(number)[:-1]).encode()
                assert item == 0
                assert lines[start : start + len(text)] == text
