from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from corpuskit import sealed
from corpuskit.cli import root
from corpuskit.errors import CorpusFormatError, CorpuskitError

EVIL = "\x1b]0;x\x07\u202e\x9b31m\nnext\tline"


def change(corpus, edit):
    value = json.loads((corpus / "manifest.json").read_bytes())
    edit(value)
    (corpus / "manifest.json").write_bytes(sealed.to_bytes(value))


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(dataset=EVIL),
        lambda m: m["tokenizer"].update(name=EVIL),
        lambda m: m["tokenizer"].update(fingerprint=EVIL),
        lambda m: m["options"].update({EVIL: 1}),
        lambda m: m["options"].update(lines=EVIL),
        lambda m: m["left_out"].update({EVIL: 1}),
        lambda m: m["left_out_files"].update({EVIL: 1}),
        lambda m: m["inputs"][0].update(name=EVIL),
        lambda m: m["splits"].update({EVIL: {}}),
        lambda m: m.update({EVIL: 1}),
    ],
)
@pytest.mark.parametrize("command", ["info", "show", "verify"])
def test_nothing_of_a_manifest_moves_the_cursor_or_makes_a_line(small_corpus, command, edit):
    change(small_corpus, edit)
    done = CliRunner().invoke(root, [command, str(small_corpus)])
    assert isinstance(done.exception, (CorpuskitError, SystemExit, type(None)))
    shown = f"{done.output}{done.exception}"
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "\nnext" not in shown


@pytest.mark.parametrize("name", ["manifest.json", "train-00000.bin"])
def test_a_pipe_in_a_corpus_is_one_line_and_no_waiting(small_corpus, name):
    import os

    (small_corpus / name).unlink()
    os.mkfifo(small_corpus / name)
    done = CliRunner().invoke(root, ["info", str(small_corpus)])
    assert isinstance(done.exception, CorpusFormatError)
    assert f"{name}: it is a named pipe, not a file" in str(done.exception)


def test_info_lists_the_streams(typed, tmp_path):
    record = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    (tmp_path / "e.jsonl").write_text(json.dumps(record) + "\n")
    typed("prepare", "e.jsonl", "--format", "chat", "--encoding", "bytes", "--add-tokens", "-o", "chat")
    size = (tmp_path / "chat/train-00000.loss.bin").stat().st_size
    expected = f"streams     loss: 8-bit whole numbers, with y, in 1 of 1 shard, {size} B; elsewhere 1\n"
    assert expected in typed("info", "chat")[0]
    assert json.loads(typed("info", "chat", "--json")[0])["streams"]["loss"]["of"] == "target"
