from __future__ import annotations

import itertools
import json
import math
import shutil
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit import sealed
from corpuskit.corpus import manifest as manifest_format
from corpuskit.errors import ConfigError, CorpusFormatError, ResumeError, TokenizerError


def test_decode_gives_the_text_back(corpus_path):
    corpus = corpuskit.open(corpus_path)
    assert corpus.decode(corpus["train"][:4]) == "one\n"


def test_unknown_split_names_those_there_are(corpus_path):
    with pytest.raises(ConfigError, match="has no split 'valid'; it has train"):
        corpuskit.open(corpus_path)["valid"]


def test_folder_that_is_no_corpus_says_how_to_make_one(tmp_path):
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(tmp_path)
    with pytest.raises(CorpusFormatError, match="not a corpus: No such file or directory"):
        corpuskit.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("", "'corpuskit list corpora {0}' shows those below it"),
        ("b", "it is being prepared; 'corpuskit info {0}' says how far it is"),
        ("a/manifest.json", "the corpus is its folder, {1}"),
        ("c", "'corpuskit prepare' makes one"),
    ],
)
def test_what_is_no_corpus_says_where_one_is(corpus_path, tmp_path, path, remedy):
    below = tmp_path / "below"
    shutil.copytree(corpus_path, below / "a")
    (below / ".b.preparing").mkdir()
    with pytest.raises(CorpusFormatError) as caught:
        corpuskit.open(below / path)
    assert str(caught.value).endswith(f"; {remedy.format(below / path, (below / path).parent)}")


@pytest.mark.parametrize("path", [3, None, b"data", ["data"]])
def test_a_corpus_is_opened_by_a_path_or_a_url(path):
    with pytest.raises(ConfigError, match="must be a path, or a URL as text"):
        corpuskit.open(path)


@pytest.mark.parametrize("text", [None, b"abc", ["a", "b"], 3])
def test_what_is_encoded_is_one_text(corpus_path, text):
    with pytest.raises(TokenizerError, match="encode takes one text, a str, and found"):
        corpuskit.open(corpus_path).encode(text)


def edited(corpus_path, change):
    path = corpus_path / "manifest.json"
    value = json.loads(path.read_bytes())
    change(value)
    path.write_bytes(sealed.to_bytes(value))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("format_version"), "it has no format_version"),
        (lambda m: m.update(format_version=True), "it has no format_version"),
        (lambda m: m.update(format_version=4), "format version 4 is newer than 3; upgrade corpuskit"),
        (
            lambda m: m.update(format_version=1),
            "1 is older than 3; make the corpus again with --overwrite",
        ),
        (lambda m: m.update(format_version=-1), "format version -1 is older than 3"),
        (lambda m: m.update(surprise=1), "surprise: Extra inputs"),
        (lambda m: m.pop("tokenizer"), "tokenizer: Field required"),
        (lambda m: m.update(dtype="<u8"), "dtype"),
        (lambda m: m["tokenizer"].update(vocab_size=70_000), "does not fit <u2"),
        (lambda m: m["splits"]["train"].update(num_tokens=1), "num_tokens, stated 1"),
        (lambda m: m["splits"]["train"]["shards"][0].update(num_tokens=True), "num_tokens"),
        (lambda m: m["splits"]["train"]["shards"][0].update(size_bytes=7), "are not 7 bytes"),
        (lambda m: m["splits"]["train"]["shards"][0].update(sha256="0" * 63), "sha256"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="../../etc/passwd"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="/etc/passwd"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="train-00000.bin\n"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="valid-00000.bin"), "wrong split"),
        (
            lambda m: m["splits"]["train"]["shards"].append(m["splits"]["train"]["shards"][0]),
            "listed twice",
        ),
        (lambda m: m["splits"].update({"../x": m["splits"].pop("train")}), "splits"),
    ],
)
@pytest.mark.fault("M1", "M3", "M4", "M6")
def test_manifest_that_cannot_be_true_is_refused(corpus_path, change, message):
    edited(corpus_path, change)
    with pytest.raises(CorpusFormatError, match=message):
        corpuskit.open(corpus_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"format_version": 1, "format_version": 1}',
        b'{"format_version": NaN}',
        b'\xef\xbb\xbf{"format_version": 1}',
        b"[" * 100_000,
    ],
)
@pytest.mark.fault("M5")
def test_bytes_that_are_no_manifest_are_one_typed_error(corpus_path, data):
    (corpus_path / "manifest.json").write_bytes(data)
    with pytest.raises(CorpusFormatError, match="manifest"):
        corpuskit.open(corpus_path)


