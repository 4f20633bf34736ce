"""What corpuskit makes stays the same, byte for byte: digests of files and orders that were made earlier.

A digest that differs is a change of the format or of an order: it needs a new version of the format, a new
name of the order in saved states, and a line in CHANGELOG.md; then `python tests/test_same_bytes.py` writes
the digests of today.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

import corpuskit

#: One process makes them all.
pytestmark = pytest.mark.xdist_group("same-bytes")

GOLDEN = Path(__file__).with_name("same_bytes.json")
WORDS = "the of and a to in is you that it he was for on are as with his they I at be this have from or one"


def text(seed: int, words: int) -> str:
    """Words, numbers, marks and letters of several scripts, the same on every machine."""
    draw = random.Random(seed)
    more = [
        "naïve",
        "żółw",
        "日本語",
        "привет",
        "e\u0301",
        "🙂",
        "x" * 40,
        "3.14",
        "\n\n",
        "  ",
        "<|endoftext|>",
    ]
    return " ".join(draw.choice([*WORDS.split(), *more]) for _ in range(words))


def documents(seed: int, count: int) -> list[str]:
    return [text(seed + number, random.Random(number).randrange(1, 60)) for number in range(count)]


def conversation(number: int) -> dict[str, Any]:
    """Turns of a user and an assistant, one in three with a system's message; one answer is not learned."""
    said = documents(6 + 10 * number, 2 + 2 * (number % 4))
    messages = [{"role": ("user", "assistant")[n % 2], "content": one} for n, one in enumerate(said)]
    if number % 3 == 0:
        messages.insert(0, {"role": "system", "content": text(number, 5)})
    if number % 5 == 0:
        messages[-1]["weight"] = 0
    return {"id": f"c{number}", "messages": messages}


def write_inputs(folder: Path) -> None:
    """Every kind of input that can be made the same on every machine."""
    (folder / "play.txt").write_text(text(1, 4000), encoding="utf-8", newline="")
    (folder / "parted.txt").write_text("\n---\n".join(documents(2, 200)), encoding="utf-8", newline="")
    lines = "".join(
        json.dumps({"text": one, "n": n}, ensure_ascii=n % 2 == 0) + "\n"
        for n, one in enumerate(documents(3, 300))
    )
    (folder / "lines.jsonl").write_text(lines, encoding="utf-8", newline="")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    rows = [f'{n},"{one.replace(chr(34), chr(34) * 2)}"' for n, one in enumerate(documents(4, 100))]
    (folder / "table.csv").write_text("\n".join(["n,text", *rows, ""]), encoding="utf-8", newline="")
    array = json.dumps([{"text": one} for one in documents(5, 50)])
    (folder / "array.json").write_text(array, encoding="utf-8", newline="")
    said = "".join(json.dumps(conversation(n)) + "\n" for n in range(120))
    (folder / "said.jsonl").write_text(said, encoding="utf-8", newline="")
    mixed = folder / "mixed"
    mixed.mkdir()
    for name in ("lines.jsonl", "table.csv", "play.txt"):
        (mixed / name).write_bytes((folder / name).read_bytes())


#: Name of a corpus: what it is prepared from, and how.
CORPORA: dict[str, dict[str, Any]] = {
    "shakespeare": {"dataset": "tinyshakespeare", "encoding": "gpt2"},
    "characters": {"dataset": "play.txt", "encoding": "chars", "split": "characters:0.2"},
    "separated": {"dataset": "parted.txt", "encoding": "gpt2", "separator": "\n---\n", "split": "valid=0.1"},
    "lines": {"dataset": "lines.jsonl", "encoding": "o200k_base", "split": "valid=0.05,test=0.05"},
    "parts": {"dataset": "lines.jsonl", "encoding": "gpt2", "part_bytes": 5000, "shard_bytes": 8000},
    "limited": {"dataset": "packed.jsonl.gz", "encoding": "cl100k_base", "max_tokens": 2000},
    "table": {"dataset": "table.csv", "encoding": "bytes", "eot": True, "split": "none"},
    "array": {"dataset": "array.json", "encoding": "gpt2", "eot": False},
    "chat": {"dataset": "said.jsonl", "encoding": "gpt2", "format": "chat", "add_tokens": True}
    | {"part_bytes": 20_000, "shard_bytes": 8_000, "split": "valid=0.1"},
    "harmony": {
        "dataset": "said.jsonl",
        "encoding": "o200k_harmony",
        "format": "chat",
        "template": "harmony",
    },
    "mixed": {"dataset": "mixed", "encoding": "gpt2", "workers": 2},
}
#: What a manifest says of the program that made it.
PROGRAM = ("corpuskit_version", "sha256")
SAMPLERS = ("random", "shuffled", "sequential", "packed")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of_files(folder: Path) -> dict[str, str]:
    """The digest of each file of a corpus or an export; a manifest's is of what it says of the corpus."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == "run.json":
            continue
        data = path.read_bytes()
        if path.name == "manifest.json":
            said = {key: value for key, value in json.loads(data).items() if key not in PROGRAM}
            data = json.dumps(said, sort_keys=True).encode()
        found[path.relative_to(folder).as_posix()] = sha256(data)
    return found


def digest_of_batches(batches: Any) -> str:
    """The digest of a few steps."""
    found = hashlib.sha256()
    for step in (0, 1, 7, 100):
        try:
            arrays = batches[step]
        except IndexError:
            break
        for array in arrays[:2]:
            found.update(array.tobytes())
    return found.hexdigest()


def made(folder: Path) -> dict[str, Any]:
    """Digests of everything that the tests compare."""
    write_inputs(folder)
    found: dict[str, Any] = {}
    corpora = {}
    for name, options in CORPORA.items():
        dataset = options["dataset"]
        if dataset != "tinyshakespeare":
            dataset = folder / dataset
        told = {"name": name, "workers": 1, **options, "dataset": dataset, "output": folder / "made" / name}
        corpora[name] = corpuskit.prepare(**told, progress=False)
        found[f"corpus {name}"] = digest_of_files(folder / "made" / name)
    sizes = {"batch_size": 4, "block_size": 16, "seed": 7, "output": "numpy"}
    for sampler in SAMPLERS:
        for name in ("shakespeare", "parts"):
            batches = corpora[name].batches("train", sampler=sampler, **sizes)
            found[f"batches {sampler} {name}"] = digest_of_batches(batches)
    skip = {"skip_untrained": True}
    whole = {"sampler": "packed", "sampler_options": {"documents": "whole", "too_long": "drop", **skip}}
    parted = {"sampler": "shuffled", "sampler_options": skip}
    for name, told in (("packed whole", whole), ("shuffled", parted)):
        batches = corpora["chat"].batches("train", **{**sizes, "block_size": 256}, **told)
        found[f"batches {name} chat"] = digest_of_batches(batches)
    mixture = corpuskit.mix({corpora["shakespeare"]: 0.7, corpora["separated"]: 0.3})
    found["batches mixture"] = digest_of_batches(mixture.batches("train", **sizes))
    return found


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return made(tmp_path_factory.mktemp("same"))


def names() -> list[str]:
    golden: dict[str, Any] = json.loads(GOLDEN.read_text())
    return list(golden)


@pytest.mark.parametrize("name", names() if GOLDEN.exists() else [])
def test_the_same_bytes_as_ever(today: dict[str, Any], name: str) -> None:
    assert today[name] == json.loads(GOLDEN.read_text())[name]


def test_everything_that_is_made_is_compared(today: dict[str, Any]) -> None:
    assert list(today) == names()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        GOLDEN.write_text(json.dumps(made(Path(place)), indent=1) + "\n")
