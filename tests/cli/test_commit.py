"""corpuskit commit."""

from __future__ import annotations

import subprocess
import sys

import corpuskit

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
