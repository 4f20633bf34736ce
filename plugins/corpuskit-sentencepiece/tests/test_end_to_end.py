"""A corpus is prepared with a model, from Python and from the command line, and moves to another folder."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import sentencepiece

import corpuskit
from corpuskit.errors import ConfigError

TEXTS = ["The quick brown fox.\n", "</s> is text, and  so are\nspaces \U0001f409", "over the lazy dogs"]


@pytest.fixture
def folder(tmp_path, monkeypatch, train):
    """A working folder with a corpus of documents and a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    (tmp_path / "tiny.model").write_bytes(train("llama"))
    return tmp_path


def expected(path) -> list[int]:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [number for text in TEXTS for number in [*processor.encode(text), processor.eos_id()]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_corpus_has_the_ids_of_its_documents(folder, workers) -> None:
    corpus = corpuskit.prepare(
        "texts.jsonl", encoding="sp:tiny.model", workers=workers, part_bytes=50, output=f"out{workers}"
    )
    assert corpus["train"][:].tolist() == expected(folder / "tiny.model")
    assert corpus["train"].dtype == "<u2"
    assert [corpus.decode(corpus["train"].document(n)) for n in range(3)] == [t + "</s>" for t in TEXTS]


def test_a_corpus_is_read_where_the_model_is_not(folder) -> None:
    corpuskit.prepare("texts.jsonl", encoding="sp:tiny.model", workers=1, output="here")
    (folder / "tiny.model").unlink()
    (folder / "here").rename(folder / "there")
    corpus = corpuskit.open("there")
    assert corpus.decode(corpus["train"].document(0)) == TEXTS[0] + "</s>"


def test_where_the_model_was_leaves_no_trace(folder) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tiny.model").write_bytes((folder / "tiny.model").read_bytes())
    manifests = []
    for number, encoding in enumerate(("sp:tiny.model", f"sp:{elsewhere}/tiny.model")):
        for _ in range(2):  # the second time it is there already
            corpus = corpuskit.prepare("texts.jsonl", encoding=encoding, workers=1, output=f"out{number}")
        manifests.append((corpus.path / "manifest.json").read_bytes())
    assert manifests[0] == manifests[1]


def test_another_model_under_the_same_path_is_noticed(folder, train) -> None:
    corpuskit.prepare("texts.jsonl", encoding="sp:tiny.model", workers=1, output="out")
    assert len(corpuskit.prepare("texts.jsonl", encoding="sp:tiny.model", workers=1, output="out"))
    (folder / "tiny.model").write_bytes(train("unigram"))
    with pytest.raises(ConfigError, match="tokenizer 'sp:tiny.model' has changed since"):
        corpuskit.prepare("texts.jsonl", encoding="sp:tiny.model", workers=1, output="out")


def test_the_command_line_prepares_and_shows(folder) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "corpuskit", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout

    run("prepare", "texts.jsonl", "--encoding", "sp:tiny.model", "--output", "out", "--quiet")
    assert corpuskit.open("out")["train"][:].tolist() == expected(folder / "tiny.model")
    assert "quick brown fox" in run("show", "out", "--at", "0", "--tokens", "40")


def test_listing_tokenizers_does_not_load_the_library() -> None:
    code = (
        "import sys, corpuskit; from corpuskit import registry; "
        "assert 'sp' in [c.spec.name for c in registry.default().components(corpuskit.TokenizerSpec)]; "
        "print('sentencepiece' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
