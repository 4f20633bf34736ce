"""What `trace` says of a step: documents with their lines, text, losses."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corpuskit

RUN = ["--batch-size", "2", "--block-size", "16", "--sampler", "sequential"]


@pytest.fixture
def corpus(tmp_path, typed):
    """Lines of two files, prepared as documents."""
    for name, word in (("one.txt", "first"), ("two.txt", "second")):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("".join(f"{word} {number}\n" for number in range(12)))
    corpuskit.prepare(
        str(tmp_path / "in"), encoding="bytes", lines=True, output=tmp_path / "c", progress=False
    )
    return "c"


def test_each_document_of_a_row_is_named_by_its_line_and_shown(corpus, typed):
    out, err = typed("trace", corpus, "--step", "1", *RUN)
    assert err == ""
    documents = [
        f"  one.txt:{number + 1}: document {number}, its tokens 0 to 8 of 8 "
        f"(train {8 * number} to {8 * number + 8})\n  │ first {number}<|endoftext|>\n"
        for number in (4, 5, 6, 7)
    ]
    assert out == (
        "step 1 of c, split train: 2 rows\n\n"
        f"row 0, sample 2\n{documents[0]}{documents[1]}\n"
        f"row 1, sample 3\n{documents[2]}{documents[3]}"
    )


def test_the_json_of_a_row_has_its_documents(corpus, typed):
    out, _ = typed("trace", corpus, "--step", "2", "--row", "1", "--json", *RUN)
    value = json.loads(out)
    (row,) = value["rows"]
    assert (value["step"], row["row"], row["sample"]) == (2, 1, 5)
    opened = corpuskit.open(corpus)
    x = opened.batches("train", batch_size=2, block_size=16, sampler="sequential", output="numpy")[2][0][1]
    assert "".join(one["text"] for one in row["documents"]) == opened.decode(x)
    for one in row["documents"]:
        number = one["document"]
        name = "one.txt" if number < 12 else "two.txt"
        assert one["place"]["text"] == f"{name}:{number % 12 + 1}"


def test_a_state_says_the_run_and_where_it_stands(corpus, typed):
    batches = corpuskit.open(corpus).batches(
        "train", batch_size=2, block_size=16, sampler="shuffled", seed=4, output="numpy"
    )
    batches.seek(step=3)
    Path("s.json").write_text(json.dumps(batches.state_dict()))
    run = ["--batch-size", "2", "--block-size", "16", "--sampler", "shuffled", "--seed", "4"]
    assert typed("trace", corpus, "--state", "s.json") == typed("trace", corpus, "--step", "3", *run)
    later = typed("trace", corpus, "--state", "s.json", "--step", "5")
    assert later == typed("trace", corpus, "--step", "5", *run)
    _, err = typed("trace", corpus, "--state", "s.json", "--seed", "4", code=2)
    assert "--seed and --state exclude each other" in err


def test_a_step_of_a_schedule_is_traced_by_its_file_or_its_state(corpus, typed):
    sizes = {"batch_size": [(0, 2), (2, 1)], "block_size": [(0, 8), (4, 16)]}
    batches = corpuskit.open(corpus).batches("train", **sizes, sampler="shuffled", output="numpy")
    batches.seek(step=5)
    Path("s.json").write_text(json.dumps(batches.state_dict()))
    Path("run.toml").write_text(
        'sampler = "shuffled"\nbatch_size = [[0, 2], [2, 1]]\nblock_size = [[0, 8], [4, 16]]\n'
    )
    out, err = typed("trace", corpus, "--step", "5", "--config", "run.toml")
    assert err == ""
    assert out.startswith("step 5 of c, split train: 1 row\n")
    assert typed("trace", corpus, "--state", "s.json") == (out, err)
    row = batches[5][0][0]
    value = json.loads(typed("trace", corpus, "--state", "s.json", "--json")[0])
    texts = [document["text"] for each in value["rows"] for document in each["documents"]]
    assert "".join(texts) == corpuskit.open(corpus).decode(row)
    assert typed("show", corpus, "--step", "5", "--config", "run.toml")[1] == ""
    _, err = typed("trace", corpus, "--step", "5", "--batch-size", "[(0, 2)]", code=2)
    assert "--batch-size" in err


def test_a_state_of_another_corpus_is_refused(corpus, typed, small_corpus):
    state = corpuskit.open(corpus).batches(batch_size=2, block_size=16, output="numpy").state_dict()
    Path("s.json").write_text(json.dumps(state))
    _, err = typed("trace", str(small_corpus), "--state", "s.json", code=5)
    assert err.startswith("corpuskit: error: the state was saved with corpus ")
    assert err.count("\n") == 1


def test_a_mixtures_file_is_traced_with_the_names_of_its_corpora(corpus, typed, small_corpus):
    tables = [f'[[mixture]]\ncorpus = "{path}"\nweight = 1\n' for path in ("c", small_corpus)]
    Path("m.toml").write_text("".join(tables))
    out, _ = typed("trace", "m.toml", "--step", "0", "--batch-size", "8", "--block-size", "8")
    assert re.search(r"^  c one.txt:\d+: document|^  c two.txt:\d+: document", out, re.MULTILINE)
    assert f"  {small_corpus} text.txt:" in out


def test_losses_sort_rows_mark_tokens_and_name_the_worst_document(corpus, typed):
    losses = np.full((2, 16), 1.0, np.float32)
    losses[1] = 2
    losses[1, 3] = 9
    np.save("l.npy", losses)
    out, _ = typed("trace", corpus, "--step", "0", "--losses", "l.npy", *RUN)
    lines = out.splitlines()
    assert lines[0] == "step 0 of c, split train: 2 rows of targets, by loss"
    assert lines[1].startswith("worst document: one.txt:")
    assert lines[1].endswith("in rows 0, 1; the mean of all is 1.72")
    assert lines[2] == "painted: losses above those of [80 %], [[95 %]] and [[[99 %]]]"
    assert lines[4] == "row 1, sample 1, mean loss 2.44"
    assert out.count("[[[") == 2  # the legend's, and the one token's
    text = corpuskit.open(corpus)["train"][1 + 16 :][3:4]
    assert f"[[[{corpuskit.open(corpus).decode(text)}]]]" in out
    shown, _ = typed("trace", corpus, "--step", "0", "--row", "0", "--losses", "l.npy", *RUN)
    assert "row 0, sample 0, mean loss 1.00" in shown


def test_losses_of_another_shape_are_refused(corpus, typed):
    np.save("l.npy", np.ones((2, 15), np.float32))
    _, err = typed("trace", corpus, "--step", "0", "--losses", "l.npy", *RUN, code=2)
    assert err == (
        "corpuskit: error: --losses l.npy: shape (2, 15), the batch has (2, 16): "
        "a loss for each of its tokens\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "--step is missing: say which batch is traced"),
        (["--step", "0", "--row", "2", *RUN], "--row 2: the batch has 2 rows, counted from 0"),
        (
            ["--step", "0", "--batch-size", "99999"],
            "a batch of 99,999 rows is traced a row at a time; say which",
        ),
        (["--step", "0", "--inputs", "none", *RUN], "--inputs none: there is no such folder"),
    ],
)
def test_what_cannot_be_traced_is_refused_in_one_line(corpus, typed, args, message):
    _, err = typed("trace", corpus, *args, code=2)
    assert message in err
    assert err.count("\n") == 1


def test_inputs_that_are_gone_are_told_by_the_byte_and_why_once(corpus, typed, tmp_path):
    (tmp_path / "in/one.txt").unlink()
    out, err = typed("trace", corpus, "--step", "0", *RUN)
    assert "  one.txt byte 0: document 0" in out
    assert err.count("no lines: one.txt: not in ") == 1


HOSTILE = "\x1b[2J\x9b31m\u202e\u2066\x00\x07 </script><img onerror=x> [bold] [/bold]\t" + "x" * 300


def test_no_control_character_of_a_corpus_reaches_a_terminal_or_a_pipe(typed, tmp_path):
    (tmp_path / "hostile\x1b[2J.txt").write_text(HOSTILE * 3)
    corpuskit.prepare(
        str(tmp_path / "hostile\x1b[2J.txt"),
        encoding="bytes",
        split="none",
        output=tmp_path / "c",
        progress=False,
    )
    np.save(tmp_path / "l.npy", np.random.default_rng(0).random((2, 128)).astype(np.float32))
    run = ["c", "--step", "0", "--batch-size", "2", "--sampler", "sequential", "--losses", "l.npy"]
    for args in (run, run[:-2]):
        out, err = typed("trace", *args)
        assert all(character.isprintable() or character in "\n\t" for character in out + err)
    assert "\\u001b[2J\\u009b31m\\u202e\\u2066\\u0000\\u0007 </script><img onerror=x> [bold] [/bold]" in out
    painted = on_a_terminal("trace", *run, cwd=tmp_path)
    assert (
        re.sub("\x1b\\[[0-9;]*m", "", painted)
        .replace("\r\n", "\n")
        .replace("\t", "")
        .replace("\n", "")
        .isprintable()
    )
    assert "\x1b[" in painted
    assert "\x1b[2J" not in painted
    plain = on_a_terminal("trace", *run, cwd=tmp_path, NO_COLOR="1")
    assert not re.search("\x1b\\[[0-9;]*[34][0-9]", plain)
    assert "[[[" in plain


def on_a_terminal(*args, cwd, **environment):
    """What a command writes to a terminal of 80 columns."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "corpuskit", *args],
        cwd=cwd,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "CORPUSKIT_PLUGINS": "", **environment},
        stdin=slave,
        stdout=slave,
        stderr=subprocess.DEVNULL,
    )
    os.close(slave)
    data = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
    os.close(master)
    assert process.wait() == 0
    return data.decode()


