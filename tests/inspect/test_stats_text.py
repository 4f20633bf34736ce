from __future__ import annotations

import pytest

from corpuskit.inspect import stats_text
from corpuskit.inspect.stats_records import (
    DocumentPlace,
    DuplicateGroup,
    Duplicates,
    InputShare,
    LengthBin,
    Lengths,
    SamplerShare,
    SomeDocuments,
    TokenCount,
)

EVIL = "\x1b]0;x\x07\u202e\x9b31m\nnext\tline"
PLACE = DocumentPlace("train", 1_234, 1, EVIL, 5)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (0, 0, "0 %"),
        (1, 3, "33.3 %"),
        (999_999, 1_000_000, ">99.9 %"),
        (1, 10_000_000, "<0.001 %"),
        (1, 200, "0.50 %"),
        (1, 20_000, "0.0050 %"),
    ],
)
def test_shares_are_short(part, whole, text):
    assert stats_text.percent(part, whole) == text


def test_columns_are_aligned():
    lines = [*stats_text.table((">n", "name", ">share"), [("1", "a", "9 %"), ("10", "bcdef", "10 %")])]
    assert lines == [" n  name   share", " 1  a        9 %", "10  bcdef   10 %"]


def test_lengths_have_a_bar_for_each_bin():
    bins = (LengthBin(1, 1, 60, 60), LengthBin(2, 3, 1, 2), LengthBin(4, 7, 0, 0))
    lines = [*stats_text.lengths(Lengths(1.5, ((0.0, 1), (0.5, 1), (1.0, 2)), bins))]
    assert lines == [
        "Tokens a document: 1.5 on average, 1 in the middle",
        "0 %  50 %  100 %",
        "  1     1      2",
        "tokens  documents",
        f"     1         60  {'━' * 24}",
        "2 to 3          1  ━",
        "4 to 7          0",
    ]
    assert [*stats_text.lengths(Lengths(0.0, (), ()))] == []


def test_nothing_of_a_corpus_moves_the_cursor_or_makes_a_line():
    some, group = SomeDocuments(1, (PLACE,)), DuplicateGroup(2, 9, (PLACE,))
    lines = [
        *stats_text.of_kind("Empty documents", some, 10),
        *stats_text.tokens([TokenCount(1, 2, EVIL), TokenCount(2, 1, EVIL * 10)], 3),
        *stats_text.inputs([InputShare(EVIL, 1, 1)], 2, 3),
        *stats_text.duplicates(Duplicates(1, 1, 9, 1, (group,), 4), 10, 90),
    ]
    assert all(line.isprintable() for line in lines)
    assert any("train 1,234: 1 token, \\u001b]0;x" in line for line in lines)
    assert "The largest of 2 inputs" in lines
    assert "Duplicates: about 1 (10.0 %) of the documents, 10.0 % of the tokens" in lines
    assert "  about 1 of them are copies in another split than the first" in lines


def test_samplers_are_named_with_their_options():
    shares = [
        SamplerShare("train", "random", {}, 3, 0.632, 0.368, 0.0, True),
        SamplerShare("train", "sequential", {"tail": "pad"}, 3, 1.0, 0.0, 0.25),
    ]
    assert [*stats_text.samplers(shares, 1024, 64)] == [
        "Tokens learned in an epoch, block_size 1,024, batch_size 64",
        "split  sampler                       kept  cropped  padded",
        "train  random                about 63.2 %   36.8 %     0 %",
        "train  sequential, tail pad         100 %      0 %  25.0 %",
    ]