@pytest.mark.fault("M5")
def test_manifest_of_absurd_size_is_not_read(corpus_path, monkeypatch):
    monkeypatch.setattr(manifest_format, "MAX_BYTES", 100)
    with pytest.raises(CorpusFormatError, match="larger than 100 bytes"):
        corpuskit.open(corpus_path)


def test_a_corpus_says_its_splits_and_vocabulary_and_encodes_and_decodes(tmp_path):
    import torch

    (tmp_path / "a.txt").write_text("Some words of a text. " * 20)
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", output=tmp_path / "out")
    assert corpus.splits == ("train", "valid")
    assert corpus.vocab_size == 257
    ids = corpus.encode("Some")
    assert (ids.dtype, ids.tolist()) == (corpus["train"].dtype, [*b"Some"])
    assert (corpus["train"][:4] == ids).all()
    rows = [[*b"ab"], [*b"cd"]]
    for of_one in (ids, ids.tolist(), tuple(ids.tolist()), torch.tensor(ids.astype(int))):
        assert corpus.decode(of_one) == "Some"
    for of_rows in (rows, np.array(rows), torch.tensor(rows), [np.array(row) for row in rows]):
        assert corpus.decode(of_rows) == ["ab", "cd"]
    assert corpus.decode([]) == ""
    assert corpus.decode(np.empty((0, 8), np.int64)) == []
    assert corpus.decode(np.zeros((2, 0), np.int64)) == ["", ""]
    x, _ = corpus.batches(debug=True)[0]
    assert [len(text) for text in corpus.decode(x)] == [8, 8]


# Evaluations

TEXTS = st.lists(st.text("aé√😀 \n<|>", min_size=1, max_size=12), min_size=1, max_size=6)


