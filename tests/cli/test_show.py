"""What `show` shows: tokens, a document or a batch, and never half of what was asked for."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli.show import command


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "text.txt").write_text("one\ntwo\nthree\n")
    corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="bytes", lines=True, split="none", output=tmp_path / "c"
    )
    return str(tmp_path / "c")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--document", "1", "--step", "0"], "--document and --step exclude each other"),
        (["--document", "1", "--at", "3"], "--at and --document exclude each other"),
        (["--step", "0", "--tokens", "3"], "--tokens and --step exclude each other"),
        (["--batch-size", "2"], "--batch-size is about a batch; say which with --step"),
        (["--random", "--grep", "x"], "--grep and --random exclude each other"),
        (["--random", "--document", "0"], "--document and --random exclude each other"),
        (["--grep", "x", "--at", "0"], "--at and --grep exclude each other"),
        (["--mask"], "--mask is about a batch; say which with --step"),
        (["--max", "3"], "--max is about documents that match; say what with --grep"),
        (["--document", "1", "--seed", "2"], "--seed is about a batch; say which with --step"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(corpus, flags, message):
    result = CliRunner().invoke(command, [corpus, *flags])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_document_is_shown_by_its_number(corpus):
    assert CliRunner().invoke(command, [corpus, "--document", "1"]).stdout == "two<|endoftext|>\n"


def test_tokens_that_a_batch_alone_has_are_shown_by_their_names(tmp_path):
    (tmp_path / "text.txt").write_text("abcdefgh\n" * 9)
    (tmp_path / "run.toml").write_text(
        "batch_size = 1\nblock_size = 9\nsampler = 'packed'\n"
        "fim = { rate = 1, prefix = 257, suffix = 258, middle = 65_535 }\n"
    )
    told = {"encoding": "bytes", "lines": True, "split": "none", "output": tmp_path / "c"}
    path = str(corpuskit.prepare(str(tmp_path / "text.txt"), **told).path)
    flags = [path, "--step", "0", "--config", str(tmp_path / "run.toml")]
    plain = CliRunner().invoke(command, flags).stdout
    (whole,) = json.loads(CliRunner().invoke(command, [*flags, "--json"]).stdout)
    assert {257, 258, 65_535} < {*whole["ids"]}
    drawn = CliRunner().invoke(command, [*flags, "--borders"]).stdout
    for name in ("prefix", "suffix", "middle"):
        for shown in (plain, whole["text"], drawn):
            assert shown.count(f"<fim_{name}>") == 1


def test_a_document_is_shown_with_its_kept_fields(tmp_path):
    rows = [{"id": "a", "text": "one", "url": "x" * 300 + "y"}, {"id": "b", "text": "two", "url": None}]
    (tmp_path / "text.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = {"encoding": "bytes", "keep": "id,url", "split": "none", "output": tmp_path / "kept"}
    path = str(corpuskit.prepare(str(tmp_path / "text.jsonl"), **told).path)
    shown = json.loads(CliRunner().invoke(command, [path, "--grep", "o", "--json"]).stdout)
    assert [one["fields"] for one in shown] == [{"id": "a", "url": rows[0]["url"]}, {"id": "b"}]
    drawn = CliRunner().invoke(command, [path, "--document", "0", "--borders"]).stdout
    assert f"id: a\nurl: {'x' * 200}\n" in drawn
    assert "fields" not in CliRunner().invoke(command, [path, "--json"]).stdout


HOSTILE = (
    "evil \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eabc\u202c \0 \x9b2J "
    "</script><img onerror=x>\r\n\tback\x08 第"
)
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    texts = ["first document", HOSTILE, "the third\none", "z" * 2**20]
    (folder / "te\u202ext.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    corpuskit.prepare(
        str(folder / "te\u202ext.jsonl"), encoding="gpt2", split="none", output=folder / "c", progress=False
    )
    return str(folder / "c")


def shown(corpus, *flags, code=0, **environment):
    """What a command writes where stdout is no terminal, or one that FORCE_COLOR speaks of."""
    result = CliRunner(env={"TERM": "xterm-256color", "COLUMNS": "80", **environment}).invoke(
        command, [corpus, *flags]
    )
    assert result.exit_code == code, result.output
    return result.stdout_bytes.decode()


def coloured(corpus, *flags):
    return shown(corpus, *flags, FORCE_COLOR="1")


@pytest.mark.parametrize("flags", [[], ["--ids"], ["--document", "1"], ["--step", "3"], ["--at", "3"]])
def test_a_pipe_gets_plain_text_whatever_it_holds(hostile, flags):
    corpus = corpuskit.open(hostile)
    if "--step" in flags:
        rows = corpus.batches(batch_size=4, block_size=64, output="numpy")[3][0].tolist()
    else:
        split = corpus["train"]
        rows = [(split.document(1) if "--document" in flags else split[3:259] if flags[:1] == ["--at"]
                 else split[:256]).tolist()]  # fmt: skip
    expected = ""
    for number, row in enumerate(rows):
        expected += f"--- row {number}\n" if "--step" in flags else ""
        text = " ".join(map(str, row)) if "--ids" in flags else corpus.decode(row)
        expected += text if text.endswith("\n") else f"{text}\n"
    assert shown(hostile, *flags) == expected
    assert shown(hostile, *flags, NO_COLOR="1", FORCE_COLOR="") == expected


@pytest.mark.parametrize(
    "flags",
    [[], ["--document", "1"], ["--document", "1", "--ids"],
     ["--step", "0", "--mask", "--sampler", "sequential"], ["--grep", "evil"],
     ["--borders", "--document", "1"]],
)  # fmt: skip
def test_nothing_of_a_corpus_is_a_command_of_the_terminal(hostile, flags):
    made = coloured(hostile, *flags)
    assert COLOUR.search(made)
    assert not UNSAFE.search(COLOUR.sub("", made))
    bordered = shown(hostile, "--borders", *(flag for flag in flags if flag != "--borders"))
    assert not UNSAFE.search(bordered)
    assert "te\\u202ext.jsonl" in bordered


def test_borders_are_where_the_tokens_are(hostile):
    corpus = corpuskit.open(hostile)
    tokens = [corpus.tokenizer.decode_bytes([number]).decode() for number in corpus["train"].document(2)]
    text = shown(hostile, "--document", "2", "--borders")
    assert text.splitlines()[0].startswith("── document 2, te\\u202ext.jsonl ──")
    assert "".join(text.splitlines(True)[1:]) == "│".join(tokens).replace("\n", "↵\n") + "\n"


def test_a_part_of_a_character_is_shown_as_its_bytes(hostile):
    text = shown(hostile, "--document", "1", "--borders")
    assert "\ufffd" not in text
    assert "".join(re.findall("⟨(.*?)⟩", text)).replace(" ", "").endswith("第".encode().hex())


def test_documents_are_separated_by_rules_with_their_number_and_input(hostile):
    lines = COLOUR.sub("", coloured(hostile, "--tokens", "400")).splitlines()
    rules = [line for line in lines if line.startswith("── ")]
    assert [rule.split(",")[0] for rule in rules] == [f"── document {number}" for number in range(4)]
    assert all("te\\u202ext.jsonl" in rule for rule in rules)
    assert "tokens 0 to " in rules[3]
    assert {len(rule) for rule in rules} == {80}


def test_masked_targets_are_dim_and_have_their_own_border(hostile):
    flags = ["--step", "0", "--sampler", "sequential", "--batch-size", "1", "--block-size", "80"]
    assert "<|endoftext|>┊" not in shown(hostile, *flags, "--borders")
    masked = shown(hostile, *flags, "--mask", "--borders")
    batch = corpuskit.open(hostile).batches(
        batch_size=1, block_size=80, sampler="sequential", documents="mask", output="numpy"
    )
    number = int((batch[0][1] == -100).sum())
    assert masked.count("<|endoftext|>┊") == number > 0
    found = json.loads(shown(hostile, *flags, "--mask", "--json"))[0]
    assert len(found["masked"]) == number
    assert coloured(hostile, *flags, "--mask") != coloured(hostile, *flags)


def test_a_random_document_is_the_same_again_by_its_seed(hostile):
    by_seed = [shown(hostile, "--random", "--seed", str(seed), "--json") for seed in range(30)]
    assert by_seed == [shown(hostile, "--random", "--seed", str(seed), "--json") for seed in range(30)]
    assert {json.loads(text)[0]["pieces"][0]["document"] for text in by_seed} == {0, 1, 2, 3}
    result = CliRunner().invoke(command, [hostile, "--random", "--seed", "1"])
    number = re.fullmatch(r"document \d of 4; --document (\d) shows it again\n", result.stderr)[1]
    assert result.stdout == shown(hostile, "--document", number)


def test_grep_shows_documents_that_match_and_stops_when_told(hostile):
    assert shown(hostile, "--grep", "(?i)FIRST|third") == (
        "--- document 0, te\\u202ext.jsonl\nfirst document<|endoftext|>\n"
        "--- document 2, te\\u202ext.jsonl\nthe third\none<|endoftext|>\n"
    )
    assert shown(hostile, "--grep", "first|third", "--max", "1").count("---") == 1
    found = json.loads(shown(hostile, "--grep", "z{300}$", "--tokens", "8", "--json"))
    assert [one["pieces"][0]["document"] for one in found] == [3]
    assert len(found[0]["ids"]) == 8
    result = CliRunner().invoke(command, [hostile, "--grep", "nowhere\x1b"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no document of split 'train' matches 'nowhere\\x1b'\n"


def test_a_pattern_that_is_none_is_a_usage_error(hostile):
    result = CliRunner().invoke(command, [hostile, "--grep", "(unclosed"])
    assert result.exit_code == 2
    assert "--grep '(unclosed': no regular expression: missing ), unterminated subpattern" in result.stderr


def test_ids_stand_under_tokens_where_borders_are_drawn(hostile):
    assert shown(hostile, "--document", "0", "--borders", "--ids").splitlines()[1:] == [
        "first│ document│<|endoftext|>",
        "11085 3188      50256",
    ]
