import corpuskit


def test_a_share_of_train_becomes_a_split(typed, tmp_path):
    corpuskit.prepare("c.jsonl", encoding="bytes", output=tmp_path / "records", split="none")
    typed("split", "records", "valid=0.3", "-o", "made")
    made = corpuskit.open("made")
    assert made.splits == ("train", "valid")
    assert made["train"].num_documents + made["valid"].num_documents == 9
    _, err = typed("split", "records", "valid", "-o", "other", code=2)
    assert "expected names of new splits with shares between 0 and 1" in err
