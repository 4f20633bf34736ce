import corpuskit


def test_shards_have_the_size_that_is_said(typed, small_corpus):
    typed("reshard", str(small_corpus), "--shard-bytes", "100", "-o", "made")
    sizes = [shard.size_bytes for shard in corpuskit.open("made").manifest.splits["train"].shards]
    assert sizes[:-1] == [100] * (len(sizes) - 1)
    _, err = typed("reshard", str(small_corpus), "--shard-bytes", "much", "-o", "other", code=2)
    assert "--shard-bytes 'much': expected a number of bytes" in err
