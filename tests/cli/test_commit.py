"""corpuskit commit."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root

OPTIONS = {"encoding": "bytes", "lines": True, "split": "valid=0.1", "part_bytes": 8_000, "workers": 1}


def test_jobs_at_once_and_commit_from_the_command_line(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **OPTIONS)
    options = ["prose.txt", "--encoding", "bytes", "--lines", "--split", "valid=0.1", "--part-bytes", "8000"]
    command = [sys.executable, "-m", "corpuskit"]
    jobs = [
        subprocess.Popen([*command, "prepare", *options, "-o", "x", "--parts", f"{k}/3"], cwd=tmp_path)
        for k in (1, 2, 3)
    ]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    found = subprocess.run(
        [*command, "commit", *options, "-o", "x"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout == "x\n"
    assert_same(whole.path, tmp_path / "x")


@pytest.mark.parametrize(
    ("share", "said"),
    [("1/2", "Made 2 parts; 2 of 3 are this share's."), ("2/2", "Made 1 part; 1 of 3 is this share's.")],
)
def test_a_share_says_how_many_parts_it_made(tmp_path, share, said):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"text {name}..")
    options = ["--encoding", "bytes", "--part-bytes", "8", "--workers", "1", "-o", str(tmp_path / "out/x")]
    done = CliRunner().invoke(root, ["prepare", str(tmp_path / "*.txt"), *options, "--parts", share])
    assert done.stderr.startswith(said)
