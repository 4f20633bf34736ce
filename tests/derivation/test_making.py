"""Where derived corpora go, and what is there already."""

import json
import subprocess
import sys

import pytest
from listed_corpora import doc, read, write

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError


@pytest.fixture
def parent(tmp_path):
    return write(tmp_path / "parent", [doc("aa", "x"), doc("b", "y"), doc("ccc", "z")])


def everything(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_derivation_again_does_nothing(parent, tmp_path, caplog):
    made = corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    before = {path: path.stat().st_ino for path in (tmp_path / "made").iterdir()}
    with caplog.at_level("INFO", "corpuskit"):
        again = corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    assert "made holds this corpus already; nothing was changed" in caplog.text
    assert again.manifest == made.manifest
    assert {path: path.stat().st_ino for path in (tmp_path / "made").iterdir()} == before


def test_another_one_needs_overwrite(parent, tmp_path):
    corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    before = everything(tmp_path)
    other = write(tmp_path / "other", [doc("aa", "x"), doc("b", "y"), doc("cc", "z")])
    before = everything(tmp_path)
    for corpus, least in ((parent, 3), (other, 2)):
        with pytest.raises(ConfigError, match="holds another corpus already; replace it with --overwrite"):
            corpuskit.filter(corpus, tmp_path / "made", min_tokens=least)
    assert everything(tmp_path) == before
    assert read(corpuskit.filter(parent, tmp_path / "made", min_tokens=3, overwrite=True))[0] == [
        doc("ccc", "z")
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "other", "parent"]


def test_the_same_tokens_with_other_fields_are_another_parent(tmp_path):
    for name, id in (("one", "x"), ("two", "y")):
        write(tmp_path / name, [doc("aa", id)])
    corpuskit.filter(tmp_path / "one", tmp_path / "made", min_tokens=1)
    with pytest.raises(ConfigError, match="holds another corpus"):
        corpuskit.filter(tmp_path / "two", tmp_path / "made", min_tokens=1)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("parent", "is the corpus .*, which is read"),
        ("parent/made", "is in the corpus .*, which is read"),
        ("parent/../parent", "is the corpus .*, which is read"),
        (".", "needs a folder with a name of its own|holds the corpus"),
        ("", "it is empty"),
        ("file", "is not a folder"),
        ("link", "is not a folder|is the corpus"),
        ("full", "holds 'mine', which no corpus has"),
        ("s3://bucket/made", "the corpus is written to a folder of this machine"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_place_that_is_taken_is_refused_and_nothing_is_lost(
    parent, tmp_path, monkeypatch, output, words, overwrite
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("parent")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    before = everything(tmp_path)
    with pytest.raises(ConfigError, match=words) as raised:
        corpuskit.filter(parent, output, min_tokens=2, overwrite=overwrite)
    assert "\n" not in str(raised.value)
    assert everything(tmp_path) == before


def test_a_folder_around_the_parent_is_refused(parent, tmp_path):
    with pytest.raises(ConfigError, match="holds the corpus"):
        corpuskit.filter(parent, tmp_path, min_tokens=2, overwrite=True)


def test_a_damaged_parent_gives_nothing(parent, tmp_path):
    for file in ("train-00000.bin", "train-00000.idx", "train-00000.loss.bin", "train-00000.fields.arrow"):
        path = tmp_path / "parent" / file
        data = path.read_bytes()
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        makers = [
            lambda output: corpuskit.filter(parent.path, output, min_tokens=2),
            lambda output: corpuskit.reshard(parent.path, output, shard_bytes=8),
            lambda output: corpuskit.concat([parent.path], output),
            lambda output: corpuskit.split(parent.path, "valid=0.5", output),
        ]
        for make in makers:
            with pytest.raises(CorpusFormatError, match=f"{file}|fields of shard|nothing was made"):
                make(tmp_path / "made")
        path.write_bytes(data)
    assert [path.name for path in tmp_path.iterdir()] == ["parent"]


def test_a_damaged_corpus_is_replaced_with_overwrite_only(parent, tmp_path):
    corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    (tmp_path / "made" / "train-00000.bin").write_bytes(b"")
    with pytest.raises(CorpusFormatError, match="holds a damaged corpus; replace it with --overwrite"):
        corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    corpuskit.filter(parent, tmp_path / "made", min_tokens=2, overwrite=True)
    assert corpuskit.verify(tmp_path / "made") == []


def test_a_split_that_loses_all_is_said(tmp_path, caplog):
    parent = write(tmp_path / "parent", [], splits={"train": [doc("aaa")], "valid": [doc("b")]})
    made = corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    assert "nothing is left of split 'valid'" in caplog.text
    assert made["valid"].num_documents == 0


def test_what_the_run_said_of_the_parent_goes_along(parent, tmp_path):
    run = tmp_path / "parent" / "run.json"
    run.write_text(
        json.dumps({"license": "CC0", "inputs_folder": "/texts/", "elapsed_s": 7, "plugins": ["a"]})
    )
    corpuskit.filter(parent, tmp_path / "made", min_tokens=2)
    found = json.loads((tmp_path / "made" / "run.json").read_text())
    assert {**found, "corpuskit": ""} == {
        "corpuskit": "",
        "license": "CC0",
        "plugins": ["a"],
        "inputs_folder": "/texts/",
    }


#: Makes a corpus. A slow run stops in the middle until a line comes in.
RUN = """
import logging, sys
import corpuskit
parent, output, way = sys.argv[1:]
logging.basicConfig(level="INFO", format="%(message)s")
def told(progress):
    if way == "slow":
        print("at work", flush=True)
        sys.stdin.readline()
print(corpuskit.filter(parent, output, min_tokens=2, on_progress=told).fingerprint)
"""


def test_of_two_runs_at_once_the_second_waits_and_finds_what_the_first_made(parent, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    command = [sys.executable, "-c", RUN, str(parent.path), str(tmp_path / "made")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "slow"], **pipes) as first:
        assert first.stdout.readline() == "at work\n"
        with subprocess.Popen([*command, "fast"], **pipes) as second:
            assert (
                second.stderr.readline()
                == f"another process is writing {tmp_path / 'made'}; waiting for it\n"
            )
            made, said = first.communicate("\n" * 99)
            there = second.communicate()
    assert (first.returncode, second.returncode) == (0, 0), (said, there)
    assert made.splitlines()[-1] == there[0].strip() == corpuskit.open(tmp_path / "made").fingerprint
    assert there[1] == f"{tmp_path / 'made'} holds this corpus already; nothing was changed\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "made", "parent"]


def test_without_a_place_for_locks_a_corpus_is_made_all_the_same(parent, tmp_path, monkeypatch):
    (tmp_path / "everybodys").mkdir()
    (tmp_path / "everybodys").chmod(0o777)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "everybodys"))
    assert corpuskit.filter(parent, tmp_path / "made", min_tokens=2).path == tmp_path / "made"
