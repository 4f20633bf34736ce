"""A plugin in a folder of its own registers a corpus, a tokenizer and a sampler, and all three work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import registry
from corpuskit.testing import fake_distribution

PLUGIN = """
import corpuskit
from corpuskit import SamplerSpec, SourceSpec, TokenizerSpec


@corpuskit.hookimpl
def corpuskit_sources():
    return [SourceSpec("proverbs", "Three proverbs", factory="proverbs_parts:Proverbs", split="none")]


@corpuskit.hookimpl
def corpuskit_tokenizers():
    return [TokenizerSpec("rot", "Bytes, turned", factory="proverbs_parts:Rot")]


@corpuskit.hookimpl
def corpuskit_samplers():
    return [SamplerSpec("strided", "Every k-th window", factory="proverbs_parts:Strided")]
"""

PARTS = '''
import hashlib

import numpy as np

from corpuskit.plugin import Document, Input, Sampler, Source, Tokenizer

LINES = ["A stitch in time saves nine.", "Look before you leap.", "Haste makes waste."]


class Proverbs(Source):
    def inputs(self):
        return [Input.of_text("proverbs", "".join(LINES))]

    def documents(self, item):
        for number, line in enumerate(LINES):
            yield Document(line, start=number)


class Rot(Tokenizer):
    """Each byte plus what follows the colon, modulo 256."""

    vocab_size = 257
    eot_id = 256

    def __init__(self, *, name, argument=None, state=None):
        self.name = name
        self.shift = int(argument or 0) if state is None else state["shift"]

    @property
    def fingerprint(self):
        return hashlib.sha256(b"rot%d" % self.shift).hexdigest()

    def encode(self, text):
        return ((np.frombuffer(text.encode(), np.uint8).astype(np.uint32) + self.shift) % 256)

    def decode_bytes(self, ids):
        ids = np.asarray(ids)
        return ((ids[ids < 256] - self.shift) % 256).astype(np.uint8).tobytes()

    def state(self):
        return {"shift": self.shift}


class Strided(Sampler):
    def __init__(self, context):
        self.windows = context.num_tokens - context.block_size
        self.step = int(context.options.get("step", 3))

    def starts(self, samples):
        return (samples * self.step) % self.windows
'''

STREAM = [
    token
    for line in ("A stitch in time saves nine.", "Look before you leap.", "Haste makes waste.")
    for token in [*((byte + 7) % 256 for byte in line.encode()), 256]
]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    modules = {"proverbs_plugin": PLUGIN, "proverbs_parts": PARTS}
    fake_distribution(folder, "proverbs", entry_points={"proverbs": "proverbs_plugin"}, modules=modules)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    fresh = registry.Registry()
    monkeypatch.setattr(registry, "default", lambda: fresh)
    return folder


def test_plugin_works_from_python(plugin, tmp_path):
    corpus = corpuskit.prepare("proverbs", encoding="rot:7", output=tmp_path / "x")
    assert corpus["train"][:].tolist() == STREAM
    assert corpus.decode(corpus["train"][:5]) == "A sti"
    batches = corpus.batches(
        batch_size=2, block_size=4, sampler="strided", sampler_options={"step": 5}, output="numpy"
    )
    x, y = batches[1]
    assert x.tolist() == [STREAM[10:14], STREAM[15:19]]
    assert y.tolist() == [STREAM[11:15], STREAM[16:20]]
    assert np.array_equal(corpuskit.open(corpus.path)["train"][:], corpus["train"][:])


def test_plugin_works_from_the_command_line(plugin, tmp_path):
    def run(*args: str) -> str:
        command = [sys.executable, "-m", "corpuskit", *args]
        found = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ}
        )
        assert found.returncode == 0, found.stderr
        return found.stdout

    assert run("prepare", "proverbs", "--encoding", "rot:7") == "data/proverbs/rot-7\n"
    assert "already" not in run("prepare", "proverbs", "--encoding", "rot:7")
    shown = run(
        "show", "data/proverbs/rot-7", "--step", "0", "--sampler", "strided", "--block-size", "8", "--json"
    )
    rows = json.loads(shown)
    assert [row["ids"] for row in rows] == [STREAM[start : start + 8] for start in (0, 3, 6, 9)]
    assert rows[0]["text"] == "A stitch"
    for kind, name in (("sources", "proverbs"), ("tokenizers", "rot"), ("samplers", "strided")):
        assert name in {item["name"] for item in json.loads(run("list", kind, "--json"))}
    assert run("verify", "data/proverbs/rot-7") == ""
