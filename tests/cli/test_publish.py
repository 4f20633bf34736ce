"""corpuskit publish: what it prints, and what is done twice."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from corpuskit.cli import root

pytestmark = pytest.mark.usefixtures("cache_dir")


def run(*arguments):
    return CliRunner().invoke(root, ["publish", *arguments], catch_exceptions=False)


def test_it_prints_the_place_and_says_whether_anything_was_put(prepared):
    folder, place = prepared("lines", "bytes"), "memory://cli-publish/lines"
    done = run(folder, place)
    assert (done.stdout, done.stderr) == (f"{place}\n", "Published lines.\n")
    done = run(folder, place)
    assert (done.stdout, done.stderr) == (f"{place}\n", "The same corpus is there already.\n")
    assert run(folder, place, "--quiet").stderr == ""
    found = json.loads(run(folder, place, "--json").stdout)
    assert (found["path"], found["made"], len(found["fingerprint"])) == (place, False, 64)
