"""--max-tokens stops at an exact document."""

from __future__ import annotations

import pytest

import corpuskit


@pytest.mark.parametrize("max_tokens", [1, 57, 58, 5_000, 20_000, 10**9])
def test_max_tokens_stops_at_the_same_document_however_the_work_is_done(
    prose, tmp_path, assert_same, max_tokens
):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "valid=0.2"}
    one = corpuskit.prepare(
        str(prose), output=tmp_path / "one", max_tokens=max_tokens, workers=1, part_bytes=3000, **options
    )
    two = corpuskit.prepare(
        str(prose), output=tmp_path / "two", max_tokens=max_tokens, workers=2, part_bytes=3000, **options
    )
    assert_same(one.path, two.path)
    expected = total = 0
    for line in prose.read_bytes().split(b"\n")[:-1]:
        expected += 1
        total += len(line) + 1
        if total >= max_tokens:
            break
    assert sum(split.num_documents for split in one.values()) == expected
    assert sum(map(len, one.values())) == total
    assert corpuskit.verify(one.path) == []


def test_max_tokens_counts_a_document_where_it_ends_not_where_a_part_does(prose, tmp_path):
    """The limit lies inside a document that several parts make; it is kept to its end."""
    (tmp_path / "short.txt").write_text("short\n")
    corpus = corpuskit.prepare(
        [str(tmp_path / "short.txt"), str(prose), str(tmp_path / "short.txt")],
        encoding="bytes", output=tmp_path / "x", part_bytes=9_000, max_tokens=20_000, workers=2, eot=True,
    )  # fmt: skip
    assert sum(map(len, corpus.values())) == prose.stat().st_size + 1 + len("short\n") + 1
