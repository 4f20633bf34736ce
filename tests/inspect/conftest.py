"""Inputs of several formats, with a sentence in each document that is nowhere else."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
from pathlib import Path

import pytest

import corpuskit


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
