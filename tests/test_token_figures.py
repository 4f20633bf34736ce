"""What the figures of the tutorial's first chapters show, beside a computation of another kind."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import corpuskit
from corpuskit.fetching import packaged
from corpuskit.sources.plugin import TINYSHAKESPEARE
from corpuskit.tokenizers.opening import open_tokenizer

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(autouse=True)
def _drawing(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))


def figure(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"figure_{name}", DOCS / "figures" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shakespeare() -> bytes:
    content = packaged.read(TINYSHAKESPEARE.files[0].sha256)
    assert hashlib.sha256(content).hexdigest() == TINYSHAKESPEARE.files[0].sha256
    return content


def test_the_pipeline_has_the_sizes_that_a_preparation_gives(tmp_path) -> None:
    module = figure("pipeline")
    steps = module.data()
    text = shakespeare()
    corpus = corpuskit.prepare("tinyshakespeare", encoding="gpt2", output=tmp_path / "corpus", progress=False)
    splits = ("train", "valid")
    assert steps["download"] == (len(text),)
    assert steps["split"] == tuple(len(corpus.decode(corpus[split][:])) for split in splits)
    assert steps["encode"] == tuple(len(corpus[split]) for split in splits)
    files = [tmp_path / "corpus" / f"{split}-00000.bin" for split in splits]
    assert steps["write"] == tuple(file.stat().st_size for file in files)
    config = corpuskit.read_config(_written(tmp_path / "run.toml"))
    assert steps["draw"] == tuple(corpus.batches(config=config, output="numpy")[0][0].shape)


def _written(path: Path) -> Path:
    """The configuration that the first chapter shows."""
    page = (DOCS / "tutorial/1-configuration.md").read_text(encoding="utf-8")
    path.write_text(re.search(r"<!-- file: run.toml -->\n```toml\n(.*?)```", page, re.DOTALL)[1])
    return path


def test_the_tokens_over_text_are_those_of_gpt2() -> None:
    tokens = figure("tokens_over_text").data()
    line = "Before we proceed any further, hear me speak."
    tokenizer = open_tokenizer("gpt2")
    assert "".join(text for _, text in tokens) == line
    assert [one for one, _ in tokens] == tokenizer.encode(line).tolist()
    assert [text.encode() for _, text in tokens] == [tokenizer.decode_bytes([one]) for one, _ in tokens]


def test_the_merges_are_those_of_a_trainer_that_counts_the_whole_text_each_time() -> None:
    steps = figure("merges").data()
    learned = merges_of(shakespeare(), steps[-1][0])
    pieces = [b" ", b"t", b"h", b"a", b"t"]
    expected = [(0, pieces)]
    for number, (left, right) in enumerate(learned, 1):
        joined = joined_once(pieces, left, right)
        if joined != pieces:
            pieces = joined
            expected.append((number, pieces))
    assert [(number, [piece.encode() for piece in found]) for number, found in steps] == expected


def joined_once(pieces: list[bytes], left: bytes, right: bytes) -> list[bytes]:
    for place in range(len(pieces) - 1):
        if (pieces[place], pieces[place + 1]) == (left, right):
            return [*pieces[:place], left + right, *pieces[place + 2 :]]
    return pieces


def merges_of(text: bytes, num_merges: int) -> list[tuple[bytes, bytes]]:
    """The pairs that are merged, in order: an array of the whole text, with -1 between words."""
    words = re.findall(r" ?\w+| ?[^\w\s]+|\s+", text.decode())
    ids = np.frombuffer(b"\xff".join(word.encode() for word in words), np.uint8).astype(np.int64)
    ids[ids == 0xFF] = -1  # no byte of UTF-8 is 0xFF
    tokens = [bytes([value]) for value in range(256)]
    merges = []
    for new in range(256, 256 + num_merges):
        pairs = np.where((ids[:-1] >= 0) & (ids[1:] >= 0), ids[:-1] * 1024 + ids[1:], 0)
        counts = np.bincount(pairs)
        counts[0] = 0
        best = int(np.flatnonzero(counts == counts.max())[-1])
        left, right = divmod(best, 1024)
        places = np.flatnonzero(pairs == best)
        if left == right:  # of three in a row only the first two are a pair
            runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
            places = np.concatenate([run[::2] for run in runs])
        ids[places] = new
        ids = np.delete(ids, places + 1)
        merges.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    return merges


def test_the_token_lengths_are_those_of_every_token_decoded_by_itself() -> None:
    counts = figure("token_lengths").data()
    tokenizer = open_tokenizer("gpt2")
    text = shakespeare().decode()
    ids = tokenizer.encode(text[: int(0.9 * len(text))])
    lengths = Counter(len(tokenizer.decode_bytes(ids[place : place + 1])) for place in range(len(ids)))
    assert counts == {length: lengths[length] for length in range(1, 11)}
    assert len(ids) == 301_966


def test_the_shard_of_the_figure_is_what_its_documents_give(tmp_path) -> None:
    documents = figure("shard").data()
    (tmp_path / "hamlet.txt").write_text("".join(f"{text}\n" for text, *_ in documents))
    corpus = corpuskit.prepare(
        tmp_path / "hamlet.txt",
        encoding="bytes",
        lines=True,
        split="none",
        output=tmp_path / "corpus",
        progress=False,
    )
    train = corpus["train"]
    places = train.document_places().tolist()
    ends = train.document_ends().tolist()
    texts = [bytes(train.document(number)[:-1].astype(np.uint8)).decode() for number in range(len(ends))]
    sizes = train.document_text_bytes().tolist()
    found = [
        (text, end, *place, size) for text, end, place, size in zip(texts, ends, places, sizes, strict=True)
    ]
    assert documents == found
    assert len(documents) == 3
