"""Corpora to look into: of planted sentences, and written id by id, as a test likes."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.corpus.index import new_rows
from corpuskit.tokenizers.bytes import ByteTokenizer

EOT = 256


@dataclasses.dataclass(frozen=True)
class Planted:
    """A document, and where it was written: its text, its sentence, and its place as it is shown."""

    name: str
    text: str
    sentence: str
    line: int | None
    row: int | None = None

    @property
    def place(self) -> str:
        return f"{self.name}:{self.line}" if self.line is not None else f"{self.name}#{self.row}"

    @property
    def sentence_line(self) -> int:
        """The line of the sentence in a file of plain text."""
        assert self.line is not None
        return self.line + self.text[: self.text.index(self.sentence)].count("\n")


def _texts(name: str, count: int) -> list[tuple[str, str]]:
    """Texts of several lines, each with its sentence; ids of one do not depend on the others."""
    made = []
    for number in range(count):
        sentence = f"Sentence {number} of {name} is «unique»."
        before = "".join(f"line {n} of text {number}\n" for n in range(number % 4))
        made.append((f"{before}{sentence} And more, é🙂.\n", sentence))
    return made


def write_inputs(folder: Path, *, per_file: int = 5) -> list[Planted]:
    """Five files of documents in five formats, and what they hold."""
    import pyarrow as pa
    from pyarrow import parquet

    (folder / "more").mkdir(parents=True)
    planted = []
    at, line = "", 1
    for text, sentence in _texts("a", per_file):
        planted.append(Planted("a.txt", text + "====\n", sentence, line))
        at += text + "====\n"
        line += text.count("\n") + 1
    (folder / "a.txt").write_text(at, encoding="utf-8")
    for name, opened in (("b.jsonl", open), ("more/c.jsonl.gz", gzip.open)):
        lines = []
        for text, sentence in _texts(name[-9:-6], per_file):
            lines.append(json.dumps({"text": text}))
            planted.append(Planted(name, text, sentence, len(lines)))
            if len(lines) % 3 == 1:
                lines.append("")
        with opened(folder / name, "wt", encoding="utf-8") as file:
            file.write("\n".join(lines))
    with (folder / "d.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "text"])
        for row, (text, sentence) in enumerate(_texts("d", per_file)):
            writer.writerow([row, text])
            planted.append(Planted("d.csv", text, sentence, None, row))
    rows = _texts("e", per_file)
    parquet.write_table(pa.table({"text": [text for text, _ in rows]}), folder / "e.parquet")
    planted += [Planted("e.parquet", text, sentence, None, row) for row, (text, sentence) in enumerate(rows)]
    return planted


@dataclasses.dataclass(frozen=True)
class PlantedCorpus:
    """A corpus of planted documents, and the folder of its inputs."""

    path: Path
    inputs: Path
    documents: list[Planted]

    def open(self) -> corpuskit.Corpus:
        return corpuskit.open(self.path)

    def of(self, sentence: str) -> Planted:
        return next(one for one in self.documents if one.sentence == sentence)


@pytest.fixture(scope="session")
def planted(tmp_path_factory) -> PlantedCorpus:
    """A corpus of bytes in small shards, which documents go across."""
    folder = tmp_path_factory.mktemp("planted")
    documents = write_inputs(folder / "inputs")
    corpuskit.prepare(
        str(folder / "inputs"),
        encoding="bytes",
        separator="====\n",
        shard_bytes=500,
        output=folder / "corpus",
        progress=False,
    )
    return PlantedCorpus(folder / "corpus", folder / "inputs", documents)


CONVERSATIONS = [
    [("user", "What is <|im_end|>?"), ("assistant", "An end 中.")],
    [("system", "Be brief."), ("user", "Hi"), ("assistant", "Ho"), ("user", "Hm"), ("assistant", "He\n")],
    [("user", "A question without an answer")],
]


@pytest.fixture(scope="session")
def conversations(tmp_path_factory) -> Path:
    """A corpus of three conversations, of which the last has no answer."""
    folder = tmp_path_factory.mktemp("conversations")
    records = [
        {"messages": [{"role": role, "content": content} for role, content in one]} for one in CONVERSATIONS
    ]
    (folder / "convs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return corpuskit.prepare(
        str(folder / "convs.jsonl"),
        format="chat",
        encoding="gpt2",
        add_tokens=True,
        split="none",
        output=folder / "corpus",
        progress=False,
    ).path


class Written:
    """A corpus of bytes, written from the ids of its documents.

    Args:
        folder: Where it goes.
        splits: The documents of each split: pairs of an input's number and ids.
        shard_tokens: How many tokens the shards have, again and again.
        dtype: "<u2" or "<u4".
        num_inputs: How many inputs there are.
        tail: Ids after the last document of each split.
    """

    def __init__(self, folder, splits, *, shard_tokens=(7,), dtype="<u2", num_inputs=3, tail=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.splits, self.tail = folder, splits, list(tail)
        records = {name: self._write(name, splits[name], shard_tokens, dtype) for name in splits}
        empty = hashlib.sha256(b"").hexdigest()
        inputs = [
            {"name": f"input-{n}.txt", "size_bytes": 0, "sha256": empty, "split": None}
            for n in range(num_inputs)
        ]
        value = {
            "format_version": 3,
            "corpuskit_version": "0",
            "dataset": "written",
            "inputs": inputs,
            "tokenizer": {
                "name": "bytes",
                "vocab_size": 257,
                "eot_id": EOT,
                "fingerprint": ByteTokenizer().fingerprint,
                "state": None,
            },
            "dtype": dtype,
            "options": {"eot": True},
            "left_out": {},
            "left_out_files": {},
            "splits": records,
        }
        (folder / "manifest.json").write_bytes(sealed.to_bytes(value))

    def _write(self, name, documents, shard_tokens, dtype):
        ids = np.array([one for _, document in documents for one in document] + self.tail, dtype)
        ends = np.cumsum([len(document) for _, document in documents], dtype=np.int64)
        sources = np.array([source for source, _ in documents], np.int64)
        starts = np.arange(len(documents)) * 10
        shards, at, number = [], 0, 0
        while at < len(ids):
            size = min(shard_tokens[number % len(shard_tokens)], len(ids) - at)
            last = at + size == len(ids)
            here = (ends >= at) & ((ends <= at + size) if last else (ends < at + size))
            shards.append(
                self._write_shard(
                    name, number, ids[at : at + size], ends[here] - at, sources[here], starts[here]
                )
            )
            at, number = at + size, number + 1
        return {
            "num_tokens": len(ids),
            "num_documents": len(documents) if shards else 0,
            "shards": shards,
        }

    def _write_shard(self, name, number, ids, ends, sources, starts):
        file = f"{name}-{number:05d}.bin"
        rows = new_rows(ends, 0, starts, 0)
        rows[:, 1] = sources
        (self.path / file).write_bytes(ids.tobytes())
        (self.path / file.replace(".bin", ".idx")).write_bytes(rows.tobytes())
        return {
            "file": file,
            "num_tokens": len(ids),
            "num_documents": len(rows),
            "size_bytes": ids.nbytes,
            "sha256": hashlib.sha256(ids.tobytes()).hexdigest(),
            "index_sha256": hashlib.sha256(rows.tobytes()).hexdigest(),
        }


@pytest.fixture(scope="session")
def written():
    return Written


@pytest.fixture
def corpus_of(tmp_path):
    """Writes a corpus of texts, each a document with an end-of-text id: `corpus_of(train=["a", "b"])`."""

    def write(*, eot=True, **splits) -> Path:
        documents = {
            name: [
                (number % 3, [*text.encode(), *([EOT] if eot else [])]) for number, text in enumerate(texts)
            ]
            for name, texts in splits.items()
        }
        number = len(list(tmp_path.iterdir()))
        return Written(tmp_path / f"corpus-{number}", documents, shard_tokens=(50,)).path

    return write


_spec = importlib.util.spec_from_file_location(
    "tests.batches.conftest", Path(__file__).parents[1] / "batches/conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_streams = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_streams)
make_split = _streams.make_split
