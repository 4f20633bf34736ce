"""Corpora from datasets and with tokenizers of the Hub, from Python and from the command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tokenizers import Tokenizer

import corpuskit
from corpuskit.errors import ConfigError, FetchError, TokenizerError
from corpuskit.registry import default
from corpuskit.registry.specs import SourceSpec, TokenizerSpec
from corpuskit_huggingface import corpus_to_hf
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer


@pytest.fixture
def workplace(workplace, fake_hub, as_parquet, tokenizer_json, texts):
    """A folder to work in; a dataset and a tokenizer on the fake Hub."""
    fake_hub.add(
        "datasets/org/books",
        {"train-0.parquet": as_parquet(texts[:3]), "validation.parquet": as_parquet(texts[3:])},
    )
    fake_hub.add("org/model", {"tokenizer.json": tokenizer_json("gpt2").encode()})
    return workplace


def expected(tokenizer_json, texts, kind="gpt2") -> list[int]:
    tokenizer = Tokenizer.from_str(tokenizer_json(kind))
    tokenizer.encode_special_tokens = True
    eot = tokenizer.token_to_id("<|endoftext|>")
    return [number for text in texts for number in [*tokenizer.encode(text).ids, eot]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_dataset_becomes_a_corpus(workplace, fake_hub, tokenizer_json, texts, workers, monkeypatch) -> None:
    corpus = corpuskit.prepare(
        "hf:org/books", encoding="hf:org/model", workers=workers, part_bytes=60, output="out"
    )
    assert corpus["train"][:].tolist() == expected(tokenizer_json, texts[:3])
    assert corpus["valid"][:].tolist() == expected(tokenizer_json, texts[3:])
    commit = fake_hub.commit("datasets/org/books", 0)
    assert [item.name for item in corpus.manifest.inputs] == [
        f"hf://datasets/org/books@{commit}/train-0.parquet",
        f"hf://datasets/org/books@{commit}/validation.parquet",
    ]
    assert corpus.manifest.dataset == "hf:org/books"
    assert corpus_to_hf(corpus, "valid").num_rows == 2


def test_the_same_corpus_is_there_already_until_the_dataset_changes(workplace, fake_hub, as_parquet) -> None:
    options = {"encoding": "hf:org/model", "workers": 1, "output": "out"}
    first = corpuskit.prepare("hf:org/books", **options).fingerprint
    assert corpuskit.prepare("hf:org/books", **options).fingerprint == first
    fake_hub.add("datasets/org/books", {"train.parquet": as_parquet(["other"])})
    with pytest.raises(ConfigError, match="its inputs have changed since"):
        corpuskit.prepare("hf:org/books", **options)


@pytest.mark.fault("V2", "V3")
def test_a_tokenizer_that_has_changed_is_noticed(workplace, fake_hub, tokenizer_json) -> None:
    options = {"encoding": "hf:org/model", "workers": 1, "output": "out"}
    corpuskit.prepare("hf:org/books", **options)
    fake_hub.add("org/model", {"tokenizer.json": tokenizer_json("llama3").encode()})
    with pytest.raises(ConfigError, match="tokenizer 'hf:org/model' has changed since"):
        corpuskit.prepare("hf:org/books", **options)


def test_a_corpus_is_decoded_where_the_tokenizer_is_not(workplace, fake_hub, monkeypatch, texts) -> None:
    corpuskit.prepare("hf:org/books", encoding="hf:org/model", workers=1, output="out")
    fake_hub.commits.clear()
    corpus = corpuskit.open("out")
    assert corpus.decode(corpus["train"].document(0)) == texts[0] + "<|endoftext|>"


def test_a_guessed_end_of_text_is_said_once_where_it_matters(workplace, caplog) -> None:
    options = {"encoding": "hf:org/model", "workers": 1, "output": "out"}
    corpuskit.prepare("hf:org/books", **options, eot=True)
    said = [record for record in caplog.records if "'<|endoftext|>' is taken for it" in record.message]
    assert [record.levelname for record in said] == ["WARNING"]
    caplog.clear()
    corpuskit.prepare("hf:org/books", **options)
    corpuskit.open("out").decode([0])
    corpuskit.prepare("hf:org/books", **{**options, "output": "without"}, eot=False)
    assert "is taken for it" not in caplog.text


def test_a_tokenizer_s_files_are_of_one_commit(fake_hub, tokenizer_json) -> None:
    definition = tokenizer_json("llama2").encode()
    files = {"tokenizer.json": definition, "tokenizer_config.json": b'{"eos_token": "<s>"}'}
    first = fake_hub.add("org/model", files)
    fake_hub.add("org/model", {"tokenizer.json": definition})
    assert HuggingFaceTokenizer(argument="org/model").eot_id == 2
    assert HuggingFaceTokenizer(argument=f"org/model@{first}").eot_id == 1


def test_a_repository_without_a_definition_is_an_error(fake_hub) -> None:
    fake_hub.add("org/slow", {"vocab.txt": b"a"})
    with pytest.raises(TokenizerError, match=r"org/slow: there is no tokenizer\.json"):
        HuggingFaceTokenizer(argument="org/slow")
    with pytest.raises(
        FetchError, match=r"tokenizer\.json of org/none: no such repository, or it is private"
    ):
        HuggingFaceTokenizer(argument="org/none")


def test_the_command_line_obeys_the_hub_s_variables(workplace, fake_hub, tokenizer_json, texts) -> None:
    fake_hub.private |= {"datasets/org/books", "org/model"}
    home = workplace / "another-home"
    environment = {
        **os.environ,
        "HF_ENDPOINT": fake_hub.url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_key",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONWARNINGS": "error",
    }

    def prepare(output: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "corpuskit", "prepare", "hf:org/books/train", "--workers", "1"]
        command += ["--encoding", "hf:org/model", "--output", output, "--quiet"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**environment, **more}, cwd=workplace
        )

    refused = prepare("out", HF_TOKEN="hf_wrong")
    assert refused.returncode == 4, refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "set HF_TOKEN" in refused.stderr

    done = prepare("out")
    assert done.returncode == 0, done.stderr
    assert corpuskit.open("out")["train"][:].tolist() == expected(tokenizer_json, texts[:3])
    assert (home / "hub" / "datasets--org--books").is_dir()

    del fake_hub.requests[:]
    offline = prepare("again", HF_HUB_OFFLINE="1", HF_TOKEN="")
    assert offline.returncode == 0, offline.stderr
    assert fake_hub.requests == []
    assert corpuskit.open("again").fingerprint == corpuskit.open("out").fingerprint


def test_listing_names_imports_nothing_heavy() -> None:
    code = (
        "import sys; from corpuskit import registry; r = registry.default(); "
        "from corpuskit import ReaderSpec, SourceSpec, TokenizerSpec; "
        "kinds = (ReaderSpec, SourceSpec, TokenizerSpec); "
        "found = {k.kind: [c.spec.name for c in r.components(k)] for k in kinds}; "
        "assert 'hf' in found['source'] and 'hf' in found['tokenizer'], found; "
        "assert 'arrow' in found['reader'], found; "
        "print(sorted({'datasets', 'tokenizers', 'huggingface_hub', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_prefix_names_a_source_and_a_tokenizer() -> None:
    source, tokenizer = (default().find(spec, "hf:org/x") for spec in (SourceSpec, TokenizerSpec))
    assert (source.argument, tokenizer.argument) == ("org/x", "org/x")
    assert source.owner == tokenizer.owner
