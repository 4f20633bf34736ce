"""What `show` shows: tokens, a document or a batch, and never half of what was asked for."""

from __future__ import annotations

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
        (["--document", "1", "--seed", "2"], "--seed is about a batch; say which with --step"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(corpus, flags, message):
    result = CliRunner().invoke(command, [corpus, *flags])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_document_is_shown_by_its_number(corpus):
    assert CliRunner().invoke(command, [corpus, "--document", "1"]).stdout == "two<|endoftext|>\n"
