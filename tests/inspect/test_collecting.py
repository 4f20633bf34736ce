from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit import sealed
from corpuskit.corpus import scan
from corpuskit.errors import ConfigError
from corpuskit.inspect import counting

EOT = 256
TEXTS = st.text(st.sampled_from("abЖд漢あक\u0301🙂\ufffd 1\x00"), max_size=6).map(
    lambda text: list(text.encode())
)
DOCUMENTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.one_of(TEXTS, TEXTS.map(lambda ids: [*ids, EOT]), st.sampled_from([[], [EOT]]))
    ),
    max_size=12,
)


def slow_lengths(documents):
    lengths = sorted(len(ids) for _, ids in documents)
    if not lengths:
        return 0.0, (), {}
    quantiles = []
    for percent in (0, 1, 5, 25, 50, 75, 95, 99, 100):
        reached = [
            length
            for length in lengths
            if sum(one <= length for one in lengths) * 100 >= percent * len(lengths)
        ]
        quantiles.append((percent / 100, reached[0]))
    bins = Counter(length.bit_length() for length in lengths)
    return sum(lengths) / len(lengths), tuple(quantiles), bins


def slow_scripts(text):
    """The characters of a text by their script, where two bytes of each say it."""
    scripts = {}
    for character in text:
        scripts.setdefault(script_of(character), []).append(character)
    return scripts


def script_of(character):
    if character == "\ufffd":
        return "Unknown"
    for name in ("Latin", "Cyrillic", "Han", "Hiragana", "Devanagari"):
        if regex.match(rf"\p{{Script={name}}}", character):
            return name
    return "Common"


@settings(deadline=None, max_examples=150)
@given(
    train=DOCUMENTS,
    valid=DOCUMENTS,
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    dtype=st.sampled_from(["<u2", "<u4"]),
    steps=st.tuples(st.integers(1, 9), st.integers(24, 60), st.integers(1, 3)),
)
def test_every_number_is_that_of_a_slow_count(written, train, valid, sizes, dtype, steps):
    before = (counting._BLOCK_TOKENS, scan._CHUNK_BYTES, counting._WINDOW_DOCUMENTS)
    counting._BLOCK_TOKENS, scan._CHUNK_BYTES, counting._WINDOW_DOCUMENTS = steps
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = written(Path(folder), {"train": train, "valid": valid}, shard_tokens=sizes, dtype=dtype)
            found = corpuskit.stats(made.path, long_tokens=5, block_size=4, batch_size=2)
    finally:
        counting._BLOCK_TOKENS, scan._CHUNK_BYTES, counting._WINDOW_DOCUMENTS = before
    streams = [[one for _, ids in documents for one in ids] for documents in (train, valid)]
    # Where there is no token there is no shard, and no document.
    splits = [documents if stream else [] for documents, stream in zip((train, valid), streams, strict=True)]
    check(found, splits, streams, dtype)


def check(found, splits, streams, dtype):
    documents = [document for split in splits for document in split]
    ids = [one for stream in streams for one in stream]
    counts = Counter(ids)
    assert found.num_tokens == len(ids)
    assert found.size_bytes == len(ids) * int(dtype[-1])
    assert found.num_documents == len(documents)
    assert found.text_bytes == len([one for one in ids if one != EOT])
    assert found.unused_ids == 257 - len(counts)
    shares = [count / len(ids) for count in counts.values()]
    assert found.entropy_bits == pytest.approx(-sum(share * math.log2(share) for share in shares))
    assert [(one.id, one.count) for one in found.most_frequent] == sorted(
        counts.items(), key=lambda item: (-item[1], item[0])
    )[:10]
    ranked = sorted(counts.values(), reverse=True)
    assert [(one.rank, one.count) for one in found.rank_counts] == [
        (2**n, ranked[2**n - 1]) for n in range(10) if 2**n <= len(ranked)
    ]
    mean, quantiles, bins = slow_lengths(documents)
    assert found.lengths.mean == pytest.approx(mean)
    assert found.lengths.quantiles == quantiles
    assert {
        one.shortest.bit_length(): one.num_documents for one in found.lengths.bins if one.num_documents
    } == bins
    assert sum(one.num_tokens for one in found.lengths.bins) == sum(len(ids) for _, ids in documents)
    check_documents(found, splits)
    for number in range(3):
        here = [ids for source, ids in documents if source == number]
        listed = [one for one in found.inputs if one.name == f"input-{number}.txt"]
        assert [(one.num_documents, one.num_tokens) for one in listed] == (
            [(len(here), sum(map(len, here)))] if here else []
        )
    assert found.num_inputs == len(found.inputs)
    texts = [bytes(one for one in stream if one != EOT).decode() for stream in streams]
    scripts = slow_scripts("".join(texts))
    assert found.replacement_characters == "".join(texts).count("\ufffd")
    for share in found.scripts:
        assert share.num_characters == len(scripts[share.script])
        assert share.num_tokens == share.num_bytes == len("".join(scripts[share.script]).encode())
    assert {one.script for one in found.scripts} == set(scripts)
    assert sum(one.num_tokens for one in found.scripts) == len(ids) - counts[EOT]
    assert sum(one.num_bytes for one in found.scripts) == found.text_bytes


