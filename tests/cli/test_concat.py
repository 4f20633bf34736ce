import corpuskit


def test_corpora_are_made_one_with_a_name(typed, small_corpus):
    out, err = typed("concat", str(small_corpus), str(small_corpus), "--name", "twice", "-o", "made")
    assert out == "made\n"
    assert "Made 180 train tokens of" in err
    made = corpuskit.open("made")
    assert made.manifest.dataset == "twice"
    assert made["train"][:].tolist() == [*corpuskit.open(small_corpus)["train"][:]] * 2
