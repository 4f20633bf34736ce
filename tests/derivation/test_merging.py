"""What several corpora are together."""

from listed_corpora import doc, write

from corpuskit.derivation.merging import described, inputs_of


def test_inputs_that_are_the_same_come_once_in_order(tmp_path):
    import dataclasses

    one = write(tmp_path / "one", [dataclasses.replace(doc("x"), input="b")])
    two = write(tmp_path / "two", [dataclasses.replace(doc("x"), input="c")])
    inputs, numbers = inputs_of([one, two])
    assert [item.name for item in inputs] == ["a", "b", "c"]
    assert [own.tolist() for own in numbers] == [[0, 1], [0, 2]]


def test_counts_of_what_was_left_out_are_added_up(tmp_path):
    one = write(tmp_path / "one", [doc("x")], left_out={"empty": 1, "bad": 2}, left_out_files={"link": 1})
    two = write(tmp_path / "two", [doc("x")], left_out={"empty": 3}, left_out_files={"link": 2})
    found = described([one, two])
    assert found.left_out == {"empty": 4, "bad": 2}
    assert found.left_out_files == {"link": 3}
    assert found.dataset == "made"