def test_lines_fit_the_terminal(corpus, tmp_path):
    out = on_a_terminal(
        "trace", corpus, "--step", "0", "--batch-size", "2", "--block-size", "150", cwd=tmp_path
    )
    assert max(map(len, re.sub("\x1b\\[[0-9;]*m", "", out).split("\r\n"))) <= 80


def test_what_is_learned_is_seen(typed, tmp_path):
    record = {
        "messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two\nlines"}]
    }
    (tmp_path / "e.jsonl").write_text((json.dumps(record) + "\n") * 3)
    typed("prepare", "e.jsonl", "--format", "chat", "--encoding", "bytes", "--add-tokens", "--quiet")
    run = ("trace", "data/e/bytes", "--step", "0", "--batch-size", "1", "--block-size", "33")
    out, _ = typed(*run, "--sampler", "sequential")
    assert "\n⟦to be learned⟧\n" in out
    assert "  │ ⟦two⟧\n  │ ⟦lines<|im_end|>⟧\n" in out
    (document,) = json.loads(typed(*run, "--sampler", "sequential", "--json")[0])["rows"][0]["documents"]
    ((first, last),) = document["learned"]
    assert document["text"].encode().index(b"two") > 0
    assert last - first == len("two\nlines") + 1
    typed("prepare", "c.jsonl", "--encoding", "bytes", "--quiet")
    run = ("trace", "data/c/bytes", "--step", "0", "--batch-size", "1", "--block-size", "9")
    assert "learned" not in json.loads(typed(*run, "--json")[0])["rows"][0]["documents"][0]
