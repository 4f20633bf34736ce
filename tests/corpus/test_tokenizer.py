"""Which tokenizer an open corpus decodes with, whatever its manifest says."""

import hashlib
import json
import subprocess
import sys

import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.errors import CorpusFormatError, CorpuskitError


def name(corpus_path, **fields):
    path = corpus_path / "manifest.json"
    value = json.loads(path.read_bytes())
    value["tokenizer"].update(fields)
    path.write_bytes(sealed.to_bytes(value))


NAMES = [
    *("sp:/etc/passwd", "sp:/dev/zero", "sp:model.model", "sp:", "sp"),
    *("hf:.", "hf:/etc", "hf:evil/repository", "hf:evil/repository@main"),
    *("bytes:/etc/passwd", "gpt2:/etc/passwd", "../x", "nobody", "", "\x1b[2J", "x" * 100_000),
]


#: What is asked of the system while this is a list. A hook cannot be taken out again.
asked = None


def _listen(event, arguments):
    if asked is not None and event in WATCHED:
        asked.append(f"{event} {arguments!r:.200}")


WATCHED = {"open", "os.listdir", "os.scandir", "socket.connect", "socket.getaddrinfo", "subprocess.Popen"}
sys.addaudithook(_listen)


@pytest.mark.parametrize("given", NAMES, ids=lambda given: ascii(given)[:24])
def test_a_manifests_name_opens_no_file_and_asks_no_network(corpus_path, given):
    global asked
    name(corpus_path, name=given)
    corpus = corpuskit.open(corpus_path)
    asked = []
    try:
        with pytest.raises(CorpuskitError) as caught:
            corpus.decode([1])
    finally:
        found, asked = asked, None
    chosen = ("passwd", "zero", "evil", "/etc", "model.model", "socket.")
    assert not [each for each in found if any(word in each for word in chosen)]
    assert str(caught.value).isprintable()


def test_a_tokenizer_that_only_its_name_tells_is_given_by_the_user(corpus_path, tmp_path, monkeypatch):
    (tmp_path / "words.py").write_text(PLUGIN)
    (tmp_path / "words-1.0.dist-info").mkdir()
    (tmp_path / "words-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n"
    )
    (tmp_path / "words-1.0.dist-info/entry_points.txt").write_text("[corpuskit]\nwords = words\n")
    (tmp_path / "list.txt").write_text("one two")
    encoding = f"words:{tmp_path}/list.txt"
    program = f"""
import sys, corpuskit
corpus = corpuskit.prepare("text.txt", encoding={encoding!r}, output="out", split="none")
print(corpus.decode([0, 1]))
print(corpuskit.open("out", encoding={encoding!r}).decode([1]))
import pickle
print(pickle.loads(pickle.dumps(corpus)).decode([1]))
try:
    corpuskit.open("out").decode([1])
except corpuskit.CorpuskitError as error:
    print(error)
"""
    (tmp_path / "text.txt").write_text("one two two")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**__import__("os").environ, "PYTHONPATH": ":".join([str(tmp_path), *sys.path])},
    )
    *decoded, message = done.stdout.splitlines()
    assert decoded == ["one two ", "two ", "two "]
    assert "the corpus holds its name only" in message
    assert "with encoding= of corpuskit.open or show's --encoding" in message


PLUGIN = """
import hashlib
import numpy as np
import corpuskit
from corpuskit.tokenizers.base import Tokenizer


class Words(Tokenizer):
    eot_id = None

    def __init__(self, *, name, argument, state):
        self.name = f"{name}:{argument}"
        self.words = open(argument).read().split()
        self.vocab_size = len(self.words)

    @property
    def fingerprint(self):
        return hashlib.sha256(" ".join(self.words).encode()).hexdigest()

    def encode(self, text):
        return np.array([self.words.index(word) for word in text.split()], np.uint32)

    def decode_bytes(self, ids):
        return b"".join(self.words[i].encode() + b" " for i in ids)


@corpuskit.hookimpl
def corpuskit_tokenizers():
    return [corpuskit.TokenizerSpec("words", "A list of words in a file", factory="words:Words")]
"""


def test_a_tokenizer_that_is_given_must_be_the_right_one(corpus_path):
    name(corpus_path, fingerprint=hashlib.sha256(b"another").hexdigest())
    with pytest.raises(
        CorpusFormatError,
        match="the installed tokenizer 'bytes' is not the one that made the ids: its fingerprint begins with "
        "'ae448ac86c4e8e4d' there and '[0-9a-f]{16}' here;",
    ):
        corpuskit.open(corpus_path, encoding="bytes").decode([1])
