"""The version is one, everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import corpuskit
from corpuskit.version import __version__


def test_the_version_is_that_of_the_package_the_command_and_the_manifests(tmp_path):
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", __version__)
    assert corpuskit.__version__ == __version__
    shown = subprocess.run(
        [sys.executable, "-m", "corpuskit", "--version"], capture_output=True, text=True, check=True
    )
    assert __version__ in shown.stdout
    (tmp_path / "my.txt").write_text("some text")
    corpus = corpuskit.prepare(
        str(tmp_path / "my.txt"), encoding="bytes", output=tmp_path / "c", split="none"
    )
    assert json.loads((corpus.path / "manifest.json").read_bytes())["corpuskit_version"] == __version__
