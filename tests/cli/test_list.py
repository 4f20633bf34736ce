"""corpuskit list, for every kind of component."""

import json

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit import registry
from corpuskit.cli import COMMANDS, root
from corpuskit.cli.list import KINDS
from corpuskit.registry import checks


@pytest.fixture(autouse=True)
def builtin_only(monkeypatch):
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "")
    registry.default.cache_clear()
    yield
    registry.default.cache_clear()


def run(*arguments):
    done = CliRunner().invoke(root, ["list", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_kind_can_be_listed():
    assert {kind.removesuffix("s") for kind in KINDS} == set(checks.KINDS)
    for kind in KINDS:
        found = json.loads(run(kind, "--json"))
        assert found, kind
        for one in found:
            assert {"name", "summary", "plugin", "distribution", "version"} <= one.keys()


def test_sources_show_size_and_license():
    lines = run("sources").splitlines()
    assert lines[0] == f"corpuskit-core {corpuskit.__version__}"
    assert lines[1].split() == ["name", "size", "license", "summary"]
    row = next(line for line in lines if line.startswith("tinyshakespeare"))
    assert "1.1 MB" in row
    assert "Public domain" in row
    assert row.rstrip().endswith("40,000 lines of Shakespeare in one text of 1.1 MB")


def test_sources_as_json_have_exact_numbers():
    found = {one["name"]: one for one in json.loads(run("sources", "--json"))}
    assert found["tinyshakespeare"] == {
        "name": "tinyshakespeare",
        "summary": "40,000 lines of Shakespeare in one text of 1.1 MB",
        "plugin": "sources",
        "distribution": "corpuskit-core",
        "version": corpuskit.__version__,
        "size_bytes": 1_115_394,
        "license": "Public domain",
        "homepage": "https://github.com/karpathy/char-rnn",
    }


def test_commands_are_the_roots_own_and_those_of_plugins():
    assert [one["name"] for one in json.loads(run("commands", "--json"))] == list(COMMANDS)


def test_readers_say_which_file_names_are_theirs():
    found = {one["name"]: one for one in json.loads(run("readers", "--json"))}
    assert ".txt" in found["text"]["extensions"]


def test_tokenizers_are_those_of_tiktoken_and_ours():
    import tiktoken

    names = {one["name"] for one in json.loads(run("tokenizers", "--json"))}
    assert names == {"bytes", "chars", *tiktoken.list_encoding_names()}


def test_what_looks_like_markup_is_text(tmp_path, monkeypatch):
    from corpuskit.testing import fake_distribution

    body = """
import corpuskit
from corpuskit import SamplerSpec

@corpuskit.hookimpl
def corpuskit_samplers():
    return [SamplerSpec("marked", "[bold]not bold[/bold] \\x1b[31mnot red")]
"""
    fake_distribution(tmp_path, "marked", entry_points={"marked": "marked"}, modules={"marked": body})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "marked")
    assert "[bold]not bold[/bold] \\u001b[31mnot red" in run("samplers")


def test_the_engine_of_a_tokenizer_is_explained():
    import tiktoken

    lines = run("tokenizers", "--explain", "p50k_base").splitlines()
    assert lines[0].startswith(f"p50k_base: tiktoken (tiktoken {tiktoken.__version__}, gigatoken ")
    assert lines[1] == "- tiktoken defines the ids"
    assert run("tokenizers", "--explain", "bytes") == (
        f"bytes: auto (corpuskit-core {corpuskit.__version__})\n- the tokenizer has one engine only\n"
    )
    found = json.loads(run("tokenizers", "--explain", "p50k_base", "--json"))
    assert (found["tokenizer"], found["engine"]) == ("p50k_base", "tiktoken")
    assert found["versions"]["tiktoken"] == tiktoken.__version__
    assert [f"- {reason}" for reason in found["reasons"]] == lines[1:]


def test_without_a_name_every_tokenizer_is_explained_that_its_name_opens():
    found = {one["tokenizer"]: one for one in json.loads(run("tokenizers", "--explain", "--json"))}
    assert {"bytes", "chars", "gpt2"} <= found.keys()
    assert found["bytes"]["engine"] == "auto"
    assert all("engine" in one or "needs" in one["error"] for one in found.values())
    shown = run("tokenizers", "--explain")
    assert "bytes: auto (corpuskit-core" in shown
    assert "\np50k_base: " in shown


def test_only_tokenizers_are_explained():
    done = CliRunner().invoke(root, ["list", "--explain", "gpt2"])
    assert done.exit_code == 2
    assert "type 'corpuskit list tokenizers --explain gpt2'" in done.stderr


def test_without_a_kind_all_kinds_are_listed():
    output = run()
    assert [line[2:] for line in output.splitlines() if line.startswith("# ")] == list(KINDS)
    for name in ("tinyshakespeare", "gpt2", "shuffled", "parquet", "local", "nanogpt", "verify"):
        assert f"\n{name} " in output
    assert {kind: run(kind, "--json") for kind in KINDS} == {
        kind: json.dumps(rows, indent=2) + "\n" for kind, rows in json.loads(run("--json")).items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_a_kind_means_the_kind(kind):
    assert run(kind.removesuffix("s")) == run(kind)
    assert run(kind.upper()) == run(kind)


def test_a_kind_that_does_not_exist_is_a_usage_error():
    done = CliRunner().invoke(root, ["list", "sauces"])
    assert done.exit_code == 2
    assert "did you mean 'sources'?" in done.stderr