@pytest.mark.parametrize("documents", [False, True, "packed"])
@given(texts=TEXTS, block_size=st.integers(2, 9), data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bits_per_byte_under_two_tokenizers_are_those_computed_by_hand(
    tmp_path, documents, texts, block_size, data
):
    stride = data.draw(st.integers(1, block_size))
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    (folder / "some.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    num_bytes = len("".join(texts).encode())
    for encoding in ("bytes", "gpt2"):
        corpus = corpuskit.prepare(
            folder / "some.jsonl", encoding=encoding, output=folder / encoding, split="none", shard_bytes=16
        )
        tokenizer = corpus.tokenizer
        ids = [[*tokenizer.encode(text).tolist(), tokenizer.eot_id] for text in texts]
        nats = 0.0
        for tokens in ids if documents else [[one for each in ids for one in each]]:
            before = [tokenizer.eot_id, *tokens]
            for place in range(1, len(before)):
                begin = max(0, math.ceil((place - block_size) / stride)) * stride
                nats += loss_of(before[begin : place + 1])
        found = corpus.evaluation(
            "train", block_size=block_size, stride=stride, documents=documents, batch_size=2, output="numpy"
        )
        bits = corpuskit.BitsPerByte(found)
        for x, y, *segments in found:
            positions = segments[0].position_ids if segments else np.tile(np.arange(block_size), (2, 1))
            losses = np.zeros(y.shape)
            for row, place in zip(*np.nonzero(y != -100), strict=True):
                context = x[row, place - positions[row, place] : place + 1].tolist()
                losses[row, place] = loss_of([*context, int(y[row, place])])
            bits.add(losses, y)
        assert bits.num_targets == sum(map(len, ids))
        assert bits.value == pytest.approx(nats / math.log(2) / num_bytes, rel=1e-12)


def loss_of(tokens):
    """A model: the loss in nats of the last token behind the others, from a hash of them."""
    return -math.log((zlib.crc32(repr(tokens).encode()) + 1) / 2**32)


def test_the_same_documents_are_evaluated_under_two_tokenizers(tmp_path):
    lines = "".join(f"zeile {number}: é√😀\n" for number in range(200))
    (tmp_path / "some.txt").write_text(lines)
    evaluations = [
        corpuskit.prepare(
            tmp_path / "some.txt",
            lines=True,
            encoding=encoding,
            output=tmp_path / encoding,
            split="valid=0.3",
        ).evaluation()
        for encoding in ("bytes", "gpt2")
    ]
    first, second = (corpuskit.BitsPerByte(each) for each in evaluations)
    assert first.num_bytes == second.num_bytes > 1000
    assert first.num_targets > second.num_targets


def test_a_corpus_with_a_bos_of_its_own_needs_none_for_bits_per_byte(tmp_path):
    (tmp_path / "some.txt").write_text("one \u00e9\n\u4e2d\nthree\n")
    told = {"lines": True, "encoding": "bytes", "split": "none", "bos": "<|endoftext|>"}
    for eot in (True, False):
        corpus = corpuskit.prepare(tmp_path / "some.txt", eot=eot, output=tmp_path / str(eot), **told)
        alone = corpus.evaluation("train", documents=True, batch_size=1, block_size=32)
        assert alone.bos is None
        bits = corpuskit.BitsPerByte(alone)
        size = len("one \u00e9\u4e2dthree".encode())
        assert (bits.num_bytes, bits.num_targets) == (size, size + 3 * eot)
        for x, _ in alone:
            assert x[0, 0] == 256 != x[0, 1]
        with pytest.raises(ConfigError, match="begins with id 256 already, .* twice; say bos=None"):
            corpus.evaluation("train", bos=256)


def test_a_bos_is_an_id_or_the_name_of_a_control_token_or_what_ends_documents(corpus_path, tmp_path):
    (tmp_path / "some.txt").write_text("abc")
    with_eot, without = (
        corpuskit.prepare(
            tmp_path / "some.txt", encoding="bytes", eot=eot, output=tmp_path / str(eot), split="none"
        )
        for eot in (True, False)
    )
    assert with_eot.evaluation("train").bos == 256
    assert with_eot.evaluation("train", bos=None).bos is None
    assert without.evaluation("train").bos is None
    assert without.evaluation("train", bos="<|endoftext|>").bos == 256
    assert without.evaluation("train", bos=7).bos == 7
    with pytest.raises(ConfigError, match="bos = '<s>': split 'train' has no control token of this name"):
        without.evaluation("train", bos="<s>")
    with pytest.raises(ConfigError, match="has no split 'valid'"):
        without.evaluation()
    with pytest.raises(ConfigError, match="did you mean 'stride'"):
        without.evaluation("train", strides=3)


def test_documents_are_evaluated_by_a_condition_on_kept_fields(tmp_path):
    records = [{"text": "abc", "lang": "de"}, {"text": "é", "lang": "fr"}, {"text": "xy", "lang": "de"}]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    corpus = corpuskit.prepare(
        tmp_path / "some.jsonl", encoding="bytes", keep="lang", output=tmp_path / "some", split="none"
    )
    evaluation = corpus.evaluation("train", selection="lang = 'de'", block_size=8, output="numpy")
    _, y = evaluation[0]
    assert y[:2, :4].tolist() == [[*b"abc", 256], [*b"xy", 256, -100]]
    assert corpuskit.BitsPerByte(evaluation).num_bytes == 5


def test_batches_draw_from_no_document_that_is_excluded(tmp_path):
    pytest.importorskip("pyarrow")
    rows = [{"text": "abcdefgh"[n] * 9, "id": f"d{n}"} for n in range(8)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = corpuskit.prepare(
        str(tmp_path / "rows.jsonl"), encoding="bytes", output=tmp_path / "c", split="none"
    )
    (tmp_path / "banned").write_text("d1\nd7\nnobody\n")
    told = {"batch_size": 4, "block_size": 3, "output": "numpy", "sampler": "shuffled"}
    banned = corpus.batches("train", exclude=tmp_path / "banned", **told)
    drawn = set()
    for step in range(len(banned)):
        x, y = banned[step]
        drawn |= {*x.flat, *y[y >= 0].flat}
    assert {chr(value) for value in drawn if value < 256} == set("acdefg")
    same = corpuskit.select(corpus["train"], numbers=[0, 2, 3, 4, 5, 6])
    for exclude in ([7, 1], corpuskit.select(corpus["train"], numbers=[1, 7]), str(tmp_path / "banned")):
        assert corpus.batches("train", exclude=exclude, **told).options.selection == same
    both = corpus.batches("train", exclude=[1], selection=same, **told)
    assert both.options.selection == same
    some = corpus.batches("train", exclude=[0], selection="document < 3", **told)
    assert list(some.options.selection) == [1, 2]


def test_a_state_is_of_the_documents_that_were_left_out(corpus_path):
    told = {"batch_size": 2, "block_size": 3, "output": "numpy"}
    corpus = corpuskit.open(corpus_path)
    state = corpus.batches("train", exclude=[1], **told).state_dict()
    corpus.batches("train", exclude=[1], **told).load_state_dict(state)
    for exclude in ([0], None):
        with pytest.raises(ResumeError, match="the state was saved with selection"):
            corpus.batches("train", exclude=exclude, **told).load_state_dict(state)


def test_an_evaluation_is_of_no_document_that_is_excluded(tmp_path):
    lines = [{"id": str(n), "text": f"{n}é" * (n + 1), "lang": "de" if n % 3 else "en"} for n in range(9)]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "banned").write_text("7\n1\nnobody\n")
    corpus = corpuskit.prepare(
        tmp_path / "pages.jsonl", encoding="bytes", keep="id,lang", split="none", output=tmp_path / "made"
    )
    named = corpuskit.select(corpus["train"], numbers=[1, 7])
    told = {"batch_size": 2, "block_size": 16, "output": "numpy", "documents": True}
    left = [n for n in range(9) if n not in (1, 7)]

    for exclude in (tmp_path / "banned", str(tmp_path / "banned"), [7, 1], named):
        found = corpus.evaluation("train", exclude=exclude, **told)
        assert found.num_targets == found.num_tokens == sum(len(f"{n}é".encode()) * (n + 1) + 1 for n in left)
        assert found.num_text_bytes == sum(len(f"{n}é".encode()) * (n + 1) for n in left)
        assert sum(int((y != -100).sum()) for _, y in found) == found.num_targets
    targets = np.concatenate([y[y != -100] for _, y in found])
    assert not {*b"17"} & set(targets.tolist())
    german = corpus.evaluation("train", selection="lang = 'de'", exclude=[1], **told)
    assert german.selection == corpuskit.select(corpus["train"], numbers=[2, 4, 5, 7, 8])
    bits = corpuskit.BitsPerByte(german)
    for _, y in german:
        bits.add(np.ones(y.shape), y)
    assert bits.mean_loss == 1.0
    with pytest.raises(ConfigError, match="the selection has none of the 9 documents"):
        corpus.evaluation("train", exclude=range(9), **told)


def test_a_configuration_may_exclude(corpus_path, tmp_path):
    (tmp_path / "banned").write_text("x\n")
    corpus = corpuskit.open(corpus_path)
    config = corpuskit.BatchConfig(exclude=str(tmp_path / "banned"), output="numpy", block_size=3)
    with pytest.raises(ConfigError, match="the field 'id' is not kept; the kept fields are none"):
        corpus.batches("train", config=config)
    with pytest.raises(ConfigError, match="exclude is for the batches of a corpus"):
        corpuskit.Batches(corpus["train"], exclude=[1])
    with pytest.raises(ConfigError, match="exclude is of one corpus"):
        corpuskit.mix({corpus: 1}).batches("train", exclude=[1])


@pytest.mark.parametrize("sampler", ["packed", "aligned", "random"])
def test_the_same_ids_of_other_documents_are_another_corpus(tmp_path, monkeypatch, sampler):
    """Tables that samplers keep, states and selections are not taken for those of the other."""
    options = {"batch_size": 2, "block_size": 16, "sampler": sampler, "output": "numpy"}
    texts = {"one": (10, 40, 20, 30), "other": (40, 10, 30, 20)}
    corpora = []
    for name, sizes in texts.items():
        letters = "".join(chr(ord("a") + number % 26) for number in range(sum(sizes)))
        ends = np.cumsum([0, *sizes]).tolist()
        lines = [json.dumps({"text": letters[a:b]}) for a, b in itertools.pairwise(ends)]
        (tmp_path / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
        made = corpuskit.prepare(
            str(tmp_path / f"{name}.jsonl"),
            encoding="bytes",
            eot=False,
            split="none",
            name="letters",
            output=tmp_path / name,
        )
        corpora.append(made)
    one, other = corpora

    assert one["train"][:].tolist() == other["train"][:].tolist()
    assert one.fingerprint != other.fingerprint
    state = one.batches("train", **options).state_dict()
    rows = [other.batches("train", **options)[step][0].tolist() for step in range(3)]
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "another cache"))
    assert rows == [other.batches("train", **options)[step][0].tolist() for step in range(3)]
    with pytest.raises(ResumeError, match="corpus"):
        other.batches("train", **options).load_state_dict(state)
    with pytest.raises(ConfigError, match="of another split or corpus"):
        other.batches("train", selection=corpuskit.select(one["train"], numbers=[0, 1]), **options)
