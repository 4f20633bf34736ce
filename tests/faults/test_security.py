"""What an untrusted corpus may choose, and which libraries are old enough to have known holes."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import pytest
from fault_tools import Fault

from corpuskit import sealed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("state", [None, {}, {"path": "secret.model"}, {"model": "AAAA"}])
@pytest.mark.fault("S2", "M1")
def test_a_manifests_tokenizer_opens_no_file(worlds, state):
    """Of all that is named, calls on the one file are counted."""
    pytest.importorskip("corpuskit_sentencepiece")
    world = worlds("export")
    world.reset()
    secret, path = world.folder / "secret.model", world.folder / "out" / "manifest.json"
    secret.write_bytes(b"of another user")
    manifest = json.loads(path.read_bytes())
    manifest["tokenizer"].update(name=f"sp:{secret}", state=state)
    path.write_bytes(sealed.to_bytes(manifest))
    outcome = world.launcher.run(
        ("show", "out", "--tokens", "3"),
        world.folder,
        environ={"CORPUSKIT_PLUGINS": "sentencepiece"},
        fault=Fault(only="secret.model"),
    )
    assert outcome.code != 0
    assert f"tokenizer 'sp:{secret}'" in outcome.stderr, "another error came first"
    assert world.launcher.control.total == 0, outcome


@pytest.mark.fault("S10")
def test_the_oldest_versions_that_are_allowed_have_no_known_hole():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    oldest = dict(one.split(">=") for one in allowed if one.count(">=") == 1 and ";" not in one)
    version = tuple(int(part) for part in oldest["pyarrow"].split("."))
    assert version >= (14, 0, 1)  # CVE-2023-47248: code in a file's extension types
