import json

import pytest

import corpuskit


@pytest.fixture
def rows(tmp_path):
    rows = [{"id": f"d{number}", "text": f"text {number}", "n": number} for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpuskit.prepare(
        str(tmp_path / "rows.jsonl"), encoding="bytes", output=tmp_path / "rows", keep="id,n", split="none"
    )


def test_documents_are_kept_by_all_conditions_together(typed, rows, tmp_path):
    pytest.importorskip("duckdb")
    (tmp_path / "banned").write_text("d12\nd13\nd99\n")
    _, err = typed(
        *("filter", "rows", "--where", "n > 10", "--exclude", "banned", "--max-tokens", "8", "-o", "made")
    )
    assert "ids in banned: 3, of no document: 1; documents: 2" in err
    assert corpuskit.open("made")["train"].fields().column("n").to_pylist() == [11, 14, 15, 16, 17, 18, 19]


def test_another_field_may_be_named_and_a_split(typed, rows, tmp_path):
    (tmp_path / "banned").write_text("3\n5\n")
    typed("filter", "rows", "--exclude", "banned", "--field", "n", "--split", "train", "-o", "made")
    assert corpuskit.open("made")["train"].num_documents == 18
    _, err = typed("filter", "rows", "--min-tokens", "1", "--split", "gone", "-o", "other", code=2)
    assert "has no split 'gone'; it has train" in err


def test_no_condition_is_an_error(typed, rows):
    _, err = typed("filter", "rows", "-o", "made", code=2)
    assert "no condition is said; give one or more of --where" in err


def test_counts_of_tokens_may_have_a_unit(typed, rows):
    typed("filter", "rows", "--max-tokens", "0.007K", "-o", "made")
    assert corpuskit.open("made")["train"].num_documents == 10
    _, err = typed("filter", "rows", "--min-tokens", "eight", "-o", "other", code=2)
    assert "--min-tokens 'eight': must be a number with a unit such as K, M, B, T" in err
    _, err = typed("filter", "rows", "--min-tokens", "0.5", "-o", "other", code=2)
    assert "--min-tokens '0.5': must be a whole number" in err