def check_documents(found, splits):
    numbered = [
        (name, number, ids)
        for name, documents in zip(("train", "valid"), splits, strict=True)
        for number, (_, ids) in enumerate(documents)
    ]
    empty = [(name, number) for name, number, ids in numbered if ids in ([], [EOT])]
    assert found.empty.count == len(empty)
    assert [(one.split, one.document) for one in found.empty.examples] == empty[:5]
    long = sorted(
        ((name, number, ids) for name, number, ids in numbered if len(ids) > 5), key=lambda one: -len(one[2])
    )
    assert found.long.count == len(long)
    assert [(one.split, one.document, one.num_tokens) for one in found.long.examples] == [
        (name, number, len(ids)) for name, number, ids in long[:5]
    ]
    groups = {}
    for name, number, ids in numbered:
        if ids not in ([], [EOT]):
            groups.setdefault(tuple(ids), []).append((name, number))
    groups = {ids: places for ids, places in groups.items() if len(places) > 1}
    duplicates = found.duplicates
    assert duplicates.sampled == 1
    assert duplicates.num_groups == len(groups)
    assert duplicates.num_documents == sum(len(places) - 1 for places in groups.values())
    assert duplicates.num_tokens == sum((len(places) - 1) * len(ids) for ids, places in groups.items())
    assert duplicates.leaked == sum(
        sum(name == "valid" for name, _ in places) for places in groups.values() if places[0][0] == "train"
    )
    expected = sorted(
        groups.items(), key=lambda item: (-(len(item[1]) - 1) * len(item[0]), item[1][0][0], item[1][0][1])
    )[:10]
    assert [
        (one.copies, one.num_tokens, [(place.split, place.document) for place in one.examples])
        for one in duplicates.worst
    ] == [(len(places), len(ids), places[:5]) for ids, places in expected]


def test_a_split_is_counted_alone(corpus_of):
    path = corpus_of(train=["aa", "b"], valid=["aa", "aa"])
    found = corpuskit.stats(path, split="valid")
    assert [split.name for split in found.splits] == ["valid"]
    assert (found.num_documents, found.duplicates.num_documents, found.duplicates.leaked) == (2, 1, 0)
    assert [one.document for one in found.duplicates.worst[0].examples] == [0, 1]
    both = corpuskit.stats(path, split=["valid", "train"])
    assert both == corpuskit.stats(path) == corpuskit.stats(corpuskit.open(path))
    assert both.duplicates.leaked == 2


def test_impossible_options_are_one_line(corpus_of):
    path = corpus_of(train=["aa"])
    with pytest.raises(ConfigError, match="has no split 'test'; it has train"):
        corpuskit.stats(path, split="test")
    for name in ("block_size", "batch_size", "long_tokens", "max_hashes"):
        with pytest.raises(ConfigError, match=f"{name} = 0: must be a whole number"):
            corpuskit.stats(path, **{name: 0})


def test_a_corpus_whose_tokenizer_is_not_there_has_numbers_without_text(corpus_of):
    path = corpus_of(train=["aa", "b"])
    change(path, lambda value: value["tokenizer"].update(name="nothing-has-this"))
    found = corpuskit.stats(path)
    assert (found.text_bytes, found.bytes_per_token, found.scripts, found.reencoding) == (None,) * 4
    assert (found.replacement_characters, found.unknown_tokens) == (None, None)
    assert found.most_frequent[0].text is None
    assert found.notes[0].startswith("nothing is said of the text, because the tokenizer cannot be opened: ")
    assert "Note: nothing is said" in str(found)


def test_a_vocabulary_without_bounds_is_refused(corpus_of):
    path = corpus_of(train=["aa", "b"])
    change(path, lambda value: (value.update(dtype="<u4"), value["tokenizer"].update(vocab_size=2**32)))
    manifest = json.loads((path / "manifest.json").read_bytes())
    shard = manifest["splits"]["train"]["shards"][0]
    (path / shard["file"]).write_bytes(bytes(shard["num_tokens"] * 4))
    change(
        path, lambda value: value["splits"]["train"]["shards"][0].update(size_bytes=shard["num_tokens"] * 4)
    )
    with pytest.raises(ConfigError, match="a vocabulary of 4,294,967,296 ids is too large to count"):
        corpuskit.stats(path)


def test_duplicates_among_more_documents_than_there_is_room_for_are_judged(corpus_of):
    found = corpuskit.stats(corpus_of(train=[str(n % 300) for n in range(600)]), max_hashes=100)
    assert found.duplicates.sampled == 8  # 80 documents of 40 contents are left
    assert found.duplicates.num_documents == pytest.approx(300, rel=0.5)
    assert found.notes == (
        "duplicates are judged from one in 8 contents, because there are more than 100 documents",
    )


def test_hostile_text_is_text(corpus_of):
    evil = "\x1b]0;x\x07\u202e\x9b31m</script>\0\u2066"
    shown = str(corpuskit.stats(corpus_of(train=[evil, "x" * 2**20, "", ""]), long_tokens=10, top=50))
    assert all(line.isprintable() for line in shown.splitlines())


def change(path, edit):
    value = json.loads((path / "manifest.json").read_bytes())
    value.pop("sha256", None)
    edit(value)
    (path / "manifest.json").write_bytes(sealed.to_bytes(value))


def test_names_of_control_tokens_are_no_text(tmp_path):
    talk = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": talk}) + "\n")
    corpus = corpuskit.prepare(
        tmp_path / "chat.jsonl",
        format="chat",
        encoding="gpt2",
        add_tokens=True,
        split="none",
        output=tmp_path / "c",
    )
    found = corpuskit.stats(corpus)
    assert found.text_bytes == int(corpus["train"].document_text_bytes().sum())
    assert found.text_bytes == len("user\none" + "\nassistant\ntwo" + "\n")
    assert found.reencoding.num_ids == 0
